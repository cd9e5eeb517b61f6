use crate::{Refusal, Task};
use fairway_core::{AppId, ObjectKey, Str, SyncPhase};

/// Tasks that need nothing of each other. They may run at once; their order is Argo CD's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// The tasks; at least one.
    pub tasks: Vec<Task>,
}

/// The steps of one wave, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WavePlan {
    /// The wave.
    pub wave: i32,
    /// Its steps; at least one.
    pub steps: Vec<Step>,
    /// Whether what comes next waits until the wave's objects are well. The last wave of a plan has none; hooks are
    /// waited for in any case, and deletions until the objects are gone.
    pub gate: bool,
}

/// The waves of one phase, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PhasePlan {
    /// The phase.
    pub phase: SyncPhase,
    /// Its waves; at least one.
    pub waves: Vec<WavePlan>,
}

/// A hook object that is deleted at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleanup {
    /// The phase that the hook ran in.
    pub phase: SyncPhase,
    /// The object.
    pub key: ObjectKey,
    /// Its API version.
    pub version: Str,
    /// Whether it is deleted only where it ran and has itself failed.
    pub if_failed: bool,
}

/// What a sync or a deletion does, decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncPlan {
    /// The App.
    pub app: AppId,
    /// Whether every write is only checked by the server.
    pub dry_run: bool,
    /// Phases in order, without the empty ones.
    pub phases: Vec<PhasePlan>,
    /// What runs after a failure, if anything.
    pub on_failure: Option<PhasePlan>,
    /// Hook objects deleted when all went well, once their hook has ended.
    pub cleanup_on_success: Vec<Cleanup>,
    /// Hook objects deleted when something failed, once their hook has ended.
    pub cleanup_on_failure: Vec<Cleanup>,
    /// Why the plan may not be executed; empty when it may.
    pub refusals: Vec<Refusal>,
}

impl SyncPlan {
    /// Whether the plan may be executed.
    #[must_use]
    pub fn is_executable(&self) -> bool {
        self.refusals.is_empty()
    }

    /// Iterates over all tasks in order, those after a failure last.
    pub fn tasks(&self) -> impl Iterator<Item = (SyncPhase, i32, &Task)> {
        self.phases.iter().chain(self.on_failure.as_ref()).flat_map(|phase| {
            phase.waves.iter().flat_map(move |wave| {
                wave.steps
                    .iter()
                    .flat_map(move |step| step.tasks.iter().map(move |t| (phase.phase, wave.wave, t)))
            })
        })
    }

    /// Whether a task is a hook.
    #[must_use]
    pub fn has_hooks(&self) -> bool {
        self.tasks().any(|(_, _, task)| task.hook.is_some())
    }

    /// Whether executing the plan would write nothing and wait for nothing.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.phases.iter().all(|p| {
            p.waves
                .iter()
                .flat_map(|w| &w.steps)
                .flat_map(|s| &s.tasks)
                .all(|t| matches!(t.action, crate::Action::Keep | crate::Action::Skip))
        })
    }
}
