//! DELETE of objects and collections: preconditions, grace periods, propagation, finalizers.

use super::call::{Call, Reply};
use super::encode::{self, Page};
use super::media;
use super::options::check_dry_run;
use super::protobuf;
use super::read::Selection;
use super::registry::Resource;
use super::status::{ApiError, ApiResult, success, to_value};
use super::{admit, format_secs};
use crate::store::{CommitError, Stored, object_key};
use fairway_value::{Value, from_json};
use serde_json::json;
use std::sync::Arc;

/// Tables whose deletion answers with the object instead of a `Status`.
const RETURNS_OBJECT: &[&str] = &[
    "pods",
    "persistentvolumes",
    "persistentvolumeclaims",
    "podtemplates",
    "resourcequotas",
    "services",
    "serviceaccounts",
    "storageclasses.storage.k8s.io",
    "csidrivers.storage.k8s.io",
    "csinodes.storage.k8s.io",
    "volumeattachments.storage.k8s.io",
];

/// Namespaces that cannot be deleted.
const IMMORTAL: &[&str] = &["default", "kube-system", "kube-public"];

/// What becomes of the objects that an object owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Propagation {
    Background,
    Foreground,
    Orphan,
}

/// `DeleteOptions`, from the body and the query.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeleteOptions {
    pub(crate) uid: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) grace_secs: Option<i64>,
    pub(crate) propagation: Option<Propagation>,
    pub(crate) dry_run: bool,
}

impl DeleteOptions {
    fn parse(call: &Call<'_>) -> ApiResult<Self> {
        let body = &call.request.body;
        let parsed = if body.is_empty() {
            Value::Null
        } else if media::is_protobuf(call.request.header("content-type")) {
            protobuf::object(body).map_err(ApiError::bad_request)?
        } else {
            from_json(body).or_else(|_| {
                let text = std::str::from_utf8(body).unwrap_or_default();
                fairway_yaml::parse(text).map_err(|e| ApiError::bad_request(e.to_string()))
            })?
        };
        Self::read(call, &parsed)
    }

    /// Reads options from an object, and from the query what the object does not say.
    pub(crate) fn read(call: &Call<'_>, body: &Value) -> ApiResult<Self> {
        let query = &call.request.query;
        let text = |path: &[&str]| body.get_path(path).and_then(Value::as_str).map(str::to_owned);
        let policy = text(&["propagationPolicy"])
            .or_else(|| query.get("propagationPolicy").map(str::to_owned))
            .filter(|p| !p.is_empty());
        let orphan =
            body.get("orphanDependents").and_then(Value::as_bool).or_else(|| query.flag("orphanDependents"));
        let propagation = match (policy.as_deref(), orphan) {
            (Some("Background"), _) | (None, Some(false)) => Some(Propagation::Background),
            (Some("Foreground"), _) => Some(Propagation::Foreground),
            (Some("Orphan"), _) | (None, Some(true)) => Some(Propagation::Orphan),
            (None, None) => None,
            (Some(other), _) => {
                let cause = fairway_schema::validate::Cause {
                    reason: "FieldValueNotSupported",
                    message: format!(
                        "Unsupported value: {other:?}: supported values: \"Background\", \"Foreground\", \"Orphan\", \"nil\""
                    ),
                    field: "propagationPolicy".to_owned(),
                };
                return Err(ApiError::invalid("meta.k8s.io", "DeleteOptions", "", &[cause]));
            }
        };
        let list = body.get("dryRun").and_then(Value::as_array).unwrap_or_default();
        let asked: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
        let grace = match body.get("gracePeriodSeconds").and_then(Value::as_i64) {
            Some(secs) => Some(secs),
            None => query.number("gracePeriodSeconds")?,
        };
        Ok(Self {
            uid: text(&["preconditions", "uid"]),
            version: text(&["preconditions", "resourceVersion"]),
            grace_secs: grace,
            propagation,
            dry_run: check_dry_run(&asked, "DeleteOptions")? || query.dry_run("DeleteOptions")?,
        })
    }
}

/// Handles the DELETE of one object.
pub(crate) fn handle(call: &Call<'_>) -> ApiResult<Reply> {
    media::negotiate(call.request.accept())?;
    let options = DeleteOptions::parse(call)?;
    let outcome = delete(call, &call.target.name.clone(), &options)?;
    answer(call, &outcome)
}

/// Answers for one deleted object.
pub(crate) fn answer(call: &Call<'_>, outcome: &Outcome) -> ApiResult<Reply> {
    match outcome {
        Outcome::Marked(stored) => encode::object(call, 200, stored),
        Outcome::Gone(stored) if RETURNS_OBJECT.contains(&call.resource.table.as_str()) => {
            encode::object(call, 200, stored)
        }
        Outcome::Gone(stored) => {
            let uid = stored.value.get_path(&["metadata", "uid"]).and_then(Value::as_str).unwrap_or_default();
            let status = success(&call.resource, name_of(&stored.value), uid);
            Ok(Reply::json(200, status.to_string()))
        }
    }
}

/// What a deletion did.
pub(crate) enum Outcome {
    /// The object waits for its finalizers or its grace period.
    Marked(Arc<Stored>),
    /// The object is gone.
    Gone(Arc<Stored>),
}

fn name_of(object: &Value) -> &str {
    object.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default()
}

fn check_preconditions(resource: &Resource, live: &Value, options: &DeleteOptions) -> ApiResult<()> {
    let text = |field| live.get_path(&["metadata", field]).and_then(Value::as_str).unwrap_or_default();
    let conflict = |why: String| {
        ApiError::conflict(&resource.group_kind(), &resource.group, &resource.kind, text("name"), &why)
    };
    if let Some(uid) = options.uid.as_deref().filter(|u| *u != text("uid")) {
        return Err(conflict(format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
            text("uid")
        )));
    }
    if let Some(rv) = options.version.as_deref().filter(|v| *v != text("resourceVersion")) {
        return Err(conflict(format!(
            "the ResourceVersion in the precondition ({rv}) does not match the ResourceVersion in record ({}). The object might have been modified",
            text("resourceVersion")
        )));
    }
    Ok(())
}

/// Deletes one object of the call's resource and namespace.
pub(crate) fn delete(call: &Call<'_>, name: &str, options: &DeleteOptions) -> ApiResult<Outcome> {
    let resource = &call.resource;
    let key = call.key_of(name);
    for _ in 0..6 {
        let live =
            call.api.store.get(&resource.table, &key).ok_or_else(|| ApiError::not_found(resource, name))?;
        check_preconditions(resource, &live.value, options)?;
        if resource.table == "namespaces" && IMMORTAL.contains(&name) {
            return Err(ApiError::forbidden(resource, name, "this namespace may not be deleted"));
        }
        admit::validate_delete(call, &live.value)?;
        let (marked, remove) = mark(call, &live.value, options);
        if options.dry_run {
            let shown = Arc::new(Stored::new(marked, live.rv));
            return Ok(if remove { Outcome::Gone(shown) } else { Outcome::Marked(shown) });
        }
        let done = if remove {
            let twice =
                live.value.get_path(&["metadata", "deletionTimestamp"]).is_some() && marked != live.value;
            commit_removal(call, &key, &live, marked, twice).map(Outcome::Gone)
        } else if marked == live.value {
            return Ok(Outcome::Marked(live));
        } else {
            call.api.store.update(&resource.table, &key, live.rv, marked).map(Outcome::Marked)
        };
        match done {
            Ok(outcome) => return Ok(outcome),
            Err(CommitError::Missing) => return Err(ApiError::not_found(resource, name)),
            Err(CommitError::Changed | CommitError::Exists) => {}
        }
    }
    Err(ApiError::stale(resource, name))
}

/// Removes an object. One that was waiting for its grace period is seen once more with its new state.
fn commit_removal(
    call: &Call<'_>,
    key: &str,
    live: &Arc<Stored>,
    last: Value,
    twice: bool,
) -> Result<Arc<Stored>, CommitError> {
    let (store, table) = (&call.api.store, call.resource.table.as_str());
    let mut rv = live.rv;
    if twice {
        rv = store.update(table, key, rv, last.clone())?.rv;
    }
    let gone = store.delete(table, key, rv, Some(last))?;
    if table == "services" {
        call.api.network().release(&gone.value);
    }
    Ok(gone)
}

/// Removes an object whose last finalizer was just taken off.
///
/// Watchers see the last state that was stored, with the finalizer.
pub(crate) fn remove_updated(call: &Call<'_>, live: &Arc<Stored>) -> Option<Arc<Stored>> {
    commit_removal(call, &call.key(), live, live.value.clone(), false).ok()
}

/// Works out what the object looks like after the request, and whether it goes at once.
fn mark(call: &Call<'_>, live: &Value, options: &DeleteOptions) -> (Value, bool) {
    let resource = &call.resource;
    let mut object = live.clone();
    let now = call.api.clock.now_micros();
    if resource.table == "namespaces" {
        let held =
            live.get_path(&["spec", "finalizers"]).and_then(Value::as_array).is_some_and(|f| !f.is_empty());
        let held = held
            || live
                .get_path(&["metadata", "finalizers"])
                .and_then(Value::as_array)
                .is_some_and(|f| !f.is_empty());
        if live.get_path(&["metadata", "deletionTimestamp"]).is_none() {
            object.set_path(&["metadata", "deletionTimestamp"], format_secs(now));
            object.set_path(&["status", "phase"], "Terminating");
        }
        return (object, !held);
    }
    set_propagation(call, &mut object, options);
    if resource.table == "customresourcedefinitions.apiextensions.k8s.io" {
        mark_definition(&mut object, now);
        return (object, false);
    }
    let held =
        object.get_path(&["metadata", "finalizers"]).and_then(Value::as_array).is_some_and(|f| !f.is_empty());
    let deleting = live.get_path(&["metadata", "deletionTimestamp"]).is_some();
    let grace = grace_secs(resource, live, options);
    let had = live.get_path(&["metadata", "deletionGracePeriodSeconds"]).and_then(Value::as_i64);
    match (deleting, grace) {
        // Grace periods are shortened, never lengthened.
        (true, Some(secs)) if secs < had.unwrap_or_default() => {
            set_deletion(&mut object, now, secs, false);
            (object, secs == 0 && !held)
        }
        (true, Some(_)) if had.unwrap_or_default() > 0 => (object, false),
        (false, Some(secs)) => {
            set_deletion(&mut object, now, secs, true);
            (object, secs == 0 && !held)
        }
        (false, None) if held => {
            set_deletion(&mut object, now, 0, true);
            (object, false)
        }
        (_, _) => (object, !held),
    }
}

fn set_deletion(object: &mut Value, now: i64, grace: i64, first: bool) {
    object.set_path(&["metadata", "deletionTimestamp"], format_secs(now + grace * 1_000_000));
    object.set_path(&["metadata", "deletionGracePeriodSeconds"], grace);
    let generation = object.get_path(&["metadata", "generation"]).and_then(Value::as_i64).unwrap_or_default();
    if first && generation > 0 {
        object.set_path(&["metadata", "generation"], generation + 1);
    }
}

/// Returns the grace period of a Pod; nothing for other kinds.
fn grace_secs(resource: &Resource, pod: &Value, options: &DeleteOptions) -> Option<i64> {
    if resource.table != "pods" {
        return None;
    }
    let text = |path: &[&str]| pod.get_path(path).and_then(Value::as_str).unwrap_or_default();
    let own = pod.get_path(&["spec", "terminationGracePeriodSeconds"]).and_then(Value::as_i64).unwrap_or(30);
    let asked = options.grace_secs.unwrap_or(own).max(0);
    let runs = !text(&["spec", "nodeName"]).is_empty()
        && !matches!(text(&["status", "phase"]), "Failed" | "Succeeded");
    Some(if runs { asked } else { 0 })
}

/// Writes the finalizer that stands for the propagation policy.
fn set_propagation(call: &Call<'_>, object: &mut Value, options: &DeleteOptions) {
    let resource = &call.resource;
    let list =
        object.get_path(&["metadata", "finalizers"]).and_then(Value::as_array).unwrap_or_default().to_vec();
    let has = |name: &str| list.iter().any(|f| f.as_str() == Some(name));
    let policy = match options.propagation {
        Some(policy) => policy,
        None if has("orphan") => Propagation::Orphan,
        None if has("foregroundDeletion") => Propagation::Foreground,
        None if matches!(resource.table.as_str(), "jobs.batch" | "replicationcontrollers") => {
            if resource.table == "jobs.batch" {
                call.warn("child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning");
            }
            Propagation::Orphan
        }
        None => Propagation::Background,
    };
    let wanted = match policy {
        Propagation::Background => None,
        Propagation::Foreground => Some("foregroundDeletion"),
        Propagation::Orphan => Some("orphan"),
    };
    let mut kept: Vec<Value> = list
        .iter()
        .filter(|f| !matches!(f.as_str(), Some("orphan" | "foregroundDeletion")) || f.as_str() == wanted)
        .cloned()
        .collect();
    if let Some(name) = wanted
        && !kept.iter().any(|f| f.as_str() == Some(name))
    {
        kept.push(Value::from(name));
    }
    if kept == list {
        return;
    }
    if kept.is_empty() {
        object.remove_path(&["metadata", "finalizers"]);
    } else {
        object.set_path(&["metadata", "finalizers"], kept);
    }
}

/// Marks a CustomResourceDefinition: its objects go first.
fn mark_definition(object: &mut Value, now: i64) {
    if object.get_path(&["metadata", "deletionTimestamp"]).is_some() {
        return;
    }
    object.set_path(&["metadata", "deletionTimestamp"], format_secs(now));
    super::settle::hold_definition(object);
    let condition = json!({ "type": "Terminating", "status": "True", "lastTransitionTime": format_secs(now),
        "reason": "InstanceDeletionPending",
        "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon" });
    let old = object.get_path(&["status", "conditions"]).and_then(Value::as_array).unwrap_or_default();
    let all: Value = old
        .iter()
        .filter(|c| c.get("type").and_then(Value::as_str) != Some("Terminating"))
        .cloned()
        .chain([to_value(&condition)])
        .collect();
    object.set_path(&["status", "conditions"], all);
}

/// Handles the DELETE of a collection: answers with what it deleted, as it was.
pub(crate) fn collection(call: &Call<'_>) -> ApiResult<Reply> {
    super::media::negotiate(call.request.accept())?;
    let options = DeleteOptions::parse(call)?;
    let selection = Selection::parse(call)?;
    let (rv, objects) = call.api.store.list(&call.resource.table, &selection.prefix);
    let mut items = Vec::new();
    for object in objects.into_iter().filter(|o| selection.matches(&o.value)) {
        match delete(call, name_of(&object.value), &options) {
            Ok(_) => items.push(object),
            Err(error) if error.code == 404 => {}
            Err(error) => return Err(error),
        }
    }
    encode::list(call, &Page { rv, next: String::new(), remaining: None, items: &items })
}

/// Removes an object outright; used by the controllers. Returns false where it is gone already.
pub(crate) fn remove(api: &super::Api, table: &str, namespace: &str, name: &str) -> bool {
    let key = object_key(namespace, name);
    for _ in 0..6 {
        let Some(live) = api.store.get(table, &key) else { return false };
        match api.store.delete(table, &key, live.rv, None) {
            Ok(gone) => {
                if table == "services" {
                    api.network().release(&gone.value);
                }
                return true;
            }
            Err(CommitError::Missing) => return false,
            Err(CommitError::Changed | CommitError::Exists) => {}
        }
    }
    false
}
