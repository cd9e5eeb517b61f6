//! Runs programs.

mod call;
mod check;
mod fault;
mod field;
mod machine;
mod notes;
mod range;

pub(crate) use machine::{Machine, Origin};
