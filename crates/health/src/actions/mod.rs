//! Resource actions: what a person can have done to an object beyond applying it, for the kinds for which Argo CD ships actions.
//!
//! An action is data in, data out: the object as it should become, or one to create. Who writes it to a cluster is another matter.

mod discover;
mod field;
mod run;
mod time;
mod types;
mod workflows;

pub use discover::actions_of;
pub use run::run_action;
pub use types::{Action, ActionError, ActionParam, Effect, EffectKind};
