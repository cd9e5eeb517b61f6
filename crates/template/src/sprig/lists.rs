use super::args::{empty, items, nil_pointer, slice};
use super::numbers::to_int64;
use super::reflect::{deep_equal, kind_name};
use crate::functions::{CallError, Functions};
use crate::value::{ANY, ANY_SLICE, ANY_SLICE_SLICE, INT};
use crate::{List, Value};

pub(super) fn register(f: &mut Functions) {
    for name in ["list", "tuple"] {
        f.variadic(name, &[&ANY], |_, a| Ok(a.to_vec().into()));
    }
    for name in ["append", "push", "mustAppend", "mustPush"] {
        f.native(name, &[&ANY, &ANY], |_, a| {
            let mut list = slice_on(&a[0], "push")?;
            list.push(a[1].clone());
            Ok(list.into())
        });
    }
    for name in ["prepend", "mustPrepend"] {
        f.native(name, &[&ANY, &ANY], |_, a| {
            let mut list = slice_on(&a[0], "prepend")?;
            list.insert(0, a[1].clone());
            Ok(list.into())
        });
    }
    ends(f);
    filters(f);
    for name in ["has", "mustHas"] {
        f.native(name, &[&ANY, &ANY], |ctx, a| {
            if a[1].is_nil() {
                return Ok(false.into());
            }
            let list = slice_find(&a[1], "has")?;
            ctx.work(list.len())?;
            Ok(found(&list, &a[0]).into())
        });
    }
    for name in ["slice", "mustSlice"] {
        f.variadic(name, &[&ANY, &ANY], |_, a| cut(&a[0], &a[1..]));
    }
    f.variadic("concat", &[&ANY], |_, a| {
        let mut out = Vec::new();
        for list in a {
            match items(list) {
                Some(items) => out.extend(items),
                None if list.is_nil() => return Err(nil_pointer()),
                None => return Err(format!("Cannot concat type {} as list", kind_name(list)).into()),
            }
        }
        Ok(if out.is_empty() { Value::List(List::nil(&ANY_SLICE)) } else { out.into() })
    });
    for name in ["chunk", "mustChunk"] {
        f.native(name, &[&INT, &ANY], |_, a| chunk(&a[0], &a[1]));
    }
}

fn ends(f: &mut Functions) {
    for name in ["first", "mustFirst"] {
        f.native(name, &[&ANY], |_, a| {
            Ok(slice_find(&a[0], "first")?.first().cloned().unwrap_or(Value::Nil))
        });
    }
    for name in ["last", "mustLast"] {
        f.native(name, &[&ANY], |_, a| Ok(slice_find(&a[0], "last")?.last().cloned().unwrap_or(Value::Nil)));
    }
    for name in ["rest", "mustRest"] {
        f.native(name, &[&ANY], |_, a| {
            Ok(all_but_one(slice_find(&a[0], "rest")?, |mut list| {
                list.remove(0);
                list
            }))
        });
    }
    for name in ["initial", "mustInitial"] {
        f.native(name, &[&ANY], |_, a| {
            Ok(all_but_one(slice_find(&a[0], "initial")?, |mut list| {
                list.pop();
                list
            }))
        });
    }
    for name in ["reverse", "mustReverse"] {
        f.native(name, &[&ANY], |_, a| {
            let mut list = slice_find(&a[0], "reverse")?;
            list.reverse();
            Ok(list.into())
        });
    }
}

fn filters(f: &mut Functions) {
    for name in ["compact", "mustCompact"] {
        f.native(name, &[&ANY], |_, a| {
            let mut list = slice_on(&a[0], "compact")?;
            list.retain(|v| !empty(v));
            Ok(list.into())
        });
    }
    for name in ["uniq", "mustUniq"] {
        f.native(name, &[&ANY], |ctx, a| {
            let mut out: Vec<Value> = Vec::new();
            for item in slice_find(&a[0], "uniq")? {
                ctx.work(out.len())?;
                if !found(&out, &item) {
                    out.push(item);
                }
            }
            Ok(out.into())
        });
    }
    for name in ["without", "mustWithout"] {
        f.variadic(name, &[&ANY, &ANY], |ctx, a| {
            let mut list = slice_find(&a[0], "without")?;
            ctx.work(list.len().saturating_mul(a.len()))?;
            list.retain(|v| !found(&a[1..], v));
            Ok(list.into())
        });
    }
}

fn slice_on(value: &Value, verb: &str) -> Result<Vec<Value>, CallError> {
    slice(value, &format!("{verb} on"))
}

fn slice_find(value: &Value, what: &str) -> Result<Vec<Value>, CallError> {
    slice(value, &format!("find {what} on"))
}

fn found(list: &[Value], value: &Value) -> bool {
    list.iter().any(|v| deep_equal(v, value))
}

/// Of an empty list, Sprig gives a nil one, which JSON shows as null.
fn all_but_one(list: Vec<Value>, cut: impl Fn(Vec<Value>) -> Vec<Value>) -> Value {
    if list.is_empty() { Value::List(List::nil(&ANY_SLICE)) } else { cut(list).into() }
}

fn cut(value: &Value, indices: &[Value]) -> Result<Value, CallError> {
    let Some(list) = items(value) else {
        if value.is_nil() {
            return Err(nil_pointer());
        }
        return Err(format!("list should be type of slice or array but {}", kind_name(value)).into());
    };
    if list.is_empty() {
        return Ok(Value::Nil);
    }
    let cap = value.as_list().map_or(list.len(), List::capacity);
    let start = usize::try_from(indices.first().map_or(0, to_int64)).ok();
    let end = indices.get(1).map_or(Some(list.len()), |v| usize::try_from(to_int64(v)).ok());
    match (start, end) {
        (Some(start), Some(end)) if start <= end && end <= cap => Ok(match value {
            Value::List(l) => Value::List(l.slice(start, end)),
            Value::Bytes(b) => Value::Bytes(b[start..end].into()),
            _ => list[start..end].to_vec().into(),
        }),
        _ => Err("reflect.Value.Slice: slice index out of bounds".into()),
    }
}

/// Sprig's arithmetic is in floats and takes sizes below nought, of which little can come.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "as Sprig does; lists are short"
)]
fn chunk(size: &Value, list: &Value) -> Result<Value, CallError> {
    const REFUSED: &str = "runtime error: makeslice: len out of range";
    let list = slice(list, "chunk")?;
    let size = super::args::int(size);
    if size == 0 {
        return Err(REFUSED.into());
    }
    let len = list.len() as f64;
    let count = ((len - 1.0) / size as f64).floor() as i64 + 1;
    let last = (len % size as f64).floor() as i64;
    let last = if last == 0 { size } else { last };
    let size = if count > 1 { size } else { last };
    if count < 0 || count > 0 && (size < 0 || last < 0) {
        return Err(REFUSED.into());
    }
    let chunks = match usize::try_from(size).ok().filter(|_| count > 0) {
        Some(size) => list.chunks(size.max(1)).map(|c| Value::from(c.to_vec())).collect(),
        None => Vec::new(),
    };
    Ok(Value::List(List::new(&ANY_SLICE_SLICE, chunks)))
}
