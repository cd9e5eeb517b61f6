//! `index`, `slice` and `len`, as Go's `text/template/funcs.go` has them.

use super::CallError;
use crate::Value;
use crate::value::{Kind, UintKind};

fn position(index: &Value, cap: usize) -> Result<usize, CallError> {
    let n = match index {
        Value::Int(_, i) => *i,
        Value::Uint(_, u) => i64::try_from(*u).unwrap_or(-1),
        Value::Missing | Value::Nil => return Err("cannot index slice/array with nil".into()),
        other => return Err(format!("cannot index slice/array with type {}", other.go_type()).into()),
    };
    usize::try_from(n).ok().filter(|n| *n <= cap).ok_or_else(|| format!("index out of range: {n}").into())
}

fn out_of_range(at: usize, len: usize) -> CallError {
    format!("reflect: slice index out of range: {at} of {len}").into()
}

pub(super) fn index(item: &Value, indexes: &[Value]) -> Result<Value, CallError> {
    if item.is_nil() {
        return Err("index of untyped nil".into());
    }
    let mut item = item.clone();
    for index in indexes {
        item = match &item {
            Value::Missing | Value::Nil => return Err("index of nil pointer".into()),
            Value::List(list) => {
                let at = position(index, list.len())?;
                list.items().get(at).cloned().ok_or_else(|| out_of_range(at, list.len()))?
            }
            Value::Str(_) | Value::RawStr(_) | Value::Bytes(_) => {
                let bytes = if let Value::Bytes(b) = &item { b } else { item.as_bytes().unwrap_or_default() };
                let at = position(index, bytes.len())?;
                let byte = bytes.get(at).ok_or_else(|| out_of_range(at, bytes.len()))?;
                Value::Uint(UintKind::Uint8, u64::from(*byte))
            }
            Value::Map(map) => {
                let key = key(index)?;
                map.get(&key).unwrap_or_else(|| Value::zero(map.elem_type()))
            }
            Value::Object(object) if object.entries().is_some() => {
                let entries = object.entries().unwrap_or_default();
                if object.go_type().kind == Kind::Map {
                    let key = key(index)?;
                    let zero = Value::zero(object.go_type().elem.unwrap_or(&crate::value::ANY));
                    entries
                        .into_iter()
                        .find(|(k, _)| k.as_str().is_some_and(|k| k == key))
                        .map_or(zero, |(_, v)| v)
                } else {
                    let at = position(index, entries.len())?;
                    entries.get(at).map(|(_, v)| v.clone()).ok_or_else(|| out_of_range(at, entries.len()))?
                }
            }
            other => return Err(format!("can't index item of type {}", other.go_type()).into()),
        };
    }
    Ok(item)
}

fn key(index: &Value) -> Result<String, CallError> {
    match index {
        Value::Missing | Value::Nil => Err("value is nil; should be of type string".into()),
        other => match other.as_str() {
            Some(s) => Ok(s.into_owned()),
            None => Err(format!("value has type {}; should be string", other.go_type()).into()),
        },
    }
}

pub(super) fn slice(item: &Value, indexes: &[Value]) -> Result<Value, CallError> {
    if item.is_nil() {
        return Err("slice of untyped nil".into());
    }
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()).into());
    }
    let (len, cap) = match item {
        Value::Str(_) | Value::RawStr(_) if indexes.len() == 3 => {
            return Err("cannot 3-index slice a string".into());
        }
        Value::Str(_) | Value::RawStr(_) => {
            let len = item.as_bytes().map_or(0, <[u8]>::len);
            (len, len)
        }
        Value::Bytes(b) => (b.len(), b.len()),
        Value::List(l) => (l.len(), l.capacity()),
        other => return Err(format!("can't slice item of type {}", other.go_type()).into()),
    };
    let mut bounds = [0, len, cap];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, cap)?;
    }
    let [from, to, max] = bounds;
    if from > to {
        return Err(format!("invalid slice index: {from} > {to}").into());
    }
    if to > max {
        return Err(format!("invalid slice index: {to} > {max}").into());
    }
    Ok(match item {
        Value::List(l) => Value::List(l.slice(from, to)),
        Value::Bytes(b) => Value::Bytes(b[from..to].into()),
        other => Value::string_from_bytes(other.as_bytes().unwrap_or_default()[from..to].to_vec()),
    })
}

pub(super) fn length(item: &Value) -> Result<Value, CallError> {
    let len = match item {
        Value::Nil => return Err("len of nil pointer".into()),
        Value::Missing => return Err("reflect: call of reflect.Value.Type on zero Value".into()),
        Value::Str(_) | Value::RawStr(_) => item.as_bytes().map_or(0, <[u8]>::len),
        Value::Bytes(b) => b.len(),
        Value::List(l) => l.len(),
        Value::Map(m) => m.len(),
        Value::Object(o) => match o.len() {
            Some(len) => len,
            None => return Err(format!("len of type {}", o.go_type()).into()),
        },
        other => return Err(format!("len of type {}", other.go_type()).into()),
    };
    Ok(Value::int(i64::try_from(len).unwrap_or(i64::MAX)))
}
