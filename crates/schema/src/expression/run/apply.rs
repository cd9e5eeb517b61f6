//! What calls do. What is called most is known here; the rest is left to the environment.

use super::plan::Call;
use crate::expression::ENV;
use crate::validate::compiled_pattern;
use cel::common::ast::{CallExpr, Expr, IdedExpr, operators};
use cel::common::types::{CelBool, CelDouble, CelInt, CelOptional, CelString, CelUInt};
use cel::common::value::{CowVal, Val};
use cel::{Context, ExecutionError, Value};
use std::cmp::Ordering;
use std::sync::Arc;

static TRUE: CelBool = CelBool::TRUE;
static FALSE: CelBool = CelBool::FALSE;

/// A bool.
pub(super) fn bool<'b>(value: bool) -> CowVal<'b, 'static> {
    CowVal::Borrowed(if value { &TRUE } else { &FALSE })
}

/// The bool that a value is.
pub(super) fn as_bool(value: &dyn Val) -> Option<bool> {
    value.downcast_ref::<CelBool>().map(|b| *b.inner())
}

/// Whether a value is one that cel-go keeps in sets.
pub(super) fn is_primitive(value: &dyn Val) -> bool {
    value.downcast_ref::<CelString<'_>>().is_some()
        || value.downcast_ref::<CelInt>().is_some()
        || value.downcast_ref::<CelUInt>().is_some()
        || value.downcast_ref::<CelDouble>().is_some()
        || value.downcast_ref::<CelBool>().is_some()
}

/// No way to call a function fits what it is given.
pub(super) fn misfit<'a>(name: &str, given: impl IntoIterator<Item = &'a dyn Val>) -> ExecutionError {
    let kinds = given.into_iter().map(|value| value.get_type().name().to_owned()).collect();
    ExecutionError::no_such_overload(name, kinds)
}

/// What is called.
#[derive(Clone, Debug)]
pub(super) enum Function {
    Not,
    /// A condition that has failed is none that is false.
    NotStrictlyFalse,
    Add,
    Subtract,
    In,
    Compare(fn(Ordering) -> bool),
    Size,
    OfTexts(fn(&str, &str) -> bool),
    Matches,
    HasValue,
    /// A function of the environment.
    Named,
    /// A method or an operator, as an expression over the names of its arguments.
    Said(Arc<IdedExpr>),
}

/// The functions that read a value of the language from a text, and say no more than that it cannot be read.
const CONVERSIONS: [&str; 4] = ["bool", "double", "int", "uint"];

/// What arguments are called in [`Function::Said`].
const ARGUMENTS: [&str; 5] = ["@0", "@1", "@2", "@3", "@4"];

impl Function {
    pub fn of(name: &str, is_method: bool, count: usize) -> Self {
        match (name, count) {
            (operators::LOGICAL_NOT, 1) => Self::Not,
            (operators::NOT_STRICTLY_FALSE, 1) => Self::NotStrictlyFalse,
            (operators::ADD, 2) => Self::Add,
            (operators::SUBSTRACT, 2) => Self::Subtract,
            (operators::IN, 2) => Self::In,
            (operators::LESS, 2) => Self::Compare(Ordering::is_lt),
            (operators::LESS_EQUALS, 2) => Self::Compare(Ordering::is_le),
            (operators::GREATER, 2) => Self::Compare(Ordering::is_gt),
            (operators::GREATER_EQUALS, 2) => Self::Compare(Ordering::is_ge),
            ("size", 1) => Self::Size,
            ("startsWith", 2) => Self::OfTexts(|text, part| text.starts_with(part)),
            ("endsWith", 2) => Self::OfTexts(|text, part| text.ends_with(part)),
            ("contains", 2) => Self::OfTexts(|text, part| text.contains(part)),
            ("matches", 2) => Self::Matches,
            ("hasValue", 1) => Self::HasValue,
            _ if is_method || name.starts_with(['_', '-']) => Self::said(name, is_method, count),
            _ => Self::Named,
        }
    }

    fn said(name: &str, is_method: bool, count: usize) -> Self {
        let ident = |text: &&str| IdedExpr { id: 0, expr: Expr::Ident((*text).to_owned()) };
        let mut args: Vec<IdedExpr> = ARGUMENTS.iter().take(count).map(ident).collect();
        let target = if is_method && !args.is_empty() { Some(Box::new(args.remove(0))) } else { None };
        let call = CallExpr { func_name: name.to_owned(), target, args };
        Self::Said(Arc::new(IdedExpr { id: 0, expr: Expr::Call(call) }))
    }
}

impl Call {
    /// Calls with what the arguments are.
    pub fn apply<'b>(
        &self,
        arguments: Vec<CowVal<'b, 'static>>,
    ) -> Result<CowVal<'b, 'static>, ExecutionError> {
        let misfits = || misfit(&self.name, arguments.iter().map(AsRef::as_ref));
        let text = |n: usize| {
            let value = arguments.get(n).and_then(|a| a.downcast_ref::<CelString<'_>>());
            value.map(CelString::inner).ok_or_else(misfits)
        };
        match (&self.function, arguments.as_slice()) {
            (Function::Not, [value]) => as_bool(value.as_ref()).map(|b| bool(!b)).ok_or_else(misfits),
            (Function::NotStrictlyFalse, [value]) => Ok(bool(as_bool(value.as_ref()).unwrap_or(true))),
            (Function::Add, [a, b]) => {
                let made = a.as_adder().ok_or_else(misfits)?.add(b.as_ref());
                Ok(CowVal::Owned(made.map_err(|e| self.unfit(e, misfits))?.into_owned()))
            }
            (Function::Subtract, [a, b]) => {
                let made = a.as_subtractor().ok_or_else(misfits)?.sub(b.as_ref());
                Ok(CowVal::Owned(made.map_err(|e| self.unfit(e, misfits))?.into_owned()))
            }
            (Function::In, [value, of]) => {
                let found = of.as_container().ok_or_else(misfits)?.contains(value.as_ref());
                found.map(bool).map_err(|e| self.unfit(e, misfits))
            }
            (Function::Compare(holds), [a, b]) => {
                let order = a.as_comparer().ok_or_else(misfits)?.compare(b.as_ref());
                order.map(|order| bool(holds(order))).map_err(|e| self.unfit(e, misfits))
            }
            (Function::Size, [of]) => match of.as_sizer().filter(|_| is_sized(of.as_ref())) {
                Some(sizer) => Ok(CowVal::owned(sizer.size())),
                None => Err(misfits()),
            },
            (Function::OfTexts(holds), _) => Ok(bool(holds(text(0)?, text(1)?))),
            (Function::Matches, _) => {
                let pattern = compiled_pattern(text(1)?);
                let pattern = pattern.map_err(|why| ExecutionError::function_error("matches", why))?;
                Ok(bool(pattern.is_match(text(0)?)))
            }
            (Function::HasValue, [of]) => {
                let optional = of.downcast_ref::<CelOptional<'_>>().ok_or_else(misfits)?;
                Ok(bool(optional.option().is_some()))
            }
            (Function::Said(call), _) => {
                let mut context: Context<'_, 'static> = Context::with_env(ENV.clone());
                for (name, value) in ARGUMENTS.into_iter().zip(arguments) {
                    context.add_variable_as_val(name, value.into_owned());
                }
                let made = Value::resolve_val(call, &context).map(CowVal::into_owned);
                made.map(CowVal::Owned)
            }
            _ => match ENV.find_overload(&self.name, &arguments) {
                Some(function) if CONVERSIONS.contains(&self.name.as_str()) && text(0).is_ok() => {
                    let why = format!("type conversion error from 'string' to '{}'", self.name);
                    function(arguments).map_err(|_| ExecutionError::function_error(&self.name, why))
                }
                Some(function) => function(arguments),
                None => Err(misfits()),
            },
        }
    }

    /// What the library says of values that do not fit one another.
    fn unfit(&self, error: ExecutionError, misfits: impl Fn() -> ExecutionError) -> ExecutionError {
        match error {
            ExecutionError::UnsupportedBinaryOperator(..)
            | ExecutionError::ValuesNotComparable(..)
            | ExecutionError::UnsupportedKeyType(_)
            | ExecutionError::UnexpectedType { .. } => misfits(),
            other => other,
        }
    }
}

/// Whether `size` can be asked of a value.
fn is_sized(value: &dyn Val) -> bool {
    matches!(value.get_type().name(), "string" | "bytes" | "list" | "map")
}
