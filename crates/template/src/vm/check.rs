use super::machine::{Fault, Machine};
use crate::Value;
use crate::value::{GoType, Kind};

impl Machine<'_> {
    /// Makes a value on the stack fit a type, as Go's `validateType` does.
    pub(super) fn check_at(&mut self, at: usize, ty: GoType) -> Result<(), Fault> {
        if let Some(fitted) = fit(&self.stack[at], ty)? {
            self.stack[at] = fitted;
        }
        Ok(())
    }
}

/// Returns what to put in a value's place so that it fits a type; nothing where it does already.
pub(super) fn fit(value: &Value, ty: GoType) -> Result<Option<Value>, String> {
    if matches!(ty.kind, Kind::Interface | Kind::Reflect) && !ty.named {
        let missing = matches!(value, Value::Missing) && ty.kind == Kind::Interface;
        return Ok(missing.then_some(Value::Nil));
    }
    if matches!(value, Value::Missing) {
        if ty.can_be_nil() {
            return Ok(Some(Value::zero(ty)));
        }
        return if ty.kind == Kind::Reflect {
            Ok(None)
        } else {
            Err(format!("invalid value; expected {ty}"))
        };
    }
    if ty.kind == Kind::Reflect {
        return Ok(None);
    }
    let own = value.go_type();
    if std::ptr::eq(own, ty) {
        return Ok(None);
    }
    if !matches!(value, Value::Nil) && own.assignable_to(ty) {
        return Ok(match value {
            Value::List(l) if own.name != ty.name => Some(Value::List(l.retyped(ty))),
            Value::Map(m) if own.name != ty.name => Some(Value::Map(m.retyped(ty))),
            _ => None,
        });
    }
    // One indirection is tried: a pointer given where what it points to is asked for.
    if own.kind == Kind::Pointer && own.elem.is_some_and(|e| e.assignable_to(ty)) {
        return Ok(None);
    }
    Err(format!("wrong type for value; expected {ty}; got {own}"))
}
