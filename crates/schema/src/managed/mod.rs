//! Field ownership: fieldsV1 sets, typed merge and compare, server-side apply and the bookkeeping of other writes.
//!
//! Source: sigs.k8s.io/structured-merge-diff v6 `fieldpath`, `typed`, `merge`, and apimachinery 0.36
//! `util/managedfields`.

mod element;
mod entries;
mod foresee;
mod set;
mod takeover;
mod text;
mod typed;
mod updater;
mod write;

pub use element::PathElement;
pub use entries::{Entry, Operation, read, write};
pub use foresee::foresee;
pub use set::{Set, SetError};
pub use takeover::take_over;
pub use write::{ApplyError, Conflict, LAST_APPLIED, Write, apply, keep_times, update, without_trusted};
pub(crate) use write::{apply_as, check_config};

/// Whether two values are the same: numbers by amount, whatever their Go type.
pub use element::equal;
pub use text::quote;
pub(crate) use text::{go_type, go_v};
