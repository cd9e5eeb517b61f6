use super::entries::{self, Entry, Operation};
use super::set::Set;
use super::typed::{self, Duplicates, TypeFault};
use super::updater::{self, UpdateError, Versions};
use crate::canonical::Otherwise;
use crate::{Schemas, TypeRef, canonical, defaults, strategy};
use fairway_value::{HtmlEscape, Str, Value, from_json, to_json};

/// Who writes, through which endpoint, how and when.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// The field manager.
    pub manager: &'a str,
    /// `apiVersion` of the request's URL.
    pub api_version: &'a str,
    /// Kind of the request's URL.
    pub kind: &'a str,
    /// The subresource written through (`status`), empty for the object itself.
    pub subresource: &'a str,
    /// Take conflicting fields over (apply only).
    pub force: bool,
    /// The time of the write, RFC 3339 in seconds.
    pub now: &'a str,
}

/// A field that another manager owns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The other manager as the server prints it: `"kubectl" using apps/v1`.
    pub manager: String,
    /// The field: `.spec.replicas`.
    pub path: String,
}

/// Why an apply is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Others own fields with other values (409, reason `Conflict`).
    #[error("{message}")]
    Conflicts {
        /// The status message.
        message: String,
        /// One entry a field; the server's `details.causes` in no order, each `conflict with MANAGER`.
        conflicts: Vec<Conflict>,
    },
    /// The configuration does not fit its type (500 without reason).
    #[error("{0}")]
    Typed(String),
    /// The request is malformed (400, reason `BadRequest`).
    #[error("{0}")]
    BadRequest(String),
}

/// The annotation in which `kubectl apply` keeps what it applied.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The manager that gets what was there before the first apply.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// How many entries of updates an object keeps; the oldest are folded into one beyond that.
const UPDATE_MANAGERS_MAX: usize = 10;

/// The manager that the oldest updates are folded into.
const ANCIENT_CHANGES: &str = "ancient-changes";

struct KindVersions<'s> {
    schemas: &'s Schemas,
    kind: &'s str,
    subresource: &'s str,
}

impl<'s> Versions<'s> for KindVersions<'s> {
    fn ty(&self, api_version: &str) -> Option<TypeRef<'s>> {
        let resource = self.schemas.resource(api_version, self.kind)?;
        Some(self.schemas.type_of(&resource.api_version(), self.kind).unwrap_or(self.schemas.untyped()))
    }

    fn convert(&self, object: &Value, from: &str, to: &str) -> Option<Value> {
        if from == to {
            return Some(object.clone());
        }
        let resource = self.schemas.resource(to, self.kind)?;
        if !resource.custom {
            return crate::versions::convert(object, self.kind, from, to);
        }
        let mut out = object.clone();
        out.set_path(&["apiVersion"], to);
        Some(out)
    }

    fn reset(&self, api_version: &str) -> Set {
        strategy::reset_fields(self.schemas, api_version, self.kind, self.subresource)
    }
}

/// `group/version, Kind=kind` as the server prints it, with an empty group in front of core versions.
fn gvk(api_version: &str, kind: &str) -> String {
    let slash = if api_version.contains('/') { "" } else { "/" };
    format!("{slash}{api_version}, Kind={kind}")
}

fn text<'v>(object: &'v Value, path: &[&str]) -> &'v str {
    object.get_path(path).and_then(Value::as_str).unwrap_or_default()
}

fn describe(object: &Value) -> String {
    format!(
        "{}/{}; {}",
        text(object, &["metadata", "namespace"]),
        text(object, &["metadata", "name"]),
        gvk(text(object, &["apiVersion"]), text(object, &["kind"]))
    )
}

/// Prints faults as structured-merge-diff does: sorted, each once.
fn describe_faults(mut faults: Vec<TypeFault>) -> String {
    faults.sort();
    faults.dedup();
    let line = |f: &TypeFault| {
        if f.path.is_empty() { f.message.clone() } else { format!("{}: {}", f.path, f.message) }
    };
    match faults.as_slice() {
        [only] => line(only),
        many => many.iter().fold(String::from("errors:"), |out, f| format!("{out}\n  {}", line(f))),
    }
}

/// Takes `metadata.managedFields` out of an object.
pub(super) fn without_managed(object: &Value) -> Value {
    let mut out = object.clone();
    out.remove_path(&["metadata", "managedFields"]);
    out
}

fn set_managed(object: &mut Value, managers: &[Entry]) {
    if managers.is_empty() {
        object.remove_path(&["metadata", "managedFields"]);
    } else {
        object.set_path(&["metadata", "managedFields"], entries::write(managers));
    }
}

/// Paths that never belong to anybody.
fn strip(set: &Set) -> Set {
    let mut meta = Set::default();
    for path in [&["apiVersion"][..], &["kind"], &["metadata"]] {
        meta.insert_fields(path);
    }
    for name in [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ] {
        meta.insert_fields(&["metadata", name]);
    }
    set.difference(&meta)
}

/// Applies a configuration to a live object (nothing where it is to be created): merged, in canonical form, defaulted,
/// ownership written into `metadata.managedFields`. What comes after in the server is not done here: fields that the
/// endpoint resets ([`strategy`]), admission, validation.
///
/// # Errors
/// See [`ApplyError`].
pub fn apply(
    live: Option<&Value>,
    config: &Value,
    write: &Write<'_>,
    schemas: &Schemas,
) -> Result<Value, ApplyError> {
    apply_as(live, config, write, schemas, canonical::Form::Stored)
}

/// As [`apply`], with another way to bring the merged object into the server's form.
pub(crate) fn apply_as(
    live: Option<&Value>,
    config: &Value,
    write: &Write<'_>,
    schemas: &Schemas,
    form: canonical::Form,
) -> Result<Value, ApplyError> {
    check_kind(config, write)?;
    let versions = KindVersions { schemas, kind: write.kind, subresource: write.subresource };
    let live_managed = live.and_then(|l| l.get_path(&["metadata", "managedFields"]));
    let mut managers = entries::read(live_managed)
        .map_err(|why| ApplyError::Typed(format!("failed to decode managed fields: {why}")))?;
    let empty = canonical::empty_object(schemas, write.api_version, write.kind);
    let live_bare = live.map_or_else(|| empty.clone(), without_managed);
    if managers.is_empty() {
        let me = entry(write, BEFORE_FIRST_APPLY, Operation::Update);
        managers = record(&versions, (&empty, &live_bare), managers, &me).map_err(|why| {
            ApplyError::Typed(format!("failed to create manager for existing fields: {why}"))
        })?;
    }
    check_config(config, write, schemas)?;
    let (merged, managers) = merged(&versions, (&live_bare, config), managers, write)?;
    let changed = !super::element::equal(&merged, &live_bare);
    let mut object =
        if changed { stored(merged, config, write, schemas, Otherwise::As(form))? } else { live_bare };
    let managers = finished(managers, write, changed);
    set_managed(&mut object, &managers);
    if write.manager == "kubectl" {
        renew_last_applied(&mut object, config);
    }
    Ok(object)
}

/// Brings a merged object into the form in which it is stored.
pub(super) fn stored(
    merged: Value,
    config: &Value,
    write: &Write<'_>,
    schemas: &Schemas,
    otherwise: Otherwise<'_>,
) -> Result<Value, ApplyError> {
    let mut object = merged;
    canonical::canonicalize_applied(&mut object, schemas, otherwise).map_err(|why| {
        ApplyError::Typed(format!(
            "failed to convert new object ({}) to proper version: unable to convert unstructured object to {}: {why}",
            describe(config),
            gvk(write.api_version, write.kind)
        ))
    })?;
    defaults::apply_over(&mut object, otherwise.twin(), schemas);
    Ok(object)
}

fn check_kind(config: &Value, write: &Write<'_>) -> Result<(), ApplyError> {
    let given = gvk(text(config, &["apiVersion"]), text(config, &["kind"]));
    if given != gvk(write.api_version, write.kind) {
        return Err(ApplyError::BadRequest(format!("invalid object type: {given}")));
    }
    Ok(())
}

/// Refuses configurations that do not fit their kind's type.
pub(crate) fn check_config(config: &Value, write: &Write<'_>, schemas: &Schemas) -> Result<(), ApplyError> {
    check_kind(config, write)?;
    if config.get_path(&["metadata", "managedFields"]).is_some_and(|m| !m.is_null()) {
        return Err(ApplyError::BadRequest("metadata.managedFields must be nil".to_owned()));
    }
    let ty = schemas.type_of(write.api_version, write.kind).unwrap_or(schemas.untyped());
    let faults = typed::validate(ty, config, Duplicates::Refused);
    if faults.is_empty() {
        return Ok(());
    }
    Err(ApplyError::Typed(format!(
        "failed to create typed patch object ({}): {}",
        describe(config),
        describe_faults(faults)
    )))
}

fn entry(write: &Write<'_>, manager: &str, operation: Operation) -> Entry {
    Entry {
        manager: manager.into(),
        operation,
        api_version: write.api_version.into(),
        subresource: write.subresource.into(),
        time: Some(write.now.into()),
        set: Set::default(),
    }
}

/// Strips the applier's entry, sets its time where the object changed, and keeps the entries in bounds.
fn finished(mut managers: Vec<Entry>, write: &Write<'_>, changed: bool) -> Vec<Entry> {
    let me = entry(write, write.manager, Operation::Apply);
    if let Some(own) = managers.iter_mut().find(|e| e.same_manager(&me)) {
        own.set = strip(&own.set);
        if changed {
            own.time = me.time;
        }
    }
    managers.retain(|e| !e.set.is_empty());
    managers
}

fn merged<'s>(
    versions: &KindVersions<'s>,
    (live, config): (&Value, &Value),
    managers: Vec<Entry>,
    write: &Write<'_>,
) -> Result<(Value, Vec<Entry>), ApplyError> {
    let me = entry(write, write.manager, Operation::Apply);
    let refused = match updater::apply(versions, (live, config), managers.clone(), &me, write.force) {
        Ok(done) => return Ok(done),
        Err(UpdateError::Other(why)) => return Err(ApplyError::Typed(why)),
        Err(UpdateError::Conflicts(refused)) => refused,
    };
    // What `kubectl apply` itself had written by its client-side ways does not stand against its server-side apply.
    let mine = if write.manager == "kubectl" { last_applied_set(versions, live, write) } else { None };
    let left: Vec<(Entry, Set)> = match &mine {
        Some(mine) => refused
            .into_iter()
            .map(|(e, set)| (e, set.difference(mine)))
            .filter(|(_, set)| !set.is_empty())
            .collect(),
        None => refused,
    };
    if left.is_empty() {
        return match updater::apply(versions, (live, config), managers, &me, true) {
            Ok(done) => Ok(done),
            Err(UpdateError::Other(why)) => Err(ApplyError::Typed(why)),
            Err(UpdateError::Conflicts(_)) => {
                Err(ApplyError::Typed("a forced apply met conflicts".to_owned()))
            }
        };
    }
    Err(conflict_error(left))
}

/// Returns the fields of the last-applied annotation that the live object still has as they were applied.
fn last_applied_set<'s>(versions: &KindVersions<'s>, live: &Value, write: &Write<'_>) -> Option<Set> {
    let last = from_json(text(live, &["metadata", "annotations", LAST_APPLIED]).as_bytes()).ok()?;
    if text(&last, &["apiVersion"]) != write.api_version {
        return None;
    }
    let ty = versions.ty(write.api_version)?;
    if !typed::validate(ty, &last, Duplicates::Refused).is_empty() {
        return None;
    }
    let compared = typed::compare(ty, &last, live);
    let set = typed::to_set(ty, &last);
    Some(set.difference(&compared.modified).difference(&compared.added).difference(&compared.removed))
}

fn renew_last_applied(object: &mut Value, config: &Value) {
    if text(object, &["metadata", "annotations", LAST_APPLIED]).is_empty() {
        return;
    }
    let mut config = config.clone();
    config.remove_path(&["metadata", "annotations", LAST_APPLIED]);
    let applied = to_json(&config, HtmlEscape::Yes) + "\n";
    object.set_path(&["metadata", "annotations", LAST_APPLIED], applied);
}

fn conflict_error(mut refused: Vec<(Entry, Set)>) -> ApplyError {
    refused.sort_by_key(|(entry, _)| entry.identifier());
    let conflicts: Vec<Conflict> = refused
        .iter()
        .flat_map(|(entry, set)| {
            let manager = entry.describe();
            set.paths().into_iter().map(move |path| Conflict { manager: manager.clone(), path })
        })
        .collect();
    let message = match conflicts.as_slice() {
        [only] => format!("Apply failed with 1 conflict: conflict with {}: {}", only.manager, only.path),
        _ => {
            let mut lines = Vec::new();
            for (entry, set) in &refused {
                lines.push(format!("conflicts with {}:", entry.describe()));
                lines.extend(set.paths().iter().map(|path| format!("- {path}")));
            }
            format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
        }
    };
    ApplyError::Conflicts { message, conflicts }
}

/// Records a write that is no apply among the managers.
fn record<'s>(
    versions: &KindVersions<'s>,
    objects: (&Value, &Value),
    managers: Vec<Entry>,
    me: &Entry,
) -> Result<Vec<Entry>, String> {
    match updater::update(versions, objects, managers, me, strip) {
        Ok(managers) => Ok(capped(managers)),
        Err(UpdateError::Other(why)) => Err(why),
        Err(UpdateError::Conflicts(_)) => Err("an update met conflicts".to_owned()),
    }
}

/// Folds the oldest updates of a version into one entry while there are too many of them.
fn capped(mut managers: Vec<Entry>) -> Vec<Entry> {
    let updates = |m: &[Entry]| m.iter().filter(|e| e.operation == Operation::Update).count();
    let mut left = updates(&managers);
    if left <= UPDATE_MANAGERS_MAX {
        return managers;
    }
    let mut order: Vec<(String, String, Entry)> = managers
        .iter()
        .filter(|e| e.operation == Operation::Update)
        .map(|e| (e.time.as_deref().unwrap_or_default().to_owned(), e.identifier(), e.clone()))
        .collect();
    order.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    let mut first: Vec<Entry> = Vec::new();
    for (_, _, oldest) in order {
        if left <= UPDATE_MANAGERS_MAX {
            break;
        }
        let Some(bucket_first) = first.iter().find(|e| e.api_version == oldest.api_version).cloned() else {
            first.push(oldest);
            continue;
        };
        let bucket = Entry {
            manager: ANCIENT_CHANGES.into(),
            operation: Operation::Update,
            api_version: oldest.api_version.clone(),
            subresource: Str::new(),
            time: None,
            set: Set::default(),
        };
        if !managers.iter().any(|e| e.same_manager(&bucket)) {
            managers.retain(|e| !e.same_manager(&bucket_first));
            managers.push(Entry { set: bucket_first.set, ..bucket.clone() });
        }
        managers.retain(|e| !e.same_manager(&oldest));
        if let Some(folded) = managers.iter_mut().find(|e| e.same_manager(&bucket)) {
            folded.set = folded.set.union(&oldest.set);
            folded.time = oldest.time;
        }
        left -= 1;
    }
    managers
}

/// Records in `new`'s `metadata.managedFields` what a create, update or patch from `live` to `new` means for ownership.
///
/// `new` is the decoded and defaulted object, still with the `managedFields` of the request; `live` has those stored.
/// To be called before the endpoint resets fields ([`strategy`]).
pub fn update(live: Option<&Value>, new: &mut Value, write: &Write<'_>, schemas: &Schemas) {
    let stored = live.and_then(|l| l.get_path(&["metadata", "managedFields"]));
    let asked = new.get_path(&["metadata", "managedFields"]).cloned();
    let custom = schemas.resource(write.api_version, write.kind).is_some_and(|r| r.custom);
    // An empty list asks for a reset, where the object passes through a Go type.
    let asked = asked.filter(|a| !(custom && a.as_array().is_some_and(<[Value]>::is_empty)));
    let managers = starting_managers(stored, asked.as_ref(), !write.subresource.is_empty());
    new.remove_path(&["metadata", "managedFields"]);
    let is_update = live.is_some_and(|l| !text(l, &["metadata", "uid"]).is_empty());
    if managers.is_empty() && is_update {
        return;
    }
    let versions = KindVersions { schemas, kind: write.kind, subresource: write.subresource };
    let empty = canonical::empty_object(schemas, write.api_version, write.kind);
    let live_bare = live.map_or(empty, without_managed);
    let me = entry(write, write.manager, Operation::Update);
    match record(&versions, (&live_bare, new), managers, &me) {
        Ok(managers) => set_managed(new, &managers),
        // The server drops ownership too when it cannot work it out.
        Err(_) => set_managed(new, &[]),
    }
}

/// Picks the entries to start from: the request's where it has readable ones, none where it asks for a reset.
fn starting_managers(stored: Option<&Value>, asked: Option<&Value>, subresource: bool) -> Vec<Entry> {
    let stored = || entries::read(stored).unwrap_or_default();
    if subresource {
        return stored();
    }
    let list = asked.and_then(Value::as_array);
    let reset = match list {
        Some([]) => true,
        Some([only]) => {
            only.as_object().is_some_and(|m| m.values().all(|v| v.is_null() || v.as_str() == Some("")))
        }
        _ => false,
    };
    if reset {
        return Vec::new();
    }
    match entries::read(asked) {
        Ok(entries) if !entries.is_empty() => entries,
        _ => stored(),
    }
}

/// Cuts out of both objects the fields that a trusted manager owns in `live` and that differ between the two.
///
/// Source: Argo CD `util/argo/managedfields`.
#[must_use]
pub fn without_trusted(
    live: &Value,
    config: &Value,
    managers: &[Str],
    schemas: &Schemas,
) -> Option<(Value, Value)> {
    let ty = schemas.type_of(text(live, &["apiVersion"]), text(live, &["kind"])).unwrap_or(schemas.untyped());
    let fits = |o: &Value| typed::validate(ty, o, Duplicates::Refused).is_empty();
    if !fits(live) || !fits(config) {
        return None;
    }
    let modified = typed::compare(ty, live, config).modified;
    let (mut live_out, mut config_out) = (live.clone(), config.clone());
    for entry in entries::read(live.get_path(&["metadata", "managedFields"])).unwrap_or_default() {
        if !managers.contains(&entry.manager) {
            continue;
        }
        let cut = entry.set.intersection(&modified);
        if !cut.is_empty() {
            live_out = typed::remove(ty, &live_out, &cut);
            config_out = typed::remove(ty, &config_out, &cut);
        }
    }
    Some((live_out, config_out))
}

/// Takes the times of the stored entries where nothing else changed, so that a write of nothing stays one.
pub fn keep_times(old: &Value, new: &mut Value) {
    let managed = |o: &Value| entries::read(o.get_path(&["metadata", "managedFields"])).unwrap_or_default();
    let untimed = |entries: Vec<Entry>| -> Vec<Entry> {
        let mut sorted: Vec<Entry> = entries.into_iter().map(|e| Entry { time: None, ..e }).collect();
        sorted.sort_by_key(Entry::identifier);
        sorted
    };
    if untimed(managed(old)) == untimed(managed(new))
        && super::element::equal(&without_managed(old), &without_managed(new))
        && let Some(stored) = old.get_path(&["metadata", "managedFields"])
    {
        new.set_path(&["metadata", "managedFields"], stored.clone());
    }
}
