//! Fields as actions read and write them: an absent parent is an error, an absent field is not.

use super::types::ActionError;
use fairway_value::{Map, Value};

const NOTHING: &Value = &Value::Null;

/// Returns the field under a path; null where it is absent.
///
/// # Errors
/// A parent is absent or no map.
pub(super) fn at<'v>(object: &'v Value, path: &[&str]) -> Result<&'v Value, ActionError> {
    let mut here = object;
    for (n, key) in path.iter().enumerate() {
        here = match here {
            Value::Object(map) => map.get(key).unwrap_or(NOTHING),
            Value::Array(_) => NOTHING,
            other => return Err(no_map(&path[..n], other)),
        };
    }
    Ok(here)
}

/// Returns the field under a path; null where it or a parent is absent.
///
/// # Errors
/// A parent is neither absent nor a map.
pub(super) fn find<'v>(object: &'v Value, path: &[&str]) -> Result<&'v Value, ActionError> {
    for n in 1..path.len() {
        if at(object, &path[..n])?.is_null() {
            return Ok(NOTHING);
        }
    }
    at(object, path)
}

/// Sets a field. An empty list becomes a map: for Lua they are one.
///
/// # Errors
/// A parent is absent or no map.
pub(super) fn set(object: &mut Value, path: &[&str], value: impl Into<Value>) -> Result<(), ActionError> {
    let Some((last, parents)) = path.split_last() else { return Ok(()) };
    let mut here = object;
    for (n, key) in parents.iter().enumerate() {
        let found = here.get_mut(key);
        here = match found {
            Some(next @ Value::Object(_)) => next,
            Some(next @ Value::Array(_)) if next.as_array().is_some_and(<[Value]>::is_empty) => {
                *next = Value::object();
                next
            }
            Some(other) => return Err(no_map(&path[..=n], other)),
            None => return Err(no_map(&path[..=n], &Value::Null)),
        };
    }
    if let Some(map) = here.as_object_mut() {
        let value = value.into();
        if value.is_null() {
            map.remove(last);
        } else {
            map.insert(*last, value);
        }
    }
    Ok(())
}

/// Makes a field an empty map where it is absent.
///
/// # Errors
/// A parent is absent or no map.
pub(super) fn ensure(object: &mut Value, path: &[&str]) -> Result<(), ActionError> {
    if at(object, path)?.is_null() { set(object, path, Map::new()) } else { Ok(()) }
}

/// Whether a value counts as true: everything does that is neither absent nor false.
pub(super) fn truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

fn no_map(path: &[&str], value: &Value) -> ActionError {
    let what = if value.is_null() { "is not set" } else { "is no map" };
    ActionError::Refused(format!("{} {what}", path.join(".")))
}

/// Returns the entries of a list or map, none where there is nothing. Nulls are left out.
///
/// # Errors
/// It is neither a list nor a map.
pub(super) fn entries(value: &Value) -> Result<Vec<&Value>, ActionError> {
    let all: Vec<&Value> = match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => map.values().collect(),
        other => return Err(ActionError::Refused(format!("a list is a {}", other.type_name()))),
    };
    Ok(all.into_iter().filter(|v| !v.is_null()).collect())
}

/// Returns a copy without empty maps and lists.
pub(super) fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept: Map = map
                .iter()
                .map(|(k, v)| (k.clone(), without_empty(v)))
                .filter(|(_, v)| !v.is_null())
                .collect();
            if map.values().all(Value::is_null) { Value::Null } else { Value::Object(kept) }
        }
        Value::Array(items) if items.iter().all(Value::is_null) => Value::Null,
        Value::Array(items) => items.iter().map(without_empty).filter(|v| !v.is_null()).collect(),
        other => other.clone(),
    }
}
