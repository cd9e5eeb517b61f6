use crate::execute::Stop;
use crate::{ApplyContext, SyncReport, task};
use fairway_core::{ApplyMode, SyncPhase};
use fairway_plan::{Action, SyncPlan, Task};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

/// Asks the server about every object that it is expected to refuse before anything is written, so that a sync that cannot
/// succeed changes nothing. As the dry run of Argo CD 3 `gitops-engine/pkg/sync/sync_context.go`, which sends every object;
/// a server that agrees with the schemas is asked about none. What may come about during the sync (a Namespace, a kind) is no
/// reason to stop.
pub(crate) async fn rehearse(
    plan: &SyncPlan,
    ctx: &ApplyContext,
    report: &mut SyncReport,
) -> Result<(), Stop> {
    if plan.dry_run {
        return Ok(());
    }
    let suspects = plan.phases.iter().flat_map(|phase| {
        let tasks = phase.waves.iter().flat_map(|w| &w.steps).flat_map(|s| &s.tasks);
        tasks.filter(|t| is_suspect(ctx, t)).map(move |t| (phase.phase, t))
    });
    let mut asked: FuturesUnordered<_> =
        suspects.map(|(phase, suspect): (SyncPhase, _)| task::rehearse(ctx, suspect, phase)).collect();
    let mut refused = false;
    while let Some(result) = asked.next().await {
        if let Some(result) = result {
            report.set(result);
            refused = true;
        }
    }
    if refused { Err(Stop::Rehearsal) } else { Ok(()) }
}

fn is_suspect(ctx: &ApplyContext, task: &Task) -> bool {
    // What replaces or makes anew may be refused for the live object and taken all the same.
    let plain = match task.action {
        Action::Create | Action::Apply => task.options.mode == ApplyMode::ServerSide,
        Action::RunHook => true,
        _ => false,
    };
    plain && !task.options.recreate_on_refusal && task.object.as_ref().is_some_and(|o| (ctx.is_suspect)(o))
}
