//! Filters that jaq's standard library leaves to the value type, and those that an expression must not have.

use super::filter::step;
use super::number::{float, is_number};
use super::value::{Jq, order};
use fairway_value::Value;
use jaq_core::data::JustLut;
use jaq_core::native::{Filter, Fun, bome, run, unary, v};
use jaq_core::{Error, RunPtr, ValR};

/// What looks outside the object or ends the process.
const OUTSIDE: [&str; 8] =
    ["halt", "env", "now", "debug_empty", "stderr_empty", "input", "localtime", "strflocaltime"];

/// Steps that one round of a recursive definition takes: ten thousand rounds are the most.
const ROUND_STEPS: u32 = 100;

pub(super) fn all() -> impl Iterator<Item = Fun<JustLut<Jq>>> {
    let theirs = jaq_core::funs().chain(jaq_std::funs()).filter(|f| !OUTSIDE.contains(&f.0));
    theirs
        .chain(refused().into_iter().map(|f| run::<JustLut<Jq>>(f)))
        .chain(ours().into_iter().map(|f| run::<JustLut<Jq>>(f)))
}

type Native = Filter<RunPtr<JustLut<Jq>>>;

fn refused() -> [Native; 7] {
    [
        ("halt", v(1), |_| bome(refuse("halt"))),
        ("env", v(0), |_| bome(refuse("env"))),
        ("now", v(0), |_| bome(refuse("now"))),
        ("debug_empty", v(0), |_| Box::new(std::iter::empty())),
        ("stderr_empty", v(0), |_| Box::new(std::iter::empty())),
        ("localtime", v(0), |_| bome(refuse("localtime"))),
        ("strflocaltime", v(1), |_| bome(refuse("strflocaltime"))),
    ]
}

fn refuse(what: &str) -> ValR<Jq> {
    Err(Error::str(format!("unsupported: {what}")))
}

fn ours() -> [Native; 7] {
    [
        ("step_taken", v(0), |_| bome(step(ROUND_STEPS).map(|()| Jq::from(true)))),
        ("length", v(0), |cv| bome(length(cv.1))),
        ("tonumber", v(0), |cv| bome(to_number(cv.1))),
        ("fromjson", v(0), |cv| bome(from_json(cv.1))),
        ("has", v(1), |cv| unary(cv, |v, key| has(&v, &key).map(Jq::from))),
        ("contains", v(1), |cv| unary(cv, |a, b| contains(&a.0, &b.0).map(Jq::from))),
        ("indices", v(1), |cv| unary(cv, |a, b| indices(&a, &b))),
    ]
}

fn length(value: Jq) -> ValR<Jq> {
    step(1)?;
    Ok(match &value.0 {
        Value::Null => Jq::from(0_usize),
        Value::String(text) => Jq::from(text.chars().count()),
        Value::Array(items) => Jq::from(items.len()),
        Value::Object(map) => Jq::from(map.len()),
        Value::Bool(_) => return Err(Error::typ(value, "a value with a length")),
        n => Jq::from(float(n).abs()),
    })
}

fn to_number(value: Jq) -> ValR<Jq> {
    match &value.0 {
        Value::String(text) => jaq_core::ValT::from_num(text.trim()),
        n if is_number(n) => Ok(value),
        _ => Err(Error::typ(value, "number")),
    }
}

fn from_json(value: Jq) -> ValR<Jq> {
    step(1)?;
    let Some(text) = value.0.as_str() else { return Err(Error::typ(value, "string")) };
    fairway_value::from_json(text.as_bytes()).map(Jq).map_err(Error::str)
}

fn has(value: &Jq, key: &Jq) -> Result<bool, Error<Jq>> {
    step(1)?;
    match (&value.0, &key.0) {
        (Value::Object(map), Value::String(key)) => Ok(map.contains_key(key)),
        (Value::Array(items), n) if is_number(n) => {
            Ok(float(n) >= 0.0 && super::number::index_of(n, items.len()).is_some_and(|n| n < items.len()))
        }
        _ => Err(Error::index(value.clone(), key.clone())),
    }
}

fn contains(a: &Value, b: &Value) -> Result<bool, Error<Jq>> {
    step(1)?;
    match (a, b) {
        (Value::String(a), Value::String(b)) => Ok(a.contains(b.as_str())),
        (Value::Array(a), Value::Array(b)) => {
            for wanted in b {
                let mut found = false;
                for item in a {
                    // Entries of other kinds are passed over.
                    found = found || contains(item, wanted).unwrap_or(false);
                }
                if !found {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Object(a), Value::Object(b)) => {
            for (key, wanted) in b.iter() {
                match a.get(key) {
                    Some(value) if contains(value, wanted)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
        (a, b) if order(a, b).is_eq() => Ok(true),
        (Value::Null, Value::Null) => Ok(true),
        (a, b) if is_number(a) && is_number(b) => Ok(false),
        (Value::Bool(_), Value::Bool(_)) => Ok(false),
        (a, _) => Err(Error::typ(Jq(a.clone()), "a value of the same kind")),
    }
}

fn indices(value: &Jq, wanted: &Jq) -> ValR<Jq> {
    step(1)?;
    match (&value.0, &wanted.0) {
        (Value::Null, _) => Ok(Jq(Value::Null)),
        (Value::String(text), Value::String(part)) => {
            let (text, part): (Vec<char>, Vec<char>) = (text.chars().collect(), part.chars().collect());
            Ok(if part.is_empty() { Jq(Value::Null) } else { places(&text, &part, |a, b| a == b)? })
        }
        (Value::Array(items), Value::Array(part)) if !part.is_empty() => {
            places(items, part, |a, b| order(a, b).is_eq())
        }
        (Value::Array(_), Value::Array(_)) => Ok(Jq(Value::Null)),
        (Value::Array(items), item) => places(items, std::slice::from_ref(item), |a, b| order(a, b).is_eq()),
        _ => Err(Error::index(value.clone(), wanted.clone())),
    }
}

fn places<T>(text: &[T], part: &[T], same: impl Fn(&T, &T) -> bool) -> ValR<Jq> {
    step(u32::try_from(text.len().saturating_mul(part.len())).unwrap_or(u32::MAX))?;
    let windows = text.windows(part.len()).enumerate();
    let found = windows.filter(|(_, w)| w.iter().zip(part).all(|(a, b)| same(a, b)));
    Ok(found.map(|(n, _)| Jq::from(n)).collect())
}
