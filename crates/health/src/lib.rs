//! Judges whether a live object is well.
//!
//! ```text
//! Live object ──► assess ──► Option<Health>          each object's Health ──► app_health ──► Health of the App
//! ```
//!
//! The judgements and their words are Argo CD's (gitops-engine `pkg/health`, 3.6). A kind without a check has no health:
//! it neither helps nor harms its App. This crate reads no clock and knows no cluster.
//! The native checks read objects as Go's types do: one that does not fit its type is `Unknown`.

pub mod actions;
mod app;
mod builtin;
mod fields;
mod kruise;
mod pod;
mod rollout;
mod rules;
mod seen;
mod spark;
mod special;

pub use app::{Part, app_health};

use fairway_core::{GroupKind, Health, HealthStatus, Object};
use fairway_schema::canonical;

/// Judges one live object; nothing where its kind has no check.
///
/// A check that cannot read its object (a field of a wrong type) gives `Unknown` with the reason, as Argo CD shows it.
#[must_use]
pub fn assess(object: &Object) -> Option<Health> {
    // No kind has a native check and a script.
    pending_deletion(object)
        .or_else(|| builtin::assess(object))
        .or_else(|| assess_shipped(&object.gvk().group_kind(), object))
}

/// Judges one live object by Argo CD's native checks alone, without those it ships as Lua.
#[must_use]
pub fn assess_builtin(object: &Object) -> Option<Health> {
    pending_deletion(object).or_else(|| builtin::assess(object))
}

/// Judges one live object by the check that Argo CD ships as a script for a kind; nothing where it ships none. The
/// object's own kind is not looked at.
#[must_use]
pub fn assess_shipped(kind: &GroupKind, object: &Object) -> Option<Health> {
    match special::assess_as(&kind.group, &kind.kind, object) {
        Some(judged) => judged,
        None => rules::assess_as(&kind.group, &kind.kind, object),
    }
}

/// Judges an object that is being deleted, whatever its kind; nothing where it is not, or is a hook that waits to be read.
#[must_use]
pub fn pending_deletion(object: &Object) -> Option<Health> {
    let deleting = object.deletion_timestamp().is_some_and(canonical::is_time)
        && !object.finalizers().any(|f| f == HOOK_FINALIZER);
    deleting.then(|| Health::new(HealthStatus::Progressing, "Pending deletion"))
}

/// Finalizer that keeps a hook's object until its result was read: deletion says nothing about the hook's success.
const HOOK_FINALIZER: &str = "argocd.argoproj.io/hook-finalizer";
