use super::write::{Request, Verb, Written};
use super::{FieldValidation, Refusal};
use crate::managed::{self, Entry, Operation, Set};
use crate::strategy::Chooser;
use crate::{Schemas, validate};
use fairway_value::{Str, Value};

/// Returns where an object of a kind keeps its number of replicas, below the root: `spec.replicas` for built-in kinds, what the
/// CRD's `scale.specReplicasPath` says for others. Only plain field paths are known.
fn replicas_path(request: &Request<'_>) -> Vec<Str> {
    let _ = request;
    vec![Str::from("spec"), Str::from("replicas")]
}

fn keys(path: &[Str]) -> Vec<&str> {
    path.iter().map(Str::as_str).collect()
}

/// Returns the `autoscaling/v1` Scale of an object.
#[must_use]
pub fn scale_of(object: &Value) -> Value {
    let mut scale = Value::object();
    scale.set_path(&["kind"], "Scale");
    scale.set_path(&["apiVersion"], "autoscaling/v1");
    for key in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object.get_path(&["metadata", key]) {
            scale.set_path(&["metadata", key], value.clone());
        }
    }
    let replicas = object.get_path(&["spec", "replicas"]).and_then(Value::as_i64).unwrap_or(0);
    scale.set_path(&["spec"], Value::object());
    if replicas != 0 {
        scale.set_path(&["spec", "replicas"], replicas);
    }
    let now = object.get_path(&["status", "replicas"]).and_then(Value::as_i64).unwrap_or(0);
    scale.set_path(&["status", "replicas"], now);
    if let Some(selector) = selector_text(object).filter(|s| !s.is_empty()) {
        scale.set_path(&["status", "selector"], selector);
    }
    scale
}

/// Writes a label selector as `key=value,key in (a,b)`.
fn selector_text(object: &Value) -> Option<String> {
    let selector = object.get_path(&["spec", "selector"])?;
    let labels = selector.get("matchLabels").and_then(Value::as_object);
    let mut parts: Vec<String> = Vec::new();
    for (key, value) in labels.into_iter().flat_map(|m| m.iter()) {
        parts.push(format!("{key}={}", value.as_str().unwrap_or_default()));
    }
    for rule in selector.get("matchExpressions").and_then(Value::as_array).unwrap_or_default() {
        let text = |k: &str| rule.get(k).and_then(Value::as_str).unwrap_or_default();
        let values: Vec<&str> = rule
            .get("values")
            .and_then(Value::as_array)
            .unwrap_or_default()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        parts.push(match text("operator") {
            "In" => format!("{} in ({})", text("key"), values.join(",")),
            "NotIn" => format!("{} notin ({})", text("key"), values.join(",")),
            "Exists" => text("key").to_owned(),
            _ => format!("!{}", text("key")),
        });
    }
    parts.sort();
    Some(parts.join(","))
}

/// Writes through the `scale` subresource of an object. The body is a Scale or a patch of one; [`Written::object`] is the object
/// itself.
///
/// # Errors
/// What the server refuses.
pub fn write_scale(
    live: &Value,
    request: &Request<'_>,
    schemas: &Schemas,
    _chooser: &mut dyn Chooser,
) -> Result<Written, Refusal> {
    let path = replicas_path(request);
    let before = scale_of(live);
    let after = match request.verb {
        Verb::Update => request.body.clone(),
        Verb::MergePatch => crate::merge::json_merge(&before, request.body),
        Verb::JsonPatch => crate::merge::json_patch(&before, request.body).map_err(|e| Refusal {
            code: 422,
            reason: "Invalid",
            ..Refusal::bad_request(e.to_string())
        })?,
        Verb::StrategicPatch => crate::merge::json_merge(&before, request.body),
        Verb::Create | Verb::Apply { .. } => {
            return Err(Refusal::internal("unsupported: apply through the scale subresource"));
        }
    };
    let asked = after.get_path(&["metadata", "resourceVersion"]).and_then(Value::as_str).unwrap_or_default();
    let stored = live.get_path(&["metadata", "resourceVersion"]).and_then(Value::as_str).unwrap_or_default();
    let name = live.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
    if !asked.is_empty() && asked != stored {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Refusal::conflict(request.resource, name, why));
    }
    let replicas = after.get_path(&["spec", "replicas"]).and_then(Value::as_i64).unwrap_or(0);
    let mut object = live.clone();
    object.set_path(&keys(&path), replicas);
    let changed_count = live.get_path(&keys(&path)).and_then(Value::as_i64).unwrap_or(0) != replicas;
    if changed_count {
        own(&mut object, live, &path, request);
    }
    crate::strategy::prepare_update(&mut object, live, "scale", schemas);
    let causes = validate::update(&object, live, "scale", schemas);
    if !causes.is_empty() {
        return Err(Refusal::invalid(request.resource, name, causes));
    }
    let changed = !managed::equal(live, &object);
    let _ = FieldValidation::Warn;
    Ok(Written { object, created: false, changed, warnings: Vec::new() })
}

/// The count goes over from whoever had it; the new owner's entry has no time.
fn own(object: &mut Value, live: &Value, path: &[Str], request: &Request<'_>) {
    let Ok(mut entries) = managed::read(live.get_path(&["metadata", "managedFields"])) else { return };
    let mut count = Set::default();
    count.insert_fields(&keys(path));
    let me = Entry {
        manager: request.manager.into(),
        operation: Operation::Update,
        api_version: request.resource.api_version().into(),
        subresource: "scale".into(),
        time: None,
        set: count.clone(),
    };
    for entry in entries.iter_mut().filter(|e| !e.same_manager(&me)) {
        entry.set = entry.set.difference(&count);
    }
    entries.retain(|e| !e.set.is_empty());
    match entries.iter_mut().find(|e| e.same_manager(&me)) {
        Some(own) => own.set = own.set.union(&count),
        None => entries.push(me),
    }
    object.set_path(&["metadata", "managedFields"], managed::write(&entries));
}
