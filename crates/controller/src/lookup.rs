//! What charts look up in the cluster, where the App's project allows it.
//!
//! An object is read whole from the API server; whether it has changed since is seen in the cache. What was looked up
//! counts as read by the rendering: an App is rendered again when it changes. Contents reach neither logs nor errors.

use crate::clusters::Place;
use fairway_argocd::Project;
use fairway_cluster::Cache;
use fairway_core::{ApiErrorKind, AppId, GroupKind, Gvk, Live, LiveView, ObjectKey, Scope, Str};
use fairway_template::{Lookup, Wanted};
use fairway_value::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most different things that one rendering may look up: each is a request.
const LOOKUPS_MAX: usize = 200;
/// Refusals that are told.
const REFUSALS_MAX: usize = 10;

/// Something that a rendering looked up, and how it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LookedUp {
    kind: GroupKind,
    namespace: Str,
    name: Str,
    seen: u64,
}

impl LookedUp {
    /// Whether it stands as it did.
    pub fn holds(&self, cache: &Cache) -> bool {
        self.seen == self.state(cache)
    }

    fn concerns(&self, key: &ObjectKey) -> bool {
        self.kind == key.group_kind()
            && (self.namespace.is_empty() || self.namespace == key.namespace)
            && (self.name.is_empty() || self.name == key.name)
    }

    /// Sums up what the cache knows of it.
    fn state(&self, cache: &Cache) -> u64 {
        let objects: Vec<Arc<Live>> = if self.name.is_empty() {
            cache.of_kind(&self.kind).into_iter().filter(|o| self.concerns(&o.key())).collect()
        } else {
            let key = ObjectKey::new(&*self.kind.group, &*self.kind.kind, &*self.namespace, &*self.name);
            cache.get(&key).into_iter().collect()
        };
        let whole = !drops_data(&self.kind);
        let sums = objects.iter().map(|object| {
            let mut value = Value::object();
            if whole {
                value = object.value().clone();
                value.remove_path(&["metadata", "resourceVersion"]);
                value.remove_path(&["metadata", "managedFields"]);
            } else {
                value.set_path(&["key"], object.key().to_string().as_str());
                value.set_path(&["version"], object.resource_version());
            }
            Value::from(crate::desired::hash(&value).to_string().as_str())
        });
        crate::desired::hash(&sums.collect())
    }
}

/// Whether the cache drops the data of a kind, so that only the version tells of a change.
fn drops_data(kind: &GroupKind) -> bool {
    kind.group.is_empty() && matches!(kind.kind.as_str(), "Secret" | "ConfigMap")
}

/// Which Apps looked up what: a change to it concerns them.
#[derive(Default)]
pub(crate) struct LookupWatch(Mutex<BTreeMap<AppId, Vec<LookedUp>>>);

impl LookupWatch {
    /// Says what an App looked up.
    pub fn set(&self, app: &AppId, lookups: &[LookedUp]) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lookups.is_empty() {
            all.remove(app);
        } else {
            all.insert(app.clone(), lookups.to_vec());
        }
    }

    /// Returns the Apps that looked up an object. With `material` it changed in more than bookkeeping.
    pub fn of(&self, key: &ObjectKey, material: bool) -> Vec<AppId> {
        if !material && !drops_data(&key.group_kind()) {
            return Vec::new();
        }
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let concerned = all.iter().filter(|(_, lookups)| lookups.iter().any(|l| l.concerns(key)));
        concerned.map(|(app, _)| app.clone()).collect()
    }
}

/// Where an App's charts look, and what its project says of that.
#[derive(Clone, Copy)]
pub struct LookupAccess<'a> {
    /// The project.
    pub project: &'a Project,
    /// The destination.
    pub place: &'a Place,
}

impl LookupAccess<'_> {
    /// Sums up what decides over the answers; nothing where none are given.
    pub(crate) fn rights(&self) -> Option<u64> {
        self.project.allows_lookups().then(|| crate::desired::hash(self.project.object().value()))
    }
}

/// What one rendering looked up.
#[derive(Default)]
struct Asked {
    any: bool,
    answers: HashMap<(Gvk, Str, Str), Option<Value>>,
    lookups: Vec<LookedUp>,
    refused: BTreeSet<String>,
}

/// Looks objects up for one rendering. Called from rendering threads, never from async code.
pub(crate) struct ClusterLookup {
    project: Project,
    place: Place,
    /// The runtime that requests run on; without one the cache alone is asked.
    runtime: Option<tokio::runtime::Handle>,
    asked: Mutex<Asked>,
}

/// What a rendering depends on by its lookups.
pub(crate) struct Lookups {
    /// Whether anything was looked up at all, permitted or not.
    pub any: bool,
    pub seen: Vec<LookedUp>,
    /// What the project does not permit, in words.
    pub refused: Vec<String>,
}

impl ClusterLookup {
    /// Takes the runtime of the caller; `inline` is for callers that cannot wait.
    pub fn new(access: LookupAccess<'_>, inline: bool) -> Self {
        let runtime = if inline { None } else { tokio::runtime::Handle::try_current().ok() };
        Self {
            project: access.project.clone(),
            place: access.place.clone(),
            runtime,
            asked: Mutex::default(),
        }
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what was looked up.
    pub fn done(&self) -> Lookups {
        let mut asked = self.asked();
        let refused = std::mem::take(&mut asked.refused).into_iter().take(REFUSALS_MAX).collect();
        Lookups { any: asked.any, seen: std::mem::take(&mut asked.lookups), refused }
    }

    fn permits_namespace(&self, namespace: &str) -> bool {
        self.project.permits_destination(&self.place.server, &self.place.name, namespace)
    }

    fn refuse(&self, wanted: &Wanted<'_>, why: &str) {
        let Wanted { api_version, kind, namespace, name } = wanted;
        let place = [*namespace, *name].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("/");
        let what = format!("lookup of {api_version} {kind} {place}").trim_end().to_owned();
        let words = format!("{what} found nothing: project {} {why}", self.project.name());
        self.asked().refused.insert(words);
    }

    fn read(&self, path: &str, wanted: &LookedUp) -> Result<Option<Value>, String> {
        let Some(runtime) = &self.runtime else { return Ok(self.cached(wanted)) };
        match runtime.block_on(self.place.cluster.client().get(path)) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind == ApiErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    fn cached(&self, wanted: &LookedUp) -> Option<Value> {
        let objects = self.place.cluster.cache().of_kind(&wanted.kind);
        let mut found = objects.iter().filter(|o| wanted.concerns(&o.key())).map(|o| Value::clone(o.value()));
        if !wanted.name.is_empty() {
            return found.next();
        }
        let mut list = Value::object();
        list.set_path(&["items"], found.collect::<Value>());
        Some(list)
    }

    /// Makes a server's list what client-go gives: items that say what they are, in namespaces that are permitted.
    fn list(&self, wanted: &Wanted<'_>, scope: Scope, list: &Value) -> Value {
        let items = list.get("items").and_then(Value::as_array).unwrap_or_default().iter();
        let permitted = items.filter(|item| {
            let namespace = item.get_path(&["metadata", "namespace"]).and_then(Value::as_str);
            scope == Scope::Cluster || self.permits_namespace(namespace.unwrap_or_default())
        });
        let named = permitted.map(|item| {
            let mut item = item.clone();
            item.set_path(&["apiVersion"], wanted.api_version);
            item.set_path(&["kind"], wanted.kind);
            item
        });
        let mut out = Value::object();
        out.set_path(&["apiVersion"], wanted.api_version);
        out.set_path(&["kind"], format!("{}List", wanted.kind).as_str());
        out.set_path(&["metadata"], list.get("metadata").cloned().unwrap_or_else(Value::object));
        out.set_path(&["items"], named.collect::<Value>());
        out
    }
}

impl Lookup for ClusterLookup {
    fn lookup(&self, wanted: &Wanted<'_>) -> Result<Option<Value>, String> {
        self.asked().any = true;
        if !self.project.allows_lookups() {
            return Ok(None);
        }
        let gvk = Gvk::from_api_version(wanted.api_version, wanted.kind);
        let kind = gvk.group_kind();
        if !self.project.permits_lookup(&kind) {
            self.refuse(
                wanted,
                &format!("does not name the kind in {}", fairway_argocd::ANNOTATION_HELM_LOOKUP),
            );
            return Ok(None);
        }
        let cache = self.place.cluster.cache();
        let table = cache.table();
        let Some(served) = table.by_gvk(&gvk) else {
            let (api_version, kind) = (wanted.api_version, wanted.kind);
            return Err(format!(
                "unable to get apiresource from unstructured: {api_version}, Kind={kind}: the cluster serves no such kind"
            ));
        };
        let scope = if served.namespaced { Scope::Namespaced } else { Scope::Cluster };
        let namespace = if served.namespaced { wanted.namespace } else { "" };
        if served.namespaced && namespace.is_empty() && !wanted.name.is_empty() {
            return Ok(None);
        }
        if !namespace.is_empty() && !self.permits_namespace(namespace) {
            self.refuse(wanted, "does not permit the namespace");
            return Ok(None);
        }
        let key = (gvk, Str::from(namespace), Str::from(wanted.name));
        if let Some(answer) = self.asked().answers.get(&key) {
            return Ok(answer.clone());
        }
        if self.asked().answers.len() >= LOOKUPS_MAX {
            return Err(format!("more lookups than the limit of {LOOKUPS_MAX}"));
        }
        let mut looked = LookedUp { kind, namespace: namespace.into(), name: wanted.name.into(), seen: 0 };
        // How it stands is noted first: what changes while it is read makes another rendering.
        looked.seen = looked.state(cache);
        let mut answer = self.read(&served.path(namespace, wanted.name), &looked)?;
        if wanted.name.is_empty() {
            answer = answer.map(|list| self.list(wanted, scope, &list));
        }
        let mut asked = self.asked();
        asked.lookups.push(looked);
        asked.answers.insert(key, answer.clone());
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(kind: &str, namespace: &str, name: &str) -> LookedUp {
        LookedUp { kind: GroupKind::new("", kind), namespace: namespace.into(), name: name.into(), seen: 0 }
    }

    #[test]
    fn changes_concern_the_apps_that_looked_there() {
        let watch = LookupWatch::default();
        let app = |name: &str| AppId::new("argocd", name);
        watch.set(&app("one"), &[looked("Secret", "a", "x")]);
        watch.set(&app("all"), &[looked("Secret", "", ""), looked("Pod", "a", "")]);
        let key = |kind: &str, ns: &str, name: &str| ObjectKey::new("", kind, ns, name);
        assert_eq!(watch.of(&key("Secret", "a", "x"), true), [app("all"), app("one")]);
        // Data of Secrets is not in the cache, so every new version may be a change.
        assert_eq!(watch.of(&key("Secret", "b", "x"), false), [app("all")]);
        assert_eq!(watch.of(&key("Pod", "a", "p"), false), []);
        assert_eq!(watch.of(&key("Pod", "a", "p"), true), [app("all")]);
        watch.set(&app("all"), &[]);
        assert_eq!(watch.of(&key("Pod", "a", "p"), true), []);
    }
}
