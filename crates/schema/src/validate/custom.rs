//! Custom resources against their structural schema, in the words of kube-openapi's validator.

use super::fault::{Faults, list, show, text};
use crate::managed::{equal, quote};
use fairway_value::{Map, Value, to_json};

/// Checks an object against its `openAPIV3Schema`, then list sets and maps for duplicates.
pub(super) fn check(object: &Value, schema: &Value, faults: &mut Faults) {
    for (key, property) in schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::iter)
    {
        if matches!(key.as_str(), "apiVersion" | "kind" | "metadata") {
            continue;
        }
        if let Some(value) = object.get(key) {
            visit(value, property, key, faults);
        }
    }
    for name in list(schema, "required").iter().filter_map(Value::as_str) {
        if object.get(name).is_none() {
            faults.required(name, "");
        }
    }
    let broken = !faults.is_empty();
    duplicates(object, schema, "", faults);
    if broken && has_rules(schema) {
        let why = "some validation rules were not checked because the object was invalid; correct the existing errors to \
                   complete validation";
        faults.invalid("<nil>", "null", why);
    }
}

fn has_rules(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => map.contains_key("x-kubernetes-validations") || map.values().any(has_rules),
        Value::Array(items) => items.iter().any(has_rules),
        _ => false,
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Int(_) | Value::Uint(_) => "integer",
        Value::Float(f) if f.fract() == 0.0 => "integer",
        Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn fits(wanted: &str, actual: &str) -> bool {
    wanted == actual || (wanted == "number" && actual == "integer")
}

fn wrong_type(field: &str, wanted: &str, actual: &str, faults: &mut Faults) {
    let shown = quote(actual);
    faults.with_reason(
        "FieldValueTypeInvalid",
        field,
        format!("Invalid value: {shown}: {field} in body must be of type {wanted}: {shown}"),
    );
}

fn visit(value: &Value, schema: &Value, field: &str, faults: &mut Faults) {
    let actual = kind_of(value);
    if schema.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true)) {
        if !(matches!(actual, "integer" | "string") || value.is_null() && nullable(schema)) {
            wrong_type(field, "integer,string", actual, faults);
        }
        return;
    }
    let wanted = text(schema, "type");
    if value.is_null() && nullable(schema) {
        return;
    }
    if !wanted.is_empty() && !fits(wanted, actual) {
        return wrong_type(field, wanted, actual, faults);
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.iter().any(|a| equal(a, value))
    {
        let supported: Vec<String> =
            allowed.iter().map(|a| a.as_str().map_or_else(|| a.to_string(), str::to_owned)).collect();
        let supported: Vec<&str> = supported.iter().map(String::as_str).collect();
        faults.unsupported(field, show(Some(value)), &supported);
    }
    match value {
        Value::Object(map) => visit_map(map, schema, field, faults),
        Value::Array(items) => visit_list(items, schema, field, faults),
        Value::String(s) => visit_string(s, schema, field, faults),
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => visit_number(value, schema, field, faults),
        Value::Null | Value::Bool(_) => {}
    }
}

fn nullable(schema: &Value) -> bool {
    schema.get("nullable") == Some(&Value::Bool(true))
}

fn in_body(field: &str, what: &str) -> String {
    format!("{field} in body {what}")
}

fn visit_map(map: &Map, schema: &Value, field: &str, faults: &mut Faults) {
    for (key, inner) in map.iter() {
        let child = schema.get("properties").and_then(|p| p.get(key));
        let child = child.or_else(|| schema.get("additionalProperties").filter(|v| v.as_object().is_some()));
        if let Some(child) = child {
            visit(inner, child, &format!("{field}.{key}"), faults);
        }
    }
    for name in list(schema, "required").iter().filter_map(Value::as_str) {
        if !map.contains_key(name) {
            faults.required(format!("{field}.{name}"), "");
        }
    }
    if let Some(max) = schema.get("maxProperties").and_then(Value::as_i64)
        && i64::try_from(map.len()).is_ok_and(|n| n > max)
    {
        let message = format!("Too many: {}: must have at most {max} items", map.len());
        faults.with_reason("FieldValueTooMany", field, message);
    }
}

fn visit_list(items: &[Value], schema: &Value, field: &str, faults: &mut Faults) {
    if let Some(item) = schema.get("items") {
        for (n, inner) in items.iter().enumerate() {
            visit(inner, item, &format!("{field}[{n}]"), faults);
        }
    }
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if let Some(max) = schema.get("maxItems").and_then(Value::as_i64).filter(|m| count > *m) {
        let message = format!("Too many: {count}: must have at most {max} items");
        faults.with_reason("FieldValueTooMany", field, message);
    }
    if let Some(min) = schema.get("minItems").and_then(Value::as_i64).filter(|m| count < *m) {
        faults.invalid(
            field,
            count.to_string(),
            &in_body(field, &format!("should have at least {min} items")),
        );
    }
}

fn visit_string(text: &str, schema: &Value, field: &str, faults: &mut Faults) {
    let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    if let Some(max) = schema.get("maxLength").and_then(Value::as_i64).filter(|m| count > *m) {
        let unit = if max == 1 { "byte" } else { "bytes" };
        let message = format!("Too long: may not be more than {max} {unit}");
        faults.with_reason("FieldValueTooLong", field, message);
    }
    if let Some(min) = schema.get("minLength").and_then(Value::as_i64).filter(|m| count < *m) {
        let unit = if min == 1 { "char" } else { "chars" };
        let why = in_body(field, &format!("should be at least {min} {unit} long"));
        faults.invalid_text(field, text, &why);
    }
}

fn visit_number(value: &Value, schema: &Value, field: &str, faults: &mut Faults) {
    let number = value.as_f64().unwrap_or(0.0);
    let shown = to_json(value, fairway_value::HtmlEscape::No);
    if let Some(max) = schema.get("maximum").filter(|m| m.as_f64().is_some_and(|m| number > m)) {
        faults.invalid(field, &shown, &in_body(field, &format!("should be less than or equal to {max}")));
    }
    if let Some(min) = schema.get("minimum").filter(|m| m.as_f64().is_some_and(|m| number < m)) {
        faults.invalid(field, &shown, &in_body(field, &format!("should be greater than or equal to {min}")));
    }
}

/// Sets must not hold a value twice, maps no key.
fn duplicates(value: &Value, schema: &Value, field: &str, faults: &mut Faults) {
    let join = |key: &str| if field.is_empty() { key.to_owned() } else { format!("{field}.{key}") };
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter() {
                let child = schema.get("properties").and_then(|p| p.get(key));
                let child =
                    child.or_else(|| schema.get("additionalProperties").filter(|v| v.as_object().is_some()));
                if let Some(child) = child {
                    duplicates(inner, child, &join(key), faults);
                }
            }
        }
        Value::Array(items) => {
            let keys: Vec<&str> =
                list(schema, "x-kubernetes-list-map-keys").iter().filter_map(Value::as_str).collect();
            let name = |item: &Value| -> Option<Value> {
                match text(schema, "x-kubernetes-list-type") {
                    "set" => Some(item.clone()),
                    "map" => Some(keys.iter().filter_map(|k| Some((*k, item.get(k)?.clone()))).collect()),
                    _ => None,
                }
            };
            let mut seen: Vec<Value> = Vec::new();
            for (n, item) in items.iter().enumerate() {
                if let Some(name) = name(item) {
                    if seen.iter().any(|s| equal(s, &name)) {
                        faults.duplicate(format!("{field}[{n}]"), show(Some(&name)));
                    }
                    seen.push(name);
                }
                if let Some(child) = schema.get("items") {
                    duplicates(item, child, &format!("{field}[{n}]"), faults);
                }
            }
        }
        _ => {}
    }
}
