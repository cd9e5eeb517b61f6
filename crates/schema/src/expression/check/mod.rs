//! Types of expressions, checked before they run.
//!
//! Source: cel-go 0.26 `checker`. What an expression may call stands in [`signatures`]; which names it may say is told by
//! whoever asks.

mod kind;
mod literals;
mod signatures;
mod unify;
mod walk;

pub(crate) use kind::{Fields, Kind};
pub(in crate::expression) use signatures::Overload;
pub(crate) use walk::{Checked, check};
