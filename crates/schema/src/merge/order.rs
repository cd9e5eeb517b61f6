//! The order of merged lists: entries of the patch among themselves as the patch has them, the server's as the server has
//! them, and the two woven together by the server's order where both are known there.

use super::MergeError;
use super::strategic::DIRECTIVE;
use crate::managed::equal;
use fairway_value::Value;

/// Drops repeated scalars; the first of each stays.
pub(super) fn scalar_unique(items: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    for item in items {
        if !out.iter().any(|o| equal(o, &item)) {
            out.push(item);
        }
    }
    out
}

fn position(list: &[Value], item: &Value, merge_key: Option<&str>) -> Option<usize> {
    list.iter().position(|other| match merge_key {
        Some(key) => other.get(key).zip(item.get(key)).is_some_and(|(a, b)| equal(a, b)),
        None => equal(other, item),
    })
}

/// Splits a list into what another list has too, and the rest.
pub(super) fn partition(
    list: &[Value],
    by: &[Value],
    merge_key: Option<&str>,
) -> Result<(Vec<Value>, Vec<Value>), MergeError> {
    if let Some(key) = merge_key {
        for item in list {
            if item.get(key).is_none() {
                let shown = crate::managed::go_v(item);
                return Err(MergeError(format!("map: {shown} does not contain declared merge key: {key}")));
            }
        }
    }
    Ok(list.iter().cloned().partition(|item| position(by, item, merge_key).is_some()))
}

/// Sorts by the order of another list; entries that delete go last.
pub(super) fn sorted_by(list: Vec<Value>, order: &[Value], merge_key: Option<&str>) -> Vec<Value> {
    let deletes = |v: &Value| v.get(DIRECTIVE).and_then(Value::as_str) == Some("delete");
    let (last, mut first): (Vec<Value>, Vec<Value>) = list.into_iter().partition(deletes);
    first.sort_by_key(|item| position(order, item, merge_key).unwrap_or(usize::MAX));
    first.extend(last);
    first
}

pub(super) fn in_order(
    ours: Vec<Value>,
    server_only: Vec<Value>,
    patch_order: &[Value],
    server_order: &[Value],
    merge_key: Option<&str>,
) -> Result<Vec<Value>, MergeError> {
    let ours = sorted_by(ours, patch_order, merge_key);
    let theirs = sorted_by(server_only, server_order, merge_key);
    let mut out = Vec::with_capacity(ours.len() + theirs.len());
    let (mut left, mut right) = (theirs.into_iter().peekable(), ours.into_iter().peekable());
    loop {
        let take_left = match (left.peek(), right.peek()) {
            (None, None) => break,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(l), Some(r)) => {
                match (position(server_order, l, merge_key), position(server_order, r, merge_key)) {
                    (Some(l), Some(r)) => l < r,
                    _ => false,
                }
            }
        };
        out.extend(if take_left { left.next() } else { right.next() });
    }
    Ok(out)
}
