//! Predicts what applying a desired object would change, without asking the API server.
//!
//! ```text
//! Desired, Live, Schemas, Options ──► predict ──► Outcome ──► Change ──► ChangeSet
//!                                        │                       └──► text (for people), json (for programs)
//!          normalize (Argo CD's normalisers, ignore rules) ──┘
//! ```
//!
//! This crate knows no cluster and makes no request; the live object is handed in. Secrets leave it masked only.

mod change;
mod ignore;
mod outcome;
mod predict;
pub mod text;

pub use change::{Change, ChangeKind, ChangeSet, FieldChange};
pub use ignore::{IgnoreRules, Unsupported};
pub use outcome::{Outcome, UncertainReason};
pub use predict::{Mode, Options, Prediction, predict};
