//! Scalars as the text that kustomize sees in the YAML.

use fairway_value::{Str, Value, format_float};

/// Returns a scalar's text as YAML would hold it; nothing for maps and lists. `null` is the text `null`.
pub fn text(value: &Value) -> Option<Str> {
    Some(match value {
        Value::String(s) => s.clone(),
        Value::Bool(true) => "true".into(),
        Value::Bool(false) => "false".into(),
        Value::Int(i) => i.to_string().into(),
        Value::Uint(u) => u.to_string().into(),
        Value::Float(f) if f.is_finite() => format_float(*f).into(),
        Value::Float(f) => fairway_yaml::format_g(*f).into(),
        Value::Null => "null".into(),
        Value::Array(_) | Value::Object(_) => return None,
    })
}

/// Says what a value is, for messages.
pub fn what(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Int(_) | Value::Uint(_) => "an integer",
        Value::Float(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// Whether this is a scalar other than `null`.
pub fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Array(_) | Value::Object(_))
}

/// Whether this is `null` or an empty map or list.
pub fn is_nil_or_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(a) => a.is_empty(),
        Value::Object(m) => m.is_empty(),
        _ => false,
    }
}

/// Returns the text of a map's entry; empty where it is missing, `null`, or no scalar.
pub fn field_text(value: &Value, key: &str) -> Str {
    match value.get(key) {
        None | Some(Value::Null) => Str::new(),
        Some(v) => text(v).unwrap_or_default(),
    }
}

/// Whether a key is no text where it stands without quotes, as kustomize writes the keys that it makes.
pub fn is_odd_key(key: &str) -> bool {
    let is_plain =
        key.starts_with(|c: char| c.is_ascii_alphabetic() && !matches!(c, 't' | 'T' | 'f' | 'F' | 'n' | 'N'));
    !is_plain && resolve_plain(key).as_str() != Some(key)
}

/// Reads plain text as YAML 1.2 core types as go-yaml v3 does, where a node carries no tag: `3` is a number again.
pub fn resolve_plain(text: &str) -> Value {
    match text {
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        "null" | "Null" | "NULL" | "~" | "" => return Value::Null,
        _ => {}
    }
    let looks_numeric = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    if !looks_numeric || text.contains(|c: char| c.is_whitespace() || c == ':') {
        return Value::from(text);
    }
    let options = fairway_yaml::Options { dialect: fairway_yaml::Dialect::V3, ..Default::default() };
    match fairway_yaml::parse_with(text, &options) {
        Ok(v) if is_scalar(&v) => v,
        _ => Value::from(text),
    }
}
