//! Parts of objects by their paths; what is missing or of another type is empty.

use fairway_value::Value;

/// A text.
pub(crate) fn text<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    value.get_path(path).and_then(Value::as_str).unwrap_or_default()
}

/// The entries of a list.
pub(crate) fn list<'v>(value: &'v Value, path: &[&str]) -> &'v [Value] {
    value.get_path(path).and_then(Value::as_array).unwrap_or_default()
}
