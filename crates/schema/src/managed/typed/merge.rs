use super::shape::{Shape, are_few_and_distinct, item_element, same_element, shape};
use crate::managed::element::PathElement;
use crate::managed::set::Set;
use crate::types::{ListDef, UNTYPED};
use crate::{ListType, TypeRef};
use fairway_value::{Map, Value};

/// Merges a configuration over a live value: what the configuration states wins, the rest stays.
///
/// # Errors
/// An entry of an associative list without its keys.
pub(crate) fn merge(ty: TypeRef<'_>, live: &Value, config: &Value) -> Result<Value, String> {
    match shape(ty, config) {
        Shape::Scalar(_) => Ok(whole(live, config)),
        Shape::Map(map) => {
            let (left, right) = (live.as_object(), config.as_object());
            let none = |m: Option<&Map>| m.is_none_or(Map::is_empty);
            if map.atomic || (none(left) && none(right)) {
                return Ok(whole(live, config));
            }
            let mut out = left.cloned().unwrap_or_default();
            for (key, value) in right.into_iter().flat_map(Map::iter) {
                let Some(before) = out.get(key) else {
                    out.insert(key.clone(), value.clone());
                    continue;
                };
                let id = map.field(key).map(|d| d.ty).or(map.element).unwrap_or(UNTYPED);
                let merged = merge(ty.at(id), before, value)?;
                if !shared(&merged, before) {
                    out.insert(key.clone(), merged);
                }
            }
            Ok(Value::Object(out))
        }
        Shape::List(list) => {
            let (left, right) = (live.as_array().unwrap_or_default(), config.as_array().unwrap_or_default());
            if list.list_type == ListType::Atomic || (left.is_empty() && right.is_empty()) {
                return Ok(whole(live, config));
            }
            let merged = match merge_pairs(ty, list, left, right) {
                Some(merged) => merged?,
                None => merge_list(ty, list, left, right)?,
            };
            let same = left.len() == merged.len() && left.iter().zip(&merged).all(|(l, m)| shared(l, m));
            Ok(if same { live.clone() } else { Value::from(merged) })
        }
    }
}

/// Takes the configuration's value, in the live object's storage where it is the same: what has not changed is then told at a glance.
fn whole(live: &Value, config: &Value) -> Value {
    if live == config { live.clone() } else { config.clone() }
}

/// Whether a merged value is the one that was there.
fn shared(merged: &Value, before: &Value) -> bool {
    match (merged, before) {
        (Value::Object(a), Value::Object(b)) => a.shares(b),
        (Value::Array(a), Value::Array(b)) => std::ptr::eq(a.as_slice(), b.as_slice()),
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => false,
        (a, b) => a == b,
    }
}

/// Merges two short lists that have the same names in the same order; nothing where they have not.
fn merge_pairs(
    ty: TypeRef<'_>,
    list: &ListDef,
    left: &[Value],
    right: &[Value],
) -> Option<Result<Vec<Value>, String>> {
    let mut pairs = left.iter().zip(right);
    let alike = left.len() == right.len()
        && pairs.all(|(l, r)| same_element(ty, list, l, r) == Some(true))
        && are_few_and_distinct(ty, list, right);
    let item = ty.at(list.item);
    alike.then(|| left.iter().zip(right).map(|(l, r)| merge(item, l, r)).collect())
}

/// Values by element, ordered; those that are there twice have none.
pub(super) type Indexed<'v> = Vec<(PathElement, Option<&'v Value>)>;

/// The elements of a list in order, and each one's value; those that are there twice have none.
pub(super) fn index<'v>(
    ty: TypeRef<'_>,
    list: &ListDef,
    items: &'v [Value],
) -> Result<(Vec<PathElement>, Indexed<'v>), String> {
    let mut order = Vec::with_capacity(items.len());
    let mut seen: Vec<(PathElement, Option<&Value>)> = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let element = item_element(ty, list, item).map_err(|why| format!("element {at}: {why}"))?;
        match seen.binary_search_by(|(e, _)| e.cmp(&element)) {
            Ok(found) => seen[found].1 = None,
            Err(place) => seen.insert(place, (element.clone(), Some(item))),
        }
        order.push(element);
    }
    Ok((order, seen))
}

pub(super) fn find<'v>(
    seen: &[(PathElement, Option<&'v Value>)],
    element: &PathElement,
) -> Option<Option<&'v Value>> {
    let at = seen.binary_search_by(|(e, _)| e.cmp(element)).ok()?;
    seen.get(at).map(|(_, v)| *v)
}

/// Merges two associative lists: entries in both are merged and take the configuration's order among themselves; what is
/// only in the live list keeps its place relative to them.
fn merge_list(
    ty: TypeRef<'_>,
    list: &ListDef,
    left: &[Value],
    right: &[Value],
) -> Result<Vec<Value>, String> {
    let (right_order, right_seen) = index(ty, list, right)?;
    let (left_order, left_seen) = index(ty, list, left)?;
    let mut shared = right_order.iter().filter(|e| find(&left_seen, e).is_some());
    let mut next_shared = shared.next();
    let mut merged = Set::default();
    let mut out: Vec<Value> = Vec::with_capacity(left.len().max(right.len()));
    let item = ty.at(list.item);
    let both = |element: &PathElement| -> Result<Option<Value>, String> {
        match (find(&left_seen, element).flatten(), find(&right_seen, element).flatten()) {
            (Some(l), Some(r)) => merge(item, l, r).map(Some),
            (l, r) => Ok(r.or(l).cloned()),
        }
    };
    let (mut li, mut ri) = (0, 0);
    while li < left_order.len() || ri < right_order.len() {
        if let (Some(l), Some(r)) = (left_order.get(li), right_order.get(ri)) {
            if l == r {
                merged.insert(l.clone());
                out.extend(both(l)?);
                li += 1;
                ri += 1;
                next_shared = shared.next();
                continue;
            }
            if find(&right_seen, l).is_some() && next_shared.is_some_and(|s| s != l) {
                li += 1;
                continue;
            }
        }
        if let Some(l) = left_order.get(li) {
            if find(&right_seen, l).is_none() {
                out.push(left[li].clone());
                li += 1;
                continue;
            } else if merged.has(l) {
                li += 1;
            }
        }
        if let Some(r) = right_order.get(ri) {
            merged.insert(r.clone());
            out.extend(both(r)?);
            ri += 1;
            if next_shared == Some(r) {
                next_shared = shared.next();
            }
        }
    }
    Ok(out)
}
