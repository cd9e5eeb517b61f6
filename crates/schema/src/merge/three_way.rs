use super::MergeError;
use super::order::sorted_by;
use super::strategic::{
    DELETE_PRIMITIVES, DIRECTIVE, MergeOptions, Meta, RETAIN_KEYS, SET_ORDER, merge_map, meta,
};
use crate::TypeRef;
use crate::managed::equal;
use fairway_value::{Map, Value};

#[derive(Clone, Copy)]
struct DiffOptions {
    ignore_deletions: bool,
    ignore_changes: bool,
    set_order: bool,
    retain_keys: bool,
}

fn map_of(value: &Value) -> Map {
    value.as_object().cloned().unwrap_or_default()
}

/// Makes the strategic merge patch that turns `original` into `modified`.
///
/// # Errors
/// Lists whose entries lack their merge key.
pub fn two_way(original: &Value, modified: &Value, ty: TypeRef<'_>) -> Result<Value, MergeError> {
    let options =
        DiffOptions { ignore_deletions: false, ignore_changes: false, set_order: true, retain_keys: false };
    Ok(Value::Object(diff_maps(&map_of(original), &map_of(modified), Some(ty), options)?))
}

/// Makes the patch that `kubectl apply` sends: deletions from `original` (last applied) to `modified`, additions and
/// changes from `current` (live) to `modified`.
///
/// # Errors
/// Lists whose entries lack their merge key.
pub fn three_way(
    original: &Value,
    modified: &Value,
    current: &Value,
    ty: TypeRef<'_>,
) -> Result<Value, MergeError> {
    let (original, modified, current) = (map_of(original), map_of(modified), map_of(current));
    let changes =
        DiffOptions { ignore_deletions: true, ignore_changes: false, set_order: true, retain_keys: false };
    let delta = diff_maps(&current, &modified, Some(ty), changes)?;
    let deletions = DiffOptions { ignore_deletions: false, ignore_changes: true, ..changes };
    let gone = diff_maps(&original, &modified, Some(ty), deletions)?;
    let options = MergeOptions { carry_out: false, drop_nulls: false };
    Ok(Value::Object(merge_map(gone, &delta, Some(ty), options)?))
}

fn same_type(a: &Value, b: &Value) -> bool {
    let number = |v: &Value| matches!(v, Value::Int(_) | Value::Uint(_) | Value::Float(_));
    std::mem::discriminant(a) == std::mem::discriminant(b) || (number(a) && number(b))
}

fn diff_maps(
    original: &Map,
    modified: &Map,
    ty: Option<TypeRef<'_>>,
    options: DiffOptions,
) -> Result<Map, MergeError> {
    let mut patch = Map::new();
    for (key, new) in modified.iter() {
        let Some(old) = original.get(key) else {
            if !options.ignore_changes {
                patch.insert(key.clone(), new.clone());
            }
            continue;
        };
        if key == DIRECTIVE {
            if old != new {
                patch.insert(key.clone(), new.clone());
            }
            continue;
        }
        let meta = meta(ty, key);
        match (old, new) {
            (Value::Object(_), Value::Object(_)) if meta.replace => {
                if !options.ignore_changes {
                    patch.insert(key.clone(), new.clone());
                }
            }
            (Value::Object(old), Value::Object(new)) => {
                let inner = DiffOptions { retain_keys: meta.retain_keys, ..options };
                let inner = diff_maps(old, new, meta.ty, inner)?;
                if !inner.is_empty() {
                    patch.insert(key.clone(), Value::Object(inner));
                }
            }
            (Value::Array(old), Value::Array(new)) if meta.merge => {
                diff_lists(key, old, new, meta, options, &mut patch)?;
            }
            (old, new) => {
                if !options.ignore_changes && (!same_type(old, new) || !equal(old, new)) {
                    patch.insert(key.clone(), new.clone());
                }
            }
        }
    }
    if !options.ignore_deletions {
        for key in original.keys().filter(|k| !modified.contains_key(k)) {
            patch.insert(key.clone(), Value::Null);
        }
    }
    if options.retain_keys {
        let kept: Value =
            modified.iter().filter(|(_, v)| !v.is_null()).map(|(k, _)| Value::from(k.clone())).collect();
        let more = original.keys().any(|k| !modified.contains_key(k));
        if kept.as_array().is_some_and(|k| !k.is_empty()) && (!patch.is_empty() || more) {
            patch.insert(RETAIN_KEYS, kept);
        }
    }
    Ok(patch)
}

fn diff_lists(
    key: &str,
    old: &[Value],
    new: &[Value],
    meta: Meta<'_>,
    options: DiffOptions,
    patch: &mut Map,
) -> Result<(), MergeError> {
    if old.is_empty() {
        if !new.is_empty() && !options.ignore_changes {
            patch.insert(key, new.iter().cloned().collect::<Value>());
        }
        return Ok(());
    }
    let maps = old.iter().chain(new).all(|v| v.as_object().is_some());
    if !maps {
        return diff_scalars(key, old, new, options, patch);
    }
    let Some(merge_key) = meta.merge_key else {
        return Err(MergeError("cannot merge lists without merge key".to_owned()));
    };
    let options = DiffOptions { retain_keys: meta.retain_keys, ..options };
    let (list, gone) = diff_entries(old, new, merge_key, meta.items(), options)?;
    let mut list = sorted_by(list, new, Some(merge_key));
    list.extend(gone);
    let keys =
        |items: &[Value]| -> Vec<Value> { items.iter().filter_map(|i| i.get(merge_key).cloned()).collect() };
    let same_order = {
        let (a, b) = (keys(old), keys(new));
        a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| equal(a, b))
    };
    let ordered = options.set_order
        && ((!options.ignore_changes && (!list.is_empty() || !same_order))
            || (!options.ignore_deletions && !list.is_empty()));
    if ordered {
        let order: Value =
            keys(new).into_iter().map(|k| [(merge_key, k)].into_iter().collect::<Value>()).collect();
        patch.insert(format!("{SET_ORDER}{key}"), order);
    }
    if !list.is_empty() {
        patch.insert(key, Value::from(list));
    }
    Ok(())
}

/// Returns what changed and was added, and the entries that delete. Both lists are walked in the order of their keys, so that
/// entries that share a key are paired one by one.
fn diff_entries(
    old: &[Value],
    new: &[Value],
    key: &str,
    item_ty: Option<TypeRef<'_>>,
    options: DiffOptions,
) -> Result<(Vec<Value>, Vec<Value>), MergeError> {
    let sorted = |items: &[Value]| -> Result<Vec<(String, Value)>, MergeError> {
        let name = |item: &Value| match item.get(key) {
            Some(name) => Ok((crate::managed::go_v(name), item.clone())),
            None => {
                let shown = crate::managed::go_v(item);
                Err(MergeError(format!("map: {shown} does not contain declared merge key: {key}")))
            }
        };
        let mut named = items.iter().map(name).collect::<Result<Vec<_>, _>>()?;
        named.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(named)
    };
    let (old, new) = (sorted(old)?, sorted(new)?);
    let (mut changed, mut gone) = (Vec::new(), Vec::new());
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        let order = match (old.get(i), new.get(j)) {
            (Some(o), Some(n)) => o.0.cmp(&n.0),
            (Some(_), None) => std::cmp::Ordering::Less,
            _ => std::cmp::Ordering::Greater,
        };
        if order.is_eq() {
            let (before, after) = (&old[i].1, &new[j].1);
            let mut inner = diff_maps(&map_of(before), &map_of(after), item_ty, options)?;
            if !inner.is_empty() {
                inner.insert(key, after.get(key).cloned().unwrap_or_default());
                changed.push(Value::Object(inner));
            }
        } else if order.is_gt() && !options.ignore_changes {
            changed.push(new[j].1.clone());
        } else if order.is_lt() && !options.ignore_deletions {
            let name = old[i].1.get(key).cloned().unwrap_or_default();
            gone.push([(key, name), (DIRECTIVE, Value::from("delete"))].into_iter().collect());
        }
        i += usize::from(order.is_le());
        j += usize::from(order.is_ge());
    }
    Ok((changed, gone))
}

fn diff_scalars(
    key: &str,
    old: &[Value],
    new: &[Value],
    options: DiffOptions,
    patch: &mut Map,
) -> Result<(), MergeError> {
    if old.iter().chain(new).any(|v| matches!(v, Value::Array(_))) {
        return Err(MergeError("lists of lists are not supported".to_owned()));
    }
    let missing = |from: &[Value], of: &[Value]| -> Vec<Value> {
        of.iter().filter(|v| !from.iter().any(|o| equal(o, v))).cloned().collect()
    };
    let gone = if options.ignore_deletions { Vec::new() } else { missing(new, old) };
    let added = if options.ignore_changes { Vec::new() } else { missing(old, new) };
    let reordered = old.len() != new.len() || !old.iter().zip(new).all(|(a, b)| equal(a, b));
    let ordered = options.set_order
        && ((!options.ignore_deletions && !gone.is_empty()) || (!options.ignore_changes && reordered));
    if !added.is_empty() {
        patch.insert(key, Value::from(added));
    }
    if !gone.is_empty() {
        patch.insert(format!("{DELETE_PRIMITIVES}{key}"), Value::from(gone));
    }
    if ordered {
        patch.insert(format!("{SET_ORDER}{key}"), new.iter().cloned().collect::<Value>());
    }
    Ok(())
}

/// Makes the JSON merge patch that turns `original` into `modified`.
#[must_use]
pub fn json_two_way(original: &Value, modified: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (original, modified) else { return modified.clone() };
    let mut patch = Map::new();
    for (key, value) in new.iter() {
        match (old.get(key), value) {
            (Some(before @ Value::Object(_)), Value::Object(_)) => {
                let inner = json_two_way(before, value);
                if inner.as_object().is_some_and(|m| !m.is_empty()) {
                    patch.insert(key.clone(), inner);
                }
            }
            (Some(before), after) if equal(before, after) => {}
            (_, after) => {
                patch.insert(key.clone(), after.clone());
            }
        }
    }
    for key in old.keys().filter(|k| !new.contains_key(k)) {
        patch.insert(key.clone(), Value::Null);
    }
    Value::Object(patch)
}

/// Makes the three-way JSON merge patch for types without a schema, as `kubectl apply` does for custom resources: additions
/// and changes from `current` to `modified`, deletions from `original` to `modified`.
#[must_use]
pub fn json_three_way(original: &Value, modified: &Value, current: &Value) -> Value {
    let additions = keep(&json_two_way(current, modified), false);
    let deletions = keep(&json_two_way(original, modified), true);
    combine(deletions, &additions)
}

/// Keeps either the nulls of a patch, or everything but them.
fn keep(patch: &Value, nulls: bool) -> Value {
    let Value::Object(map) = patch else { return patch.clone() };
    let mut out = Map::new();
    for (key, value) in map.iter() {
        let kept = match value {
            Value::Null => nulls.then_some(Value::Null),
            // An empty map is a value, not an empty patch.
            Value::Object(inner) if inner.is_empty() => (!nulls).then(|| value.clone()),
            Value::Object(_) => {
                Some(keep(value, nulls)).filter(|v| v.as_object().is_some_and(|m| !m.is_empty()))
            }
            other => (!nulls).then(|| other.clone()),
        };
        if let Some(kept) = kept {
            out.insert(key.clone(), kept);
        }
    }
    Value::Object(out)
}

/// Lays one patch over another; nulls stay.
fn combine(base: Value, over: &Value) -> Value {
    let (Value::Object(mut base), Value::Object(over)) = (base, over) else { return over.clone() };
    for (key, value) in over.iter() {
        let next = match base.remove(key) {
            Some(before @ Value::Object(_)) if value.as_object().is_some() => combine(before, value),
            _ => value.clone(),
        };
        base.insert(key.clone(), next);
    }
    Value::Object(base)
}
