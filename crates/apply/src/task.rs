use crate::wait::{self, Waited};
use crate::{ApplyContext, HookPhase, Lack, ResultStatus, TaskResult};
use fairway_core::{
    ApiError, ApiErrorKind, ApplyMode, ApplyRequest, DeleteRequest, Live, Object, Propagation, SyncPhase,
};
use fairway_plan::{Action, Reason, Task};

/// Carries out one task and says what became of it. Nothing for a task that leaves its object alone.
pub(crate) async fn run(
    ctx: &ApplyContext,
    task: &Task,
    phase: SyncPhase,
    dry_run: bool,
) -> Option<TaskResult> {
    match task.action {
        Action::Create | Action::Apply | Action::Replace | Action::Recreate => {
            Some(write(ctx, task, phase, dry_run).await)
        }
        Action::RunHook => Some(hook(ctx, task, phase, dry_run).await),
        Action::AwaitHook => Some(outcome(task, phase, HookPhase::Running, None, String::new())),
        Action::Prune => Some(prune(ctx, task, phase, dry_run).await),
        Action::Keep => Some(outcome(
            task,
            phase,
            HookPhase::Succeeded,
            Some(ResultStatus::Synced),
            "unchanged".to_owned(),
        )),
        Action::Skip => skipped(task, phase),
    }
}

fn outcome(
    task: &Task,
    sync_phase: SyncPhase,
    phase: HookPhase,
    status: Option<ResultStatus>,
    message: String,
) -> TaskResult {
    TaskResult {
        key: task.key.clone(),
        version: task.version.clone(),
        status,
        message,
        sync_phase,
        is_hook: task.hook.is_some(),
        phase,
        lacks: None,
        is_consequence: false,
    }
}

fn skipped(task: &Task, phase: SyncPhase) -> Option<TaskResult> {
    let message = match task.reason {
        Reason::PruneOff => "ignored (requires pruning)",
        Reason::PruneFalse => "ignored (no prune)",
        Reason::PruneNeedsConfirmation => "ignored (requires confirmation to prune)",
        _ => return None,
    };
    let status = Some(ResultStatus::PruneSkipped);
    Some(outcome(task, phase, HookPhase::Succeeded, status, message.to_owned()))
}

async fn write(ctx: &ApplyContext, task: &Task, phase: SyncPhase, dry_run: bool) -> TaskResult {
    let Some(object) = &task.object else {
        let why = "the plan has no object for it".to_owned();
        return outcome(task, phase, HookPhase::Failed, Some(ResultStatus::SyncFailed), why);
    };
    match write_object(ctx, task, object, dry_run).await {
        Ok(live) => {
            let message = applied_message(task, object, &live);
            if !dry_run && is_crd(object) {
                return established(ctx, task, phase, object, message).await;
            }
            let gate = if dry_run { HookPhase::Succeeded } else { HookPhase::Running };
            outcome(task, phase, gate, Some(ResultStatus::Synced), message)
        }
        Err(error) => failed(task, phase, &error),
    }
}

fn failed(task: &Task, phase: SyncPhase, error: &ApiError) -> TaskResult {
    let words = error.message.to_string();
    let lacks = Lack::behind(error, &task.key, &task.version);
    TaskResult { lacks, ..outcome(task, phase, HookPhase::Failed, Some(ResultStatus::SyncFailed), words) }
}

/// Asks the server whether it would take a task's object. What it says where it would not; nothing where it would, or where
/// something that the sync itself brings may be missing.
pub(crate) async fn rehearse(ctx: &ApplyContext, task: &Task, phase: SyncPhase) -> Option<TaskResult> {
    let object = task.object.as_ref()?;
    match write_object(ctx, task, object, true).await {
        Err(e) if matches!(e.kind, ApiErrorKind::Invalid | ApiErrorKind::BadRequest) => {
            Some(failed(task, phase, &e))
        }
        _ => None,
    }
}

async fn write_object(
    ctx: &ApplyContext,
    task: &Task,
    object: &Object,
    dry_run: bool,
) -> Result<Live, ApiError> {
    let options = &task.options;
    let mode = match task.action {
        Action::Replace => ApplyMode::Replace,
        Action::Recreate => ApplyMode::Recreate,
        _ => options.mode,
    };
    let request = |mode: ApplyMode| ApplyRequest {
        object: object.clone(),
        mode,
        dry_run,
        force_conflicts: options.force_conflicts,
        validation: options.validation,
        take_over_from: if dry_run { Vec::new() } else { options.take_over_from.clone() },
    };
    match ctx.writer.apply(request(mode)).await {
        Err(error) if options.recreate_on_refusal && is_refusal(&error) => {
            ctx.writer.apply(request(ApplyMode::Recreate)).await
        }
        other => other,
    }
}

/// What `Force` deletes and makes anew for: kubectl's `--force` does on Conflict and Invalid.
fn is_refusal(error: &ApiError) -> bool {
    matches!(error.kind, ApiErrorKind::Conflict | ApiErrorKind::Invalid)
}

fn is_crd(object: &Object) -> bool {
    object.group() == "apiextensions.k8s.io" && object.kind() == "CustomResourceDefinition"
}

/// Waits until a CRD is served, so that its objects can be applied.
async fn established(
    ctx: &ApplyContext,
    task: &Task,
    phase: SyncPhase,
    object: &Object,
    message: String,
) -> TaskResult {
    let key = object.key();
    let ready = |live: Option<&Live>| live.is_some_and(|l| wait::has_condition(l, "Established", "True"));
    match wait::until(ctx, &key, ready).await {
        Waited::Yes => {}
        Waited::Ended(why) => {
            let why = format!("{message}; waiting for it to be Established: {why}");
            return outcome(task, phase, HookPhase::Failed, Some(ResultStatus::SyncFailed), why);
        }
    }
    match ctx.writer.rediscover().await {
        Ok(()) => outcome(task, phase, HookPhase::Succeeded, Some(ResultStatus::Synced), message),
        Err(error) => failed(task, phase, &error),
    }
}

async fn hook(ctx: &ApplyContext, task: &Task, phase: SyncPhase, dry_run: bool) -> TaskResult {
    let Some(object) = &task.object else {
        let why = "the plan has no object for it".to_owned();
        return outcome(task, phase, HookPhase::Failed, Some(ResultStatus::SyncFailed), why);
    };
    let stale = task.hook.as_ref().and_then(|h| h.delete_first.as_ref()).filter(|_| !dry_run);
    if let Some(uid) = stale {
        let gone = DeleteRequest {
            key: task.key.clone(),
            version: task.version.clone(),
            uid: uid.clone(),
            propagation: Propagation::Foreground,
            dry_run: false,
        };
        if let Err(error) = ctx.writer.delete(gone).await {
            return failed(task, phase, &error);
        }
        let is_gone = |live: Option<&Live>| live.is_none_or(|l| l.uid() != uid.as_str());
        if let Waited::Ended(why) = wait::until(ctx, &task.key, is_gone).await {
            let why = format!("waiting for the hook of an earlier sync to be deleted: {why}");
            return outcome(task, phase, HookPhase::Failed, Some(ResultStatus::SyncFailed), why);
        }
    }
    match write_object(ctx, task, object, dry_run).await {
        Ok(live) => {
            let gate = if dry_run { HookPhase::Succeeded } else { HookPhase::Running };
            outcome(task, phase, gate, Some(ResultStatus::Synced), applied_message(task, object, &live))
        }
        Err(error) => failed(task, phase, &error),
    }
}

async fn prune(ctx: &ApplyContext, task: &Task, phase: SyncPhase, dry_run: bool) -> TaskResult {
    let request = DeleteRequest {
        key: task.key.clone(),
        version: task.version.clone(),
        uid: task.live_uid.clone(),
        propagation: task.options.propagation,
        dry_run,
    };
    match ctx.writer.delete(request).await {
        Ok(()) => {
            let message = if dry_run { "pruned (dry run)" } else { "pruned" };
            let gate = if dry_run { HookPhase::Succeeded } else { HookPhase::Running };
            outcome(task, phase, gate, Some(ResultStatus::Pruned), message.to_owned())
        }
        Err(error) => failed(task, phase, &error),
    }
}

/// As kubectl says it: `deployment.apps/web serverside-applied`.
fn applied_message(task: &Task, object: &Object, live: &Live) -> String {
    let kind = task.key.kind.to_ascii_lowercase();
    let name = if object.name().is_empty() { live.name() } else { object.name() };
    let subject = if task.key.group.is_empty() {
        format!("{kind}/{name}")
    } else {
        format!("{kind}.{}/{name}", task.key.group)
    };
    let verb = match task.action {
        Action::Create | Action::RunHook => "created",
        Action::Replace => "replaced",
        Action::Recreate => "recreated",
        _ if task.options.mode == ApplyMode::ClientSide => "configured",
        _ => "serverside-applied",
    };
    format!("{subject} {verb}")
}
