use fairway_core::{
    ApplyMode, GroupKind, Gvk, HookDeletePolicy, Object, ObjectKey, Propagation, Str, SyncPhase, Validation,
};
use std::fmt;

/// What is done with one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It is not there and is made.
    Create,
    /// It is there and is written by server-side apply.
    Apply,
    /// It is there and is replaced.
    Replace,
    /// It is there, is deleted, and is made anew.
    Recreate,
    /// It is there, is no longer wanted, and is deleted.
    Prune,
    /// A hook is started.
    RunHook,
    /// A hook that this operation started earlier is waited for.
    AwaitHook,
    /// It is as wanted: nothing is written, but it counts for its wave's gate.
    Keep,
    /// Nothing is done, and it does not count.
    Skip,
}

impl Action {
    /// Returns the word that plans print.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Apply => "apply",
            Self::Replace => "replace",
            Self::Recreate => "recreate",
            Self::Prune => "prune",
            Self::RunHook => "run-hook",
            Self::AwaitHook => "await-hook",
            Self::Keep => "keep",
            Self::Skip => "skip",
        }
    }

    /// Whether the cluster is written to.
    #[must_use]
    pub fn writes(self) -> bool {
        match self {
            Self::Create | Self::Apply | Self::Replace | Self::Recreate | Self::Prune | Self::RunHook => true,
            Self::AwaitHook | Self::Keep | Self::Skip => false,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an object is handled as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is not in the cluster.
    Missing,
    /// It differs from what is wanted.
    Changed,
    /// Only the server can tell whether it differs.
    Uncertain,
    /// It is as wanted.
    Unchanged,
    /// `Replace` and `Force` together make it anew in every sync.
    ForcedReplace,
    /// The sources no longer hold it.
    NotDesired,
    /// The sources no longer hold it, and the operation does not prune.
    PruneOff,
    /// The sources no longer hold it, and it says `Prune=false`.
    PruneFalse,
    /// The sources no longer hold it, and pruning it waits for a person.
    PruneNeedsConfirmation,
    /// Its App is being deleted.
    AppDeleted,
    /// Its App is being deleted, and it says `Delete=false`.
    DeleteFalse,
    /// Its App is being deleted, and deleting it waits for a person.
    DeleteNeedsConfirmation,
    /// It is being deleted already.
    Deleting,
    /// It is a hook of this phase.
    Hook(SyncPhase),
    /// The hook was started by this operation before.
    HookStarted,
    /// The hook ended well in this operation before.
    HookSucceeded,
    /// The hook failed in this operation before.
    HookFailed(Str),
    /// Hooks do not run in this operation: a selective sync, or apply only.
    HooksOff,
    /// The hook is of a kind that no phase runs.
    HookWithoutPhase,
    /// It says that it is to be left alone.
    SkipHook,
    /// The operation names other objects.
    NotSelected,
    /// Another App owns it.
    Shared(Str),
    /// The destination namespace that `CreateNamespace` makes.
    DestinationNamespace,
    /// The cluster does not know the kind, and nothing here brings it.
    UnknownKind(Gvk),
    /// The caller holds it back.
    Held,
    /// The plan was refused as a whole.
    Refused,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("not in the cluster"),
            Self::Changed => f.write_str("differs"),
            Self::Uncertain => f.write_str("only the server can tell whether it differs"),
            Self::Unchanged => f.write_str("unchanged"),
            Self::ForcedReplace => f.write_str("Force=true and Replace=true make it anew in every sync"),
            Self::NotDesired => f.write_str("no longer in the sources"),
            Self::PruneOff => f.write_str("no longer in the sources, but prune is off"),
            Self::PruneFalse => f.write_str("no longer in the sources, but it says Prune=false"),
            Self::PruneNeedsConfirmation => {
                f.write_str("no longer in the sources; pruning it needs confirmation")
            }
            Self::AppDeleted => f.write_str("its App is being deleted"),
            Self::DeleteFalse => f.write_str("stays when its App is deleted: it says Delete=false"),
            Self::DeleteNeedsConfirmation => {
                f.write_str("its App is being deleted; deleting it needs confirmation")
            }
            Self::Deleting => f.write_str("is being deleted already"),
            Self::Hook(phase) => write!(f, "{phase} hook"),
            Self::HookStarted => f.write_str("hook started earlier in this operation"),
            Self::HookSucceeded => f.write_str("hook succeeded earlier in this operation"),
            Self::HookFailed(message) if message.is_empty() => {
                f.write_str("hook failed earlier in this operation")
            }
            Self::HookFailed(message) => write!(f, "hook failed earlier in this operation: {message}"),
            Self::HooksOff => f.write_str("hooks do not run in a selective or apply-only sync"),
            Self::HookWithoutPhase => f.write_str("hook without a phase that runs"),
            Self::SkipHook => f.write_str("it says that it is left alone (Skip)"),
            Self::NotSelected => f.write_str("not among the objects to sync"),
            Self::Shared(app) => write!(f, "owned by App {app}"),
            Self::DestinationNamespace => f.write_str("destination namespace (CreateNamespace=true)"),
            Self::UnknownKind(gvk) => {
                write!(f, "the cluster does not know {gvk}, and this App brings no CRD for it")
            }
            Self::Held => f.write_str("held back"),
            Self::Refused => f.write_str("the plan was refused"),
        }
    }
}

/// What a hook task needs beyond its object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HookTask {
    /// Phase it runs in.
    pub phase: SyncPhase,
    /// Whether the object that an earlier run left is deleted first; its uid, where it is known.
    pub delete_first: Option<Str>,
    /// When its object is deleted.
    pub delete_policies: Vec<HookDeletePolicy>,
}

/// How the write is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskOptions {
    /// How it is written, for actions that write an object.
    pub mode: ApplyMode,
    /// Whether fields of other managers are taken over.
    pub force_conflicts: bool,
    /// Whether the object is deleted and made anew where the server refuses the update (`Force`).
    pub recreate_on_refusal: bool,
    /// How strictly fields are checked.
    pub validation: Validation,
    /// Field managers of earlier tools that own fields of the live object, which are taken over first.
    pub take_over_from: Vec<Str>,
    /// What becomes of what a deleted object owns.
    pub propagation: Propagation,
    /// Whether a dry run must be left out: the kind does not exist yet.
    pub skip_dry_run: bool,
}

impl Default for TaskOptions {
    fn default() -> Self {
        Self {
            mode: ApplyMode::ServerSide,
            force_conflicts: true,
            recreate_on_refusal: false,
            validation: Validation::Strict,
            take_over_from: Vec::new(),
            propagation: Propagation::Foreground,
            skip_dry_run: false,
        }
    }
}

/// What happens with one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The object.
    pub key: ObjectKey,
    /// Its API version.
    pub version: Str,
    /// What is done.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The object to write; nothing for actions that write none.
    pub object: Option<Object>,
    /// Uid of the live object that was decided on; empty where there is none.
    pub live_uid: Str,
    /// How it is written.
    pub options: TaskOptions,
    /// What makes it a hook, if it is one.
    pub hook: Option<HookTask>,
    /// Tasks that come earlier because this one needs them: its Namespace, its CRD, a Role it binds. Sorted.
    pub needs: Vec<ObjectKey>,
    /// Whether the App owns the live object by its mark.
    pub owned: bool,
}

impl Task {
    /// Returns group and kind.
    #[must_use]
    pub fn group_kind(&self) -> GroupKind {
        self.key.group_kind()
    }

    /// Returns the reason in words, with what the task waits for.
    #[must_use]
    pub fn explanation(&self) -> String {
        let waits: Vec<String> = self.needs.iter().map(ToString::to_string).collect();
        if waits.is_empty() || !self.action.writes() {
            return self.reason.to_string();
        }
        format!("{}; after {}", self.reason, waits.join(", "))
    }
}
