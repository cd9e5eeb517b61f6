//! Field ownership: fieldsV1 sets, typed merge and compare, server-side apply and the bookkeeping of other writes.
//!
//! Source: sigs.k8s.io/structured-merge-diff v6 `fieldpath`, `typed`, `merge`, and apimachinery 0.36
//! `util/managedfields`.

mod apply;
mod set;

pub use apply::{ApplyError, Conflict, Operation, Write, apply, update};
pub use set::{PathElement, Set, SetError};
