//! Deleting an App: hooks before, its objects, hooks after, then its finalizers.

use crate::app_entry::{AppEntry, Memory};
use crate::clusters::Place;
use crate::compare::Compared;
use crate::engine::{Engine, parse_time, unix_seconds};
use crate::error::ReconcileError;
use crate::ledger::Ledger;
use crate::queue::Level;
use crate::snapshot::Snapshot;
use fairway_apply::{ApplyContext, Control, ReportPhase, SyncReport, TaskResult, execute};
use fairway_argocd::{Application, DeletionStep, lower};
use fairway_core::{
    App, ClusterWriter as _, Condition, ConditionKind, DeleteRequest, HealthStatus, HookDeletePolicy, Live,
    LiveView, Marks as _, ObjectKey, Propagation, SyncPhase, SyncStatus,
};
use fairway_plan::{Action, DeletionInput, plan_deletion};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Longest time that one attempt at a deletion takes before it says what it waits for.
const ATTEMPT_MAX: Duration = Duration::from_secs(60);

/// Wait between two attempts; twice as long after each that a hook failed in.
const AGAIN: Duration = Duration::from_secs(10);

/// Longest of these waits.
const AGAIN_MAX: Duration = Duration::from_secs(300);

impl Engine {
    /// Takes the next step of an App's deletion.
    pub(crate) async fn reconcile_deletion(
        self: &Arc<Self>,
        application: &Application,
        entry: &Arc<AppEntry>,
        memory: &mut Memory,
    ) {
        let app = lower(application.object().value()).app;
        if let Some(running) = memory.running.take() {
            let _ = running.control.send(Control::Terminate("the application is being deleted".to_owned()));
        }
        let Some(step) = application.deletion_step() else { return };
        if let Some(wait) = until(memory.deletion_due) {
            self.queue.add_after(app.id.clone(), Level::Live, wait);
            return;
        }
        memory.deletion_due = None;
        match self.delete_step(step, application, &app, entry, memory).await {
            Ok(()) => {
                // What is left has its turn when the Application is seen without these.
                let rest: fairway_core::Value =
                    application.finalizers_after(step).map(fairway_core::Value::from).collect();
                if let Err(error) = self.patch_finalizers(&app.id, rest).await {
                    tracing::warn!(app = %app.id, error = %error, "finalizers were not removed");
                    self.queue.add_after(app.id.clone(), Level::Live, AGAIN);
                }
            }
            Err(error) => {
                tracing::warn!(app = %app.id, error = %error, "App was not deleted yet");
                let note = Condition::new(ConditionKind::DeletionError, error.to_string());
                let health = fairway_core::Health::new(HealthStatus::Progressing, "");
                let shown = self
                    .write_early_status(application, &app, SyncStatus::Unknown, &health, &[note], memory)
                    .await;
                if let Err(error) = shown {
                    tracing::warn!(app = %app.id, error = %error, "status was not written");
                }
                self.queue.add_after(
                    app.id.clone(),
                    Level::Live,
                    until(memory.deletion_due).unwrap_or(AGAIN),
                );
            }
        }
    }

    async fn delete_step(
        self: &Arc<Self>,
        step: DeletionStep,
        application: &Application,
        app: &App,
        entry: &Arc<AppEntry>,
        memory: &mut Memory,
    ) -> Result<(), ReconcileError> {
        let snapshot = self.snapshot();
        let place = self.clusters.find(&app.destination, &snapshot).await?;
        if step == DeletionStep::Cleanup {
            return clean_up(app, &snapshot, &place).await;
        }
        let view: &dyn LiveView = &**place.cluster.cache();
        let mut live: BTreeMap<ObjectKey, Arc<Live>> =
            view.tracked_by(&app.id).into_iter().map(|l| (l.key(), l)).collect();
        let target = match step {
            DeletionStep::Objects => None,
            _ => Some(self.target_for_deletion(application, app, &snapshot, &place, memory).await?),
        };
        let desired = target.as_ref().map(|t| t.objects.clone()).unwrap_or_default();
        for hook in desired.iter() {
            if let Some(found) = view.get(&hook.key()) {
                live.insert(hook.key(), found);
            }
        }
        let started = application.object().deletion_timestamp().and_then(parse_time);
        let approved = application.deletion_approved_at().and_then(parse_time).is_some();
        let mut plan = plan_deletion(&DeletionInput {
            app,
            live: &live,
            desired: &desired,
            marks: &snapshot.marks,
            hooks: &BTreeMap::new(),
            started_unix: started.unwrap_or_else(|| unix_seconds(self.clock.now())),
            revision: target.as_ref().and_then(|t| t.revisions.first()).map_or("", |r| r.as_str()),
            deletion_approved: approved,
        });
        let waits = plan.tasks().find(|(_, _, t)| {
            t.action == Action::Skip && t.reason == fairway_plan::Reason::DeleteNeedsConfirmation
        });
        if let Some((_, _, task)) = waits {
            return Err(ReconcileError::Invalid(format!(
                "deleting {} needs confirmation: annotate the Application with {}",
                task.key,
                fairway_argocd::ANNOTATION_DELETION_APPROVED
            )));
        }
        let phase = match step {
            DeletionStep::PreDelete => SyncPhase::PreDelete,
            DeletionStep::Objects => SyncPhase::Delete,
            DeletionStep::PostDelete | DeletionStep::Cleanup => SyncPhase::PostDelete,
        };
        plan.phases.retain(|p| p.phase == phase);
        let ledger = Arc::new(Ledger::default());
        let told = ledger.clone();
        let ctx = ApplyContext {
            writer: place.cluster.clone(),
            view: place.cluster.cache().clone(),
            judge: self.health_judge(),
            changes: entry.changes(),
            control: watch::channel(Control::Run).1,
            is_suspect: Box::new(|_| false),
            deadline: None,
            progress: Box::new(move |report| {
                told.tell(report);
            }),
            record: Box::new(|_| Box::pin(std::future::ready(()))),
        };
        // A hook may take longer than an attempt: it goes on, and the next attempt finds it.
        let report = tokio::time::timeout(ATTEMPT_MAX, execute(&plan, &ctx)).await;
        if report.as_ref().is_ok_and(|r| r.phase == ReportPhase::Succeeded) {
            entry.set_view(|view| view.compared = Some(Arc::new(Compared::default())));
            return Ok(());
        }
        let why = match report {
            Ok(report) => {
                let hooks = failed_hooks(&report);
                if hooks.is_some() {
                    let wait =
                        AGAIN.saturating_mul(2_u32.saturating_pow(memory.deletion_failures)).min(AGAIN_MAX);
                    memory.deletion_failures += 1;
                    memory.deletion_due = Some(tokio::time::Instant::now() + wait);
                }
                hooks.unwrap_or(report.message)
            }
            Err(_) => ledger.newest().1.message,
        };
        let blocking =
            plan.tasks().filter(|(phase, _, _)| *phase == SyncPhase::Delete).find_map(|(_, _, task)| {
                let left = view.get(&task.key)?;
                let finalizers: Vec<&str> = left.finalizers().collect();
                let words = format!("{} is held by finalizers {}", task.key, finalizers.join(", "));
                (!finalizers.is_empty()).then_some(words)
            });
        Err(ReconcileError::Invalid(blocking.unwrap_or(why)))
    }

    /// Returns what the App's deletion hooks are taken from: what was rendered last, unless one of them failed since. Where
    /// Git has it no longer, what was rendered last is as good as it gets.
    async fn target_for_deletion(
        &self,
        application: &Application,
        app: &App,
        snapshot: &Snapshot,
        place: &Place,
        memory: &Memory,
    ) -> Result<Arc<crate::desired::Target>, ReconcileError> {
        let known = memory.target.as_ref().map(|(_, target)| target.clone());
        if let Some(known) = known.clone().filter(|_| memory.deletion_failures == 0) {
            return Ok(known);
        }
        match self.newest_target(application, app, snapshot, place).await {
            Ok(newest) => Ok(newest),
            Err(error) => known.ok_or(error),
        }
    }

    async fn newest_target(
        &self,
        application: &Application,
        app: &App,
        snapshot: &Snapshot,
        place: &Place,
    ) -> Result<Arc<crate::desired::Target>, ReconcileError> {
        let revisions = self.renderer.resolve(&app.sources).await?;
        let target = Arc::new(crate::desired::Target::default());
        let compared = Arc::new(Compared::default());
        let pass = crate::reconcile::Pass {
            application,
            app,
            snapshot,
            place,
            target: &target,
            compared: &compared,
        };
        let rendered = self.render_elsewhere(&pass, app, &revisions).await.map_err(ReconcileError::Fault)?;
        Ok(Arc::new(rendered))
    }
}

/// How long it is until then; nothing where that is over.
fn until(due: Option<tokio::time::Instant>) -> Option<Duration> {
    due.map(|due| due.duration_since(tokio::time::Instant::now())).filter(|wait| !wait.is_zero())
}

/// Deletes the hooks of a deletion that all went well, where their policy says so.
async fn clean_up(app: &App, snapshot: &Snapshot, place: &Place) -> Result<(), ReconcileError> {
    for live in place.cluster.cache().tracked_by(&app.id) {
        let policy = snapshot.marks.policy(&live);
        let runs_on_deletion = policy.hook_phases.iter().any(|p| *p > SyncPhase::SyncFail);
        if !runs_on_deletion || !policy.hook_delete.contains(&HookDeletePolicy::HookSucceeded) {
            continue;
        }
        let request = DeleteRequest {
            key: live.key(),
            version: live.gvk().version,
            uid: live.uid().into(),
            propagation: Propagation::Background,
            dry_run: false,
        };
        place.cluster.delete(request).await?;
    }
    Ok(())
}

/// Says which hooks of a deletion have failed, as Argo CD.
fn failed_hooks(report: &SyncReport) -> Option<String> {
    let failed: Vec<_> = report.results.iter().filter(|r| r.hook_failed()).collect();
    let phase = failed.first()?.sync_phase;
    let named = |r: &&TaskResult| format!("{}/{} ({})", r.key.namespace, r.key.name, r.message);
    let hooks: Vec<String> = failed.iter().map(named).collect();
    Some(format!("{phase} hook(s) failed: {}", hooks.join(", ")))
}
