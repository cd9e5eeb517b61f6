//! Whether a schema is structural: every field has a type outside of alternatives.

use super::super::fault::{Faults, has, list, text};
use super::{DEPTH_MAX, inner, is_set, junctors, named};
use fairway_value::{Value, from_json};
use std::sync::OnceLock;

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

fn flag(schema: &Value, key: &str) -> bool {
    schema.get(key) == Some(&Value::Bool(true))
}

/// Checks the schema of a version; what is found is ordered by its text, as the server does.
pub(super) fn check(schema: &Value, field: &str, faults: &mut Faults) {
    let mut found = Faults::default();
    invariants(schema, Level::Root, field, 0, &mut found);
    junctors::complete(schema, Some(schema), field, field, 0, &mut found);
    let mut found = found.into_causes();
    found.sort_by_cached_key(|cause| format!("{}: {}", cause.field, cause.message));
    found.into_iter().for_each(|cause| faults.add(cause));
}

/// What keeps a schema from being read as a structural one at all.
pub(super) fn unreadable(schema: &Value, depth: usize) -> Option<String> {
    if depth > DEPTH_MAX {
        return None;
    }
    let unsupported =
        ["id", "$schema", "$ref", "patternProperties", "dependencies", "additionalItems", "definitions"];
    if let Some(key) = unsupported.iter().find(|key| is_set(schema, key)) {
        let key = if *key == "$schema" { "schema" } else { key };
        return Some(format!("OpenAPIV3Schema '{key}' is not supported"));
    }
    if schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false)) {
        let why = "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
        return Some(why.to_owned());
    }
    if !list(schema, "items").is_empty() {
        return Some("OpenAPIV3Schema 'items' must be a schema, but is an array".to_owned());
    }
    super::schema::below(schema).find_map(|below| unreadable(below, depth + 1))
}

fn invariants(schema: &Value, level: Level, field: &str, depth: usize, faults: &mut Faults) {
    if depth > DEPTH_MAX {
        return;
    }
    let kind = text(schema, "type");
    let at = |key: &str| format!("{field}.{key}");
    match inner(schema, "items") {
        None if kind == "array" => faults.required(at("items"), "must be specified"),
        None => {}
        Some(items) => invariants(items, Level::Item, &at("items"), depth + 1, faults),
    }
    for (name, property) in named(schema, "properties") {
        invariants(property, Level::Field, &format!("{field}.properties[{name}]"), depth + 1, faults);
    }
    if has(schema, "additionalProperties") {
        if level == Level::Root {
            faults.forbidden(at("additionalProperties"), "must not be used at the root");
        }
        if let Some(values) = inner(schema, "additionalProperties") {
            invariants(values, Level::Field, &at("additionalProperties"), depth + 1, faults);
        }
    }
    let (int_or_string, preserves, embedded) = (
        flag(schema, "x-kubernetes-int-or-string"),
        flag(schema, "x-kubernetes-preserve-unknown-fields"),
        flag(schema, "x-kubernetes-embedded-resource"),
    );
    for (key, set) in
        [("x-kubernetes-preserve-unknown-fields", preserves), ("x-kubernetes-embedded-resource", embedded)]
    {
        if int_or_string && set {
            faults.invalid(at(key), "true", "must be false if x-kubernetes-int-or-string is true");
        }
    }
    let both = int_or_string_pattern();
    let skips_any = schema.get("anyOf") == Some(both);
    let skips_first = list(schema, "allOf").first().and_then(|s| s.get("anyOf")) == Some(both);
    junctors::values(schema, skips_any, skips_first, field, depth, faults);
    typed(schema, level, field, faults);
    let checks_meta = level == Level::Root || embedded;
    meta(schema, level, checks_meta, field, faults);
    if embedded && !preserves && !is_set(schema, "properties") {
        let why = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
        faults.required(at("properties"), why);
    }
}

fn int_or_string_pattern() -> &'static Value {
    static PATTERN: OnceLock<Value> = OnceLock::new();
    PATTERN.get_or_init(|| from_json(br#"[{"type":"integer"},{"type":"string"}]"#).unwrap_or_default())
}

fn typed(schema: &Value, level: Level, field: &str, faults: &mut Faults) {
    let (kind, path) = (text(schema, "type"), format!("{field}.type"));
    let embedded = flag(schema, "x-kubernetes-embedded-resource");
    let free =
        flag(schema, "x-kubernetes-int-or-string") || flag(schema, "x-kubernetes-preserve-unknown-fields");
    if embedded && kind != "object" {
        let why = "must be object if x-kubernetes-embedded-resource is true";
        if kind.is_empty() {
            faults.required(&path, why);
        } else {
            faults.invalid_text(&path, kind, why);
        }
    } else if kind.is_empty() && !free {
        let why = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        faults.required(&path, why);
    }
    if embedded && has(schema, "additionalProperties") {
        let why = "must not be used if x-kubernetes-embedded-resource is set";
        faults.forbidden(format!("{field}.additionalProperties"), why);
    }
    if level == Level::Root && !kind.is_empty() && kind != "object" {
        faults.invalid_text(path, kind, "must be object at the root");
    }
}

/// Type, kind and metadata are what Kubernetes says; a schema can only restrict names.
fn meta(schema: &Value, level: Level, checks: bool, field: &str, faults: &mut Faults) {
    let property = |name: &str| schema.get("properties").and_then(|p| p.get(name));
    for (name, wanted) in [("kind", "string"), ("apiVersion", "string"), ("metadata", "object")] {
        let Some(found) = property(name).filter(|_| checks) else { continue };
        if text(found, "type") != wanted {
            let path = format!("{field}.properties[{name}].type");
            faults.invalid_text(path, text(found, "type"), &format!("must be {wanted}"));
        }
    }
    let Some(metadata) = property("metadata").filter(|_| level == Level::Root) else { return };
    let only_names = named(metadata, "properties").all(|(name, _)| matches!(name, "name" | "generateName"));
    let more = metadata.as_object().is_some_and(|m| {
        m.keys().any(|key| match key.as_str() {
            "type" | "default" => false,
            "properties" => !only_names,
            other => is_set(metadata, other),
        })
    });
    if more {
        let why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
        faults.forbidden(format!("{field}.properties[metadata]"), why);
    }
}
