//! Deleting an App: hooks before, its objects, hooks after, then its finalizers.

use crate::app_entry::{AppEntry, Memory};
use crate::compare::Compared;
use crate::engine::{Engine, parse_time, unix_seconds};
use crate::error::ReconcileError;
use crate::queue::Level;
use fairway_apply::{ApplyContext, Control, ReportPhase, execute};
use fairway_argocd::{Application, lower};
use fairway_core::{
    App, Condition, ConditionKind, HealthStatus, Live, LiveView, ObjectKey, SyncPhase, SyncStatus,
};
use fairway_plan::{Action, DeletionInput, plan_deletion};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Longest time that one attempt at a deletion takes before it says what it waits for.
const ATTEMPT_MAX: Duration = Duration::from_secs(60);

/// Wait between two attempts.
const AGAIN: Duration = Duration::from_secs(10);

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
        let ours: Vec<&str> = application
            .object()
            .finalizers()
            .filter(|f| f.contains("finalizer.argocd.argoproj.io"))
            .collect();
        if ours.is_empty() {
            return;
        }
        match self.delete_objects(application, &app, entry, memory).await {
            Ok(()) => {
                let rest = application.object().finalizers().filter(|f| !ours.contains(f));
                let rest: fairway_core::Value = rest.map(fairway_core::Value::from).collect();
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
                self.queue.add_after(app.id.clone(), Level::Live, AGAIN);
            }
        }
    }

    async fn delete_objects(
        self: &Arc<Self>,
        application: &Application,
        app: &App,
        entry: &Arc<AppEntry>,
        memory: &mut Memory,
    ) -> Result<(), ReconcileError> {
        let snapshot = self.snapshot();
        let place = self.clusters.find(&app.destination, &snapshot).await?;
        let view: &dyn LiveView = &**place.cluster.cache();
        let mut live: BTreeMap<ObjectKey, Arc<Live>> =
            view.tracked_by(&app.id).into_iter().map(|l| (l.key(), l)).collect();
        let hooks_wanted = application.awaits_pre_delete() || application.awaits_post_delete();
        let target = if hooks_wanted {
            let known = memory.target.as_ref().map(|(_, target)| target.clone());
            Some(match known {
                Some(target) => target,
                None => self.target_for_deletion(application, app, &snapshot, &place).await?,
            })
        } else {
            None
        };
        let desired = target.as_ref().map(|t| t.objects.clone()).unwrap_or_default();
        for hook in desired.iter() {
            if let Some(found) = view.get(&hook.key()) {
                live.insert(hook.key(), found);
            }
        }
        let started = application.object().deletion_timestamp().and_then(parse_time);
        let approved = application.deletion_approved_at().and_then(parse_time).is_some();
        let plan = plan_deletion(&DeletionInput {
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
        let ctx = ApplyContext {
            writer: place.cluster.clone(),
            view: place.cluster.cache().clone(),
            judge: self.health_judge(),
            changes: entry.changes(),
            control: watch::channel(Control::Run).1,
            is_suspect: Box::new(|_| false),
            deadline: Some(ATTEMPT_MAX),
            progress: Box::new(|_| {}),
            record: Box::new(|_| Box::pin(std::future::ready(()))),
        };
        let report = execute(&plan, &ctx).await;
        if report.phase == ReportPhase::Succeeded {
            entry.set_view(|view| view.compared = Some(Arc::new(Compared::default())));
            return Ok(());
        }
        let blocking =
            plan.tasks().filter(|(phase, _, _)| *phase == SyncPhase::Delete).find_map(|(_, _, task)| {
                let left = view.get(&task.key)?;
                let finalizers: Vec<&str> = left.finalizers().collect();
                let words = format!("{} is held by finalizers {}", task.key, finalizers.join(", "));
                (!finalizers.is_empty()).then_some(words)
            });
        Err(ReconcileError::Invalid(blocking.unwrap_or(report.message)))
    }

    async fn target_for_deletion(
        &self,
        application: &Application,
        app: &App,
        snapshot: &crate::snapshot::Snapshot,
        place: &crate::clusters::Place,
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
