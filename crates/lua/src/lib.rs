//! What users say themselves about health and actions: Lua as Argo CD runs it, and rules in CEL.
//!
//! ```text
//! settings ──► Customizations ──► assess, actions_of, run_action
//!                   │  Lua (sandboxed: steps, memory, no files, no network), CEL
//!                   └──► what nothing is said about: fairway-health
//! ```
//!
//! The language is Lua 5.1 with `goto`, as gopher-lua has it; values go in and come out as Argo CD's gopher-lua and
//! gopher-json pass them. The time that `os.time` and `os.date` tell is handed in.

mod actions;
mod budget;
mod celrule;
mod customizations;
mod error;
mod health;
mod os;
mod pattern;
mod sandbox;
mod strings;
mod values;

pub use customizations::{Customizations, Sources};
pub use error::LuaError;
pub use fairway_health::actions::{Action, ActionError, ActionParam, Effect, EffectKind};
pub use health::run_health;

pub use actions::{run_action, run_discovery};
