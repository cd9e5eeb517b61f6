//! Lays values over a chart's defaults, as Helm 3's `pkg/chartutil/coalesce.go`.
//!
//! The maps are shared as Go's are: Helm copies global values one level deep only, so what a subchart adds below that
//! is seen by its parent and siblings. Working on shared maps gives the same result without a list of such cases.

use crate::Error;
use crate::capabilities::HelmVersion;
use crate::tree::Node;
use fairway_template::{List, Map, Value};
use fairway_value::Str;

/// Whether `null` removes a default at once or is kept for a later round.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// `CoalesceValues`.
    Remove,
    /// `CoalesceValues` of Helm 4, which also leaves out what charts themselves set to null.
    Clean,
    /// `MergeValues`.
    Keep,
}

impl Nulls {
    /// How a version of Helm makes the values that templates see.
    pub(crate) fn of(helm: HelmVersion) -> Self {
        match helm {
            HelmVersion::V3 => Self::Remove,
            HelmVersion::V4 => Self::Clean,
        }
    }
}

const GLOBAL: &str = "global";

/// Returns the values of a chart and its subcharts under the given ones. The given ones are not changed.
pub(crate) fn coalesce_values(node: &Node<'_>, values: &Map, nulls: Nulls) -> Result<Map, Error> {
    let copy = deep_copy(values);
    coalesce(node, &copy, nulls)?;
    Ok(copy)
}

/// Copies a tree so that writes to one are not seen in the other.
pub(crate) fn deep_copy(map: &Map) -> Map {
    if let Some(data) = map.untouched() {
        return Map::from_data(data);
    }
    let mut out = Vec::with_capacity(map.len());
    map.for_each(|key, value| out.push((key.clone(), copy_value(value))));
    out.into_iter().collect()
}

fn copy_value(value: &Value) -> Value {
    match value {
        Value::Map(map) => Value::Map(deep_copy(map)),
        Value::List(list) if list.items().iter().any(|v| matches!(v, Value::Map(_) | Value::List(_))) => {
            Value::List(List::from(list.items().iter().map(copy_value).collect::<Vec<_>>()))
        }
        other => other.clone(),
    }
}

fn coalesce(node: &Node<'_>, dest: &Map, nulls: Nulls) -> Result<(), Error> {
    coalesce_chart(node, dest, nulls);
    for child in &node.children {
        let table = match dest.get(&child.name) {
            None => {
                let empty = Map::new();
                dest.insert(child.name.clone(), Value::Map(empty.clone()));
                empty
            }
            Some(Value::Map(map)) => map,
            Some(other) => {
                let shown = fairway_template::fmt::sprintf(b"%t", &[other]);
                let shown = String::from_utf8_lossy(&shown);
                return Err(Error::Values(format!("type mismatch on {}: {shown}", child.name)));
            }
        };
        coalesce_globals(&table, dest);
        coalesce(child, &table, nulls)?;
    }
    Ok(())
}

fn coalesce_globals(dest: &Map, src: &Map) {
    let table = |from: &Map| match from.get(GLOBAL) {
        None => Some(Map::new()),
        Some(Value::Map(map)) => Some(map),
        Some(_) => None,
    };
    let (Some(dest_globals), Some(src_globals)) = (table(dest), table(src)) else { return };
    for (key, value) in src_globals.entries() {
        let existing = dest_globals.get(&key);
        match (value, existing) {
            (Value::Map(map), None) => {
                dest_globals.insert(key, Value::Map(shallow_copy(&map)));
            }
            (Value::Map(map), Some(Value::Map(existing))) => {
                let merged = shallow_copy(&map);
                coalesce_tables(&merged, &existing, Nulls::Keep);
                dest_globals.insert(key, Value::Map(merged));
            }
            // A map is not laid over a scalar, nor a scalar over a map.
            (Value::Map(_), Some(_)) | (_, Some(Value::Map(_))) => {}
            (scalar, _) => {
                dest_globals.insert(key, scalar);
            }
        }
    }
    dest.insert(GLOBAL, Value::Map(dest_globals));
}

fn shallow_copy(map: &Map) -> Map {
    map.entries().into_iter().collect()
}

fn coalesce_chart(node: &Node<'_>, dest: &Map, nulls: Nulls) {
    node.values.for_each(|key, default| match dest.get(key) {
        None if nulls == Nulls::Clean && default.is_nil() => {}
        None => {
            let copy = copy_value(default);
            if let (Nulls::Clean, Value::Map(map)) = (nulls, &copy) {
                clean(map);
            }
            dest.insert(key.clone(), copy);
        }
        Some(Value::Nil) if nulls != Nulls::Keep => {
            dest.remove(key);
        }
        Some(Value::Map(table)) => {
            if let Value::Map(defaults) = default {
                let is_child = node.children.iter().any(|c| c.name == *key);
                let nulls = if is_child { Nulls::Keep } else { nulls };
                let defaults = deep_copy(defaults);
                if nulls == Nulls::Clean {
                    clean(&defaults);
                }
                coalesce_tables(&table, &defaults, nulls);
            }
        }
        Some(_) => {}
    });
}

/// Removes what is null, at any depth of tables.
fn clean(map: &Map) {
    for (key, value) in map.entries() {
        match value {
            Value::Nil => {
                map.remove(&key);
            }
            Value::Map(table) => clean(&table),
            _ => {}
        }
    }
}

/// Merges `src` into `dest`, whose entries win. `src` is changed too, as Helm's `coalesceTablesFullKey` does.
pub(crate) fn coalesce_tables(dest: &Map, src: &Map, nulls: Nulls) {
    let mut nulled = Vec::new();
    dest.for_each(|key, value| {
        if value.is_nil() {
            nulled.push(key.clone());
        }
    });
    let set = |key: &Str| src.get(key).is_some_and(|value| !value.is_nil());
    let set_in_src: Vec<Str> = nulled.iter().filter(|key| set(key)).cloned().collect();
    for key in nulled {
        src.insert(key, Value::Nil);
    }
    for (key, value) in src.entries() {
        match (dest.get(&key), value) {
            // Only what the chart itself sets is removed by a null; a null for an unknown key stays.
            (Some(Value::Nil), _) if nulls != Nulls::Keep && set_in_src.contains(&key) => {
                dest.remove(&key);
            }
            (None, value) => {
                dest.insert(key, value);
            }
            (Some(Value::Map(table)), Value::Map(defaults)) => coalesce_tables(&table, &defaults, nulls),
            (Some(_), _) => {}
        }
    }
}
