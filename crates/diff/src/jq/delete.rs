//! `delpaths` of gojq: what paths name goes; what is not there is no fault.

use super::number::{index_of, slice_bounds};
use fairway_value::{Str, Value};

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    At(usize),
    Key(Str),
}

/// Returns the value without what the paths name; nothing where a path does not fit the value, or names the whole of it.
pub(super) fn delete_paths(value: &Value, paths: &[Value]) -> Option<Value> {
    let mut found: Vec<Vec<Step>> = Vec::new();
    for path in paths {
        resolve(value, path.as_array()?, Vec::new(), &mut found)?;
    }
    found.sort_unstable();
    found.dedup();
    let mut out = value.clone();
    // From the back, so that indices stay true; what lies below a path comes after it and is gone first.
    for path in found.iter().rev() {
        let (last, parents) = path.split_last()?;
        let parent = parents.iter().try_fold(&mut out, |at, step| match step {
            Step::Key(key) => at.get_mut(key),
            Step::At(n) => at.as_array_mut()?.make_mut().get_mut(*n),
        });
        match (parent, last) {
            (Some(Value::Object(map)), Step::Key(key)) => {
                map.remove(key);
            }
            (Some(Value::Array(items)), Step::At(n)) if *n < items.len() => {
                items.remove(*n);
            }
            _ => {}
        }
    }
    Some(out)
}

/// Finds which fields and entries a path names; nothing where it does not fit.
fn resolve(at: &Value, path: &[Value], mut before: Vec<Step>, found: &mut Vec<Vec<Step>>) -> Option<()> {
    let Some((first, rest)) = path.split_first() else {
        found.push(before);
        return Some(());
    };
    match (first, at) {
        (_, Value::Null) => Some(()),
        (Value::String(key), Value::Object(map)) => match map.get(key) {
            Some(next) => {
                before.push(Step::Key(key.clone()));
                resolve(next, rest, before, found)
            }
            None => Some(()),
        },
        (Value::Object(range), Value::Array(items)) => {
            let (start, end) = slice_bounds(range.get("start"), range.get("end"), items.len())?;
            match rest {
                [] => found.extend((start..end).map(|n| [&before[..], &[Step::At(n)]].concat())),
                // A path below a slice counts from its start.
                [next, below @ ..] => {
                    let n = start + index_of(next, end - start)?;
                    if n < end {
                        before.push(Step::At(n));
                        resolve(items.get(n)?, below, before, found)?;
                    }
                }
            }
            Some(())
        }
        (Value::Int(_) | Value::Uint(_) | Value::Float(_), Value::Array(items)) => {
            match index_of(first, items.len()).and_then(|n| Some((n, items.get(n)?))) {
                Some((n, next)) => {
                    before.push(Step::At(n));
                    resolve(next, rest, before, found)
                }
                None => Some(()),
            }
        }
        _ => None,
    }
}
