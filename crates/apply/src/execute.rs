use crate::rehearse::rehearse;
use crate::{
    ApplyContext, Control, HookPhase, Lack, ReportPhase, ResultStatus, SyncReport, TaskResult, task,
};
use fairway_core::{DeleteRequest, HealthStatus, ObjectKey, Propagation, SyncPhase};
use fairway_plan::{Action, Cleanup, PhasePlan, Refusal, Step, SyncPlan, WavePlan};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use std::collections::BTreeSet;

/// Why a phase does not go on.
pub(crate) enum Stop {
    /// The server would refuse something; nothing was written.
    Rehearsal,
    /// A task failed.
    Failed,
    /// The sync was ended from outside; in words.
    Ended(String),
}

/// Carries out a plan that may be carried out, and says what became of it.
///
/// As Argo CD 3 `gitops-engine/pkg/sync` `Sync`, with three differences: objects of one step are written at once, no
/// fixed pause stands between waves, and hooks are deleted as soon as the sync has ended.
pub async fn execute(plan: &SyncPlan, ctx: &ApplyContext) -> SyncReport {
    let mut report = SyncReport::default();
    if !plan.is_executable() {
        refuse(plan, &mut report);
        return report;
    }
    let work = phases(plan, ctx, &mut report);
    let outcome = match ctx.deadline {
        None => work.await,
        Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            Err(Stop::Ended(format!("the operation took longer than {} s", limit.as_secs())))
        }),
    };
    match outcome {
        Ok(()) => {
            report.phase = ReportPhase::Succeeded;
            report.message = succeeded_message(plan, &report);
            clean_up(ctx, plan.dry_run, &plan.cleanup_on_success, &report).await;
        }
        Err(Stop::Rehearsal) => {
            report.phase = ReportPhase::Failed;
            report.message = refused_message(&report, " (dry run)").unwrap_or_default();
        }
        Err(Stop::Failed) => {
            report.message = failed_message(&report);
            if let Some(phase) = &plan.on_failure {
                let before = report.message.clone();
                // What the hooks after a failure do does not make the failure better or worse.
                let _ = run_phase(plan, phase, ctx, &mut report).await;
                report.message = before;
            }
            report.phase = ReportPhase::Failed;
            clean_up(ctx, plan.dry_run, &plan.cleanup_on_failure, &report).await;
        }
        Err(Stop::Ended(why)) => {
            end_hooks(ctx, &mut report).await;
            report.phase = ReportPhase::Failed;
            report.message = why;
            report.terminated = true;
        }
    }
    (ctx.progress)(&report);
    report
}

/// Says why a plan may not be carried out; objects of unknown kinds are results of their own, as Argo CD shows them.
fn refuse(plan: &SyncPlan, report: &mut SyncReport) {
    report.phase = ReportPhase::Failed;
    report.message = plan.refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    for refusal in &plan.refusals {
        let Refusal::UnknownKind { key, gvk, .. } = refusal else { continue };
        let task = plan.tasks().find(|(_, _, t)| t.key == *key);
        report.set(TaskResult {
            key: key.clone(),
            version: gvk.version.clone(),
            status: Some(ResultStatus::SyncFailed),
            message: refusal.to_string(),
            sync_phase: task.map_or(SyncPhase::Sync, |(phase, _, _)| phase),
            is_hook: task.is_some_and(|(_, _, t)| t.hook.is_some()),
            phase: HookPhase::Failed,
            lacks: Some(Lack::Kind(gvk.clone())),
            is_consequence: false,
        });
    }
    if !report.results.is_empty() {
        report.message = format!("one or more synchronization tasks are not valid: {}", report.message);
    }
}

async fn phases(plan: &SyncPlan, ctx: &ApplyContext, report: &mut SyncReport) -> Result<(), Stop> {
    rehearse(plan, ctx, report).await?;
    if plan.has_hooks() {
        (ctx.record)(report).await;
    }
    for phase in &plan.phases {
        run_phase(plan, phase, ctx, report).await?;
    }
    Ok(())
}

async fn run_phase(
    plan: &SyncPlan,
    phase: &PhasePlan,
    ctx: &ApplyContext,
    report: &mut SyncReport,
) -> Result<(), Stop> {
    for wave in &phase.waves {
        let mut failed = BTreeSet::new();
        for step in &wave.steps {
            check_control(ctx)?;
            run_step(plan, phase.phase, step, ctx, report, &mut failed).await;
            (ctx.progress)(report);
        }
        if !failed.is_empty() {
            return Err(Stop::Failed);
        }
        if !plan.dry_run {
            wait_for(phase.phase, wave, ctx, report).await?;
        }
        settle(report, phase.phase);
    }
    Ok(())
}

fn check_control(ctx: &ApplyContext) -> Result<(), Stop> {
    match &*ctx.control.borrow() {
        Control::Run => Ok(()),
        Control::Terminate(why) => Err(Stop::Ended(why.clone())),
    }
}

/// Runs the tasks of one step at once. A task that needs one that failed is not run.
async fn run_step(
    plan: &SyncPlan,
    phase: SyncPhase,
    step: &Step,
    ctx: &ApplyContext,
    report: &mut SyncReport,
    failed: &mut BTreeSet<ObjectKey>,
) {
    let mut running = FuturesUnordered::new();
    for task in &step.tasks {
        if let Some(missing) = task.needs.iter().find(|k| failed.contains(*k)) {
            if task.action.writes() {
                failed.insert(task.key.clone());
                report.set(TaskResult {
                    key: task.key.clone(),
                    version: task.version.clone(),
                    status: Some(ResultStatus::SyncFailed),
                    message: format!("not applied: {missing} failed, and this needs it"),
                    sync_phase: phase,
                    is_hook: task.hook.is_some(),
                    phase: HookPhase::Failed,
                    lacks: None,
                    is_consequence: true,
                });
            }
            continue;
        }
        running.push(task::run(ctx, task, phase, plan.dry_run));
    }
    while let Some(result) = running.next().await {
        let Some(result) = result else { continue };
        if result.phase == HookPhase::Failed {
            failed.insert(result.key.clone());
        }
        report.set(result);
    }
}

/// Waits until the hooks of a wave have ended, what it deletes is gone and, where the wave has a gate, its objects are
/// well.
async fn wait_for(
    phase: SyncPhase,
    wave: &WavePlan,
    ctx: &ApplyContext,
    report: &mut SyncReport,
) -> Result<(), Stop> {
    let mut changes = ctx.changes.clone();
    let mut control = ctx.control.clone();
    loop {
        changes.mark_unchanged();
        let waiting = look(phase, wave, ctx, report);
        if report.results.iter().any(|r| r.sync_phase == phase && r.phase == HookPhase::Failed) {
            return Err(Stop::Failed);
        }
        let Some(first) = waiting.first() else { return Ok(()) };
        let more = waiting.len() - 1;
        report.message = if more == 0 {
            format!("waiting for {first}")
        } else {
            format!(
                "waiting for {first} and {more} more {}",
                if more == 1 { "resource" } else { "resources" }
            )
        };
        (ctx.progress)(report);
        if let Control::Terminate(why) = control.borrow_and_update().clone() {
            return Err(Stop::Ended(why));
        }
        tokio::select! {
            biased;
            Ok(()) = changes.changed() => {}
            Ok(()) = control.changed() => {}
            () = tokio::time::sleep(crate::wait::LOOK_AGAIN) => {}
            else => return Err(Stop::Ended("the engine is shutting down".to_owned())),
        }
    }
}

/// Looks at every object of a wave, notes what has ended, and names what has not.
fn look(phase: SyncPhase, wave: &WavePlan, ctx: &ApplyContext, report: &mut SyncReport) -> Vec<String> {
    let mut waiting = Vec::new();
    for task in wave.steps.iter().flat_map(|s| &s.tasks) {
        let live = ctx.view.get(&task.key);
        let (ended, words) = match task.action {
            Action::Skip => continue,
            Action::Prune => {
                let gone =
                    live.is_none_or(|l| !task.live_uid.is_empty() && l.uid() != task.live_uid.as_str());
                (gone.then_some((HookPhase::Succeeded, None)), "deletion of")
            }
            Action::RunHook | Action::AwaitHook => (judge(ctx, live.as_deref(), true), "completion of hook"),
            Action::Create | Action::Apply | Action::Replace | Action::Recreate | Action::Keep => {
                if !wave.gate {
                    continue;
                }
                (judge(ctx, live.as_deref(), false), "healthy state of")
            }
        };
        match ended {
            None => waiting.push(format!("{words} {}", task.key)),
            Some((how, message)) => {
                if let Some(result) =
                    report.results.iter_mut().find(|r| r.key == task.key && r.sync_phase == phase)
                {
                    result.phase = how;
                    if let Some(message) = message.filter(|m| !m.is_empty()) {
                        result.message = message;
                    }
                }
            }
        }
    }
    waiting
}

/// Says whether an object has ended, and how. Nothing while it has not.
fn judge(
    ctx: &ApplyContext,
    live: Option<&fairway_core::Live>,
    is_hook: bool,
) -> Option<(HookPhase, Option<String>)> {
    let Some(live) = live else {
        // The cache has taken the write's answer in, so an object that is not there has gone since.
        let message = "the object was deleted while it was waited for".to_owned();
        return Some((if is_hook { HookPhase::Error } else { HookPhase::Failed }, Some(message)));
    };
    let Some(health) = ctx.judge.health(live) else { return Some((HookPhase::Succeeded, None)) };
    match health.status {
        HealthStatus::Healthy => Some((HookPhase::Succeeded, Some(health.message.to_string()))),
        HealthStatus::Degraded => Some((HookPhase::Failed, Some(health.message.to_string()))),
        HealthStatus::Unknown | HealthStatus::Missing if is_hook => {
            Some((HookPhase::Error, Some(health.message.to_string())))
        }
        HealthStatus::Suspended
        | HealthStatus::Progressing
        | HealthStatus::Unknown
        | HealthStatus::Missing => None,
    }
}

/// What has been applied and is not waited for has succeeded.
fn settle(report: &mut SyncReport, phase: SyncPhase) {
    for result in report.results.iter_mut().filter(|r| r.sync_phase == phase && r.phase == HookPhase::Running)
    {
        result.phase = HookPhase::Succeeded;
    }
}

fn succeeded_message(plan: &SyncPlan, report: &SyncReport) -> String {
    let skipped = report.results.iter().filter(|r| r.status == Some(ResultStatus::PruneSkipped)).count();
    let tail = if skipped > 0 { format!("; {skipped} to prune were kept") } else { String::new() };
    let dry = if plan.dry_run { " (dry run)" } else { "" };
    format!("successfully synced (all tasks run){dry}{tail}")
}

/// Says which objects were refused; nothing where none was.
fn refused_message(report: &SyncReport, when: &str) -> Option<String> {
    let refused = report.results.iter().filter(|r| r.status == Some(ResultStatus::SyncFailed));
    let mut reasons: Vec<&str> = refused.map(|r| r.message.as_str()).collect();
    reasons.dedup();
    (!reasons.is_empty())
        .then(|| format!("one or more objects failed to apply{when}, reason: {}", reasons.join(",")))
}

fn failed_message(report: &SyncReport) -> String {
    if let Some(message) = refused_message(report, "") {
        return message;
    }
    let ended = report.results.iter().filter(|r| matches!(r.phase, HookPhase::Failed | HookPhase::Error));
    let reasons: Vec<String> = ended.map(|r| format!("{}: {}", r.key, r.message)).collect();
    format!("one or more synchronization tasks completed unsuccessfully, reason: {}", reasons.join(","))
}

async fn clean_up(ctx: &ApplyContext, dry_run: bool, cleanup: &[Cleanup], report: &SyncReport) {
    let ran = |hook: &&Cleanup| {
        let of_it = |r: &&TaskResult| r.key == hook.key && r.sync_phase == hook.phase;
        let is_due =
            |r: &TaskResult| if hook.if_failed { r.hook_failed() } else { r.phase != HookPhase::Running };
        report.results.iter().filter(of_it).any(is_due)
    };
    let done: Vec<&Cleanup> = cleanup.iter().filter(ran).collect();
    if dry_run || done.is_empty() {
        return;
    }
    // The report says how the sync ended only when this has: until then it goes on.
    let so_far = SyncReport { phase: ReportPhase::Running, ..report.clone() };
    (ctx.record)(&so_far).await;
    for hook in done {
        delete_hook(ctx, &hook.key, &hook.version).await;
    }
}

async fn end_hooks(ctx: &ApplyContext, report: &mut SyncReport) {
    let running: Vec<(ObjectKey, fairway_core::Str)> = report
        .results
        .iter_mut()
        .filter(|r| r.is_hook && r.phase == HookPhase::Running)
        .map(|r| {
            r.phase = HookPhase::Failed;
            "terminated".clone_into(&mut r.message);
            (r.key.clone(), r.version.clone())
        })
        .collect();
    for (key, version) in running {
        delete_hook(ctx, &key, &version).await;
    }
}

async fn delete_hook(ctx: &ApplyContext, key: &ObjectKey, version: &fairway_core::Str) {
    let request = DeleteRequest {
        key: key.clone(),
        version: version.clone(),
        uid: ctx.view.get(key).map(|l| l.uid().into()).unwrap_or_default(),
        propagation: Propagation::Background,
        dry_run: false,
    };
    if let Err(error) = ctx.writer.delete(request).await {
        tracing::warn!(hook = %key, error = %error, "hook was not deleted; the next sync deletes it");
    }
}
