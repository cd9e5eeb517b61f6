//! Runs programs.

mod call;
mod check;
mod field;
mod machine;
mod range;

pub(crate) use machine::Machine;
