//! Decides what to do in which order, with a reason for each object.
//!
//! ```text
//! App + Operation + Vec<Desired> + live objects + comparisons ──► plan ──► SyncPlan ──► check
//!                                                 phases → waves → steps → tasks
//! ```
//!
//! Phases run one after another, in a phase its waves, in a wave its steps; the tasks of one step need nothing of each
//! other and may run at once. A wave with `gate` set is over only when its objects are well and its hooks done. The plan
//! is a value: whoever executes it decides nothing.
//!
//! This crate knows no dialect (the marks on objects come in through `fairway_core::Marks`), no clock and no cluster.

mod budget;
mod check;
mod deletion;
mod input;
mod order;
mod print;
mod sync;
mod sync_plan;
mod task;
#[cfg(test)]
mod tests;

pub use budget::{DeletionBudget, Refusal};
pub use check::{Violation, check};
pub use deletion::{DeletionInput, plan_deletion};
pub use input::{Comparison, HookOutcome, Kinds, PlanInput};
pub use order::kind_rank;
pub use sync::plan;
pub use sync_plan::{Cleanup, PhasePlan, Step, SyncPlan, WavePlan};
pub use task::{Action, HookTask, Reason, Task, TaskOptions};
