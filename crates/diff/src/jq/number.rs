//! Numbers of jq: integers where they fit, floats else; indices and slices of lists.

use fairway_value::Value;
use std::cmp::Ordering;

/// Compares two numbers by what they are worth.
pub(super) fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Uint(a), Value::Uint(b)) => a.cmp(b),
        (Value::Int(a), Value::Uint(b)) => i128::from(*a).cmp(&i128::from(*b)),
        (Value::Uint(a), Value::Int(b)) => i128::from(*a).cmp(&i128::from(*b)),
        _ => float(a).total_cmp(&float(b)).then(Ordering::Equal),
    }
}

/// Returns a number as a float.
#[expect(clippy::cast_precision_loss, reason = "jq's numbers are floats")]
pub(super) fn float(value: &Value) -> f64 {
    match value {
        Value::Int(n) => *n as f64,
        Value::Uint(n) => *n as f64,
        // Zero has one sign only where numbers are compared.
        Value::Float(n) if *n == 0.0 => 0.0,
        Value::Float(n) => *n,
        _ => f64::NAN,
    }
}

/// Returns a whole number, cut where it is a fraction.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, as gojq's does")]
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(n) => Some(*n),
        Value::Uint(n) => Some(i64::try_from(*n).unwrap_or(i64::MAX)),
        Value::Float(n) => Some(n.trunc() as i64),
        _ => None,
    }
}

/// Returns the place that an index means in a list of this length; a negative one counts from the end.
pub(super) fn index_of(index: &Value, len: usize) -> Option<usize> {
    let index = whole(index)?;
    let len = i64::try_from(len).ok()?;
    usize::try_from(if index < 0 { index + len } else { index }).ok()
}

/// Returns the first place and the one after the last of a slice; nothing where a bound is no number.
pub(super) fn slice_bounds(start: Option<&Value>, end: Option<&Value>, len: usize) -> Option<(usize, usize)> {
    let clamp = |n: i64, low: usize| {
        let from_end = if n < 0 { n.saturating_add(i64::try_from(len).unwrap_or(i64::MAX)) } else { n };
        usize::try_from(from_end).unwrap_or(0).clamp(low.min(len), len)
    };
    let start = match start {
        None | Some(Value::Null) => 0,
        Some(n) => clamp(whole(n)?, 0),
    };
    let end = match end {
        None | Some(Value::Null) => len,
        Some(Value::Float(n)) => clamp(whole(&Value::Float(n.ceil()))?, start),
        Some(n) => clamp(whole(n)?, start),
    };
    Some((start, end.max(start)))
}

/// Makes a number of a float: a whole one stays whole.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
pub(super) fn from_float(n: f64) -> Value {
    if n.fract() == 0.0 && n.abs() < 9.0e15 { Value::Int(n as i64) } else { Value::Float(n) }
}

/// Whether it is a number.
pub(super) fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Uint(_) | Value::Float(_))
}
