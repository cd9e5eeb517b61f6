use crate::DeletionBudget;
use fairway_core::{
    App, Desired, GroupKind, Gvk, Live, LiveView, Marks, ObjectKey, Operation, Scope, Str, SyncPhase,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the diff says of one desired object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Comparison {
    /// Applying it would change nothing.
    Unchanged,
    /// Applying it would change something.
    Changed,
    /// It is not in the cluster.
    Missing,
    /// Only the server can tell; it is applied.
    Uncertain,
}

/// How a hook of the running operation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookOutcome {
    /// It was started and has not ended.
    Running,
    /// It ended well.
    Succeeded,
    /// It failed, with its message.
    Failed(Str),
}

/// Which kinds a cluster has.
pub trait Kinds {
    /// Returns the scope of a kind; nothing where the cluster does not know the kind.
    fn scope(&self, kind: &GroupKind) -> Option<Scope>;
    /// Whether the cluster serves a kind in an API version.
    fn serves(&self, gvk: &Gvk) -> bool;
}

impl<T: LiveView + ?Sized> Kinds for T {
    fn scope(&self, kind: &GroupKind) -> Option<Scope> {
        LiveView::scope(self, kind)
    }
    fn serves(&self, gvk: &Gvk) -> bool {
        LiveView::serves(self, gvk)
    }
}

/// Everything that a sync's plan is made from.
pub struct PlanInput<'a> {
    /// The App.
    pub app: &'a App,
    /// What was asked for.
    pub operation: &'a Operation,
    /// When the operation started, in seconds since 1970: part of generated hook names, so that a plan made again for
    /// the same operation names the same hooks.
    pub started_unix: i64,
    /// Revision being synced: part of generated hook names.
    pub revision: &'a str,
    /// Objects as rendered, hooks among them, with tracking marks and namespaces set.
    pub desired: &'a [Desired],
    /// Live objects: those under a desired object's key, and all that carry this App's mark.
    pub live: &'a BTreeMap<ObjectKey, Arc<Live>>,
    /// What the diff says of each desired object that is no hook. One that is not named counts as uncertain.
    pub compared: &'a BTreeMap<ObjectKey, Comparison>,
    /// Which kinds the cluster has.
    pub kinds: &'a dyn Kinds,
    /// The dialect's marks.
    pub marks: &'a dyn Marks,
    /// Hooks that this operation has already started, by phase and key.
    pub hooks: &'a BTreeMap<(SyncPhase, ObjectKey), HookOutcome>,
    /// Whether this operation was cut off and goes on: what carries the name of its run is its own.
    pub goes_on: bool,
    /// Whether a person approved this operation's deletions after it started.
    pub deletion_approved: bool,
    /// How much may be deleted without approval.
    pub budget: DeletionBudget,
    /// Objects not to be touched now, with what they wait for. Empty but for dialects with dependencies between Apps.
    pub held: &'a BTreeSet<ObjectKey>,
}
