//! Predicts what applying a desired object would change, without asking the API server.
//!
//! ```text
//! Desired, Live, Schemas, Options ──► predict ──► Outcome ──► Change ──► ChangeSet
//!                                        │                       └──► text (for people), json (for programs)
//!          ignore (rules, known types) ──┘
//! ```
//!
//! This crate knows no cluster and makes no request; the live object is handed in. Secrets leave it masked only.

mod change;
mod client;
mod compare;
mod endpoints;
mod ignore;
mod jq;
mod json;
mod known;
mod outcome;
mod predict;
mod refused;
mod respect;
mod same;
mod structured;
pub mod text;
mod verdicts;

pub use change::{Change, ChangeKind, ChangeSet, FieldChange};
pub use ignore::{IgnoreRules, Unsupported};
pub use known::is_known_type;
pub use outcome::{Outcome, UncertainReason};
pub use predict::{Mode, Options, Prediction, outcome, predict};
pub use refused::is_suspect;
pub use respect::with_live_values;
pub use verdicts::{Known, Verdicts};
