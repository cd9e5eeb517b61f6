use crate::Lack;
use fairway_core::{ObjectKey, Str, SyncPhase};

/// How one object came out. The words are Argo CD's `ResultCode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultStatus {
    /// It is as wanted now.
    Synced,
    /// The server refused.
    SyncFailed,
    /// It was deleted.
    Pruned,
    /// It should go and was kept.
    PruneSkipped,
}

impl ResultStatus {
    /// Returns Argo CD's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Synced => "Synced",
            Self::SyncFailed => "SyncFailed",
            Self::Pruned => "Pruned",
            Self::PruneSkipped => "PruneSkipped",
        }
    }
}

/// How far a task is. The words are Argo CD's `OperationPhase`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookPhase {
    /// It is waited for.
    Running,
    /// It ended well.
    Succeeded,
    /// It ended badly.
    Failed,
    /// It could not be judged.
    Error,
    /// It was ended.
    Terminating,
}

impl HookPhase {
    /// Returns Argo CD's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Error => "Error",
            Self::Terminating => "Terminating",
        }
    }
}

/// What became of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskResult {
    /// The object.
    pub key: ObjectKey,
    /// Its API version.
    pub version: Str,
    /// How it came out; nothing for a hook that has not been created yet.
    pub status: Option<ResultStatus>,
    /// In words.
    pub message: String,
    /// Phase it ran in.
    pub sync_phase: SyncPhase,
    /// Whether it is a hook.
    pub is_hook: bool,
    /// How far it is.
    pub phase: HookPhase,
    /// What the cluster lacks, where that is why the server refused.
    pub lacks: Option<Lack>,
    /// Whether it was not tried because another failed.
    pub is_consequence: bool,
}

impl TaskResult {
    /// Whether the server refused, or it ended badly.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.status == Some(ResultStatus::SyncFailed)
            || matches!(self.phase, HookPhase::Failed | HookPhase::Error)
    }

    /// Whether it is a hook that ran and ended badly; one that was refused did not run.
    #[must_use]
    pub fn hook_failed(&self) -> bool {
        self.is_hook && self.phase == HookPhase::Failed && self.status != Some(ResultStatus::SyncFailed)
    }
}

/// How the whole sync stands. The words are Argo CD's `OperationPhase`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReportPhase {
    /// It goes on.
    #[default]
    Running,
    /// It ended well.
    Succeeded,
    /// An object failed, or the sync was ended.
    Failed,
    /// It could not be carried out.
    Error,
}

/// What a sync did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// How it stands.
    pub phase: ReportPhase,
    /// In words.
    pub message: String,
    /// Results in the order in which tasks ended.
    pub results: Vec<TaskResult>,
    /// Whether it was ended from outside.
    pub terminated: bool,
}

impl SyncReport {
    /// Sets the result of a task, replacing an earlier one of the same object and phase.
    pub(crate) fn set(&mut self, result: TaskResult) {
        let same = |r: &TaskResult| r.key == result.key && r.sync_phase == result.sync_phase;
        match self.results.iter_mut().find(|r| same(r)) {
            Some(old) => *old = result,
            None => self.results.push(result),
        }
    }

    /// Whether a task has failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.results.iter().any(TaskResult::has_failed)
    }
}
