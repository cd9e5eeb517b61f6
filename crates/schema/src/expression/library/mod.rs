//! What Kubernetes adds to the language, and what its release of cel-go has beyond the crate's standard library.

mod address;
mod format;
mod lists;
mod moment;
mod optional;
mod pairs;
mod pattern;
mod quantity;
mod semver;
mod sets;
mod span;
mod url;

use cel::{DeclarationError, Env, ExecutionError};

pub(super) use format::pattern_letters;
pub(crate) use moment::Moment;
pub(super) use pairs::{ENTRY, MERGED, PAIR, PAIRS};
pub(crate) use span::Span;

/// Adds the libraries to an environment.
pub(super) fn extension(env: &mut Env) -> Result<(), DeclarationError> {
    quantity::extend(env)?;
    url::extend(env)?;
    address::extend(env)?;
    pattern::extend(env)?;
    lists::extend(env)?;
    format::extend(env)?;
    semver::extend(env)?;
    sets::extend(env)?;
    optional::extend(env)?;
    pairs::extend(env)?;
    span::extend(env)?;
    moment::extend(env)
}

/// A function's failure; messages are shown without the function's name.
fn failed<T>(function: &str, why: impl ToString) -> Result<T, ExecutionError> {
    Err(ExecutionError::function_error(function, why))
}

/// Makes a type a value of the language under a name of its own; with `arithmetic` one that has an order, and to which
/// something can be added and subtracted, with `sized` one that has a size.
macro_rules! value_type {
    ($type:ty, $name:literal, arithmetic) => {
        value_type!(@ $type, $name, {
            fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn cel::common::traits::Adder + 'v)>
            where
                Self: 'v,
            {
                Some(self)
            }
            fn as_subtractor<'b, 'v>(&'b self) -> Option<&'b (dyn cel::common::traits::Subtractor + 'v)>
            where
                Self: 'v,
            {
                Some(self)
            }
            fn as_comparer(&self) -> Option<&dyn cel::common::traits::Comparer> {
                Some(self)
            }
        });
        impl cel::common::traits::Comparer for $type {
            fn compare(
                &self,
                rhs: &dyn cel::common::value::Val,
            ) -> Result<std::cmp::Ordering, cel::ExecutionError> {
                match rhs.downcast_ref::<Self>() {
                    Some(other) => Ok(self.cmp(other)),
                    None => Err(cel::ExecutionError::no_such_overload("_<_", Vec::new())),
                }
            }
        }
    };
    ($type:ty, $name:literal, sized) => {
        value_type!(@ $type, $name, {
            fn as_sizer(&self) -> Option<&dyn cel::common::traits::Sizer> {
                Some(self)
            }
        });
    };
    ($type:ty, $name:literal) => {
        value_type!(@ $type, $name, {});
    };
    (@ $type:ty, $name:literal, { $($more:tt)* }) => {
        impl cel::common::value::Val for $type {
            fn get_type(&self) -> &cel::common::types::Type {
                <Self as cel::common::value::Val>::cel_type()
            }
            fn cel_type() -> &'static cel::common::types::Type {
                static TYPE: cel::common::types::Type =
                    cel::common::types::Type::new_unspecified_type($name);
                &TYPE
            }
            fn equals(&self, other: &dyn cel::common::value::Val) -> bool {
                other.downcast_ref::<Self>().is_some_and(|other| self == other)
            }
            fn clone_as_boxed<'v>(&self) -> Box<dyn cel::common::value::Val + 'v>
            where
                Self: 'v,
            {
                Box::new(self.clone())
            }
            fn as_any(&self) -> Option<&dyn std::any::Any> {
                Some(self)
            }
            $($more)*
        }
        impl cel::common::value::StaticVal for $type {}
    };
}
use value_type;

#[cfg(test)]
mod tests {
    use crate::expression::{Bounds, ENV, compile};
    use cel::{Context, Value};

    const BOUNDS: Bounds = Bounds { bytes: 1000, nesting: 20 };

    /// What an expression is.
    pub(super) fn of(text: &str) -> Result<Value, String> {
        let program = compile(text, BOUNDS)?;
        program.execute(&Context::with_env(ENV.clone())).map_err(|e| e.to_string())
    }

    /// Every expression is true.
    pub(super) fn hold(texts: &[&str]) {
        for text in texts {
            assert_eq!(of(text), Ok(Value::Bool(true)), "{text}");
        }
    }
}
