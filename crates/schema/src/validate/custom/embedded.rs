use super::super::fault::{Faults, show};
use super::walk::walk;
use fairway_value::{Map, Value};

/// Checks embedded objects: each has a type and a kind, and metadata that would do.
pub(super) fn check(object: &Value, schema: &Value, faults: &mut Faults) {
    walk(object, schema, &mut |value, schema, field| {
        if let Value::Object(map) = value
            && schema.get("x-kubernetes-embedded-resource") == Some(&Value::Bool(true))
        {
            embedded(map, field, faults);
        }
    });
}

fn embedded(map: &Map, field: &str, faults: &mut Faults) {
    for key in ["apiVersion", "kind"] {
        let path = format!("{field}.{key}");
        match map.get(key) {
            None => faults.required(path, ""),
            Some(Value::String(text)) if text.is_empty() => {
                faults.invalid_text(path, text, "must not be empty");
            }
            Some(Value::String(text)) if key == "kind" => faults.kind(path, text),
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
