use crate::{App, AppId, HookDeletePolicy, Object, Tristate};
use std::fmt;

/// When in an operation's life something happens, in the order of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SyncPhase {
    /// Hooks before anything is applied.
    PreSync,
    /// Ordinary objects, and hooks among them.
    #[default]
    Sync,
    /// Hooks after everything is applied and well.
    PostSync,
    /// Hooks after a failure.
    SyncFail,
    /// Hooks before an App's objects are deleted.
    PreDelete,
    /// The deletion of an App's objects.
    Delete,
    /// Hooks after an App's objects are gone.
    PostDelete,
}

impl SyncPhase {
    /// Returns the word in `operationState.syncResult.resources[].syncPhase`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreSync => "PreSync",
            Self::Sync => "Sync",
            Self::PostSync => "PostSync",
            Self::SyncFail => "SyncFail",
            Self::PreDelete => "PreDelete",
            Self::Delete => "Delete",
            Self::PostDelete => "PostDelete",
        }
    }
}

impl fmt::Display for SyncPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an object itself says about how it is synced. Nothing (`None`) means that the App's option holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectPolicy {
    /// Wave inside its phase; lower goes first.
    pub wave: i32,
    /// Whether the object is a hook, and no part of the App's state.
    pub is_hook: bool,
    /// Phases in which the hook runs, in order, each once. A hook of an unknown kind has none and never runs.
    pub hook_phases: Vec<SyncPhase>,
    /// When the hook's object is deleted; never empty for a hook.
    pub hook_delete: Vec<HookDeletePolicy>,
    /// Whether the object is left alone: neither applied nor compared.
    pub skip: bool,
    /// `Prune`.
    pub prune: Option<Tristate>,
    /// `Delete`.
    pub delete: Option<Tristate>,
    /// `PruneLast`.
    pub prune_last: bool,
    /// `Replace`.
    pub replace: Option<bool>,
    /// `Force`.
    pub force: bool,
    /// `ServerSideApply`.
    pub server_side_apply: Option<bool>,
    /// `ClientSideApplyMigration`.
    pub client_side_apply_migration: Option<bool>,
    /// `Validate`.
    pub validate: Option<bool>,
    /// `SkipDryRunOnMissingResource`.
    pub skip_dry_run_on_missing_resource: bool,
    /// `ApplyOutOfSyncOnly`.
    pub apply_out_of_sync_only: Option<bool>,
    /// Whether an object that should be pruned does not make its App drifted (`IgnoreExtraneous`).
    pub ignore_extraneous: bool,
    /// Whether the object's health does not count for its App's.
    pub ignore_health: bool,
    /// `ServerSideDiff`: whether the API server's apply decides what differs, or the client's.
    pub server_side_diff: Option<bool>,
    /// `IncludeMutationWebhook`: what admission webhooks change counts as a difference.
    pub counts_webhooks: Option<bool>,
}

/// The marks that a dialect puts on objects, read and written: a port, so that planning knows no dialect.
pub trait Marks: Send + Sync {
    /// Reads what an object says about how it is synced.
    fn policy(&self, object: &Object) -> ObjectPolicy;

    /// Returns the App whose mark a live object carries; nothing where it has none, or one that names another object
    /// (a copied mark proves nothing).
    fn owner(&self, live: &Object) -> Option<AppId>;

    /// Puts an App's mark on a desired object.
    fn mark(&self, desired: &mut Object, app: &App);
}
