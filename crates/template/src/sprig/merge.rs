//! Sprig's merges, which are dario.cat/mergo 1.0.1: the first map given takes on what the others have.

use super::args::map;
use crate::functions::CallError;
use crate::value::Kind;
use crate::{Map, Value};

/// Deepest nesting that is merged: a map can hold itself.
const DEPTH_MAX: usize = 512;

pub(super) fn merge(a: &[Value]) -> Result<Value, CallError> {
    all(a, false)
}

pub(super) fn merge_overwrite(a: &[Value]) -> Result<Value, CallError> {
    all(a, true)
}

fn all(a: &[Value], overwrite: bool) -> Result<Value, CallError> {
    let mut into = map(&a[0]);
    for from in &a[1..] {
        let from = map(from);
        if into.is_nil() {
            if from.is_nil() {
                continue;
            }
            into = Map::new();
        }
        merge_maps(&into, &from, overwrite, 0)?;
    }
    Ok(Value::Map(into))
}

fn is_map(value: &Value) -> bool {
    matches!(value, Value::Map(_)) || matches!(value, Value::Object(o) if o.go_type().kind == Kind::Map)
}

fn is_slice(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Bytes(_))
        || matches!(value, Value::Object(o) if o.go_type().kind == Kind::Slice)
}

/// Merges one map into another. A map that `into` lacks is shared with `from` afterwards, as in Go.
fn merge_maps(into: &Map, from: &Map, overwrite: bool, depth: usize) -> Result<(), CallError> {
    if depth > DEPTH_MAX {
        return Err(CallError::limit(format!("merge: nesting exceeds the limit of {DEPTH_MAX} levels")));
    }
    if into.same(from) {
        return Ok(());
    }
    for (key, new) in from.entries() {
        if new.is_nil() || matches!(&new, Value::Map(m) if m.is_nil()) && from.elem_type().kind == Kind::Map {
            if overwrite {
                into.insert(key, new);
            }
            continue;
        }
        let old = into.get(&key);
        if let (Some(Value::Map(old)), Value::Map(new)) = (&old, &new)
            && !old.is_nil()
        {
            merge_maps(old, new, overwrite, depth + 1)?;
        }
        let stays = old.as_ref().is_some_and(|old| !is_empty(old));
        if stays && let Some(old) = &old {
            if is_slice(&new) {
                if overwrite {
                    into.insert(key, new);
                }
                continue;
            }
            if is_map(&new) && is_map(old) {
                continue;
            }
        }
        if overwrite || !stays {
            into.insert(key, new);
        }
    }
    Ok(())
}

/// What mergo takes for empty: also nought, false and the empty string.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(o) if matches!(o.go_type().kind, Kind::Struct) => false,
        other => !other.truth(),
    }
}
