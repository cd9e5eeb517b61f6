use crate::order::{Placed, resolve_needs, waves};
use crate::sync::{has_owner_reference, hook_action, is_of_run, named_hook, set_gates};
use crate::{
    Action, Cleanup, HookOutcome, HookTask, PhasePlan, Reason, Refusal, SyncPlan, Task, TaskOptions,
};
use fairway_core::{
    App, ApplyMode, Desired, HookDeletePolicy, Live, Marks, ObjectKey, Propagation, SyncPhase, Tristate,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that the plan of an App's deletion is made from.
pub struct DeletionInput<'a> {
    /// The App; its `cascade` says whether its objects go too.
    pub app: &'a App,
    /// Live objects that carry the App's mark, and those under the keys of its deletion hooks.
    pub live: &'a BTreeMap<ObjectKey, Arc<Live>>,
    /// Rendered objects, of which the PreDelete and PostDelete hooks are taken.
    pub desired: &'a [Desired],
    /// The dialect's marks.
    pub marks: &'a dyn Marks,
    /// Hooks that this deletion has already started.
    pub hooks: &'a BTreeMap<(SyncPhase, ObjectKey), HookOutcome>,
    /// When the deletion started, in seconds since 1970.
    pub started_unix: i64,
    /// Revision that the hooks come from.
    pub revision: &'a str,
    /// Whether a person approved the deletion.
    pub deletion_approved: bool,
}

/// Decides what deleting an App does: PreDelete hooks, its objects in reversed waves, PostDelete hooks. Without cascade
/// nothing but the hooks. A hook that fails is deleted whatever its policy, so that the next attempt runs it again: as
/// Argo CD 3 `controller/hook.go`.
#[must_use]
pub fn plan_deletion(input: &DeletionInput<'_>) -> SyncPlan {
    let mut refusals = Vec::new();
    let mut placed = hooks(input, &mut refusals);
    if let Some(propagation) = input.app.cascade {
        placed.extend(deletions(input, propagation));
    }
    resolve_needs(&mut placed);
    let by_phase = waves(placed, &mut refusals);
    let mut phases: Vec<PhasePlan> = by_phase
        .into_iter()
        .map(|(phase, mut waves)| {
            if phase == SyncPhase::Delete {
                waves.reverse();
            }
            PhasePlan { phase, waves }
        })
        .collect();
    set_gates(&mut phases);
    refusals.sort_by_key(ToString::to_string);
    let mut plan = SyncPlan { app: input.app.id.clone(), phases, refusals, ..SyncPlan::default() };
    plan.cleanup_on_failure = failed_hooks(&plan);
    plan
}

/// The hooks that are deleted where they fail: the next attempt runs them again, as Git has them by then.
fn failed_hooks(plan: &SyncPlan) -> Vec<Cleanup> {
    let hooks = plan.tasks().filter(|(_, _, task)| task.hook.is_some());
    let cleanup = |(phase, _, task): (SyncPhase, _, &Task)| Cleanup {
        phase,
        key: task.key.clone(),
        version: task.version.clone(),
        if_failed: true,
    };
    hooks.map(cleanup).collect()
}

fn deletions(input: &DeletionInput<'_>, propagation: Propagation) -> Vec<Placed> {
    let mut out = Vec::new();
    for (key, live) in input.live {
        let owned = input.marks.owner(live).as_ref() == Some(&input.app.id);
        let policy = input.marks.policy(live);
        let runs_on_deletion = policy.hook_phases.iter().any(|p| *p > SyncPhase::SyncFail);
        if !owned || has_owner_reference(live) || runs_on_deletion {
            continue;
        }
        let (action, reason) = match policy.delete.unwrap_or(input.app.sync_policy.options.delete) {
            Tristate::No => (Action::Skip, Reason::DeleteFalse),
            Tristate::Confirm if !input.deletion_approved => (Action::Skip, Reason::DeleteNeedsConfirmation),
            Tristate::Yes | Tristate::Confirm => (Action::Prune, Reason::AppDeleted),
        };
        let task = Task {
            key: key.clone(),
            version: live.gvk().version,
            action,
            reason,
            object: None,
            live_uid: live.uid().into(),
            options: TaskOptions { propagation, ..TaskOptions::default() },
            hook: None,
            needs: Vec::new(),
            owned,
        };
        out.push(Placed { phase: SyncPhase::Delete, wave: policy.wave, task });
    }
    out
}

fn hooks(input: &DeletionInput<'_>, refusals: &mut Vec<Refusal>) -> Vec<Placed> {
    let mut out = Vec::new();
    for desired in input.desired {
        let policy = input.marks.policy(&desired.object);
        for phase in policy.hook_phases.iter().copied().filter(|p| *p > SyncPhase::SyncFail) {
            let Some(mut object) = named_hook(&desired.object, phase, input.revision, input.started_unix)
            else {
                refusals.push(Refusal::NoName { key: desired.key(), file: desired.origin.file.clone() });
                continue;
            };
            if desired.name().is_empty() {
                input.marks.mark(&mut object, input.app);
            }
            let key = object.key();
            let live = input.live.get(&key);
            let ran = input.hooks.get(&(phase, key.clone()));
            let ran = ran.or_else(|| live.filter(|l| is_of_run(l, &object)).map(|_| &HookOutcome::Running));
            let (action, reason) = hook_action(phase, ran);
            let fresh = action == Action::RunHook
                && policy.hook_delete.contains(&HookDeletePolicy::BeforeHookCreation);
            let task = Task {
                key,
                version: object.gvk().version,
                action,
                reason,
                live_uid: live.map(|l| l.uid().into()).unwrap_or_default(),
                options: TaskOptions { mode: ApplyMode::ServerSide, ..TaskOptions::default() },
                hook: Some(HookTask {
                    phase,
                    delete_first: live.filter(|_| fresh).map(|l| l.uid().into()),
                    delete_policies: policy.hook_delete.clone(),
                }),
                needs: Vec::new(),
                owned: live.is_some_and(|l| input.marks.owner(l).as_ref() == Some(&input.app.id)),
                object: Some(object),
            };
            out.push(Placed { phase, wave: policy.wave, task });
        }
    }
    out
}
