use super::super::fault::{Faults, show};
use super::super::names;
use fairway_value::{Map, Value};

/// Checks embedded objects: each has a type and a kind, and metadata that would do.
pub(super) fn check(object: &Value, schema: &Value, faults: &mut Faults) {
    walk(object, schema, "", faults);
}

fn walk(value: &Value, schema: &Value, field: &str, faults: &mut Faults) {
    let join = |key: &str| if field.is_empty() { key.to_owned() } else { format!("{field}.{key}") };
    match value {
        Value::Object(map) => {
            if schema.get("x-kubernetes-embedded-resource") == Some(&Value::Bool(true)) {
                embedded(map, field, faults);
            }
            let further = schema.get("additionalProperties").filter(|v| v.as_object().is_some());
            for (key, inner) in map.iter() {
                if let Some(child) = schema.get("properties").and_then(|p| p.get(key)) {
                    walk(inner, child, &join(key), faults);
                } else if let Some(child) = further {
                    walk(inner, child, &format!("{field}[{key}]"), faults);
                }
            }
        }
        Value::Array(items) => {
            let Some(child) = schema.get("items") else { return };
            for (n, inner) in items.iter().enumerate() {
                walk(inner, child, &format!("{field}[{n}]"), faults);
            }
        }
        _ => {}
    }
}

fn embedded(map: &Map, field: &str, faults: &mut Faults) {
    for key in ["apiVersion", "kind"] {
        let path = format!("{field}.{key}");
        match map.get(key) {
            None => faults.required(path, ""),
            Some(Value::String(text)) if text.is_empty() => {
                faults.invalid_text(path, text, "must not be empty");
            }
            Some(Value::String(text)) if key == "kind" => {
                let wrong = names::label_1035(&text.to_ascii_lowercase());
                if !wrong.is_empty() {
                    let why = format!("may have mixed case, but should otherwise match: {}", wrong.join(","));
                    faults.invalid_text(path, text, &why);
                }
            }
            Some(Value::String(text)) => {
                if text.matches('/').count() > 1 {
                    let why = format!("unexpected GroupVersion string: {text}");
                    faults.invalid_text(path, text, &why);
                }
            }
            Some(other) => faults.invalid(path, show(Some(other)), "must be a string"),
        }
    }
}
