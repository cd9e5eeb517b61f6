use super::args::{map, strval_text, text};
use super::merge::{merge, merge_overwrite};
use crate::functions::{CallError, Functions};
use crate::value::{ANY, ANY_MAP, STRING, count};
use crate::{List, Map, Value};

/// Deepest nesting that is copied: a map can hold itself.
const DEPTH_MAX: usize = 512;
/// Most values that one copy makes.
const COPIES_MAX: usize = 1_000_000;

pub(super) fn register(f: &mut Functions) {
    f.variadic("dict", &[&ANY], |_, a| {
        let out = Map::new();
        for pair in a.chunks(2) {
            let key = match &pair[0] {
                Value::Str(key) => key.clone(),
                other => strval_text(other).into(),
            };
            out.insert(key, pair.get(1).cloned().unwrap_or_else(|| "".into()));
        }
        Ok(out.into())
    });
    f.native("get", &[&ANY_MAP, &STRING], |_, a| {
        Ok(map(&a[0]).get(&text(&a[1])).unwrap_or_else(|| "".into()))
    });
    f.native("set", &[&ANY_MAP, &STRING, &ANY], |_, a| {
        if !map(&a[0]).insert(text(&a[1]), a[2].clone()) {
            return Err("assignment to entry in nil map".into());
        }
        Ok(a[0].clone())
    });
    f.native("unset", &[&ANY_MAP, &STRING], |_, a| {
        map(&a[0]).remove(&text(&a[1]));
        Ok(a[0].clone())
    });
    f.native("hasKey", &[&ANY_MAP, &STRING], |_, a| Ok(map(&a[0]).contains_key(&text(&a[1])).into()));
    f.variadic("pluck", &[&STRING, &ANY_MAP], |_, a| {
        let key = text(&a[0]);
        Ok(a[1..].iter().filter_map(|d| map(d).get(&key)).collect::<Vec<_>>().into())
    });
    f.variadic("keys", &[&ANY_MAP], |_, a| {
        let keys = a.iter().flat_map(|d| map(d).keys()).map(Value::Str).collect();
        Ok(super::args::string_list(keys))
    });
    f.native("values", &[&ANY_MAP], |_, a| {
        Ok(map(&a[0]).entries().into_iter().map(|(_, v)| v).collect::<Vec<_>>().into())
    });
    f.variadic("pick", &[&ANY_MAP, &STRING], |_, a| {
        let from = map(&a[0]);
        let keys = a[1..].iter().map(|k| text(k));
        Ok(keys.filter_map(|k| from.get(&k).map(|v| (k.as_ref().into(), v))).collect::<Map>().into())
    });
    f.variadic("omit", &[&ANY_MAP, &STRING], |_, a| {
        let without: Vec<_> = a[1..].iter().map(text).collect();
        let entries = map(&a[0]).entries().into_iter();
        Ok(entries.filter(|(k, _)| !without.iter().any(|w| w == k.as_str())).collect::<Map>().into())
    });
    for name in ["merge", "mustMerge"] {
        f.variadic(name, &[&ANY_MAP, &ANY_MAP], |_, a| merge(a));
    }
    for name in ["mergeOverwrite", "mustMergeOverwrite"] {
        f.variadic(name, &[&ANY_MAP, &ANY_MAP], |_, a| merge_overwrite(a));
    }
    for name in ["deepCopy", "mustDeepCopy"] {
        f.native(name, &[&ANY], |ctx, a| {
            if a[0].is_nil() {
                return Err("reflect: call of reflect.Value.Type on zero Value".into());
            }
            let mut left = COPIES_MAX;
            let copy = deep_copy(&a[0], 0, &mut left)?;
            ctx.charge((COPIES_MAX - left) * size_of::<Value>())?;
            Ok(copy)
        });
    }
    f.variadic("dig", &[&ANY], |_, a| dig(a));
}

fn dig(a: &[Value]) -> Result<Value, CallError> {
    let [keys @ .., default, dict] = a else { return Err("dig needs at least three arguments".into()) };
    if keys.is_empty() {
        return Err("dig needs at least three arguments".into());
    }
    let as_map = |v: &Value| match v {
        Value::Map(m) if m.go_type().name == ANY_MAP.name => Ok(m.clone()),
        other => Err(conversion(other, ANY_MAP.name)),
    };
    let mut at = as_map(dict)?;
    let keys: Vec<_> =
        keys.iter().map(|k| k.as_str().ok_or_else(|| conversion(k, "string"))).collect::<Result<_, _>>()?;
    for (n, key) in keys.iter().enumerate() {
        let Some(step) = at.get(key) else { return Ok(default.clone()) };
        if n + 1 == keys.len() {
            return Ok(step);
        }
        at = as_map(&step)?;
    }
    Ok(default.clone())
}

fn conversion(value: &Value, to: &str) -> CallError {
    let from = if value.is_nil() { "nil" } else { value.go_type().name };
    format!("interface conversion: interface {{}} is {from}, not {to}").into()
}

fn too_many() -> CallError {
    CallError::limit(format!("deepCopy: more than the limit of {COPIES_MAX} values"))
}

fn deep_copy(value: &Value, depth: usize, left: &mut usize) -> Result<Value, CallError> {
    if depth > DEPTH_MAX {
        return Err(CallError::limit(format!("deepCopy: nesting exceeds the limit of {DEPTH_MAX} levels")));
    }
    *left = left.checked_sub(1).ok_or_else(too_many)?;
    Ok(match value {
        Value::List(l) if !l.is_nil() => {
            let items = l.items().iter().map(|i| deep_copy(i, depth + 1, left)).collect::<Result<_, _>>()?;
            Value::List(List::new(l.go_type(), items))
        }
        Value::Map(m) if !m.is_nil() => {
            if let Some(data) = m.untouched() {
                // The copy is made where it is looked into; it counts as if it were made here.
                count(&data, depth, left).map_err(|_| too_many())?;
                return Ok(Value::Map(Map::from_data(data).retyped(m.go_type())));
            }
            let mut copies = Vec::with_capacity(m.len());
            for (key, item) in m.entries() {
                copies.push((key, deep_copy(&item, depth + 1, left)?));
            }
            Value::Map(Map::from_entries(m.go_type(), copies))
        }
        other => other.clone(),
    })
}
