//! Defaults of a schema, which must fit it.
//!
//! Source: apiextensions-apiserver 1.36 `pkg/apiserver/schema/defaulting/validation.go`.

use super::super::custom::check_default;
use super::super::fault::{Faults, show};
use super::{DEPTH_MAX, inner, named};
use crate::structural::prune_part;
use fairway_value::Value;

/// Checks every default of a structural schema. Those of map values do not count.
pub(super) fn check(schema: &Value, field: &str, faults: &mut Faults) {
    below(schema, field, true, false, 0, faults);
}

fn below(schema: &Value, field: &str, root: bool, in_meta: bool, depth: usize, faults: &mut Faults) {
    if depth > DEPTH_MAX {
        return;
    }
    let embedded = root || schema.get("x-kubernetes-embedded-resource") == Some(&Value::Bool(true));
    let in_meta = in_meta && !embedded;
    if let Some(default) = schema.get("default").filter(|d| !d.is_null()) {
        let path = format!("{field}.default");
        let mut pruned = default.clone();
        if !in_meta {
            prune_part(&mut pruned, schema, embedded);
        }
        if pruned != *default {
            faults.invalid(&path, show(Some(default)), "must not have unknown fields");
        }
        check_default(default, schema, &path, faults);
    }
    if let Some(items) = inner(schema, "items") {
        below(items, &format!("{field}.items"), false, in_meta, depth + 1, faults);
    }
    for (name, property) in named(schema, "properties") {
        let of_meta = embedded && matches!(name, "metadata" | "apiVersion" | "kind");
        let path = format!("{field}.properties[{name}]");
        below(property, &path, false, in_meta || of_meta, depth + 1, faults);
    }
}
