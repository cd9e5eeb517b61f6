//! Structural schemas of custom resources at work: unknown fields cut, nulls dropped, defaults filled in.
//!
//! Source: apiextensions-apiserver 0.36 `pkg/apiserver/schema/{pruning,defaulting}`.

use crate::canonical::{Twin, Twins, is_twin};
use fairway_value::{Map, Value};

fn flag(schema: &Value, key: &str) -> bool {
    schema.get(key) == Some(&Value::Bool(true))
}

fn is_meta(key: &str) -> bool {
    matches!(key, "apiVersion" | "kind" | "metadata")
}

/// Returns the schema of a map's key: its property's, else that of further properties. The inner nothing means that anything may
/// stand there without a schema.
fn child<'s>(schema: &'s Value, key: &str) -> Option<Option<&'s Value>> {
    if let Some(property) = schema.get("properties").and_then(|p| p.get(key)) {
        return Some(Some(property));
    }
    match schema.get("additionalProperties") {
        None | Some(Value::Bool(false)) => None,
        Some(Value::Bool(_)) => Some(None),
        Some(values) => Some(Some(values)),
    }
}

/// Cuts fields that the schema does not have, and nulls that may not be and have no default.
pub fn prune(object: &mut Value, schema: &Value) {
    prune_unknown(object, None, schema);
    prune_nulls(object, schema);
}

/// Cuts fields that the schema does not have. What is shared with a pruned `twin` is not looked into.
pub(crate) fn prune_unknown(object: &mut Value, twin: Twin<'_>, schema: &Value) {
    prune_at(object, twin, Some(schema), true, false);
}

/// Cuts fields of a part of an object that its schema does not have; an object `embedded` there keeps what says its type.
pub(crate) fn prune_part(value: &mut Value, schema: &Value, embedded: bool) {
    prune_at(value, None, Some(schema), embedded, false);
}

/// Cuts nulls that may not be and have no default.
pub fn prune_nulls(object: &mut Value, schema: &Value) {
    drop_nulls(object, schema, true);
}

/// Names the fields that [`prune`] would cut.
#[must_use]
pub fn unknown_paths(object: &Value, schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    unknown_at(object, Some(schema), true, false, "", &mut found);
    found
}

fn preserves(schema: Option<&Value>) -> bool {
    schema.is_some_and(|s| flag(s, "x-kubernetes-preserve-unknown-fields"))
}

/// `root` objects and embedded ones keep `apiVersion`, `kind` and `metadata`. In `free` parts unknown fields stay, but known
/// ones are still looked into.
fn prune_at(value: &mut Value, twin: Twin<'_>, schema: Option<&Value>, root: bool, free: bool) {
    if is_twin(value, twin) {
        return;
    }
    let free = preserves(schema) || free;
    match value {
        Value::Object(map) => {
            let Some(schema) = schema else {
                if !free {
                    *map = Map::new();
                }
                return;
            };
            let embedded = root || flag(schema, "x-kubernetes-embedded-resource");
            map.retain(|key, inner| {
                if embedded && is_meta(key) {
                    return true;
                }
                match child(schema, key) {
                    Some(Some(property)) => {
                        prune_at(inner, twin.and_then(|t| t.get(key)), Some(property), false, false);
                        true
                    }
                    Some(None) => true,
                    None => free,
                }
            });
        }
        Value::Array(items) => {
            let item = schema.and_then(|s| s.get("items"));
            if item.is_none() && free {
                return;
            }
            let mut twins = Twins::of(twin, items.len());
            for inner in items.make_mut() {
                let twin = twins.next(inner);
                prune_at(inner, twin, item, false, free && item.is_none());
            }
        }
        _ => {}
    }
}

fn unknown_at(
    value: &Value,
    schema: Option<&Value>,
    root: bool,
    free: bool,
    path: &str,
    found: &mut Vec<String>,
) {
    let free = preserves(schema) || free;
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter() {
                let at = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                let embedded = root || schema.is_some_and(|s| flag(s, "x-kubernetes-embedded-resource"));
                if embedded && is_meta(key) {
                    continue;
                }
                match schema.and_then(|s| child(s, key)) {
                    Some(Some(property)) => unknown_at(inner, Some(property), false, false, &at, found),
                    Some(None) => {}
                    None if free => {}
                    None => found.push(at),
                }
            }
        }
        Value::Array(items) => {
            let item = schema.and_then(|s| s.get("items"));
            for (n, inner) in items.iter().enumerate() {
                unknown_at(inner, item, false, free && item.is_none(), &format!("{path}[{n}]"), found);
            }
        }
        _ => {}
    }
}

fn refuses_null(schema: &Value) -> bool {
    !flag(schema, "nullable")
}

fn drop_nulls(value: &mut Value, schema: &Value, root: bool) {
    match value {
        Value::Object(map) => map.retain(|key, inner| {
            if root && is_meta(key) {
                return true;
            }
            let Some(Some(property)) = child(schema, key) else { return true };
            if inner.is_null() {
                return !refuses_null(property) || property.get("default").is_some_and(|d| !d.is_null());
            }
            drop_nulls(inner, property, false);
            true
        }),
        Value::Array(items) => {
            if let Some(item) = schema.get("items") {
                for inner in items.make_mut() {
                    drop_nulls(inner, item, false);
                }
            }
        }
        _ => {}
    }
}

/// Fills in the schema's defaults.
pub fn default(value: &mut Value, schema: &Value) {
    default_over(value, None, schema);
}

/// As [`default`], where what is shared with a `twin` has its defaults.
pub(crate) fn default_over(value: &mut Value, twin: Twin<'_>, schema: &Value) {
    if is_twin(value, twin) {
        return;
    }
    let default_of = |s: &Value| s.get("default").filter(|d| !d.is_null()).cloned();
    match value {
        Value::Object(map) => {
            for (name, property) in
                schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::iter)
            {
                let Some(given) = default_of(property) else { continue };
                let missing = match map.get(name) {
                    None => true,
                    Some(value) => value.is_null() && refuses_null(property),
                };
                if missing {
                    map.insert(name.clone(), given);
                }
            }
            for (key, inner) in map.iter_mut() {
                let Some(Some(property)) = child(schema, key) else { continue };
                let declared = schema.get("properties").is_some_and(|p| p.get(key).is_some());
                if !declared && inner.is_null() && refuses_null(property) {
                    *inner = property.get("default").cloned().unwrap_or_default();
                }
                default_over(inner, twin.and_then(|t| t.get(key)), property);
            }
        }
        Value::Array(items) => {
            let Some(item) = schema.get("items") else { return };
            let mut twins = Twins::of(twin, items.len());
            for inner in items.make_mut() {
                if inner.is_null() && refuses_null(item) {
                    *inner = item.get("default").cloned().unwrap_or_default();
                }
                let twin = twins.next(inner);
                default_over(inner, twin, item);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        fairway_value::from_json(text.as_bytes()).unwrap()
    }

    const SCHEMA: &str = r#"{"type":"object","properties":{"spec":{"type":"object","properties":{
        "a":{"type":"integer","default":3},"n":{"type":"string","nullable":true},"s":{"type":"string"},
        "free":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"k":{"type":"object"}}},
        "m":{"type":"object","additionalProperties":{"type":"object","properties":{"d":{"type":"boolean","default":true}}}}}}}}"#;

    #[test]
    fn unknown_fields_go_and_free_parts_stay() {
        let mut value = json(
            r#"{"apiVersion":"x/v1","kind":"A","metadata":{"name":"n"},"bogus":1,
            "spec":{"x":1,"n":null,"s":null,"free":{"y":{"z":1},"k":{"gone":1}},"m":{"q":{"e":1}}}}"#,
        );
        assert_eq!(
            unknown_paths(&value, &json(SCHEMA)),
            ["bogus", "spec.free.k.gone", "spec.m.q.e", "spec.x"]
        );
        prune(&mut value, &json(SCHEMA));
        let expect = r#"{"apiVersion":"x/v1","kind":"A","metadata":{"name":"n"},
            "spec":{"n":null,"free":{"y":{"z":1},"k":{}},"m":{"q":{}}}}"#;
        assert_eq!(value, json(expect));
    }

    #[test]
    fn defaults_reach_into_maps() {
        let mut value = json(r#"{"spec":{"a":null,"m":{"q":{}}}}"#);
        default(&mut value, &json(SCHEMA));
        assert_eq!(value, json(r#"{"spec":{"a":3,"m":{"q":{"d":true}}}}"#));
    }
}
