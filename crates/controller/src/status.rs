//! What the loop has found, written to the Application in Argo CD's words, and only where it differs.

use crate::app_entry::{Memory, RunningSync};
use crate::compare::{Compared, ObjectState};
use crate::engine::{Engine, application_key, time_text};
use crate::error::ReconcileError;
use crate::ledger::Ledger;
use crate::operate::SHOW_AFTER;
use crate::queue::Level;
use crate::reconcile::Pass;
use fairway_apply::{HookPhase, ReportPhase, ResultStatus, SyncReport, TaskResult};
use fairway_argocd::{
    Application, HistoryRecord, OperationPhase, OperationState, ResourceResult, ResourceStatus, ResultCode,
    StatusInput, Summary, SyncResult, raise,
};
use fairway_core::{App, Condition, Health, Str, SyncStatus};
use fairway_value::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

impl Engine {
    /// Writes what a whole pass has found.
    pub(crate) async fn write_status(
        &self,
        pass: &Pass<'_>,
        memory: &mut Memory,
        notes: &[Condition],
    ) -> Result<(), ReconcileError> {
        let application = pass.application;
        let running = memory.running.as_ref().filter(|r| !r.task.is_finished());
        if running.is_some_and(|r| self.may_stay_unshown(pass, r)) {
            self.queue.add_after(pass.app.id.clone(), Level::Live, SHOW_AFTER);
            return Ok(());
        }
        let mut history = read_history(application);
        let mut state = application.get(&["status", "operationState"]).and_then(OperationState::from_value);
        let mut clears_operation = false;
        let mut told = None;
        if let Some(running) = &mut memory.running {
            clears_operation = application.operation().is_some();
            let (shown, of) = show(running, pass.app.multi_source);
            (state, told) = (Some(shown), Some(of));
        }
        if let Some(ended) = take_ended(memory).await {
            let ended_state = self.ended_state(pass.app, &ended);
            if ended_state.phase == OperationPhase::Succeeded && ended.0.is_full {
                add_history(&mut history, pass.app, &ended_state, &ended.0);
            }
            self.metrics.synced(
                pass.app,
                &pass.place.server,
                ended_state.phase.as_str(),
                ended.0.operation.sync.dry_run,
            );
            state = Some(ended_state);
            clears_operation = application.operation().is_some();
            // What the sync has changed decides what comes next.
            self.queue.add(pass.app.id.clone(), Level::Live);
        }
        let summary = summary(pass.compared);
        let resources: Vec<ResourceStatus> = pass.compared.objects.iter().map(resource_status).collect();
        let status = raise(&StatusInput {
            application,
            now: &self.now_text(),
            sync_status: pass.compared.sync,
            revisions: &pass.target.revisions,
            health: &pass.compared.health,
            resources: &resources,
            persist_resource_health: pass.snapshot.settings.persist_resource_health,
            operation_state: state.as_ref(),
            history: &history,
            conditions: notes,
            summary: &summary,
            source_types: &pass.target.source_types,
            reconciled_at: &memory.reconciled_at,
            controller_namespace: &self.options.namespace,
        });
        self.patch_status(application, status, clears_operation, told).await
    }

    /// Writes what is known when a pass ended early: what was known before stays.
    pub(crate) async fn write_early_status(
        &self,
        application: &Application,
        app: &App,
        sync_status: SyncStatus,
        health: &Health,
        notes: &[Condition],
        memory: &mut Memory,
    ) -> Result<(), ReconcileError> {
        let mut status = application.get(&["status"]).cloned().unwrap_or_else(Value::object);
        let partial = raise(&StatusInput {
            application,
            now: &self.now_text(),
            sync_status,
            revisions: &[],
            health,
            resources: &[],
            persist_resource_health: false,
            operation_state: None,
            history: &[],
            conditions: notes,
            summary: &Summary::default(),
            source_types: &[],
            reconciled_at: "",
            controller_namespace: &self.options.namespace,
        });
        for key in ["sync", "health", "conditions", "controllerNamespace"] {
            match partial.get(key) {
                Some(value) => status.set_path(&[key], value.clone()),
                None => status.remove_path(&[key]).is_some(),
            };
        }
        let mut clears_operation = false;
        if application.operation().is_some() && memory.running.is_none() {
            // What was asked for cannot be begun: say so instead of keeping it for a moment nobody expects.
            let words: Vec<&str> = notes.iter().map(|n| n.message.as_str()).collect();
            let now: Str = self.now_text().into();
            let state = OperationState {
                operation: application.operation().cloned().unwrap_or_default(),
                phase: OperationPhase::Error,
                message: words.join("; ").into(),
                sync_result: None,
                started_at: now.clone(),
                finished_at: now,
                retry_count: 0,
            };
            status.set_path(&["operationState"], state.to_value());
            clears_operation = true;
        }
        let mut told = None;
        if let Some(running) = memory.running.as_mut().filter(|r| !r.task.is_finished()) {
            // It goes on, and may wait for being on record.
            let (shown, of) = show(running, app.multi_source);
            status.set_path(&["operationState"], shown.to_value());
            told = Some(of);
            clears_operation = application.operation().is_some();
        }
        if let Some(ended) = take_ended(memory).await {
            status.set_path(&["operationState"], self.ended_state(app, &ended).to_value());
            clears_operation = application.operation().is_some();
        }
        self.patch_status(application, status, clears_operation, told).await
    }

    /// Writes a status where it differs from the one that is there, and takes away what asked for it. What it `told` of a
    /// running sync is on record then, unless the Application is gone.
    async fn patch_status(
        &self,
        application: &Application,
        status: Value,
        clears_operation: bool,
        told: Option<Told>,
    ) -> Result<(), ReconcileError> {
        let mut patch = Value::object();
        let before = application.get(&["status"]).cloned().unwrap_or_else(Value::object);
        let mut change = merge_patch(&before, &status);
        if only_reconciled_at(&change) && application.refresh().is_none() {
            change = Value::object();
        }
        if change.as_object().is_some_and(|m| !m.is_empty()) {
            patch.set_path(&["status"], change);
        }
        if clears_operation {
            patch.set_path(&["operation"], Value::Null);
        }
        if application.refresh().is_some() {
            patch.set_path(&["metadata", "annotations", fairway_argocd::ANNOTATION_REFRESH], Value::Null);
        }
        if !patch.as_object().is_some_and(fairway_value::Map::is_empty) {
            self.metrics.status_written();
            match self.home().report(&application_key(&application.id()), &patch).await {
                Ok(_) => {}
                // It is gone: there is nothing left to say.
                Err(e) if e.kind == fairway_core::ApiErrorKind::NotFound => return Ok(()),
                Err(e) => return Err(e.into()),
            }
        }
        if let Some(Told { ledger, number }) = told {
            ledger.record(number);
        }
        Ok(())
    }

    /// Says how a sync ended: for good, or until its next attempt.
    fn ended_state(&self, app: &App, ended: &(RunningSync, SyncReport)) -> OperationState {
        let (running, report) = ended;
        let mut state = state_with(running, report, app.multi_source);
        state.finished_at = time_text(self.clock.now()).into();
        state.phase = match report.phase {
            ReportPhase::Succeeded => OperationPhase::Succeeded,
            ReportPhase::Error => OperationPhase::Error,
            ReportPhase::Failed | ReportPhase::Running => OperationPhase::Failed,
        };
        let retry = running.operation.retry;
        let tries_left = retry.limit < 0 || state.retry_count < retry.limit;
        if state.phase == OperationPhase::Failed && tries_left && !report.terminated {
            // As Argo CD shows it: running, with the time at which the last attempt ended.
            state.phase = OperationPhase::Running;
            let failed = u32::try_from(state.retry_count.max(0)).unwrap_or(u32::MAX);
            let wait = retry.backoff.wait(failed);
            state.message = format!(
                "{}. Retrying attempt #{} in {} s.",
                report.message,
                state.retry_count + 1,
                wait.as_secs()
            )
            .into();
            self.lacking.note(&app.id, report);
            self.queue.add_after(app.id.clone(), Level::Live, wait.max(Duration::from_millis(100)));
        }
        tracing::info!(
            app = %app.id,
            phase = state.phase.as_str(),
            message = %state.message,
            "sync ended"
        );
        state
    }
}

/// Takes a sync that has ended out of memory.
async fn take_ended(memory: &mut Memory) -> Option<(RunningSync, SyncReport)> {
    if !memory.running.as_ref().is_some_and(|r| r.task.is_finished()) {
        return None;
    }
    let mut running = memory.running.take()?;
    let report = match (&mut running.task).await {
        Ok(report) => report,
        Err(error) => SyncReport {
            phase: ReportPhase::Error,
            message: format!("the sync was cut off: {error}"),
            ..SyncReport::default()
        },
    };
    Some((running, report))
}

/// Which report of a running sync a status tells.
struct Told {
    ledger: Arc<Ledger>,
    number: u64,
}

/// Returns how a running sync is shown from now on.
fn show(running: &mut RunningSync, multi_source: bool) -> (OperationState, Told) {
    running.shown = true;
    let (number, report) = running.ledger.newest();
    (state_with(running, &report, multi_source), Told { ledger: running.ledger.clone(), number })
}

/// Returns the state of a sync with what a report of it says.
fn state_with(running: &RunningSync, report: &SyncReport, multi_source: bool) -> OperationState {
    let result = SyncResult {
        revisions: running.revisions.clone(),
        sources: running.sources.clone(),
        multi_source,
        resources: report.results.iter().map(resource_result).collect(),
    };
    OperationState {
        message: report.message.as_str().into(),
        sync_result: Some(result),
        ..running.state.clone()
    }
}

fn resource_result(result: &TaskResult) -> ResourceResult {
    ResourceResult {
        key: result.key.clone(),
        version: result.version.clone(),
        status: result.status.map(|s| match s {
            ResultStatus::Synced => ResultCode::Synced,
            ResultStatus::SyncFailed => ResultCode::SyncFailed,
            ResultStatus::Pruned => ResultCode::Pruned,
            ResultStatus::PruneSkipped => ResultCode::PruneSkipped,
        }),
        message: result.message.as_str().into(),
        hook_type: result.is_hook.then_some(result.sync_phase),
        hook_phase: Some(match result.phase {
            HookPhase::Running => OperationPhase::Running,
            HookPhase::Succeeded => OperationPhase::Succeeded,
            HookPhase::Failed => OperationPhase::Failed,
            HookPhase::Error => OperationPhase::Error,
            HookPhase::Terminating => OperationPhase::Terminating,
        }),
        sync_phase: result.sync_phase,
        images: Vec::new(),
    }
}

fn resource_status(object: &ObjectState) -> ResourceStatus {
    ResourceStatus {
        gvk: object.gvk.clone(),
        namespace: object.key.namespace.clone(),
        name: object.key.name.clone(),
        status: object.status,
        health: object.health.clone(),
        hook: object.is_hook,
        requires_pruning: object.requires_pruning,
        sync_wave: object.wave,
        requires_deletion_confirmation: object.needs_confirmation,
    }
}

/// Images and addresses of the App's own live objects.
fn summary(compared: &Compared) -> Summary {
    let mut images = BTreeSet::new();
    let mut urls = BTreeSet::new();
    let mut is_app_of_apps = false;
    for object in compared.objects.iter().filter(|o| !o.is_hook) {
        is_app_of_apps |= object.gvk.group == fairway_argocd::GROUP && object.gvk.kind == "Application";
        let Some(live) = compared.live.get(&object.key) else { continue };
        crate::tree::images_of(live.value(), &mut images);
        crate::tree::urls_of(live, &mut urls);
    }
    Summary {
        images: images.into_iter().collect(),
        external_urls: urls.into_iter().collect(),
        is_app_of_apps,
    }
}

pub(crate) fn read_history(application: &Application) -> Vec<HistoryRecord> {
    let list = application.get(&["status", "history"]).and_then(Value::as_array).unwrap_or_default();
    list.iter().map(HistoryRecord::from_value).collect()
}

fn add_history(history: &mut Vec<HistoryRecord>, app: &App, state: &OperationState, running: &RunningSync) {
    let next = history.iter().map(|h| h.id + 1).max().unwrap_or(0);
    let result = state.sync_result.clone().unwrap_or_default();
    history.push(HistoryRecord {
        id: next,
        revisions: running.revisions.clone(),
        sources: result.sources,
        multi_source: app.multi_source,
        deployed_at: state.finished_at.clone(),
        deploy_started_at: state.started_at.clone(),
        initiated_by: state.operation.get("initiatedBy").cloned().unwrap_or_default(),
    });
    let extra = history.len().saturating_sub(app.revision_history_limit);
    history.drain(..extra);
}

/// Whether nothing but the time of the last look has changed: not worth a write, nor an event for everybody.
fn only_reconciled_at(change: &Value) -> bool {
    change.as_object().is_some_and(|m| m.len() == 1 && m.contains_key("reconciledAt"))
}

/// Returns the JSON merge patch that leads from one value to another. Lists are replaced whole.
pub(crate) fn merge_patch(from: &Value, to: &Value) -> Value {
    let (Some(old), Some(new)) = (from.as_object(), to.as_object()) else { return to.clone() };
    let mut patch = fairway_value::Map::new();
    for (key, value) in new.iter() {
        match old.get(key) {
            Some(before) if before == value => {}
            Some(before) if before.as_object().is_some() && value.as_object().is_some() => {
                patch.insert(key.clone(), merge_patch(before, value));
            }
            _ => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    for key in old.keys().filter(|k| !new.contains_key(k)) {
        patch.insert(key.clone(), Value::Null);
    }
    Value::Object(patch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    fn check(from: &str, to: &str, patch: &str) {
        let read = |text: &str| from_json(text.as_bytes()).unwrap();
        assert_eq!(merge_patch(&read(from), &read(to)), read(patch));
    }

    #[test]
    fn a_patch_holds_what_changed_and_nulls_for_what_went() {
        check(
            r#"{"a":1,"b":{"c":1,"d":2},"e":[1]}"#,
            r#"{"a":1,"b":{"c":3},"e":[2]}"#,
            r#"{"b":{"c":3,"d":null},"e":[2]}"#,
        );
        check(r#"{"a":1}"#, r#"{"a":1}"#, "{}");
    }

    #[test]
    fn the_time_of_the_last_look_alone_is_no_change() {
        assert!(only_reconciled_at(&from_json(br#"{"reconciledAt":"x"}"#).unwrap()));
        assert!(!only_reconciled_at(&from_json(br#"{"reconciledAt":"x","sync":{}}"#).unwrap()));
    }
}
