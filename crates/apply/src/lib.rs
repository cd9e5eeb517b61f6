//! Executes a plan and decides nothing.
//!
//! ```text
//! SyncPlan ──► phases ──► waves ──► steps ──► tasks (at once) ──► SyncReport
//!                                    │            │
//!                              gate: wait     ClusterWriter
//!                              until well
//! ```
//!
//! Everything that this crate needs to know about the world comes through ports: [`fairway_core::ClusterWriter`] to
//! write, [`fairway_core::LiveView`] to look, [`Judge`] to say whether an object is well. Waiting is for changes that
//! the watch cache announces ([`ApplyContext::changes`]); nothing is polled.

mod context;
mod execute;
mod lack;
mod rehearse;
mod report;
mod task;
mod wait;

pub use context::{ApplyContext, Control, Judge, Record};
pub use execute::execute;
pub use lack::Lack;
pub use report::{HookPhase, ReportPhase, ResultStatus, SyncReport, TaskResult};
