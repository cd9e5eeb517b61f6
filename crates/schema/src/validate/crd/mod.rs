//! CustomResourceDefinitions.
//!
//! Source: apiextensions-apiserver 1.36 `pkg/apis/apiextensions/validation`, `pkg/apiserver/schema`.

mod columns;
mod defaults;
mod definition;
mod junctors;
mod schema;
mod structural;

pub(super) use definition::check;

use fairway_value::Value;

/// Deepest schema that is looked at.
const DEPTH_MAX: usize = 64;

/// Whether a part of a schema is set, as Go finds: neither missing, null, false, nor empty.
fn is_set(schema: &Value, key: &str) -> bool {
    match schema.get(key) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(map)) => {
            !map.is_empty() || matches!(key, "not" | "items" | "additionalProperties")
        }
        Some(_) => true,
    }
}

/// A schema below another: an object.
fn inner<'v>(schema: &'v Value, key: &str) -> Option<&'v Value> {
    schema.get(key).filter(|v| v.as_object().is_some())
}

/// Schemas by name below another, in order.
fn named<'v>(schema: &'v Value, key: &str) -> impl Iterator<Item = (&'v str, &'v Value)> {
    let map = schema.get(key).and_then(Value::as_object);
    map.into_iter().flat_map(|m| m.iter().map(|(name, value)| (name.as_str(), value)))
}
