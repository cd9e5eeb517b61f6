use cel::objects::{Key, Map};
use fairway_value::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// Words that no field may be called by; fields of these names are written between underscores.
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Returns the value as rules see it: numbers as their schema has them, fields under names that the language can say, and of a
/// resource's metadata the name alone.
pub(super) fn seen(value: &Value, schema: Option<&Value>, resource: bool) -> cel::Value {
    let of = |key: &str| schema.and_then(|s| s.get(key));
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(b) => cel::Value::Bool(*b),
        Value::Int(_) if of("type").and_then(Value::as_str) == Some("number") => {
            cel::Value::Float(value.as_f64().unwrap_or_default())
        }
        Value::Int(i) => cel::Value::Int(*i),
        Value::Uint(u) => cel::Value::UInt(*u),
        Value::Float(f) => match value.as_i64() {
            Some(whole) if of("type").and_then(Value::as_str) == Some("integer") => cel::Value::Int(whole),
            _ => cel::Value::Float(*f),
        },
        Value::String(s) => cel::Value::String(Arc::new(s.to_string())),
        Value::Array(items) => {
            let inner = of("items");
            cel::Value::List(Arc::new(items.iter().map(|v| seen(v, inner, is_resource(inner))).collect()))
        }
        Value::Object(map) => {
            let properties = of("properties");
            let further = of("additionalProperties").filter(|v| v.as_object().is_some());
            let mut out: HashMap<Key, cel::Value> = HashMap::with_capacity(map.len());
            for (key, inner) in map.iter() {
                let declared = properties.and_then(|p| p.get(key));
                let (name, value) = match (resource, key.as_str(), declared) {
                    (true, "metadata", _) => ("metadata".to_owned(), name_alone(inner)),
                    (true, "apiVersion" | "kind", _) => (key.to_string(), seen(inner, None, false)),
                    (_, _, Some(schema)) => (escaped(key), seen(inner, declared, is_resource(Some(schema)))),
                    (_, _, None) => (key.to_string(), seen(inner, further, is_resource(further))),
                };
                out.insert(Key::String(Arc::new(name)), value);
            }
            cel::Value::Map(Map { map: Arc::new(out) })
        }
    }
}

fn is_resource(schema: Option<&Value>) -> bool {
    schema.and_then(|s| s.get("x-kubernetes-embedded-resource")) == Some(&Value::Bool(true))
}

fn name_alone(metadata: &Value) -> cel::Value {
    let mut kept = Value::object();
    for key in ["name", "generateName"] {
        if let Some(name) = metadata.get(key) {
            kept.set_path(&[key], name.clone());
        }
    }
    seen(&kept, None, false)
}

/// The name under which a rule reaches a field.
fn escaped(name: &str) -> String {
    if RESERVED.contains(&name) {
        return format!("__{name}__");
    }
    name.replace("__", "__underscores__")
        .replace('.', "__dot__")
        .replace('-', "__dash__")
        .replace('/', "__slash__")
}

/// The longest list or map in a value, or the longest text where `texts` counts.
pub(super) fn widest(value: &Value, texts: bool) -> u64 {
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    match value {
        Value::Array(items) => {
            items.iter().map(|v| widest(v, texts)).max().unwrap_or(0).max(count(items.len()))
        }
        Value::Object(map) => map.values().map(|v| widest(v, texts)).max().unwrap_or(0).max(count(map.len())),
        Value::String(s) if texts => count(s.len()),
        _ => 0,
    }
}
