//! Alternatives (`allOf`, `anyOf`, `oneOf`, `not`) of a structural schema: they restrict values and say nothing of their shape.

use super::super::fault::{Faults, has, list, text};
use super::{DEPTH_MAX, inner, is_set, named};
use crate::validate::compiled_pattern;
use fairway_value::Value;

/// Each alternative of a schema with what it is called.
fn alternatives(schema: &Value) -> impl Iterator<Item = (String, &Value)> {
    let lists = ["anyOf", "allOf", "oneOf"].into_iter().flat_map(move |key| {
        list(schema, key).iter().enumerate().map(move |(n, part)| (format!("{key}[{n}]"), part))
    });
    lists.chain(inner(schema, "not").map(|part| ("not".to_owned(), part)))
}

/// Checks the alternatives of a schema, and its pattern. The two ways of writing a number or a text may name types.
pub(super) fn values(
    schema: &Value,
    skips_any: bool,
    skips_first: bool,
    field: &str,
    depth: usize,
    faults: &mut Faults,
) {
    if depth > DEPTH_MAX {
        return;
    }
    for (name, part) in alternatives(schema) {
        if skips_any && name.starts_with("anyOf") {
            continue;
        }
        let skips = skips_first && name == "allOf[0]";
        nested(part, skips, &format!("{field}.{name}"), depth + 1, faults);
    }
    let pattern = text(schema, "pattern");
    if !pattern.is_empty()
        && let Err(why) = compiled_pattern(pattern)
    {
        let why = format!("must be a valid regular expression, but isn't: {why}");
        faults.invalid_text(format!("{field}.pattern"), pattern, &why);
    }
}

/// What may not stand in an alternative, and what the server says of it.
const FORBIDDEN: [(&str, &str); 12] = [
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
];

fn nested(schema: &Value, skips_any: bool, field: &str, depth: usize, faults: &mut Faults) {
    if depth > DEPTH_MAX {
        return;
    }
    values(schema, skips_any, false, field, depth, faults);
    if let Some(items) = inner(schema, "items") {
        nested(items, false, &format!("{field}.items"), depth + 1, faults);
    }
    for (name, property) in named(schema, "properties") {
        nested(property, false, &format!("{field}.properties[{name}]"), depth + 1, faults);
    }
    for (key, why) in FORBIDDEN {
        let there = match key {
            "default" | "x-kubernetes-list-type" | "x-kubernetes-map-type" => has(schema, key),
            _ => is_set(schema, key),
        };
        if there {
            faults.forbidden(format!("{field}.{key}"), why);
        }
    }
    if is_set(schema, "x-kubernetes-validations") {
        faults.forbidden(format!("{field}.x-kubernetes-validations"), "must be empty to be structural");
    }
    if named(schema, "properties").any(|(name, _)| name == "metadata") {
        let why = "must not be specified in a nested context";
        faults.forbidden(format!("{field}.properties[metadata]"), why);
    }
}

/// Whatever an alternative names must be there outside of it.
pub(super) fn complete(
    values: &Value,
    structure: Option<&Value>,
    at: &str,
    said_at: &str,
    depth: usize,
    faults: &mut Faults,
) {
    for (name, part) in alternatives(values) {
        complete_nested(part, structure, at, &format!("{said_at}.{name}"), depth + 1, faults);
    }
}

fn complete_nested(
    values: &Value,
    structure: Option<&Value>,
    at: &str,
    said_at: &str,
    depth: usize,
    faults: &mut Faults,
) {
    if depth > DEPTH_MAX {
        return;
    }
    let Some(known) = structure else {
        return faults.required(at, &format!("because it is defined in {said_at}"));
    };
    complete(values, structure, at, said_at, depth, faults);
    if let Some(items) = inner(values, "items") {
        let (at, said_at) = (format!("{at}.items"), format!("{said_at}.items"));
        complete_nested(items, inner(known, "items"), &at, &said_at, depth + 1, faults);
    }
    for (name, property) in named(values, "properties") {
        let (at, said_at) = (format!("{at}.properties[{name}]"), format!("{said_at}.properties[{name}]"));
        let found = named(known, "properties").find(|(n, _)| *n == name).map(|(_, s)| s);
        complete_nested(property, found, &at, &said_at, depth + 1, faults);
    }
}
