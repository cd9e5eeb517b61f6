use fairway_core::{Map, Str, Value};

/// Sets a value unless it is empty, as Go's `omitempty` does.
pub(crate) fn put(map: &mut Map, key: &str, value: impl Into<Value>) {
    let value = value.into();
    let is_empty = match &value {
        Value::Null | Value::Bool(false) => true,
        Value::Int(n) => *n == 0,
        Value::String(s) => s.is_empty(),
        Value::Array(a) => a.is_empty(),
        Value::Object(m) => m.is_empty(),
        Value::Bool(true) | Value::Uint(_) | Value::Float(_) => false,
    };
    if !is_empty {
        map.insert(key, value);
    }
}

/// Returns a list of texts.
pub(crate) fn texts(list: &[Str]) -> Value {
    list.iter().cloned().map(Value::String).collect()
}
