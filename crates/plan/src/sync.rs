use crate::order::{Placed, brought_kind, resolve_needs, waves};
use crate::{
    Action, Cleanup, Comparison, HookOutcome, HookTask, PhasePlan, PlanInput, Reason, Refusal, SyncPlan,
    Task, TaskOptions,
};
use fairway_core::{
    AppId, ApplyMode, Desired, Gvk, HookDeletePolicy, Live, Object, ObjectKey, ObjectPolicy, Str,
    SyncOptions, SyncPhase, Tristate, Validation, Value,
};
use std::collections::{BTreeMap, BTreeSet};

/// Annotation of a hook that says which run of which phase made it, so that a run that is taken up again makes none twice.
const HOOK_RUN: &str = "fairway.dev/hook-run";

/// Decides what a sync does.
///
/// The same input gives the same plan, whatever order the objects come in.
#[must_use]
pub fn plan(input: &PlanInput<'_>) -> SyncPlan {
    let mut planner = Planner::new(input);
    planner.desired_objects();
    planner.destination_namespace();
    planner.prunes();
    planner.finish()
}

struct Planner<'a> {
    input: &'a PlanInput<'a>,
    options: &'a SyncOptions,
    hooks_run: bool,
    selected: BTreeSet<&'a ObjectKey>,
    brought: BTreeSet<(String, String)>,
    desired_keys: BTreeSet<ObjectKey>,
    hook_keys: BTreeSet<ObjectKey>,
    wanted_objects: usize,
    placed: Vec<Placed>,
    cleanup_on_success: Vec<Cleanup>,
    cleanup_on_failure: Vec<Cleanup>,
    refusals: Vec<Refusal>,
}

impl<'a> Planner<'a> {
    fn new(input: &'a PlanInput<'a>) -> Self {
        let sync = &input.operation.sync;
        let brought = input.desired.iter().filter_map(|d| brought_kind(d.object.value())).collect();
        Self {
            input,
            options: sync.options.as_ref().unwrap_or(&input.app.sync_policy.options),
            hooks_run: sync.resources.is_empty() && !sync.apply_only,
            selected: sync.resources.iter().map(|t| &t.key).collect(),
            brought,
            desired_keys: BTreeSet::new(),
            hook_keys: BTreeSet::new(),
            wanted_objects: 0,
            placed: Vec::new(),
            cleanup_on_success: Vec::new(),
            cleanup_on_failure: Vec::new(),
            refusals: Vec::new(),
        }
    }

    fn live(&self, key: &ObjectKey) -> Option<&'a Live> {
        self.input.live.get(key).map(|l| &**l)
    }

    fn owner(&self, live: Option<&Live>) -> Option<AppId> {
        live.and_then(|l| self.input.marks.owner(l))
    }

    fn is_selected(&self, key: &ObjectKey) -> bool {
        self.selected.is_empty() || self.selected.contains(key)
    }

    fn push(&mut self, phase: SyncPhase, wave: i32, task: Task) {
        self.placed.push(Placed { phase, wave, task });
    }

    fn desired_objects(&mut self) {
        for desired in self.input.desired {
            let policy = self.input.marks.policy(&desired.object);
            let key = desired.key();
            if policy.is_hook {
                self.hook(desired, &policy);
            } else if key.name.is_empty() {
                self.refusals.push(Refusal::NoName { key, file: desired.origin.file.clone() });
            } else if !self.desired_keys.insert(key.clone()) {
                self.refusals.push(Refusal::Repeated { key });
            } else {
                self.wanted_objects += 1;
                self.object(key, desired, &policy);
            }
        }
    }

    fn object(&mut self, key: ObjectKey, desired: &Desired, policy: &ObjectPolicy) {
        let live = self.live(&key);
        let owner = self.owner(live);
        let mut task = self.task(key, &desired.object, live, policy);
        task.owned = owner.as_ref() == Some(&self.input.app.id);
        (task.action, task.reason) = self.action(&task, &desired.object, live, policy);
        task.options.mode = match task.action {
            Action::Replace => ApplyMode::Replace,
            Action::Recreate => ApplyMode::Recreate,
            _ if self.is_client_side(policy) => ApplyMode::ClientSide,
            _ => ApplyMode::ServerSide,
        };
        if task.action != Action::Skip
            && let Some(owner) = owner.filter(|o| *o != self.input.app.id)
            && self.options.fail_on_shared_resource
        {
            let owner: Str = owner.to_string().into();
            self.refusals.push(Refusal::SharedResource { key: task.key.clone(), owner });
        }
        if let Reason::UnknownKind(gvk) = &task.reason {
            let refusal = self.unknown_kind(task.key.clone(), gvk.clone());
            self.refusals.push(refusal);
        }
        self.push(SyncPhase::Sync, policy.wave, task);
    }

    /// Whether server-side apply is turned off by name; nothing said means on.
    fn is_client_side(&self, policy: &ObjectPolicy) -> bool {
        policy.server_side_apply.or(self.options.server_side_apply) == Some(false)
    }

    fn action(
        &self,
        task: &Task,
        object: &Object,
        live: Option<&Live>,
        policy: &ObjectPolicy,
    ) -> (Action, Reason) {
        if policy.skip {
            return (Action::Skip, Reason::SkipHook);
        }
        if !self.is_selected(&task.key) {
            return (Action::Skip, Reason::NotSelected);
        }
        if self.input.held.contains(&task.key) {
            return (Action::Skip, Reason::Held);
        }
        if !self.is_known(object) && !self.may_lack_kind(object, policy) {
            return (Action::Skip, Reason::UnknownKind(object.gvk()));
        }
        if live.is_none() {
            return (Action::Create, Reason::Missing);
        }
        let replace = policy.replace.unwrap_or(self.options.replace);
        let force = policy.force || self.options.force || self.input.operation.sync.force;
        // Deleting a CRD or a Namespace takes everything in it along: Argo CD never recreates these two.
        let may_recreate = !matches!(object.kind(), "CustomResourceDefinition" | "Namespace");
        if replace && force && may_recreate {
            return (Action::Recreate, Reason::ForcedReplace);
        }
        let change = if replace { Action::Replace } else { Action::Apply };
        match self.input.compared.get(&task.key).copied().unwrap_or(Comparison::Uncertain) {
            Comparison::Unchanged => (Action::Keep, Reason::Unchanged),
            Comparison::Changed => (change, Reason::Changed),
            Comparison::Uncertain => (change, Reason::Uncertain),
            // The diff saw no object where the cache by now has one: applying is right in either case.
            Comparison::Missing => (change, Reason::Missing),
        }
    }

    fn is_known(&self, object: &Object) -> bool {
        let gvk = object.gvk();
        self.input.kinds.scope(&gvk.group_kind()).is_some() && self.input.kinds.serves(&gvk)
    }

    fn unknown_kind(&self, key: ObjectKey, gvk: Gvk) -> Refusal {
        let other_version = self.input.kinds.scope(&gvk.group_kind()).is_some();
        Refusal::UnknownKind { key, gvk, other_version }
    }

    fn may_lack_kind(&self, object: &Object, policy: &ObjectPolicy) -> bool {
        self.brought.contains(&(object.group().to_owned(), object.kind().to_owned()))
            || policy.skip_dry_run_on_missing_resource
            || self.options.skip_dry_run_on_missing_resource
    }

    fn task(&self, key: ObjectKey, object: &Object, live: Option<&Live>, policy: &ObjectPolicy) -> Task {
        let migrate = policy.client_side_apply_migration.unwrap_or(self.options.client_side_apply_migration);
        let validate = policy.validate.unwrap_or(self.options.validate);
        Task {
            key,
            version: object.gvk().version,
            action: Action::Skip,
            reason: Reason::NotSelected,
            object: Some(object.clone()),
            live_uid: live.map(|l| l.uid().into()).unwrap_or_default(),
            options: TaskOptions {
                recreate_on_refusal: policy.force || self.options.force || self.input.operation.sync.force,
                validation: if validate { Validation::Strict } else { Validation::Ignore },
                take_over_from: live.filter(|_| migrate).map(|l| self.former_managers(l)).unwrap_or_default(),
                propagation: self.options.prune_propagation,
                skip_dry_run: !self.is_known(object),
                ..TaskOptions::default()
            },
            hook: None,
            needs: Vec::new(),
            owned: false,
        }
    }

    /// Managers of the tools before this one that own fields of an object.
    fn former_managers(&self, live: &Live) -> Vec<Str> {
        let entries = live.value().get_path(&["metadata", "managedFields"]).and_then(Value::as_array);
        let owns = |former: &Str| {
            entries
                .unwrap_or_default()
                .iter()
                .any(|e| e.get("manager").and_then(Value::as_str) == Some(former.as_str()))
        };
        self.input.app.former_managers.iter().filter(|f| owns(f)).cloned().collect()
    }

    fn hook(&mut self, desired: &Desired, policy: &ObjectPolicy) {
        let phases: Vec<SyncPhase> =
            policy.hook_phases.iter().copied().filter(|p| *p <= SyncPhase::SyncFail).collect();
        if !self.hooks_run || policy.hook_phases.is_empty() {
            let reason = if self.hooks_run { Reason::HookWithoutPhase } else { Reason::HooksOff };
            let mut task = self.task(desired.key(), &desired.object, None, policy);
            (task.action, task.reason) = (Action::Skip, reason);
            self.hook_keys.insert(task.key.clone());
            self.push(SyncPhase::Sync, policy.wave, task);
            return;
        }
        for phase in phases {
            let Some(mut object) =
                named_hook(&desired.object, phase, self.input.revision, self.input.started_unix)
            else {
                let file = desired.origin.file.clone();
                self.refusals.push(Refusal::NoName { key: desired.key(), file });
                return;
            };
            if desired.name().is_empty() {
                // The mark names the object, and only now it has a name.
                self.input.marks.mark(&mut object, self.input.app);
            }
            self.hook_in_phase(phase, &object, policy);
        }
    }

    fn hook_in_phase(&mut self, phase: SyncPhase, object: &Object, policy: &ObjectPolicy) {
        let key = object.key();
        // An ordinary object that became a hook is not pruned under its feet.
        self.hook_keys.insert(key.clone());
        let live = self.live(&key);
        let mut task = self.task(key.clone(), object, live, policy);
        let ran = self.input.hooks.get(&(phase, key.clone()));
        let ran = ran.or_else(|| {
            live.filter(|l| self.input.goes_on && is_of_run(l, object)).map(|_| &HookOutcome::Running)
        });
        (task.action, task.reason) = if !self.is_known(object) && !self.may_lack_kind(object, policy) {
            let refusal = self.unknown_kind(key.clone(), object.gvk());
            self.refusals.push(refusal);
            (Action::Skip, Reason::UnknownKind(object.gvk()))
        } else {
            hook_action(phase, ran)
        };
        let fresh = task.action == Action::RunHook
            && policy.hook_delete.contains(&HookDeletePolicy::BeforeHookCreation);
        task.hook = Some(HookTask {
            phase,
            delete_first: live.filter(|_| fresh).map(|l| l.uid().into()),
            delete_policies: policy.hook_delete.clone(),
        });
        let cleanup = Cleanup { phase, key, version: task.version.clone(), if_failed: false };
        if policy.hook_delete.contains(&HookDeletePolicy::HookSucceeded) {
            self.cleanup_on_success.push(cleanup.clone());
        }
        if policy.hook_delete.contains(&HookDeletePolicy::HookFailed) {
            self.cleanup_on_failure.push(cleanup);
        }
        self.push(phase, policy.wave, task);
    }

    fn destination_namespace(&mut self) {
        let name = &self.input.app.destination.namespace;
        let key = ObjectKey::new("", "Namespace", "", name.clone());
        if !self.options.create_namespace || name.is_empty() || self.desired_keys.contains(&key) {
            return;
        }
        let policy = &self.input.app.sync_policy;
        let object =
            namespace_object(name, &policy.managed_namespace_labels, &policy.managed_namespace_annotations);
        let live = self.live(&key);
        let mut task = self.task(key.clone(), &object, live, &ObjectPolicy::default());
        task.owned = self.owner(live).as_ref() == Some(&self.input.app.id);
        task.reason = Reason::DestinationNamespace;
        task.action = match live {
            None => Action::Create,
            Some(live) if holds_metadata(live, &object) => Action::Keep,
            Some(_) => Action::Apply,
        };
        self.desired_keys.insert(key);
        self.push(SyncPhase::PreSync, 0, task);
    }

    fn prunes(&mut self) {
        let mut prunes: Vec<(i32, bool, Task)> = Vec::new();
        for (key, live) in self.input.live {
            let owned = self.input.marks.owner(live).as_ref() == Some(&self.input.app.id);
            let policy = self.input.marks.policy(live);
            let wanted = self.desired_keys.contains(key) || self.hook_keys.contains(key);
            if wanted || !owned || policy.is_hook || has_owner_reference(live) {
                continue;
            }
            let mut task = self.task(key.clone(), live, Some(live), &policy);
            task.object = None;
            task.owned = true;
            task.options.take_over_from = Vec::new();
            (task.action, task.reason) = self.prune_action(key, live, &policy);
            prunes.push((policy.wave, policy.prune_last || self.options.prune_last, task));
        }
        self.place_prunes(prunes);
    }

    fn prune_action(&self, key: &ObjectKey, live: &Live, policy: &ObjectPolicy) -> (Action, Reason) {
        if !self.is_selected(key) {
            return (Action::Skip, Reason::NotSelected);
        }
        if self.input.held.contains(key) {
            return (Action::Skip, Reason::Held);
        }
        if !self.input.operation.sync.prune {
            return (Action::Skip, Reason::PruneOff);
        }
        match policy.prune.unwrap_or(self.options.prune) {
            Tristate::No => (Action::Skip, Reason::PruneFalse),
            Tristate::Confirm if !self.input.deletion_approved => {
                (Action::Skip, Reason::PruneNeedsConfirmation)
            }
            Tristate::Yes | Tristate::Confirm if live.deletion_timestamp().is_some() => {
                (Action::Prune, Reason::Deleting)
            }
            Tristate::Yes | Tristate::Confirm => (Action::Prune, Reason::NotDesired),
        }
    }

    /// Reverses the waves of prunes among themselves (the first and the last wave that has any change places, and so
    /// on inwards), and moves `PruneLast` behind everything else, as Argo CD does.
    fn place_prunes(&mut self, prunes: Vec<(i32, bool, Task)>) {
        let waves: BTreeSet<i32> = prunes.iter().map(|(wave, ..)| *wave).collect();
        let mirrored: BTreeMap<i32, i32> = waves.iter().copied().zip(waves.iter().rev().copied()).collect();
        let sync_waves = self.placed.iter().filter(|p| p.phase == SyncPhase::Sync).map(|p| p.wave);
        let last = sync_waves.chain(waves.iter().copied()).chain([0]).max().unwrap_or(0);
        for (wave, prune_last, task) in prunes {
            let wave = if prune_last { last.saturating_add(1) } else { mirrored[&wave] };
            self.push(SyncPhase::Sync, wave, task);
        }
    }

    fn refuse_mass_deletion(&mut self) {
        let prunes = self.placed.iter().filter(|p| p.task.action == Action::Prune).count();
        if prunes == 0 || self.input.deletion_approved {
            return;
        }
        let automated = self.input.app.sync_policy.automated;
        if self.wanted_objects == 0 {
            if !automated.is_some_and(|a| a.allow_empty) {
                self.refusals.push(Refusal::EmptySource { objects: prunes });
            }
            return;
        }
        let budget = self.input.budget;
        let owned = self.placed.iter().filter(|p| p.task.owned && !p.task.live_uid.is_empty()).count();
        let share = prunes * 100;
        if self.input.operation.automated
            && owned > budget.exempt_objects_max
            && share > owned * usize::from(budget.share_max_percent)
        {
            let share_max_percent = budget.share_max_percent;
            self.refusals.push(Refusal::OverBudget { objects: prunes, of: owned, share_max_percent });
        }
    }

    fn finish(mut self) -> SyncPlan {
        self.refuse_mass_deletion();
        resolve_needs(&mut self.placed);
        let mut by_phase = waves(std::mem::take(&mut self.placed), &mut self.refusals);
        let on_failure = by_phase
            .remove(&SyncPhase::SyncFail)
            .map(|waves| PhasePlan { phase: SyncPhase::SyncFail, waves });
        let mut phases: Vec<PhasePlan> =
            by_phase.into_iter().map(|(phase, waves)| PhasePlan { phase, waves }).collect();
        set_gates(&mut phases);
        let mut refusals = self.refusals;
        refusals.sort_by_key(ToString::to_string);
        let by_key = |c: &Cleanup| (c.phase, c.key.clone());
        self.cleanup_on_success.sort_by_key(by_key);
        self.cleanup_on_failure.sort_by_key(by_key);
        SyncPlan {
            app: self.input.app.id.clone(),
            dry_run: self.input.operation.sync.dry_run,
            phases,
            on_failure,
            cleanup_on_success: self.cleanup_on_success,
            cleanup_on_failure: self.cleanup_on_failure,
            refusals,
        }
    }
}

/// Sets the gate of each wave that something follows: Argo CD waits for health only where there is more than one step.
pub(crate) fn set_gates(phases: &mut [PhasePlan]) {
    let mut later = false;
    for wave in phases.iter_mut().rev().flat_map(|p| p.waves.iter_mut().rev()) {
        wave.gate = later;
        later |= wave.steps.iter().flat_map(|s| &s.tasks).any(|t| t.action != Action::Skip);
    }
}

pub(crate) fn hook_action(phase: SyncPhase, ran: Option<&HookOutcome>) -> (Action, Reason) {
    match ran {
        None => (Action::RunHook, Reason::Hook(phase)),
        Some(HookOutcome::Running) => (Action::AwaitHook, Reason::HookStarted),
        Some(HookOutcome::Succeeded) => (Action::Keep, Reason::HookSucceeded),
        Some(HookOutcome::Failed(message)) => (Action::Keep, Reason::HookFailed(message.clone())),
    }
}

/// Returns the hook with its name: its own, or one made of `generateName`, revision, phase and start, as Argo CD.
pub(crate) fn named_hook(
    hook: &Object,
    phase: SyncPhase,
    revision: &str,
    started_unix: i64,
) -> Option<Object> {
    let run = format!("{phase}-{started_unix}").to_lowercase();
    if !hook.name().is_empty() {
        let mut named = hook.clone();
        named.set_annotation(HOOK_RUN, run);
        return Some(named);
    }
    let prefix = hook.generate_name();
    if prefix.is_empty() {
        return None;
    }
    let short = if revision.len() >= 8 { revision.get(..7).unwrap_or(revision) } else { revision };
    let mut named = hook.clone();
    named.set_name(format!("{prefix}{}-{run}", short.to_lowercase()));
    named.set_annotation(HOOK_RUN, run);
    Some(named)
}

/// Whether a live hook was made by the run that would make it now: one that was cut off before anybody heard of it.
pub(crate) fn is_of_run(live: &Live, hook: &Object) -> bool {
    hook.annotation(HOOK_RUN).is_some_and(|run| live.annotation(HOOK_RUN) == Some(run))
}

/// Objects that others made, such as the ReplicaSets of a Deployment, may carry a copied label; they are never pruned.
pub(crate) fn has_owner_reference(live: &Live) -> bool {
    let owners = live.value().get_path(&["metadata", "ownerReferences"]).and_then(Value::as_array);
    owners.is_some_and(|o| !o.is_empty())
}

fn namespace_object(name: &Str, labels: &BTreeMap<Str, Str>, annotations: &BTreeMap<Str, Str>) -> Object {
    let mut object = Object::default();
    object.value_mut().set_path(&["apiVersion"], "v1");
    object.value_mut().set_path(&["kind"], "Namespace");
    object.set_name(name.clone());
    for (key, value) in labels {
        object.set_label(key, value.clone());
    }
    for (key, value) in annotations {
        object.set_annotation(key, value.clone());
    }
    object
}

fn holds_metadata(live: &Live, wanted: &Object) -> bool {
    let all = |wanted: Option<&fairway_core::Map>, has: Option<&fairway_core::Map>| {
        wanted.is_none_or(|w| w.iter().all(|(k, v)| has.and_then(|h| h.get(k)) == Some(v)))
    };
    all(wanted.labels(), live.labels()) && all(wanted.annotations(), live.annotations())
}
