//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`, as Go's `text/template/funcs.go` has them.

use super::{CallError, Functions};
use crate::Value;
use crate::value::{Kind, REFLECT};
use std::cmp::Ordering;

pub(super) fn register(f: &mut Functions) {
    f.variadic("eq", &[&REFLECT, &REFLECT], |_, a| equal(&a[0], &a[1..]).map(Value::Bool));
    f.native("ne", &[&REFLECT, &REFLECT], |_, a| equal(&a[0], &a[1..]).map(|b| Value::Bool(!b)));
    f.native("lt", &[&REFLECT, &REFLECT], |_, a| less(&a[0], &a[1]).map(Value::Bool));
    f.native("le", &[&REFLECT, &REFLECT], |_, a| less_or_equal(&a[0], &a[1]).map(Value::Bool));
    f.native("gt", &[&REFLECT, &REFLECT], |_, a| less_or_equal(&a[0], &a[1]).map(|b| Value::Bool(!b)));
    f.native("ge", &[&REFLECT, &REFLECT], |_, a| less(&a[0], &a[1]).map(|b| Value::Bool(!b)));
}

/// What can be compared: `None` is for everything else.
fn basic(value: &Value) -> Option<Kind> {
    Some(match value {
        Value::Bool(_) => Kind::Bool,
        Value::Int(..) => Kind::Int,
        Value::Uint(..) => Kind::Uint,
        Value::Float(_) => Kind::Float,
        Value::Complex(_) => Kind::Complex,
        Value::Str(_) | Value::RawStr(_) => Kind::String,
        Value::Object(o) if o.go_type().kind == Kind::Int => Kind::Int,
        _ => return None,
    })
}

fn incompatible(a: &Value, b: &Value) -> CallError {
    format!("incompatible types for comparison: {} and {}", a.go_type(), b.go_type()).into()
}

fn int_of(value: &Value) -> i64 {
    match value {
        Value::Int(_, i) => *i,
        Value::Object(o) => o.as_int().unwrap_or(0),
        _ => 0,
    }
}

fn integers(a: &Value, b: &Value) -> Option<Ordering> {
    let wide = |v: &Value| match v {
        Value::Uint(_, u) => i128::from(*u),
        other => i128::from(int_of(other)),
    };
    let numeric = |v: &Value| matches!(basic(v), Some(Kind::Int | Kind::Uint));
    (numeric(a) && numeric(b)).then(|| wide(a).cmp(&wide(b)))
}

fn equal(first: &Value, others: &[Value]) -> Result<bool, CallError> {
    if others.is_empty() {
        return Err("missing argument for comparison".into());
    }
    for other in others {
        if equal_one(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn equal_one(a: &Value, b: &Value) -> Result<bool, CallError> {
    if let Some(order) = integers(a, b) {
        return Ok(order.is_eq());
    }
    if basic(a) != basic(b) {
        return if a.is_nil() || b.is_nil() { Ok(false) } else { Err(incompatible(a, b)) };
    }
    #[expect(clippy::float_cmp, reason = "the language's own comparison")]
    Ok(match (a, b) {
        (Value::Bool(x), Value::Bool(y)) => x == y,
        (Value::Float(x), Value::Float(y)) => x == y,
        (Value::Complex(x), Value::Complex(y)) => **x == **y,
        _ if basic(a) == Some(Kind::String) => a.as_bytes() == b.as_bytes(),
        _ => return equal_composite(a, b),
    })
}

/// Compares what Go can compare with nil only, or by identity.
fn equal_composite(a: &Value, b: &Value) -> Result<bool, CallError> {
    let kinds_differ = !a.is_nil() && !b.is_nil() && a.go_type().kind != b.go_type().kind;
    if kinds_differ {
        let shown = crate::fmt::sprint_v(b);
        return Err(
            format!("non-comparable types {}: {}, {}: {shown}", text(a), a.go_type(), b.go_type()).into()
        );
    }
    let nil = |v: &Value| match v {
        Value::Missing | Value::Nil => true,
        Value::List(l) => l.is_nil(),
        Value::Map(m) => m.is_nil(),
        _ => false,
    };
    if nil(a) || nil(b) {
        return Ok(nil(a) == nil(b));
    }
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => Ok(std::rc::Rc::ptr_eq(x, y)
            || x.text().is_some() && x.text() == y.text() && x.go_type().kind == Kind::Struct),
        _ => Err(format!("non-comparable type {}: {}", text(b), b.go_type()).into()),
    }
}

/// Returns what `%s` prints, as Go's message does.
fn text(value: &Value) -> String {
    crate::value::text_of(crate::fmt::sprintf(b"%s", std::slice::from_ref(value)))
}

fn less(a: &Value, b: &Value) -> Result<bool, CallError> {
    const BAD: &str = "invalid type for comparison";
    if basic(a).is_none() || basic(b).is_none() {
        return Err(BAD.into());
    }
    if let Some(order) = integers(a, b) {
        return Ok(order.is_lt());
    }
    match (a, b) {
        (Value::Float(x), Value::Float(y)) => Ok(x < y),
        (Value::Bool(_), Value::Bool(_)) | (Value::Complex(_), Value::Complex(_)) => Err(BAD.into()),
        _ if basic(a) == Some(Kind::String) && basic(b) == Some(Kind::String) => {
            Ok(a.as_bytes() < b.as_bytes())
        }
        _ => Err(incompatible(a, b)),
    }
}

fn less_or_equal(a: &Value, b: &Value) -> Result<bool, CallError> {
    Ok(less(a, b)? || equal_one(a, b)?)
}
