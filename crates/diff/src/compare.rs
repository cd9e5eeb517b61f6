use crate::FieldChange;
use fairway_schema::managed::equal;
use fairway_value::{Str, Value, escape_pointer_token};

/// Lists the fields in which two objects differ: maps by key, lists of equal length by index, lists of different length as a
/// whole; an added or removed subtree is one change. Values of Secrets are masked.
pub(crate) fn changes(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut out = Vec::new();
    walk(before, after, &mut String::new(), &mut out);
    if is_secret(before) || is_secret(after) {
        for change in &mut out {
            mask(change);
        }
    }
    out
}

pub(crate) fn is_secret(object: &Value) -> bool {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    text("kind") == "Secret" && text("apiVersion") == "v1"
}

fn walk(before: &Value, after: &Value, path: &mut String, out: &mut Vec<FieldChange>) {
    let len = path.len();
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old.iter() {
                enter(path, key);
                match new.get(key) {
                    Some(other) => walk(value, other, path, out),
                    None => out.push(change(path, Some(value), None)),
                }
                path.truncate(len);
            }
            for (key, value) in new.iter().filter(|(k, _)| !old.contains_key(k)) {
                enter(path, key);
                out.push(change(path, None, Some(value)));
                path.truncate(len);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (n, (value, other)) in old.iter().zip(new.iter()).enumerate() {
                enter(path, &n.to_string());
                walk(value, other, path, out);
                path.truncate(len);
            }
        }
        (old, new) => {
            if !equal(old, new) {
                out.push(change(path, Some(old), Some(new)));
            }
        }
    }
}

fn enter(path: &mut String, token: &str) {
    path.push('/');
    path.push_str(&escape_pointer_token(token));
}

fn change(path: &str, before: Option<&Value>, after: Option<&Value>) -> FieldChange {
    FieldChange { path: Str::from(path), before: before.cloned(), after: after.cloned() }
}

/// What stands for a secret value; a changed one is one character longer.
pub(crate) const MASK: &str = "++++++++";
/// What stands for a secret value that takes the place of another.
pub(crate) const MASK_CHANGED: &str = "+++++++++";

/// Replaces every value below a field by a mask.
pub(crate) fn masked(value: &Value, mask: &str) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), masked(v, mask))).collect()),
        Value::Array(items) => items.iter().map(|v| masked(v, mask)).collect(),
        Value::Null => Value::Null,
        _ => Value::from(mask),
    }
}

fn mask(change: &mut FieldChange) {
    let secret = ["/data", "/stringData"]
        .iter()
        .any(|p| change.path.strip_prefix(p).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    let applied =
        change.path.contains("last-applied-configuration") || &*change.path == "/metadata/annotations";
    if secret || applied {
        let changed = if change.before.is_some() { MASK_CHANGED } else { MASK };
        change.before = change.before.as_ref().map(|v| masked(v, MASK));
        change.after = change.after.as_ref().map(|v| masked(v, changed));
    }
}
