use super::args::int;
use super::decimal::Decimal;
use crate::functions::{CallError, Context, Functions};
use crate::parse::literal::{parse_float, parse_int};
use crate::value::{ANY, FLOAT64, INT, IntKind, Kind, STRING};
use crate::{List, Value};

pub(super) fn register(f: &mut Functions) {
    f.native("atoi", &[&STRING], |_, a| Ok(Value::int(atoi(&a[0]))));
    f.native("int64", &[&ANY], |_, a| Ok(Value::int64(to_int64(&a[0]))));
    f.native("int", &[&ANY], |_, a| Ok(Value::int(to_int64(&a[0]))));
    f.native("float64", &[&ANY], |_, a| Ok(Value::Float(to_float(&a[0]))));
    f.native("toDecimal", &[&ANY], |_, a| {
        let text = crate::fmt::sprint_v(&a[0]);
        Ok(Value::int64(i64::from_str_radix(&text, 8).unwrap_or(0)))
    });
    f.native("until", &[&INT], |ctx, a| {
        let count = int(&a[0]);
        Ok(ints(until(ctx, 0, count, if count < 0 { -1 } else { 1 })?))
    });
    f.native("untilStep", &[&INT, &INT, &INT], |ctx, a| {
        Ok(ints(until(ctx, int(&a[0]), int(&a[1]), int(&a[2]))?))
    });
    f.variadic("seq", &[&INT], |ctx, a| seq(ctx, &a.iter().map(int).collect::<Vec<_>>()));
    integers(f);
    floats(f);
}

fn integers(f: &mut Functions) {
    f.native("add1", &[&ANY], |_, a| Ok(Value::int64(to_int64(&a[0]).wrapping_add(1))));
    f.variadic("add", &[&ANY], |_, a| Ok(Value::int64(a.iter().fold(0, |n, v| n.wrapping_add(to_int64(v))))));
    f.native("sub", &[&ANY, &ANY], |_, a| Ok(Value::int64(to_int64(&a[0]).wrapping_sub(to_int64(&a[1])))));
    f.native("div", &[&ANY, &ANY], |_, a| divide(a, i64::wrapping_div));
    f.native("mod", &[&ANY, &ANY], |_, a| divide(a, i64::wrapping_rem));
    f.variadic("mul", &[&ANY, &ANY], |_, a| {
        Ok(Value::int64(a.iter().fold(1, |n, v| n.wrapping_mul(to_int64(v)))))
    });
    for name in ["max", "biggest"] {
        f.variadic(name, &[&ANY, &ANY], |_, a| Ok(Value::int64(a.iter().map(to_int64).max().unwrap_or(0))));
    }
    f.variadic("min", &[&ANY, &ANY], |_, a| Ok(Value::int64(a.iter().map(to_int64).min().unwrap_or(0))));
}

fn floats(f: &mut Functions) {
    f.native("add1f", &[&ANY], |_, a| decimals(&a[0], &[Value::int(1)], Decimal::add));
    f.variadic("addf", &[&ANY], |_, a| decimals(&Value::Float(0.0), a, Decimal::add));
    f.variadic("subf", &[&ANY, &ANY], |_, a| decimals(&a[0], &a[1..], Decimal::sub));
    f.variadic("mulf", &[&ANY, &ANY], |_, a| decimals(&a[0], &a[1..], Decimal::mul));
    f.variadic("divf", &[&ANY, &ANY], |_, a| decimals(&a[0], &a[1..], Decimal::div));
    f.variadic("maxf", &[&ANY, &ANY], |_, a| Ok(Value::Float(extreme(a, f64::max))));
    f.variadic("minf", &[&ANY, &ANY], |_, a| Ok(Value::Float(extreme(a, f64::min))));
    f.native("floor", &[&ANY], |_, a| Ok(Value::Float(to_float(&a[0]).floor())));
    f.native("ceil", &[&ANY], |_, a| Ok(Value::Float(to_float(&a[0]).ceil())));
    f.variadic("round", &[&ANY, &INT, &FLOAT64], |_, a| {
        let round_from = a.get(2).map_or(0.5, to_float);
        #[expect(clippy::cast_precision_loss, reason = "as Sprig does")]
        let power = 10.0_f64.powf(int(&a[1]) as f64);
        let shifted = power * to_float(&a[0]);
        let rounded = if shifted.fract() >= round_from { shifted.ceil() } else { shifted.floor() };
        Ok(Value::Float(rounded / power))
    });
}

fn atoi(value: &Value) -> i64 {
    let text = super::args::text(value);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        0
    } else {
        // Go gives the nearest number beside the error, which Sprig drops.
        text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX })
    }
}

fn divide(a: &[Value], op: fn(i64, i64) -> i64) -> Result<Value, CallError> {
    match to_int64(&a[1]) {
        0 => Err("runtime error: integer divide by zero".into()),
        divisor => Ok(Value::int64(op(to_int64(&a[0]), divisor))),
    }
}

fn extreme(a: &[Value], pick: fn(f64, f64) -> f64) -> f64 {
    a.iter()
        .map(to_float)
        .reduce(|x, y| if x.is_nan() || y.is_nan() { f64::NAN } else { pick(x, y) })
        .unwrap_or(0.0)
}

fn decimals(
    first: &Value,
    rest: &[Value],
    op: fn(&Decimal, &Decimal) -> Option<Decimal>,
) -> Result<Value, CallError> {
    let decimal = |v: &Value| {
        let f = to_float(v);
        Decimal::from_float(f).ok_or_else(|| {
            CallError::from(format!("Cannot create a Decimal from {}", crate::fmt::float_text(f)))
        })
    };
    let mut out = decimal(first)?;
    for value in rest {
        out = op(&out, &decimal(value)?).ok_or("decimal division by 0")?;
    }
    Ok(Value::Float(out.to_float()))
}

/// Turns a float into an integer as Go's amd64 code does: what does not fit becomes the least.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn truncate(f: f64) -> i64 {
    if f.is_nan() || f.abs() >= 9_223_372_036_854_775_808.0 { i64::MIN } else { f as i64 }
}

/// Strips a decimal part of noughts alone.
fn trim_zero_decimal(s: &str) -> &str {
    match s.rsplit_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        _ => s,
    }
}

/// Sprig's `toInt64`, which is spf13/cast 1.7 `ToInt64`: nought where the value is no number.
pub(super) fn to_int64(value: &Value) -> i64 {
    match value {
        Value::Int(_, i) => *i,
        #[expect(clippy::cast_possible_wrap, reason = "Go wraps as well")]
        Value::Uint(_, u) => *u as i64,
        Value::Float(f) => truncate(*f),
        Value::Bool(b) => i64::from(*b),
        Value::Str(s) => parse_int(trim_zero_decimal(s)).unwrap_or(0),
        // Of the defined integer types, cast knows months and weekdays alone.
        Value::Object(o) if matches!(o.go_type().name, "time.Month" | "time.Weekday") => {
            o.as_int().unwrap_or(0)
        }
        _ => 0,
    }
}

/// Sprig's `toFloat64`, which is spf13/cast 1.7 `ToFloat64`.
#[expect(clippy::cast_precision_loss, reason = "the caller asks for a float")]
pub(super) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Int(_, i) => *i as f64,
        Value::Uint(_, u) => *u as f64,
        Value::Float(f) => *f,
        Value::Bool(b) => f64::from(u8::from(*b)),
        Value::Str(s) => parse_float(s).unwrap_or(0.0),
        Value::Object(o) if o.go_type().kind == Kind::Int && o.go_type().name != "time.Duration" => {
            o.as_int().unwrap_or(0) as f64
        }
        _ => 0.0,
    }
}

fn ints(numbers: Vec<i64>) -> Value {
    Value::List(List::new(
        &crate::value::INT_SLICE,
        numbers.into_iter().map(|i| Value::Int(IntKind::Int, i)).collect(),
    ))
}

fn until(ctx: &mut Context<'_>, start: i64, stop: i64, step: i64) -> Result<Vec<i64>, CallError> {
    let rising = stop >= start;
    if rising && step <= 0 || !rising && step >= 0 {
        return Ok(Vec::new());
    }
    let count =
        (i128::from(stop) - i128::from(start)).unsigned_abs().div_ceil(i128::from(step).unsigned_abs());
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    ctx.charge(count.saturating_mul(size_of::<Value>()))?;
    let mut out = Vec::with_capacity(count);
    let mut at = start;
    for _ in 0..count {
        out.push(at);
        at = at.saturating_add(step);
    }
    Ok(out)
}

fn seq(ctx: &mut Context<'_>, params: &[i64]) -> Result<Value, CallError> {
    let sign = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let numbers = match *params {
        [end] => until(ctx, 1, end.saturating_add(sign(1, end)), sign(1, end))?,
        [start, end] => until(ctx, start, end.saturating_add(sign(start, end)), sign(start, end))?,
        [start, step, end] if end < start && step > 0 => until(ctx, 0, 0, 1)?,
        [start, step, end] => until(ctx, start, end.saturating_add(sign(start, end)), step)?,
        _ => Vec::new(),
    };
    ctx.charge(numbers.len().saturating_mul(8))?;
    let shown: Vec<String> = numbers.iter().map(i64::to_string).collect();
    Ok(shown.join(" ").into())
}
