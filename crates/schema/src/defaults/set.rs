use fairway_value::{Map, Value};

/// Whether a field is missing, null, or a scalar's zero: what Go code sees as not set in a field by value.
pub(super) fn unset(map: &Map, key: &str) -> bool {
    match map.get(key) {
        None | Some(Value::Null) => true,
        Some(Value::String(s)) => s.is_empty(),
        Some(Value::Int(i)) => *i == 0,
        Some(_) => false,
    }
}

/// Whether a field is missing or null: what Go code sees as a nil pointer.
pub(super) fn missing(map: &Map, key: &str) -> bool {
    map.get(key).is_none_or(Value::is_null)
}

/// Sets a field by value that is not set.
pub(super) fn by_value(map: &mut Map, key: &str, value: impl Into<Value>) {
    if unset(map, key) {
        map.insert(key, value);
    }
}

/// Sets a pointer that is nil.
pub(super) fn pointer(map: &mut Map, key: &str, value: impl Into<Value>) {
    if missing(map, key) {
        map.insert(key, value);
    }
}

/// Returns the map under a key, made where it is missing.
pub(super) fn object<'m>(map: &'m mut Map, key: &str) -> Option<&'m mut Map> {
    if missing(map, key) {
        map.insert(key, Value::object());
    }
    map.get_mut(key)?.as_object_mut()
}

/// Returns a text field; empty where it is missing.
pub(super) fn text<'m>(map: &'m Map, key: &str) -> &'m str {
    map.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a list or map is missing or has nothing in it.
pub(super) fn empty(map: &Map, key: &str) -> bool {
    match map.get(key) {
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(entries)) => entries.is_empty(),
        other => other.is_none_or(Value::is_null),
    }
}
