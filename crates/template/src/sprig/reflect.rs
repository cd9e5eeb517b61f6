use super::args::text;
use crate::Value;
use crate::functions::Functions;
use crate::value::{ANY, Kind, STRING};
use std::rc::Rc;

/// Deepest nesting that is compared: a map can hold itself.
const DEPTH_MAX: usize = 200;

pub(super) fn register(f: &mut Functions) {
    f.native("typeOf", &[&ANY], |_, a| Ok(type_name(&a[0]).into()));
    f.native("typeIs", &[&STRING, &ANY], |_, a| Ok((text(&a[0]) == type_name(&a[1])).into()));
    f.native("typeIsLike", &[&STRING, &ANY], |_, a| {
        let (target, name) = (text(&a[0]), type_name(&a[1]));
        Ok((target == name || name.strip_prefix('*') == Some(&target)).into())
    });
    f.native("kindOf", &[&ANY], |_, a| Ok(kind_name(&a[0]).into()));
    f.native("kindIs", &[&STRING, &ANY], |_, a| Ok((text(&a[0]) == kind_name(&a[1])).into()));
    f.native("deepEqual", &[&ANY, &ANY], |_, a| Ok(deep_equal(&a[0], &a[1]).into()));
}

/// Returns the name of a value's Go type.
pub(crate) fn type_name(value: &Value) -> &'static str {
    if value.is_nil() { "<nil>" } else { value.go_type().name }
}

/// Returns what Go's `reflect.Kind` prints.
pub(super) fn kind_name(value: &Value) -> &'static str {
    if value.is_nil() {
        return "invalid";
    }
    let ty = value.go_type();
    match ty.kind {
        Kind::Slice => "slice",
        Kind::Map => "map",
        Kind::Struct => "struct",
        Kind::Pointer => "ptr",
        Kind::Func => "func",
        Kind::Interface => "interface",
        Kind::Reflect => "struct",
        Kind::Int if value.as_int().is_none() => "int64",
        Kind::Bool | Kind::Int | Kind::Uint | Kind::Float | Kind::Complex | Kind::String => {
            if ty.name.contains('.') { "string" } else { ty.name }
        }
    }
}

/// Whether Go's `reflect.DeepEqual` holds: types count, and a nil slice is no empty one.
pub(super) fn deep_equal(a: &Value, b: &Value) -> bool {
    equal_at(a, b, 0)
}

fn equal_at(a: &Value, b: &Value, depth: usize) -> bool {
    if depth > DEPTH_MAX {
        return false;
    }
    if a.is_nil() || b.is_nil() {
        return a.is_nil() && b.is_nil();
    }
    if a.go_type().name != b.go_type().name {
        return false;
    }
    #[expect(clippy::float_cmp, reason = "the language's own comparison")]
    match (a, b) {
        (Value::Bool(x), Value::Bool(y)) => x == y,
        (Value::Int(_, x), Value::Int(_, y)) => x == y,
        (Value::Uint(_, x), Value::Uint(_, y)) => x == y,
        (Value::Float(x), Value::Float(y)) => x == y,
        (Value::Complex(x), Value::Complex(y)) => x == y,
        (Value::Bytes(x), Value::Bytes(y)) => x == y,
        (Value::List(x), Value::List(y)) => {
            x.is_nil() == y.is_nil()
                && x.len() == y.len()
                && x.items().iter().zip(y.items()).all(|(x, y)| equal_at(x, y, depth + 1))
        }
        (Value::Map(x), Value::Map(y)) => {
            x.same(y)
                || x.is_nil() == y.is_nil()
                    && x.len() == y.len()
                    && x.entries().iter().all(|(k, v)| y.get(k).is_some_and(|w| equal_at(v, &w, depth + 1)))
        }
        (Value::Object(x), Value::Object(y)) => {
            Rc::ptr_eq(x, y) || x.text().is_some() && x.text() == y.text()
        }
        _ => a.as_bytes().is_some() && a.as_bytes() == b.as_bytes(),
    }
}
