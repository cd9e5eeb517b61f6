use super::{GoType, Kind, Value};
use crate::functions::{CallError, Context, Signature};

/// A Go struct, pointer or other value that templates see through fields and methods, such as Helm's `.Files`.
pub trait Object {
    /// Returns its Go type.
    fn go_type(&self) -> GoType;

    /// Returns a struct's field, or a map-like object's entry.
    fn field(&self, _name: &str) -> Option<Value> {
        None
    }

    /// Returns the parameters of a method; nothing where there is no such method. A method hides a field.
    fn method(&self, _name: &str) -> Option<Signature> {
        None
    }

    /// Calls a method with arguments that have been checked against its signature.
    ///
    /// # Errors
    /// What the method returns as its error.
    fn call(&self, name: &str, _args: &[Value], _ctx: &mut Context<'_>) -> Result<Value, CallError> {
        Err(CallError::new(format!("{}: no method {name}", self.go_type())))
    }

    /// Returns its text where the Go type has a `String` or `Error` method.
    fn text(&self) -> Option<String> {
        None
    }

    /// Returns what an action prints of it where that is not its `%v`: a method `String` of the pointer shows where the
    /// value is a field that Go can address, and no longer once it has been an argument.
    fn printed(&self) -> Option<String> {
        None
    }

    /// Returns what `%v` prints where it has no text of its own.
    fn format(&self) -> String {
        format!("{{{}}}", self.go_type())
    }

    /// Returns what `%#v` prints where the Go type has a `GoString` method.
    fn go_syntax(&self) -> Option<String> {
        None
    }

    /// Returns what JSON shows of it.
    fn to_json(&self) -> fairway_value::Value {
        self.text().map_or(fairway_value::Value::Null, Into::into)
    }

    /// Returns a struct's fields as JSON shows them, in Go's order; nothing for what [`Object::to_json`] says better.
    fn json_fields(&self) -> Option<Vec<(fairway_value::Str, Value)>> {
        None
    }

    /// Returns its number where the Go type is an integer, such as a duration.
    fn as_int(&self) -> Option<i64> {
        None
    }

    /// Whether it counts as true in a condition.
    fn truth(&self) -> bool {
        match self.go_type().kind {
            Kind::Int => self.as_int() != Some(0),
            Kind::Slice | Kind::Map | Kind::String => self.len().unwrap_or(0) > 0,
            _ => true,
        }
    }

    /// Returns its length where Go has one.
    fn len(&self) -> Option<usize> {
        self.entries().map(|e| e.len())
    }

    /// Whether it has a length of nought.
    fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Returns keys or indices with values where it can be ranged over, in order.
    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        None
    }

    /// Returns the object as any type, so that functions can find their own objects again.
    fn as_any(&self) -> &dyn std::any::Any;
}
