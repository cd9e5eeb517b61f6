//! Reading objects, and small parts of them that many controllers write.

use crate::api::{fnv32a, safe_encode, to_value};
use fairway_value::{HtmlEscape, Value, to_json};
use serde_json::json;

/// Follows `a.b.c`.
pub(crate) fn get<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |v, key| v.get(key)).filter(|v| !v.is_null())
}

pub(crate) fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    get(value, path).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn number(value: &Value, path: &str) -> Option<i64> {
    get(value, path).and_then(Value::as_i64)
}

pub(crate) fn flag(value: &Value, path: &str) -> bool {
    get(value, path).and_then(Value::as_bool).unwrap_or_default()
}

pub(crate) fn list<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    get(value, path).and_then(Value::as_array).unwrap_or_default()
}

pub(crate) fn name(object: &Value) -> &str {
    text(object, "metadata.name")
}

pub(crate) fn namespace(object: &Value) -> &str {
    text(object, "metadata.namespace")
}

pub(crate) fn uid(object: &Value) -> &str {
    text(object, "metadata.uid")
}

pub(crate) fn deleting(object: &Value) -> bool {
    get(object, "metadata.deletionTimestamp").is_some()
}

pub(crate) fn generation(object: &Value) -> i64 {
    number(object, "metadata.generation").unwrap_or_default()
}

/// Returns the store's key of an object.
pub(crate) fn key(object: &Value) -> String {
    crate::api::key_of(object)
}

/// Returns the reference to the owner that controls an object.
pub(crate) fn controller(object: &Value) -> Option<&Value> {
    list(object, "metadata.ownerReferences").iter().find(|o| flag(o, "controller"))
}

pub(crate) fn controlled_by(object: &Value, owner_uid: &str) -> bool {
    controller(object).is_some_and(|o| text(o, "uid") == owner_uid)
}

/// Builds the reference of something to its controlling owner.
pub(crate) fn reference(owner: &Value) -> Value {
    to_value(
        &json!({ "apiVersion": text(owner, "apiVersion"), "kind": text(owner, "kind"), "name": name(owner),
        "uid": uid(owner), "controller": true, "blockOwnerDeletion": true }),
    )
}

/// Hashes a Pod template into the letters of a name.
pub(crate) fn template_hash(template: &Value) -> String {
    safe_encode(&fnv32a(to_json(template, HtmlEscape::No).as_bytes()).to_string())
}

/// Whether a condition of a type is `True`.
pub(crate) fn is_true(object: &Value, condition: &str) -> bool {
    list(object, "status.conditions")
        .iter()
        .any(|c| text(c, "type") == condition && text(c, "status") == "True")
}

pub(crate) fn is_ready(pod: &Value) -> bool {
    is_true(pod, "Ready")
}

/// Whether a Pod still counts: it has not ended and nobody deletes it.
pub(crate) fn is_active(pod: &Value) -> bool {
    !matches!(text(pod, "status.phase"), "Failed" | "Succeeded") && !deleting(pod)
}

/// Reads an absolute number or a share of a total (`25%`), rounded up or down.
pub(crate) fn share(value: Option<&Value>, total: i64, up: bool, fallback: i64) -> i64 {
    let Some(value) = value else { return fallback };
    if let Some(number) = value.as_i64() {
        return number;
    }
    let percent = value.as_str().and_then(|t| t.strip_suffix('%')).and_then(|p| p.parse::<i64>().ok());
    percent.map_or(fallback, |p| (p * total + if up { 99 } else { 0 }) / 100)
}

/// Gives an object a name made from a prefix, as `generateName` does; the name is known before the object is made.
pub(crate) fn generate_name(object: &mut Value, prefix: &str, random: &crate::api::Random) -> String {
    // As the server: a name keeps room for its letters.
    let cut: String = prefix.chars().take(58).collect();
    let made = format!("{cut}{}", random.suffix(5));
    object.set_path(&["metadata", "generateName"], prefix);
    object.set_path(&["metadata", "name"], made.as_str());
    made
}

/// Builds a Pod from an owner's template.
pub(crate) fn pod_from(owner: &Value, template: &Value, extra_labels: &[(&str, &str)]) -> Value {
    let mut pod = template.clone();
    pod.set_path(&["apiVersion"], "v1");
    pod.set_path(&["kind"], "Pod");
    // Of the template's metadata only labels and annotations carry over.
    let kept: Value = ["labels", "annotations", "finalizers"]
        .into_iter()
        .filter_map(|f| Some((f, get(template, &format!("metadata.{f}"))?.clone())))
        .collect();
    pod.set_path(&["metadata"], kept);
    for (label, value) in extra_labels {
        pod.set_path(&["metadata", "labels", label], *value);
    }
    pod.set_path(&["metadata", "ownerReferences"], vec![reference(owner)]);
    pod
}
