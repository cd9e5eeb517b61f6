//! Judges whether a live object is well.
//!
//! ```text
//! Live object ──► assess ──► Option<Health>          each object's Health ──► app_health ──► Health of the App
//! ```
//!
//! The judgements and their words are Argo CD's (gitops-engine `pkg/health`, 3.6). A kind without a check has no health:
//! it neither helps nor harms its App. This crate reads no clock and knows no cluster.

mod app;
mod builtin;
mod fields;
mod pod;

pub use app::{Part, app_health};

use fairway_core::{Health, HealthStatus, Object};

/// Judges one live object; nothing where its kind has no check.
///
/// A check that cannot read its object (a field of a wrong type) gives `Unknown` with the reason, as Argo CD shows it.
#[must_use]
pub fn assess(object: &Object) -> Option<Health> {
    assess_builtin(object)
}

/// Judges one live object by Argo CD's native checks alone, without those it ships as Lua.
#[must_use]
pub fn assess_builtin(object: &Object) -> Option<Health> {
    if object.deletion_timestamp().is_some() && !object.finalizers().any(|f| f == HOOK_FINALIZER) {
        return Some(Health::new(HealthStatus::Progressing, "Pending deletion"));
    }
    builtin::assess(object)
}

/// Finalizer that keeps a hook's object until its result was read: deletion says nothing about the hook's success.
const HOOK_FINALIZER: &str = "argocd.argoproj.io/hook-finalizer";
