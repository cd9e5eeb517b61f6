use crate::app::Retry;
use crate::{AppSource, ObjectKey};
use fairway_value::Str;

/// Whether desired and live agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SyncStatus {
    /// They agree.
    Synced,
    /// They differ.
    OutOfSync,
    /// One of them could not be loaded.
    #[default]
    Unknown,
}

impl SyncStatus {
    /// Returns Argo CD's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Synced => "Synced",
            Self::OutOfSync => "OutOfSync",
            Self::Unknown => "Unknown",
        }
    }
}

/// A setting that may be on, off, or wait for a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tristate {
    /// Done.
    #[default]
    Yes,
    /// Not done.
    No,
    /// Done after a person has approved (`confirm`).
    Confirm,
}

/// `spec.syncPolicy.syncOptions`, of an App or, by annotation, of an object. An object's own word wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncOptions {
    /// `CreateNamespace`.
    pub create_namespace: bool,
    /// `Prune`.
    pub prune: Tristate,
    /// `Delete`.
    pub delete: Tristate,
    /// `PruneLast`.
    pub prune_last: bool,
    /// `PrunePropagationPolicy`.
    pub prune_propagation: crate::Propagation,
    /// `ApplyOutOfSyncOnly`.
    pub apply_out_of_sync_only: bool,
    /// `ServerSideApply`: nothing where not said.
    pub server_side_apply: Option<bool>,
    /// `ClientSideApplyMigration`.
    pub client_side_apply_migration: bool,
    /// `Replace`.
    pub replace: bool,
    /// `Force`.
    pub force: bool,
    /// `Validate`.
    pub validate: bool,
    /// `SkipDryRunOnMissingResource`.
    pub skip_dry_run_on_missing_resource: bool,
    /// `FailOnSharedResource`.
    pub fail_on_shared_resource: bool,
    /// `RespectIgnoreDifferences`.
    pub respect_ignore_differences: bool,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self {
            create_namespace: false,
            prune: Tristate::Yes,
            delete: Tristate::Yes,
            prune_last: false,
            prune_propagation: crate::Propagation::Foreground,
            apply_out_of_sync_only: false,
            server_side_apply: None,
            client_side_apply_migration: true,
            replace: false,
            force: false,
            validate: true,
            skip_dry_run_on_missing_resource: false,
            fail_on_shared_resource: false,
            respect_ignore_differences: false,
        }
    }
}

/// When a hook's object is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HookDeletePolicy {
    /// Before the next run creates it anew; what holds where nothing is said.
    BeforeHookCreation,
    /// When the sync has succeeded.
    HookSucceeded,
    /// When the sync has failed.
    HookFailed,
}

/// One entry of `spec.ignoreDifferences`. Empty name and namespace match all; they may be globs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IgnoreRule {
    /// API group.
    pub group: Str,
    /// Kind; `*` for all.
    pub kind: Str,
    /// Name or glob.
    pub name: Str,
    /// Namespace or glob.
    pub namespace: Str,
    /// RFC 6901 pointers to leave out.
    pub json_pointers: Vec<Str>,
    /// jq paths to leave out.
    pub jq_path_expressions: Vec<Str>,
    /// Field managers whose fields are left out.
    pub managed_fields_managers: Vec<Str>,
}

/// One object that a selective sync names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncTarget {
    /// The object.
    pub key: ObjectKey,
}

/// What an operation syncs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OperationSync {
    /// Revision to sync instead of the App's; empty for the App's.
    pub revision: Str,
    /// Revisions of a multi-source App by source index.
    pub revisions: Vec<Str>,
    /// Sources to sync instead of the App's: set by a rollback.
    pub sources: Vec<AppSource>,
    /// Whether objects that are no longer wanted are deleted.
    pub prune: bool,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// Whether only `apply` is used: no hooks run.
    pub apply_only: bool,
    /// Whether objects are deleted and made anew where an update is refused.
    pub force: bool,
    /// Objects of a selective sync; empty for all.
    pub resources: Vec<SyncTarget>,
    /// Options instead of the App's, if given.
    pub options: Option<SyncOptions>,
    /// How many times self-heal has tried already.
    pub self_heal_attempts: u32,
}

/// A sync that somebody, or automation, asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Operation {
    /// What to sync.
    pub sync: OperationSync,
    /// Who asked; empty for automation.
    pub username: Str,
    /// Whether automation asked.
    pub automated: bool,
    /// How to retry.
    pub retry: Retry,
}
