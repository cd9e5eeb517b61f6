//! Walking to the fields that a field spec names, and plain look-ups.

mod tree;

use crate::config::{FieldSpec, split_path};
use crate::scalar::{text, what};
use fairway_value::{Str, Value};
use fairway_yaml::Step;
pub use tree::PathTree;

/// What is made where a field spec says `create` and nothing is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Create {
    /// Nothing, whatever the spec says.
    Never,
    /// An empty map.
    Map,
    /// A scalar, which the setter fills.
    Scalar,
}

/// Calls `set` on every field of an object that the spec names. Whether the spec is meant for the object's kind is the
/// caller's to ask.
///
/// # Errors
/// Something that is no map or list is in the way, or `set` fails.
pub fn visit(
    object: &mut Value,
    spec: &FieldSpec,
    create: Create,
    set: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    visit_path(object, spec, &split_path(&spec.path, '/'), create, set)
}

/// As [`visit`], with the path split already.
///
/// # Errors
/// As [`visit`].
pub fn visit_path(
    object: &mut Value,
    spec: &FieldSpec,
    path: &[Str],
    create: Create,
    set: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    let create = if spec.create { create } else { Create::Never };
    descend(object, path, create, set)
        .map_err(|e| format!("considering field '{}' of object: {e}", spec.path))
}

fn descend(
    at: &mut Value,
    path: &[Str],
    create: Create,
    set: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    let Some((part, rest)) = path.split_first() else { return set(at) };
    match at {
        Value::Null => Ok(()),
        Value::Array(list) => {
            list.make_mut().iter_mut().try_for_each(|item| descend(item, path, create, set))
        }
        Value::Object(map) => {
            let (name, is_list) = match part.strip_suffix("[]") {
                Some(name) => (name, true),
                None => (part.as_str(), false),
            };
            if name.is_empty() {
                return Err("cannot set or create an empty field name".to_owned());
            }
            if names_an_element(name) {
                return Err(format!("`{name}` names an element of a list, but there is a map"));
            }
            if !map.contains_key(name) && (create == Create::Never || is_list) {
                return Ok(());
            }
            let field = map.entry_or_null(name);
            if field.is_null() {
                *field = match (is_list, create, rest.is_empty()) {
                    (true, _, _) => Value::array(),
                    (false, Create::Map, _) | (false, Create::Scalar, false) => Value::object(),
                    (false, Create::Scalar, true) => Value::from(""),
                    (false, Create::Never, _) => Value::Null,
                };
            }
            descend(field, rest, create, set)
        }
        other => Err(format!("expected a list or a map, found {}", what(other))),
    }
}

/// Whether a part of a path is an index, `-`, `*` or `[key=value]`.
fn names_an_element(part: &str) -> bool {
    match part.as_bytes() {
        [b'*' | b'-'] => true,
        [b'[', ..] => is_bracketed(part),
        [b'0'..=b'9' | b'-' | b'+', ..] => part.parse::<i64>().is_ok(),
        _ => false,
    }
}

/// Calls `change` on every field that a path leads to, through lists, where there is one.
pub fn visit_present(at: &mut Value, path: &[Str], change: &mut dyn FnMut(&mut Value)) {
    let Some((part, rest)) = path.split_first() else { return change(at) };
    match at {
        Value::Array(list) => list.make_mut().iter_mut().for_each(|item| visit_present(item, path, change)),
        Value::Object(map) => {
            let name = part.strip_suffix("[]").unwrap_or(part);
            if let Some(field) = map.get_mut(name) {
                visit_present(field, rest, change);
            }
        }
        _ => {}
    }
}

/// Returns the first field that a path leads to, through lists.
pub fn first_present<'v>(at: &'v Value, path: &[Str]) -> Option<&'v Value> {
    let Some((part, rest)) = path.split_first() else { return Some(at) };
    match at {
        Value::Array(list) => list.iter().find_map(|item| first_present(item, path)),
        Value::Object(map) => first_present(map.get(part.strip_suffix("[]").unwrap_or(part))?, rest),
        _ => None,
    }
}

/// Replaces a scalar, whatever it is.
///
/// # Errors
/// The field is a map or a list.
pub fn set_scalar(field: &mut Value, value: Value) -> Result<(), String> {
    if matches!(field, Value::Array(_) | Value::Object(_)) {
        return Err(format!("wrong type: expected a scalar but found {}", what(field)));
    }
    *field = value;
    Ok(())
}

/// Sets an entry of a map. Says whether the entry was there already; nothing where there is no map.
///
/// # Errors
/// The field is no map.
pub fn set_entry(field: &mut Value, key: &str, value: &Str) -> Result<Option<bool>, String> {
    match field {
        Value::Null => Ok(None),
        Value::Object(map) => Ok(Some(map.insert(key, value.clone()).is_some())),
        other => Err(format!("wrong type: expected a map but found {}", what(other))),
    }
}

/// Splits `name=value` of a path part in brackets.
pub fn key_value(part: &str) -> Result<(&str, &str), String> {
    let inner = part.trim_start_matches('[').trim_end_matches(']');
    inner.split_once('=').ok_or_else(|| format!("`{part}`: a list element is named as [field=value]"))
}

/// Whether a path part is `[…]`.
pub fn is_bracketed(part: &str) -> bool {
    part.starts_with('[') && part.ends_with(']')
}

/// Looks a path up: names, indices, `-` for the last element, `[key=value]`.
///
/// # Errors
/// A part that does not fit what it meets.
pub fn lookup<'v>(value: &'v Value, path: &[Str]) -> Result<Option<&'v Value>, String> {
    let mut at = value;
    for part in path.iter().map(|p| p.trim()).filter(|p| !p.is_empty()) {
        match step(at, part)? {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

fn step<'v>(at: &'v Value, part: &str) -> Result<Option<&'v Value>, String> {
    if at.is_null() {
        return Ok(None);
    }
    let list = || at.as_array().ok_or_else(|| format!("`{part}` is for a list, found {}", what(at)));
    if let Ok(index) = part.parse::<i64>() {
        let index = usize::try_from(index).map_err(|_| format!("list index {index} cannot be negative"))?;
        return Ok(list()?.get(index));
    }
    if part == "-" {
        return Ok(list()?.last());
    }
    if part == "*" {
        return Err("a wildcard is not supported here".to_owned());
    }
    if is_bracketed(part) {
        let (key, wanted) = key_value(part)?;
        return Ok(list()?.iter().find(|e| match key {
            "" => text(e).is_some_and(|t| t == wanted),
            _ => e.get(key).and_then(text).is_some_and(|t| t == wanted),
        }));
    }
    match at {
        Value::Object(map) => Ok(map.get(part)),
        other => Err(format!("`{part}`: expected a map, found {}", what(other))),
    }
}

/// Returns the steps that a path takes through a value, as far as it is there.
pub fn steps(value: &Value, path: &[Str]) -> Option<Vec<Step>> {
    let mut out = Vec::with_capacity(path.len());
    let mut at = value;
    for part in path.iter().map(|p| p.trim()).filter(|p| !p.is_empty()) {
        let next = step(at, part).ok().flatten()?;
        out.push(match at.as_array() {
            Some(list) => Step::Item(list.iter().position(|e| std::ptr::eq(e, next))?),
            None => Step::Key(part.into()),
        });
        at = next;
    }
    Some(out)
}

/// Splits a dotted path and keeps what is in brackets together.
pub fn split_dotted(path: &str) -> Vec<Str> {
    let split = split_path(path, '.');
    let mut out = Vec::with_capacity(split.len());
    let mut parts = split.into_iter();
    while let Some(part) = parts.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            out.push(part);
            continue;
        }
        let mut bracketed = part;
        for more in parts.by_ref() {
            bracketed.push('.');
            bracketed.push_str(&more);
            if more.ends_with(']') {
                break;
            }
        }
        if bracketed.contains('=') {
            out.push(bracketed);
        } else {
            out.push(bracketed.trim_matches(['[', ']']).into());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> Value {
        fairway_value::from_json(br#"{"a":[{"n":"x","v":1},{"n":"y.z","v":2}],"m":{"k.l":3,"s":"t"}}"#)
            .unwrap()
    }

    #[test]
    fn dotted_paths_keep_brackets_and_escapes() {
        assert_eq!(split_dotted("a.[n=y.z].v"), ["a", "[n=y.z]", "v"]);
        assert_eq!(split_dotted(r"m.k\.l"), ["m", "k.l"]);
        assert_eq!(split_dotted("m.[k.l]"), ["m", "k.l"]);
    }

    #[test]
    fn look_ups_find_elements_by_key_and_index() {
        let object = object();
        let get = |p: &str| lookup(&object, &split_dotted(p)).unwrap().cloned();
        assert_eq!(get("a.[n=y.z].v"), Some(Value::Int(2)));
        assert_eq!(get("a.0.n"), Some(Value::from("x")));
        assert_eq!(get("a.7"), None);
        assert!(lookup(&object, &split_dotted("m.s.t")).is_err());
    }

    #[test]
    fn a_visit_goes_through_lists_and_makes_only_what_it_may() {
        let mut object = object();
        let mut seen = 0;
        let mut count = |_: &mut Value| {
            seen += 1;
            Ok(())
        };
        visit(
            &mut object,
            &FieldSpec { path: "a/v".into(), ..FieldSpec::default() },
            Create::Map,
            &mut count,
        )
        .unwrap();
        visit(
            &mut object,
            &FieldSpec { path: "no/v".into(), ..FieldSpec::default() },
            Create::Map,
            &mut count,
        )
        .unwrap();
        visit(&mut object, &FieldSpec::created("no[]/v"), Create::Map, &mut count).unwrap();
        assert_eq!(seen, 2);
        visit(&mut object, &FieldSpec::created("new/labels"), Create::Map, &mut |f| {
            set_entry(f, "a", &"b".into()).map(drop)
        })
        .unwrap();
        assert_eq!(object.get_path(&["new", "labels", "a"]), Some(&Value::from("b")));
    }
}
