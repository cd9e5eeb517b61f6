//! Lists whose elements are found by the values of their keys.

use crate::scalar::{field_text, is_nil_or_empty, text, what};
use fairway_value::{Str, Value};
use std::collections::HashSet;

/// Returns the values of the keys in each element; empty text where one is missing.
pub fn key_values(list: &[Value], keys: &[Str]) -> Vec<Vec<Str>> {
    let value = |element: &Value, key: &Str| match element.get(key) {
        Some(v) if !is_nil_or_empty(v) => text(v).unwrap_or_default(),
        _ => Str::new(),
    };
    list.iter().map(|e| keys.iter().map(|k| value(e, k)).collect()).collect()
}

/// Adds the rows that are not there yet.
pub fn extend_unique(rows: &mut Vec<Vec<Str>>, seen: &mut HashSet<Vec<Str>>, more: Vec<Vec<Str>>) {
    for row in more {
        if !row.is_empty() && seen.insert(row.clone()) {
            rows.push(row);
        }
    }
}

/// Returns the keys that at least one row has a value for, with that row's values; all keys where none has.
pub fn valid_keys(used: &[bool], values: &[Str], keys: &[Str]) -> (Vec<Str>, Vec<Str>) {
    if !used.contains(&true) {
        return (keys.to_vec(), values.to_vec());
    }
    let keep = |n: usize| used.get(n).copied().unwrap_or(false);
    let valid_keys = keys.iter().enumerate().filter(|(n, _)| keep(*n)).map(|(_, k)| k.clone()).collect();
    let valid_values = values
        .iter()
        .enumerate()
        .filter(|(n, v)| !v.is_empty() || keep(*n))
        .map(|(_, v)| v.clone())
        .collect();
    (valid_keys, valid_values)
}

/// Says for each key whether one of the rows has a value for it.
pub fn used_keys(rows: &[Vec<Str>], keys: usize) -> Vec<bool> {
    (0..keys).map(|n| rows.iter().any(|row| row.get(n).is_some_and(|v| !v.is_empty()))).collect()
}

/// Makes rows that agree where both have values into one, as kyaml's `mergeValues`.
pub fn unify_rows(rows: &mut [Vec<Str>]) {
    // Rows that could agree share a value; comparing all pairs is what kyaml does and what its results depend on.
    for i in 0..rows.len() {
        for j in 0..rows.len() {
            if let Some(both) = agree(&rows[i], &rows[j]) {
                rows[i].clone_from(&both);
                rows[j] = both;
            }
        }
    }
}

fn agree(a: &[Str], b: &[Str]) -> Option<Vec<Str>> {
    if a.len() != b.len() {
        return None;
    }
    let mut common = false;
    let mut out = Vec::with_capacity(a.len());
    for (x, y) in a.iter().zip(b) {
        if x == y {
            common = true;
            out.push(x.clone());
        } else if !x.is_empty() && !y.is_empty() {
            return None;
        } else {
            out.push(if x.is_empty() { y.clone() } else { x.clone() });
        }
    }
    common.then_some(out)
}

/// Returns the index of the first element that has the values; with the key `""` the first equal scalar.
pub fn find(list: &[Value], keys: &[Str], values: &[Str]) -> Option<usize> {
    if keys.first().is_none_or(|k| k.is_empty()) {
        let wanted = values.first()?;
        return list.iter().position(|e| text(e).as_ref() == Some(wanted));
    }
    if keys.len() != values.len() {
        return None;
    }
    list.iter().position(|e| {
        e.as_object().is_some()
            && keys
                .iter()
                .zip(values)
                .all(|(k, v)| e.get(k).is_some_and(|f| text(f).unwrap_or_default() == *v))
    })
}

/// Replaces every element that has the values by `element`, or appends it where none has; without an element they are
/// removed. Elements that are `null` or empty maps go in passing, as kyaml's `ElementSetter` does.
pub fn set(list: &mut Vec<Value>, keys: &[Str], values: &[Str], element: Option<&Value>) {
    let by_field =
        keys.first().is_some_and(|k| !k.is_empty()) && values.first().is_some_and(|v| !v.is_empty());
    let mut found_any = false;
    list.retain_mut(|at| {
        if at.is_null() || at.as_object().is_some_and(fairway_value::Map::is_empty) {
            return false;
        }
        if at.as_object().is_none() && by_field {
            return true;
        }
        // Keys without a value to compare with are passed over; with no value at all nothing is found.
        let hit = !values.is_empty() && keys.iter().zip(values).all(|(key, value)| has(at, key, value));
        if !hit {
            return !values.is_empty();
        }
        found_any = true;
        match element {
            Some(new) => {
                *at = new.clone();
                true
            }
            None => false,
        }
    });
    if let Some(new) = element
        && !found_any
        && !new.is_null()
    {
        list.push(new.clone());
    }
}

/// Whether an element has a field with a value (any value for the empty text), or is the scalar for the key `""`.
fn has(element: &Value, key: &str, value: &str) -> bool {
    if key.is_empty() {
        return text(element).is_some_and(|t| t == value);
    }
    match element.get(key) {
        None => false,
        Some(_) if value.is_empty() => true,
        Some(v) => text(v).is_some_and(|t| t == value),
    }
}

/// Puts each element of `more` into the list: in the place of those with the same values, else at the end.
///
/// # Errors
/// An element that is no map, where elements are found by key.
pub fn append_all(list: &mut Vec<Value>, more: &[Value], keys: &[Str]) -> Result<(), String> {
    if keys.first().is_none_or(|k| k.is_empty()) {
        for element in more {
            let value = text(element).unwrap_or_default();
            set(list, &[Str::new()], &[value], Some(element));
        }
        return Ok(());
    }
    for element in more {
        if !matches!(element, Value::Object(_) | Value::Null) {
            return Err(format!(
                "wrong type: expected a map with the key `{}`, found {}",
                keys.join("`, `"),
                what(element)
            ));
        }
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            match element.get(key) {
                None => list.push(element.clone()),
                Some(_) => values.push(field_text(element, key)),
            }
        }
        if keys.len() > 1 {
            // With several keys kyaml appends even what is there, so what is there goes first.
            set(list, keys, &values, None);
        }
        set(list, keys, &values, Some(element));
    }
    Ok(())
}
