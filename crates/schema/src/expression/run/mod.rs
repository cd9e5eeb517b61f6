//! Expressions run, and what they cost counted while they do, in the units of cel-go: what a name, a field, a list and a call cost for
//! the very values that they are given.
//!
//! ```text
//! checked tree ─► planner ─► Plan ─► eval (values, and what they cost so far)
//!                   (a name with its fields is one step,     └─► price (what a call costs for what it is given)
//!                    what is made of constants is one)
//! ```
//!
//! The steps are cel-go's, since it counts by them. What is called stands in the environment, as for every other expression.
//!
//! Source: cel-go 0.26 `interpreter/{planner,interpretable,attributes,runtimecost}.go`, `ext`; apiserver 0.36 `pkg/cel/library/cost.go`.

mod apply;
mod collect;
mod eval;
mod loops;
mod plan;
mod planner;
mod price;
mod scope;
mod shared;

pub(crate) use eval::{Ran, Stop, run};
pub(crate) use plan::Plan;
pub(crate) use scope::Names;
pub(crate) use shared::{SharedList, SharedMap};
