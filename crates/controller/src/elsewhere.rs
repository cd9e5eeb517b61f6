//! Syncs to something other than what the App says now: another revision, or a past one for a rollback.

use crate::compare::{CompareContext, VerdictCache, compare};
use crate::desired::{RenderSettings, Target};
use crate::engine::{Engine, unix_seconds};
use crate::lookup::LookupAccess;
use crate::operate::{Planned, Start};
use crate::reconcile::Pass;
use crate::snapshot::Snapshot;
use fairway_argocd::{OperationState, SyncDecision, SyncMoment};
use fairway_core::{App, AppSource, LiveView, Operation, Str, Tool};
use fairway_value::Value;
use std::sync::Arc;

impl Engine {
    /// Plans an operation at revisions, or with sources, of its own.
    pub(crate) async fn plan_elsewhere(
        self: &Arc<Self>,
        pass: &Pass<'_>,
        operation: &Operation,
        named: &[Str],
        cut_off: Option<&OperationState>,
    ) -> Result<Planned, String> {
        let app = app_at(pass.app, operation, named);
        if let Some(project) = pass.snapshot.projects.get(&app.project) {
            let denied =
                project.check_app(&app, &self.options.namespace, &pass.place.server, &pass.place.name);
            if let Some(first) = denied.first() {
                return Err(first.message.to_string());
            }
        }
        let revisions = self.renderer.resolve(&app.sources).await.map_err(|e| e.to_string())?;
        let target = self.render_elsewhere(pass, &app, &revisions).await?;
        let ctx = CompareContext {
            app: &app,
            place: pass.place,
            marks: &pass.snapshot.marks,
            snapshot: pass.snapshot,
            now: self.now_unix(),
        };
        let compared =
            compare(&ctx, &target, &mut VerdictCache::default()).await.map_err(|e| e.to_string())?;
        let there = Pass { app: &app, target: &Arc::new(target), compared: &Arc::new(compared), ..*pass };
        let start = Start::of(self.now_unix(), cut_off, &revisions);
        Ok(Planned { plan: self.plan_for(&there, operation, &start), revisions, started_unix: start.unix })
    }

    /// Renders an App at revisions that are not its own, past the memory of its own rendering.
    pub(crate) async fn render_elsewhere(
        &self,
        pass: &Pass<'_>,
        app: &App,
        revisions: &[Str],
    ) -> Result<Target, String> {
        let view: &dyn LiveView = &**pass.place.cluster.cache();
        let excluded = |desired: &fairway_core::Desired| {
            pass.snapshot.settings.excludes(&desired.gvk().group_kind(), &pass.place.server)
        };
        let source_override =
            |index: usize, value: &Value| override_source(pass.application, app, index, value);
        let build_options = |source: &AppSource| build_options(pass.snapshot, source);
        let settings = RenderSettings {
            marks: &pass.snapshot.marks,
            view,
            kustomize_build_options: &build_options,
            value_file_schemes: pass.snapshot.settings.helm_values_file_schemes.clone(),
            disabled_tools: pass.snapshot.settings.disabled_tools.clone(),
            excluded: &excluded,
            source_override: &source_override,
            lookup: pass
                .snapshot
                .projects
                .get(&app.project)
                .map(|project| LookupAccess { project, place: pass.place }),
            hard: true,
        };
        self.renderer.target(app, revisions, &settings, None).await.map_err(|e| e.to_string())
    }

    /// Whether sync windows permit a sync now.
    pub(crate) fn window_permits(&self, pass: &Pass<'_>, manual: bool) -> bool {
        let Some(project) = pass.snapshot.projects.get(&pass.app.project) else { return false };
        let moment = SyncMoment { now_unix: unix_seconds(self.clock.now()), manual, started_unix: None };
        project.sync_decision(pass.app, moment) == SyncDecision::Allowed
    }
}

/// The App as an operation wants it.
fn app_at(app: &App, operation: &Operation, named: &[Str]) -> App {
    let mut app = app.clone();
    if !operation.sync.sources.is_empty() {
        app.sources.clone_from(&operation.sync.sources);
    }
    for (source, revision) in app.sources.iter_mut().zip(named).filter(|(_, r)| !r.is_empty()) {
        source.target_revision = revision.clone();
    }
    if let Some(options) = &operation.sync.options {
        app.sync_policy.options = options.clone();
    }
    app
}

/// Returns the options of `kustomize build` for a source.
pub(crate) fn build_options(snapshot: &Snapshot, source: &AppSource) -> Str {
    let version = match &source.tool {
        Tool::Kustomize(options) => options.version.as_str(),
        Tool::Auto | Tool::Directory(_) | Tool::Helm(_) | Tool::Plugin(_) => "",
    };
    snapshot.settings.kustomize_options(version)
}

/// Lays `.argocd-source.yaml` over a source: its tool's fields alone.
pub(crate) fn override_source(
    application: &fairway_argocd::Application,
    app: &App,
    index: usize,
    value: &Value,
) -> Result<AppSource, String> {
    let mut written = application.sources().get(index).map(|s| (*s).clone()).unwrap_or_else(Value::object);
    for tool in ["helm", "kustomize", "directory", "plugin"] {
        if let Some(patch) = value.get(tool) {
            let mut merged = written.get(tool).cloned().unwrap_or_else(Value::object);
            apply_merge_patch(&mut merged, patch);
            written.set_path(&[tool], merged);
        }
    }
    let mut spec = Value::object();
    spec.set_path(&["spec", "source"], written);
    spec.set_path(&["spec", "destination", "server"], fairway_argocd::IN_CLUSTER_SERVER);
    let read = fairway_argocd::lower(&spec).app.sources.into_iter().next();
    let mut source = read.ok_or_else(|| "expected the fields of an Application's source".to_owned())?;
    // The revision may be an operation's own.
    if let Some(own) = app.sources.get(index) {
        source.target_revision = own.target_revision.clone();
    }
    Ok(source)
}

fn apply_merge_patch(to: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *to = patch.clone();
        return;
    };
    if to.as_object().is_none() {
        *to = Value::object();
    }
    let Some(map) = to.as_object_mut() else { return };
    for (key, value) in patch.iter() {
        if value.is_null() {
            map.remove(key);
        } else {
            apply_merge_patch(map.entry_or_null(key), value);
        }
    }
}
