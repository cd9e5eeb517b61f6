//! Putting the new names of objects into the fields that refer to them.

use crate::config::defaults::REFERRING_KINDS;
use crate::config::{FieldSpec, NameReference, TransformerConfig, split_path};
use crate::field::PathTree;
use crate::id::{Gvk, GvkSelector, ResId};
use crate::openapi::OpenApi;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::scalar::{field_text, is_nil_or_empty, text};
use fairway_value::{Str, Value};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

/// What has to be known of an object that another may refer to.
struct Candidate {
    id: ResId,
    previous: Vec<ResId>,
    original_namespace: Str,
    prefixes: Vec<Str>,
    suffixes: Vec<Str>,
}

/// All objects as they may be referred to, found by the names that they had.
struct Candidates {
    list: Vec<Candidate>,
    by_name: HashMap<Str, Vec<usize>>,
}

/// The object that refers.
struct Referrer {
    id: ResId,
    prefixes: Vec<Str>,
    suffixes: Vec<Str>,
    /// `roleRef` as group and kind.
    role: Option<Gvk>,
    /// Namespaces of the service accounts among a role binding's subjects.
    subject_namespaces: HashSet<Str>,
}

/// A field that may refer to objects of a kind.
#[derive(Clone, Debug)]
struct Field {
    target: GvkSelector,
    spec: FieldSpec,
}

/// The fields that objects of a kind may have, by their paths.
type Fields = PathTree<Field>;

fn fields_of(references: &[NameReference], kind: &str) -> Fields {
    let mut tree = PathTree::default();
    let all = references.iter().flat_map(|r| r.referrers.iter().map(move |f| (&r.gvk, f)));
    for (target, spec) in all.filter(|(_, f)| f.gvk.kind.is_empty() || f.gvk.kind == kind) {
        tree.add(&split_path(&spec.path, '/'), Field { target: target.clone(), spec: spec.clone() });
    }
    tree
}

/// Returns the fields of a kind by the rules that are built in; they are put together once a process, when first needed.
fn builtin_fields(kind: &str) -> &'static Fields {
    static FIELDS: [OnceLock<Fields>; REFERRING_KINDS.len()] =
        [const { OnceLock::new() }; REFERRING_KINDS.len()];
    static OTHERS: OnceLock<Fields> = OnceLock::new();
    let fields = REFERRING_KINDS.binary_search(&kind).map_or(&OTHERS, |n| &FIELDS[n]);
    fields.get_or_init(|| fields_of(&TransformerConfig::defaults().name_reference, kind))
}

/// Updates every reference that the specs name.
///
/// # Errors
/// A reference that could mean several objects, and fields that are no references.
pub fn fix_references(
    resources: &mut ResMap,
    config: &Arc<TransformerConfig>,
    openapi: &OpenApi,
) -> Result<(), String> {
    let candidates = Candidates::new(resources, openapi);
    // Where nothing was renamed, what cannot be read is an error all the same.
    let is_builtin = Arc::ptr_eq(config, &TransformerConfig::defaults());
    let mut by_kind: HashMap<Str, Fields> = HashMap::new();
    for resource in resources.all_mut().iter_mut().filter(|r| !r.is_gone()) {
        let original = resource.original_id(openapi).gvk;
        let fields = if is_builtin {
            builtin_fields(&original.kind)
        } else {
            let make = || fields_of(&config.name_reference, &original.kind);
            by_kind.entry(original.kind.clone()).or_insert_with(make)
        };
        if !fields.any(&|field| original.is_selected_by(&field.spec.gvk)) {
            continue;
        }
        let referrer = Referrer::new(resource, openapi)?;
        let applies = |field: &Field| original.is_selected_by(&field.spec.gvk);
        let mut set = |value: &mut Value, field: &Field| {
            let Field { target, spec } = field;
            let reference =
                Reference { candidates: &candidates, referrer: &referrer, target, path: &spec.path };
            reference.set(value)
        };
        fields.visit(&mut resource.value, &applies, &mut set).map_err(|(field, e)| {
            let path = &field.spec.path;
            format!("updating name reference in '{path}' field of '{}': {e}", referrer.id)
        })?;
    }
    Ok(())
}

impl Candidates {
    fn new(resources: &ResMap, openapi: &OpenApi) -> Self {
        let mut by_name: HashMap<Str, Vec<usize>> = HashMap::new();
        let mut list = Vec::with_capacity(resources.len());
        for (n, resource) in resources.iter().enumerate() {
            let previous: Vec<ResId> = resource.previous_ids().collect();
            for id in &previous {
                let entry = by_name.entry(id.name.clone()).or_default();
                if entry.last() != Some(&n) {
                    entry.push(n);
                }
            }
            let id = resource.id(openapi);
            let original_namespace = previous.first().unwrap_or(&id).effective_namespace().into();
            list.push(Candidate {
                id,
                previous,
                original_namespace,
                prefixes: resource.state.prefixes.clone(),
                suffixes: resource.state.suffixes.clone(),
            });
        }
        Self { list, by_name }
    }
}

impl Referrer {
    fn new(resource: &Resource, openapi: &OpenApi) -> Result<Self, String> {
        let id = resource.id(openapi);
        let role = resource.value.get("roleRef").and_then(|r| {
            let (group, kind) = (r.get("apiGroup")?, r.get("kind")?);
            Some(Gvk { group: text(group)?, kind: text(kind)?, version: Str::new() })
        });
        let mut subject_namespaces = HashSet::new();
        if id.gvk.kind == "RoleBinding" {
            let subjects = resource.value.get("subjects").and_then(Value::as_array).unwrap_or_default();
            for subject in subjects.iter().filter(|s| field_text(s, "kind") == "ServiceAccount") {
                match subject.get("namespace") {
                    None => {}
                    Some(Value::String(s)) => {
                        subject_namespaces.insert(s.clone());
                    }
                    Some(_) => return Err(format!("invalid input: a subject's namespace is blank in {id}")),
                }
            }
        }
        Ok(Self {
            id,
            prefixes: resource.state.prefixes.clone(),
            suffixes: resource.state.suffixes.clone(),
            role,
            subject_namespaces,
        })
    }

    /// Whether the referrer can refer to an object at all.
    fn reaches(&self, candidate: &Candidate) -> bool {
        self.id.cluster_scoped
            || candidate.id.cluster_scoped
            || self.id.same_namespace(&candidate.id)
            || self.subject_namespaces.contains(&candidate.id.namespace)
    }

    fn same_namespace(&self, candidate: &Candidate) -> bool {
        self.id.cluster_scoped
            || candidate.id.cluster_scoped
            || candidate.id.gvk.kind == "ServiceAccount"
            || self.id.same_namespace(&candidate.id)
    }

    fn same_affixes(&self, candidate: &Candidate, allow_empty: bool) -> bool {
        let same = |mine: &[Str], other: &[Str]| {
            (allow_empty && (mine.is_empty() || other.is_empty())) || same_ending(mine, other)
        };
        same(&self.prefixes, &candidate.prefixes) && same(&self.suffixes, &candidate.suffixes)
    }
}

/// Whether the shorter list is the end of the longer; none fits none only.
fn same_ending(a: &[Str], b: &[Str]) -> bool {
    if a.is_empty() || b.is_empty() { a.len() == b.len() } else { a.ends_with(b) || b.ends_with(a) }
}

struct Reference<'a> {
    candidates: &'a Candidates,
    referrer: &'a Referrer,
    target: &'a GvkSelector,
    path: &'a str,
}

impl<'a> Reference<'a> {
    fn set(&self, field: &mut Value) -> Result<(), String> {
        match field {
            Value::Null => Ok(()),
            Value::Object(_) => self.set_map(field),
            Value::Array(list) => list.make_mut().iter_mut().try_for_each(|item| match item {
                Value::Null => Ok(()),
                Value::Object(_) => self.set_map(item),
                Value::Array(_) => Err("expected a string or a map, found a list".to_owned()),
                _ => self.set_name(item),
            }),
            _ => self.set_name(field),
        }
    }

    fn set_name(&self, field: &mut Value) -> Result<(), String> {
        let old = text(field).unwrap_or_default();
        if let Some(found) = self.select(&old, None, false)?
            && found.id.name != old
        {
            *field = Value::String(found.id.name.clone());
        }
        Ok(())
    }

    fn set_map(&self, field: &mut Value) -> Result<(), String> {
        let Some(name) = field.get("name") else {
            return Err("path config error; no 'name' field in node".to_owned());
        };
        let old = text(name).unwrap_or_default();
        let namespace = field.get("namespace").and_then(text);
        let Some(found) = self.select(&old, namespace.as_deref(), true)? else { return Ok(()) };
        let (name, namespace) = (&found.id.name, &found.id.namespace);
        if *name == old && namespace.is_empty() {
            return Ok(());
        }
        if let Some(map) = field.as_object_mut() {
            map.insert("name", name.clone());
            if !namespace.is_empty() {
                map.insert("namespace", namespace.clone());
            }
        }
        Ok(())
    }

    /// Picks the object that the name meant before names were changed.
    fn select(
        &self,
        old: &str,
        namespace: Option<&str>,
        with_namespace: bool,
    ) -> Result<Option<&'a Candidate>, String> {
        let Some(named) = self.candidates.by_name.get(old) else { return Ok(None) };
        let by_original = namespace.map(|wanted| self.some_original(wanted));
        let in_namespace = |c: &Candidate| match (namespace, by_original) {
            (None, _) => true,
            (Some(wanted), Some(true)) => c.original_namespace == wanted,
            (Some(wanted), _) => !c.id.cluster_scoped && c.id.effective_namespace() == wanted,
        };
        let role = if self.path.ends_with("roleRef/name") { self.referrer.role.as_ref() } else { None };
        let mut found: Vec<&Candidate> = named
            .iter()
            .map(|n| &self.candidates.list[*n])
            .filter(|c| self.referrer.reaches(c) && in_namespace(c))
            .filter(|c| c.previous.iter().any(|id| id.gvk.is_selected_by(self.target)))
            .filter(|c| role.is_none_or(|role| c.previous.iter().any(|id| id.gvk.is_selected_by(role))))
            .filter(|c| self.referrer.same_namespace(c))
            .collect();
        if found.len() > 1 || found.is_empty() {
            found.retain(|c| self.referrer.same_affixes(c, true));
            if found.len() > 1 {
                found.retain(|c| self.referrer.same_affixes(c, false));
            }
        }
        let Some(first) = found.first() else { return Ok(None) };
        let same = |c: &&Candidate| {
            c.id.name == first.id.name && (!with_namespace || c.id.namespace == first.id.namespace)
        };
        if found.iter().all(same) {
            return Ok(Some(first));
        }
        let ids: Vec<String> = found.iter().map(|c| c.id.to_string()).collect();
        Err(format!("found multiple possible referrals: {}", ids.join(", ")))
    }

    /// Whether an object in reach was in a namespace before.
    fn some_original(&self, namespace: &str) -> bool {
        self.candidates.list.iter().any(|c| {
            c.original_namespace == namespace
                && namespace != crate::id::NOT_A_NAMESPACE
                && self.referrer.reaches(c)
        })
    }
}

/// Removes the objects that are for kustomize alone.
pub fn drop_local(resources: &mut ResMap) {
    const LOCAL: [&str; 3] = ["metadata", "annotations", "config.kubernetes.io/local-config"];
    let is_set =
        |r: &Resource| r.value.get_path(&LOCAL).is_some_and(|v| text(v).is_none_or(|t| t != "false"));
    let is_local = |r: &Resource| is_nil_or_empty(&r.value) || is_set(r);
    if resources.iter().any(is_local) {
        resources.all_mut().retain(|r| !is_local(r));
    }
}
