//! Syncs: when one starts, how it goes on, how it ends.

use crate::app_entry::{AppEntry, Memory, RunningSync};
use crate::engine::{Engine, parse_time, unix_seconds};
use crate::ledger::Ledger;
use crate::queue::Level;
use crate::reconcile::Pass;
use fairway_apply::{ApplyContext, Control, Judge, ReportPhase, SyncReport, execute};
use fairway_argocd::{OperationPhase, OperationState, lower_operation, operation_of};
use fairway_core::{
    App, BoxFuture, Clock, Condition, ConditionKind, Health, Object, ObjectKey, Operation, OperationSync,
    Retry, Str, SyncPhase, SyncStatus, SyncTarget,
};
use fairway_lua::Customizations;
use fairway_plan::{HookOutcome, SyncPlan};
use fairway_value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long a running sync is left alone before it is shown: most end sooner, and one write says it all.
pub(crate) const SHOW_AFTER: Duration = Duration::from_millis(250);

/// How long at most a running sync is not shown because the API server has real work to do.
const SHOW_LATEST: Duration = Duration::from_secs(10);

/// How often the report of a running sync is shown at most.
const SHOW_EVERY: Duration = Duration::from_secs(1);

/// Retries of an automated sync whose App names none, as Argo CD.
const AUTO_RETRIES: i64 = 5;

/// Waits between self-heal attempts: 2 s, times 3 each, up to 5 min, as Argo CD's shipped values.
const HEAL_FIRST: Duration = Duration::from_secs(2);
const HEAL_MAX: Duration = Duration::from_secs(300);

/// After this long without drift, self-heal starts afresh.
const HEAL_COOLDOWN: i64 = 330;

/// Judges what a sync waits for, by the settings at its start.
pub(crate) struct HealthJudge {
    pub(crate) customizations: Arc<Customizations>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Judge for HealthJudge {
    fn health(&self, object: &Object) -> Option<Health> {
        crate::scripts::assess(&self.customizations, object, unix_seconds(self.clock.now()))
    }
}

impl Engine {
    /// Returns the operation that a person's plain sync would be: what the preview shows.
    pub(crate) fn default_operation(&self, app: &App) -> Operation {
        let prune = app.sync_policy.automated.is_some_and(|a| a.prune);
        Operation { sync: OperationSync { prune, ..OperationSync::default() }, ..Operation::default() }
    }

    /// Returns the judge of what is waited for now.
    pub(crate) fn health_judge(&self) -> Arc<HealthJudge> {
        let customizations = self.snapshot().customizations.clone();
        Arc::new(HealthJudge { customizations, clock: self.clock.clone() })
    }

    /// Goes on with a sync, or starts one where somebody asked or automation has to.
    pub(crate) async fn operate(
        self: &Arc<Self>,
        pass: &Pass<'_>,
        entry: &Arc<AppEntry>,
        memory: &mut Memory,
        notes: &mut Vec<Condition>,
    ) {
        if memory.running.as_ref().is_some_and(|r| r.task.is_finished()) {
            // The end is taken in by the status that is written next; see `take_ended`.
            return;
        }
        if let Some(running) = &mut memory.running {
            self.supervise(pass, running);
            return;
        }
        let state = pass.application.get(&["status", "operationState"]).and_then(OperationState::from_value);
        if let Some(asked) = pass.application.operation() {
            self.start_asked(pass, entry, memory, asked.clone(), None).await;
            return;
        }
        if let Some(state) = state.as_ref().filter(|s| !s.phase.is_completed()) {
            if is_overtaken(pass, state) {
                // The newest revision wins over a retry that waits, and has all its attempts before it.
                self.automate(pass, entry, memory, Some(state), notes).await;
                if memory.running.is_some() {
                    return;
                }
            }
            if !self.retry_is_due(pass, state) {
                return;
            }
            let operation = state.operation.clone();
            self.start_asked(pass, entry, memory, operation, Some(state)).await;
            return;
        }
        self.automate(pass, entry, memory, state.as_ref(), notes).await;
    }

    /// Ends a running sync that was overtaken or that a person ended.
    fn supervise(&self, pass: &Pass<'_>, running: &mut RunningSync) {
        let asked_to_end = pass.application.operation_phase() == OperationPhase::Terminating.as_str();
        if asked_to_end {
            let _ = running.control.send(Control::Terminate("Operation terminated".to_owned()));
            running.state.phase = OperationPhase::Terminating;
        }
        let overtaken = running.operation.automated
            && running.operation.sync.resources.is_empty()
            && running.revisions != pass.target.revisions;
        if overtaken && !running.superseded {
            running.superseded = true;
            let newest = pass.target.revisions.first().map(Str::as_str).unwrap_or_default();
            let _ = running.control.send(Control::Terminate(format!("superseded by revision {newest}")));
        }
    }

    /// Whether the next attempt of an operation that waits is due. One that was cut off goes on at once.
    fn retry_is_due(&self, pass: &Pass<'_>, state: &OperationState) -> bool {
        if state.phase == OperationPhase::Terminating || state.finished_at.is_empty() {
            return true;
        }
        let retry = lower_operation(&state.operation).map(|o| o.retry).unwrap_or_default();
        let failed = u32::try_from(state.retry_count.max(0)).unwrap_or(u32::MAX);
        let due = parse_time(&state.finished_at).unwrap_or_default()
            + i64::try_from(retry.backoff.wait(failed).as_secs()).unwrap_or(i64::MAX / 2);
        let now = unix_seconds(self.clock.now());
        if due > now {
            let wait = Duration::from_secs(u64::try_from(due - now).unwrap_or(1));
            self.queue.add_after(pass.app.id.clone(), Level::Live, wait);
        }
        // What the last attempt failed for may be there by now.
        due <= now || self.lacking.is_over(&pass.app.id, &**pass.place.cluster.cache())
    }

    /// Starts an operation that is written on the Application, or goes on with one.
    async fn start_asked(
        self: &Arc<Self>,
        pass: &Pass<'_>,
        entry: &Arc<AppEntry>,
        memory: &mut Memory,
        asked: Value,
        earlier: Option<&OperationState>,
    ) {
        let terminating = earlier.is_some_and(|s| s.phase == OperationPhase::Terminating);
        match lower_operation(&asked) {
            Ok(_) if terminating => {
                let message = "Operation terminated".to_owned();
                memory.running =
                    Some(ended_at_once(self, asked, pass, earlier, (OperationPhase::Failed, message)));
            }
            Ok(operation) => self.start(pass, entry, memory, operation, asked, earlier).await,
            Err(error) => {
                let why = (OperationPhase::Error, error.to_string());
                memory.running = Some(ended_at_once(self, asked, pass, earlier, why));
            }
        }
        self.queue.add(pass.app.id.clone(), Level::Live);
    }

    /// Decides whether automation has to sync, as Argo CD's `autoSync`.
    async fn automate(
        self: &Arc<Self>,
        pass: &Pass<'_>,
        entry: &Arc<AppEntry>,
        memory: &mut Memory,
        last: Option<&OperationState>,
        notes: &mut Vec<Condition>,
    ) {
        let Some(policy) = pass.app.sync_policy.automated else { return };
        let may_sync = !notes.iter().any(|c| c.kind.blocks_sync()) && self.window_permits(pass, false);
        if pass.compared.sync != SyncStatus::OutOfSync || !may_sync {
            return;
        }
        let drifted: Vec<_> =
            pass.compared.objects.iter().filter(|o| o.status == Some(SyncStatus::OutOfSync)).collect();
        if !policy.prune && !drifted.is_empty() && drifted.iter().all(|o| o.requires_pruning) {
            return;
        }
        let attempted = last
            .and_then(|s| s.sync_result.as_ref())
            .is_some_and(|r| r.revisions == pass.target.revisions && r.sources == written_sources(pass));
        let mut sync = OperationSync {
            revision: if pass.app.multi_source { Str::new() } else { first(&pass.target.revisions) },
            revisions: if pass.app.multi_source { pass.target.revisions.clone() } else { Vec::new() },
            prune: policy.prune,
            ..OperationSync::default()
        };
        if let Some(last) = last.filter(|_| attempted) {
            if last.phase != OperationPhase::Succeeded {
                let words = format!(
                    "Failed last sync attempt to {}: {}",
                    pass.target.revisions.join(","),
                    last.message
                );
                notes.push(Condition::new(ConditionKind::SyncError, words));
                return;
            }
            if !policy.self_heal {
                return;
            }
            let Some(attempts) = self.heal_is_due(pass, last) else { return };
            sync.self_heal_attempts = attempts;
            sync.resources = drifted
                .iter()
                .filter(|o| policy.prune || !o.requires_pruning)
                .map(|o| SyncTarget { key: o.key.clone() })
                .collect();
        }
        let retry = pass.app.sync_policy.retry.unwrap_or(Retry { limit: AUTO_RETRIES, ..Retry::default() });
        let operation = Operation { sync, username: Str::new(), automated: true, retry };
        let written = operation_of(&operation);
        if let Some(refused) = self.start_automated(pass, entry, memory, operation, written).await {
            notes.push(refused);
        }
    }

    /// Returns how many self-heal attempts came before the one that is due, or nothing while it is not.
    fn heal_is_due(&self, pass: &Pass<'_>, last: &OperationState) -> Option<u32> {
        let before = lower_operation(&last.operation).map(|o| o.sync.self_heal_attempts).unwrap_or_default();
        let since = unix_seconds(self.clock.now()) - parse_time(&last.finished_at).unwrap_or_default();
        if since > HEAL_COOLDOWN {
            return Some(1);
        }
        let wait = match before {
            0 => Duration::ZERO,
            n => HEAL_FIRST.saturating_mul(3_u32.saturating_pow(n - 1)).min(HEAL_MAX),
        };
        let left = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX) - since;
        if left > 0 {
            let left = Duration::from_secs(u64::try_from(left).unwrap_or(1));
            self.queue.add_after(pass.app.id.clone(), Level::Live, left);
            return None;
        }
        Some(before + 1)
    }

    /// Starts an automated sync, unless its plan is refused: then nothing is touched and the refusal is shown.
    async fn start_automated(
        self: &Arc<Self>,
        pass: &Pass<'_>,
        entry: &Arc<AppEntry>,
        memory: &mut Memory,
        operation: Operation,
        written: Value,
    ) -> Option<Condition> {
        let start = Start::now(self.now_unix());
        let plan = self.plan_for(pass, &operation, &start);
        let deletion = plan.refusals.iter().find(|r| {
            matches!(r, fairway_plan::Refusal::EmptySource { .. } | fairway_plan::Refusal::OverBudget { .. })
        });
        if let Some(refused) = deletion {
            let words = format!("Skipping sync attempt to {}: {refused}", pass.target.revisions.join(","));
            return Some(Condition::new(ConditionKind::SyncError, words));
        }
        let planned = Planned { plan, revisions: pass.target.revisions.clone(), started_unix: start.unix };
        self.launch(pass, entry, memory, operation, written, None, planned);
        None
    }

    /// Whether a running sync need not be shown yet: one that ends soon is shown once, with its end, and while the API
    /// server has writes of syncs to answer, telling how they go would slow them. A sync that a person asked for is
    /// shown at once, and so is one with hooks: their names are part of what is shown, should the engine be killed.
    pub(crate) fn may_stay_unshown(&self, pass: &Pass<'_>, running: &RunningSync) -> bool {
        let for_itself = running.operation.automated && !running.has_hooks && !running.shown;
        if !for_itself || running.superseded || running.state.phase != OperationPhase::Running {
            return false;
        }
        if pass.application.operation().is_some() || pass.application.refresh().is_some() {
            return false;
        }
        let since = running.began.elapsed();
        since < SHOW_AFTER || (since < SHOW_LATEST && self.home().is_busy())
    }

    /// Plans an operation and starts to carry it out.
    async fn start(
        self: &Arc<Self>,
        pass: &Pass<'_>,
        entry: &Arc<AppEntry>,
        memory: &mut Memory,
        operation: Operation,
        written: Value,
        earlier: Option<&OperationState>,
    ) {
        let cut_off = earlier.filter(|s| s.finished_at.is_empty());
        match self.plan_operation(pass, &operation, cut_off).await {
            Ok(planned) => self.launch(pass, entry, memory, operation, written, earlier, planned),
            Err(why) => {
                memory.running =
                    Some(ended_at_once(self, written, pass, earlier, (OperationPhase::Error, why)));
            }
        }
    }

    /// Carries out a plan in the background.
    #[expect(clippy::too_many_arguments, reason = "what a pass holds, and what was decided in it")]
    fn launch(
        self: &Arc<Self>,
        pass: &Pass<'_>,
        entry: &Arc<AppEntry>,
        memory: &mut Memory,
        operation: Operation,
        written: Value,
        earlier: Option<&OperationState>,
        planned: Planned,
    ) {
        let Planned { plan, revisions, started_unix } = planned;
        self.lacking.forget(&pass.app.id);
        let has_hooks = plan.has_hooks();
        let (control, controlled) = watch::channel(Control::Run);
        let ledger = Arc::new(Ledger::default());
        let (engine, id, told) = (self.clone(), pass.app.id.clone(), ledger.clone());
        let progress = move |now: &SyncReport| {
            told.tell(now);
            engine.queue.add_after(id.clone(), Level::Live, SHOW_EVERY);
        };
        let (engine, id, told) = (self.clone(), pass.app.id.clone(), ledger.clone());
        let record = move |now: &SyncReport| -> BoxFuture<'static, ()> {
            let number = told.tell(now);
            engine.queue.add(id.clone(), Level::Live);
            let told = told.clone();
            Box::pin(async move { told.recorded(number).await })
        };
        let schemas = pass.place.schemas.clone();
        let ctx = ApplyContext {
            writer: pass.place.cluster.clone(),
            view: pass.place.cluster.cache().clone(),
            judge: self.health_judge(),
            changes: entry.changes(),
            control: controlled,
            is_suspect: Box::new(move |object| fairway_diff::is_suspect(object.value(), &schemas)),
            deadline: Some(self.options.sync_timeout),
            progress: Box::new(progress),
            record: Box::new(record),
        };
        let (engine, id) = (self.clone(), pass.app.id.clone());
        let task = tokio::spawn(async move {
            let report = execute(&plan, &ctx).await;
            engine.queue.add(id, Level::Live);
            report
        });
        let state = OperationState {
            operation: written,
            phase: OperationPhase::Running,
            message: Str::new(),
            sync_result: None,
            started_at: time_of(started_unix),
            finished_at: Str::new(),
            retry_count: earlier.map_or(0, |s| s.retry_count + i64::from(!s.finished_at.is_empty())),
        };
        let is_full = operation.sync.resources.is_empty() && !operation.sync.dry_run;
        tracing::info!(
            app = %pass.app.id,
            revision = %revisions.join(","),
            automated = operation.automated,
            "sync started"
        );
        memory.running = Some(RunningSync {
            operation,
            revisions,
            sources: written_sources(pass),
            state,
            control,
            ledger,
            task,
            superseded: false,
            is_full,
            has_hooks,
            began: tokio::time::Instant::now(),
            shown: false,
        });
    }

    /// Plans an operation at the revision it names; most name the one that was compared.
    async fn plan_operation(
        self: &Arc<Self>,
        pass: &Pass<'_>,
        operation: &Operation,
        cut_off: Option<&OperationState>,
    ) -> Result<Planned, String> {
        if !operation.automated && !self.window_permits(pass, true) {
            return Err("cannot sync: blocked by sync window".to_owned());
        }
        let named = named_revisions(operation, pass.target.revisions.len());
        let same = operation.sync.sources.is_empty()
            && (named.iter().all(Str::is_empty) || named == pass.target.revisions);
        if same || operation.automated {
            let start = Start::of(self.now_unix(), cut_off, &pass.target.revisions);
            let plan = self.plan_for(pass, operation, &start);
            return Ok(Planned { plan, revisions: pass.target.revisions.clone(), started_unix: start.unix });
        }
        self.plan_elsewhere(pass, operation, &named, cut_off).await
    }
}

/// A decided operation.
pub(crate) struct Planned {
    pub plan: SyncPlan,
    pub revisions: Vec<Str>,
    pub started_unix: i64,
}

/// When an operation began, and how far it came if it was cut off.
#[derive(Default)]
pub(crate) struct Start {
    /// In seconds since 1970.
    pub unix: i64,
    /// Whether it was cut off and goes on.
    pub goes_on: bool,
    /// Hooks that it has started.
    pub hooks: BTreeMap<(SyncPhase, ObjectKey), HookOutcome>,
}

impl Start {
    /// An operation that begins.
    pub fn now(unix: i64) -> Self {
        Self { unix, ..Self::default() }
    }

    /// An operation that begins, or one that was cut off at the same revisions: that goes on under its own start, so that its
    /// hooks keep their names. Hooks of other revisions are others.
    pub fn of(now_unix: i64, cut_off: Option<&OperationState>, revisions: &[Str]) -> Self {
        let same = |s: &&OperationState| s.sync_result.as_ref().is_some_and(|r| r.revisions == revisions);
        match cut_off.filter(same).and_then(|s| Some((s, parse_time(&s.started_at)?))) {
            Some((state, unix)) => Self { unix, goes_on: true, hooks: hook_outcomes(state) },
            None => Self::now(now_unix),
        }
    }
}

/// An operation that ends before it has begun.
fn ended_at_once(
    engine: &Engine,
    operation: Value,
    pass: &Pass<'_>,
    earlier: Option<&OperationState>,
    (phase, message): (OperationPhase, String),
) -> RunningSync {
    let now: Str = engine.now_text().into();
    let report_phase = if phase == OperationPhase::Error { ReportPhase::Error } else { ReportPhase::Failed };
    let report = SyncReport { phase: report_phase, message, terminated: true, ..SyncReport::default() };
    let task = tokio::spawn(async move { report });
    // What was ended at other revisions says nothing of this one.
    let attempted = earlier.and_then(|s| s.sync_result.as_ref()).map(|r| r.revisions.clone());
    let named = || lower_operation(&operation).map(|o| named_revisions(&o, pass.target.revisions.len()));
    let attempted = attempted.or_else(|| named().ok().filter(|n| n.iter().any(|r| !r.is_empty())));
    RunningSync {
        operation: Operation::default(),
        revisions: attempted.unwrap_or_else(|| pass.target.revisions.clone()),
        sources: written_sources(pass),
        state: OperationState {
            operation,
            phase: OperationPhase::Running,
            message: Str::new(),
            sync_result: None,
            started_at: now,
            finished_at: Str::new(),
            retry_count: 0,
        },
        control: watch::channel(Control::Run).0,
        ledger: Arc::default(),
        task,
        superseded: false,
        is_full: false,
        has_hooks: false,
        began: tokio::time::Instant::now(),
        shown: false,
    }
}

/// Whether an automated sync that waits for its next attempt, or was cut off, would go on at a revision that is no longer wanted.
fn is_overtaken(pass: &Pass<'_>, state: &OperationState) -> bool {
    let attempted = state.sync_result.as_ref().map(|r| r.revisions.as_slice()).unwrap_or_default();
    state.phase == OperationPhase::Running
        && is_automated(&state.operation)
        && attempted != pass.target.revisions
}

fn time_of(unix: i64) -> Str {
    jiff::Timestamp::from_second(unix).map(|t| t.to_string()).unwrap_or_default().into()
}

fn first(revisions: &[Str]) -> Str {
    revisions.first().cloned().unwrap_or_default()
}

fn is_automated(operation: &Value) -> bool {
    operation.get_path(&["initiatedBy", "automated"]).and_then(Value::as_bool) == Some(true)
}

/// Revisions that an operation names, one a source; empty where it names none.
pub(crate) fn named_revisions(operation: &Operation, sources: usize) -> Vec<Str> {
    if !operation.sync.revisions.is_empty() {
        return operation.sync.revisions.clone();
    }
    let mut named = vec![Str::new(); sources.max(1)];
    if let Some(slot) = named.first_mut() {
        *slot = operation.sync.revision.clone();
    }
    named
}

/// The sources as written in the Application.
pub(crate) fn written_sources(pass: &Pass<'_>) -> Vec<Value> {
    pass.application.sources().into_iter().cloned().collect()
}

/// How the hooks of a sync that was cut off stood.
fn hook_outcomes(state: &OperationState) -> BTreeMap<(SyncPhase, ObjectKey), HookOutcome> {
    let results = state.sync_result.iter().flat_map(|r| &r.resources);
    results
        .filter(|r| r.hook_type.is_some() && state.finished_at.is_empty())
        .filter_map(|r| {
            let outcome = match r.hook_phase? {
                OperationPhase::Succeeded => HookOutcome::Succeeded,
                OperationPhase::Failed | OperationPhase::Error => HookOutcome::Failed(r.message.clone()),
                OperationPhase::Running | OperationPhase::Terminating => HookOutcome::Running,
            };
            Some(((r.sync_phase, r.key.clone()), outcome))
        })
        .collect()
}
