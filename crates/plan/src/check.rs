use crate::SyncPlan;
use fairway_core::ObjectKey;
use std::fmt;

/// What makes a plan wrong: a fault of the planner, never of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A task comes before something it needs, or in the same step.
    OutOfOrder {
        /// The task.
        key: ObjectKey,
        /// What it needs.
        needs: ObjectKey,
    },
    /// An object is deleted that the App does not own.
    PrunesUnowned(ObjectKey),
    /// An object is deleted though it is desired.
    PrunesDesired(ObjectKey),
    /// An object has two tasks in one phase.
    Twice(ObjectKey),
    /// A task that writes an object has none, or one under another key.
    WrongObject(ObjectKey),
    /// Phases or waves are out of order, or an empty part was left in.
    Shape,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfOrder { key, needs } => write!(f, "{key} does not come after {needs}, which it needs"),
            Self::PrunesUnowned(key) => write!(f, "{key} would be deleted but is not owned"),
            Self::PrunesDesired(key) => write!(f, "{key} would be deleted but is desired"),
            Self::Twice(key) => write!(f, "{key} has two tasks in one phase"),
            Self::WrongObject(key) => write!(f, "the task for {key} does not carry its object"),
            Self::Shape => f.write_str("phases, waves or steps are out of order or empty"),
        }
    }
}

/// Proves a plan's invariants, whatever made it: order is topological, prune ⊆ owned, each object once in a phase.
#[must_use]
pub fn check(plan: &SyncPlan) -> Vec<Violation> {
    crate::order::violations(plan)
}
