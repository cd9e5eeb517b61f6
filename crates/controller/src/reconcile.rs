//! One pass: carries an App along the line as far as it can go now.

use crate::app_entry::{AppEntry, Memory, TargetKey};
use crate::clusters::Place;
use crate::compare::{CompareContext, Compared, compare, diff_options};
use crate::desired::{RenderSettings, Target};
use crate::elsewhere::build_options;
use crate::engine::{Engine, application_key};
use crate::error::ReconcileError;
use crate::lookup::LookupAccess;
use crate::operate::Start;
use crate::orphans::{self, Watched};
use crate::queue::Level;
use crate::snapshot::Snapshot;
use fairway_argocd::{
    Application, FINALIZER_POST_DELETE, FINALIZER_POST_DELETE_CLEANUP, FINALIZER_PRE_DELETE,
    FINALIZER_PRE_DELETE_CLEANUP, Permission, Project, lower,
};
use fairway_core::{
    App, AppId, AppSource, Condition, FailureCategory as _, Health, HealthStatus, LiveView, Marks as _,
    RetryAdvice, Scope, Str, SyncPhase, SyncStatus,
};
use fairway_plan::{DeletionBudget, PlanInput, SyncPlan, plan};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// First and longest wait after a pass that failed for a reason that may go away by itself.
const WAIT_FIRST: Duration = Duration::from_secs(2);
const WAIT_MAX: Duration = Duration::from_secs(180);

/// Everything that a pass has found.
pub(crate) struct Pass<'a> {
    pub application: &'a Application,
    pub app: &'a App,
    pub snapshot: &'a Snapshot,
    pub place: &'a Place,
    pub target: &'a Arc<Target>,
    pub compared: &'a Arc<Compared>,
}

impl Engine {
    /// Carries one App along the line.
    pub(crate) async fn reconcile(self: &Arc<Self>, id: &AppId, level: Level) {
        let started = std::time::Instant::now();
        let Some(application) = self.application(id) else {
            self.forget(id);
            return;
        };
        if application.skips_reconcile() && !application.is_deleting() {
            return;
        }
        let entry = self.entry(id);
        let mut memory = entry.memory.lock().await;
        let uid = application.object().uid();
        if memory.uid != uid {
            // What was begun for an Application that is gone ends here.
            *memory = Memory { uid: uid.into(), ..Memory::default() };
        }
        if application.is_deleting() {
            self.reconcile_deletion(&application, &entry, &mut memory).await;
            return;
        }
        let lowered = lower(application.object().value());
        let outcome =
            self.pass(&application, &lowered.app, &lowered.conditions, level, &entry, &mut memory).await;
        match outcome {
            Ok(()) => memory.failures = 0,
            Err(error) => {
                self.failed(&application, &lowered.app, &lowered.conditions, &error, &mut memory).await
            }
        }
        drop(memory);
        self.metrics.reconciled(&lowered.app, started.elapsed());
    }

    async fn pass(
        self: &Arc<Self>,
        application: &Application,
        app: &App,
        conditions: &[Condition],
        level: Level,
        entry: &Arc<AppEntry>,
        memory: &mut Memory,
    ) -> Result<(), ReconcileError> {
        let snapshot = self.snapshot_with(&app.project);
        if let Some(refused) = conditions.iter().find(|c| c.kind.blocks_sync()) {
            return Err(ReconcileError::Invalid(refused.message.to_string()));
        }
        let project = snapshot.projects.get(&app.project).ok_or_else(|| {
            ReconcileError::Invalid(format!(
                "Application referencing project {} which does not exist",
                app.project
            ))
        })?;
        let place = self.clusters.find(&app.destination, &snapshot).await?;
        let denied = project.check_app(app, &self.options.namespace, &place.server, &place.name);
        if !denied.is_empty() {
            let words: Vec<&str> = denied.iter().map(|c| c.message.as_str()).collect();
            return Err(ReconcileError::Invalid(words.join("; ")));
        }
        let refresh = application.refresh();
        if refresh.is_some() || level == Level::Hard {
            self.fetch_sources(app).await?;
        }
        let target = self.target(application, app, &snapshot, &place, level, memory).await?;
        self.check_objects(project, &place, &target)?;
        let ctx = CompareContext {
            app,
            place: &place,
            marks: &snapshot.marks,
            snapshot: &snapshot,
            now: self.now_unix(),
        };
        let compared = Arc::new(compare(&ctx, &target, &mut memory.verdicts).await?);
        if level > Level::Live || memory.reconciled_at.is_empty() {
            memory.reconciled_at = self.now_text();
        }
        let target = if app.sync_policy.options.respect_ignore_differences {
            let (options, _) = diff_options(&ctx);
            let rules = &options.ignore;
            let objects =
                crate::respect::with_live_values(&target.objects, rules, &compared.live, &place.schemas);
            Arc::new(Target { objects: Arc::new(objects), ..Target::clone(&target) })
        } else {
            target
        };
        let pass = Pass {
            application,
            app,
            snapshot: &snapshot,
            place: &place,
            target: &target,
            compared: &compared,
        };
        entry.set_view(|view| {
            view.target = Some(target.clone());
            view.compared = Some(compared.clone());
        });
        self.hold_for_deletion_hooks(&pass).await?;
        let mut notes: Vec<Condition> = conditions.to_vec();
        notes.extend(target.conditions.iter().cloned());
        notes.extend(compared.conditions.iter().cloned());
        notes.extend(self.orphan_warning(project, &pass));
        self.operate(&pass, entry, memory, &mut notes).await;
        self.write_status(&pass, memory, &notes).await?;
        Ok(())
    }

    /// Fetches an App's repositories because a person asked.
    async fn fetch_sources(&self, app: &App) -> Result<(), ReconcileError> {
        let urls: BTreeSet<&Str> =
            app.sources.iter().filter(|s| s.chart.is_empty()).map(|s| &s.repo_url).collect();
        for url in urls {
            self.sources().refresh(url).await?;
        }
        Ok(())
    }

    /// Returns what the App wants; renders only where something that was read has changed.
    async fn target(
        &self,
        application: &Application,
        app: &App,
        snapshot: &Arc<Snapshot>,
        place: &Place,
        level: Level,
        memory: &mut Memory,
    ) -> Result<Arc<Target>, ReconcileError> {
        let view: &dyn LiveView = &**place.cluster.cache();
        let kinds = view.api_versions();
        let cache = place.cluster.cache();
        let known = memory.target.as_ref().filter(|(key, target)| {
            key.holds_for(app, &kinds, snapshot) && target.lookups.iter().all(|l| l.holds(cache))
        });
        if level == Level::Live
            && let Some((_, target)) = known
        {
            return Ok(target.clone());
        }
        let revisions = self.renderer.resolve(&app.sources).await?;
        let known = known.filter(|_| level < Level::Hard);
        if let Some((key, target)) = known
            && key.revisions == revisions
        {
            return Ok(target.clone());
        }
        let excluded = |desired: &fairway_core::Desired| {
            snapshot.settings.excludes(&desired.gvk().group_kind(), &place.server)
        };
        let source_override = |index: usize, value: &fairway_core::Value| {
            crate::elsewhere::override_source(application, app, index, value)
        };
        let build_options = |source: &AppSource| build_options(snapshot, source);
        let settings = RenderSettings {
            marks: &snapshot.marks,
            view,
            kustomize_build_options: &build_options,
            value_file_schemes: snapshot.settings.helm_values_file_schemes.clone(),
            disabled_tools: snapshot.settings.disabled_tools.clone(),
            excluded: &excluded,
            source_override: &source_override,
            lookup: snapshot.projects.get(&app.project).map(|project| LookupAccess { project, place }),
            hard: level == Level::Hard,
        };
        let before = known.map(|(_, target)| &**target);
        let target = Arc::new(self.renderer.target(app, &revisions, &settings, before).await?);
        let key = TargetKey { app: app.clone(), revisions, kinds, settings: snapshot.clone() };
        memory.target = Some((key, target.clone()));
        Ok(target)
    }

    /// Checks every object against the project, before anything is compared or applied.
    fn check_objects(
        &self,
        project: &fairway_argocd::Project,
        place: &Place,
        target: &Target,
    ) -> Result<(), ReconcileError> {
        let view: &dyn LiveView = &**place.cluster.cache();
        for desired in target.objects.iter() {
            let key = desired.key();
            let guess = if key.namespace.is_empty() { Scope::Cluster } else { Scope::Namespaced };
            let scope = view.scope(&key.group_kind()).unwrap_or(guess);
            if let Permission::Denied(why) = project.permits_object(&key, scope, &place.server, &place.name) {
                return Err(ReconcileError::Invalid(why.to_string()));
            }
        }
        Ok(())
    }

    /// Decides what an operation would do now.
    pub(crate) fn plan_for(
        &self,
        pass: &Pass<'_>,
        operation: &fairway_core::Operation,
        start: &Start,
    ) -> SyncPlan {
        let approved = pass.application.deletion_approved_at().and_then(crate::engine::parse_time).is_some();
        let kinds: &dyn LiveView = &**pass.place.cluster.cache();
        let mut compared = Cow::Borrowed(&pass.compared.verdicts);
        let stale = pass.place.cluster.stale_kinds();
        if !stale.is_empty() {
            // What the cache shows as unchanged may have been changed or deleted since: what is not named is applied.
            compared.to_mut().retain(|key, _| !stale.contains(&key.group_kind()));
        }
        plan(&PlanInput {
            app: pass.app,
            operation,
            started_unix: start.unix,
            revision: pass.target.revisions.first().map_or("", Str::as_str),
            desired: &pass.target.objects,
            live: &pass.compared.live,
            compared: &compared,
            kinds: &KindsOf(kinds),
            marks: &pass.snapshot.marks,
            hooks: &start.hooks,
            goes_on: start.goes_on,
            deletion_approved: approved,
            budget: DeletionBudget::default(),
            held: &BTreeSet::new(),
        })
    }

    /// Adds the finalizers that hold an App until its deletion hooks have run.
    async fn hold_for_deletion_hooks(&self, pass: &Pass<'_>) -> Result<(), ReconcileError> {
        let has = |phase: SyncPhase| {
            pass.target
                .objects
                .iter()
                .any(|d| pass.snapshot.marks.policy(&d.object).hook_phases.contains(&phase))
        };
        let mut wanted: Vec<&str> = pass.application.object().finalizers().collect();
        let before = wanted.len();
        for (phase, finalizers) in [
            (SyncPhase::PreDelete, [FINALIZER_PRE_DELETE, FINALIZER_PRE_DELETE_CLEANUP]),
            (SyncPhase::PostDelete, [FINALIZER_POST_DELETE, FINALIZER_POST_DELETE_CLEANUP]),
        ] {
            if has(phase) {
                let missing = finalizers.into_iter().filter(|f| !wanted.contains(f)).collect::<Vec<_>>();
                wanted.extend(missing);
            }
        }
        if wanted.len() > before {
            let list: fairway_core::Value = wanted.iter().map(|f| fairway_core::Value::from(*f)).collect();
            self.patch_finalizers(&pass.app.id, list).await?;
        }
        Ok(())
    }

    pub(crate) async fn patch_finalizers(
        &self,
        id: &AppId,
        finalizers: fairway_core::Value,
    ) -> Result<(), ReconcileError> {
        let mut patch = fairway_core::Value::object();
        patch.set_path(&["metadata", "finalizers"], finalizers);
        match fairway_core::ClusterWriter::merge_patch(&**self.home(), &application_key(id), patch).await {
            // It is gone, and its finalizers with it.
            Err(e) if e.kind == fairway_core::ApiErrorKind::NotFound => Ok(()),
            other => Ok(other.map(|_| ())?),
        }
    }

    fn orphan_warning(&self, project: &Project, pass: &Pass<'_>) -> Option<Condition> {
        let namespace = &pass.app.destination.namespace;
        let is_app = |id: &AppId| self.application(id).is_some();
        let found = orphans::orphans(project, pass.place, namespace, pass.compared, &is_app);
        let watched = project.warns_of_orphans().map(|_| Watched {
            project: pass.app.project.clone(),
            namespace: namespace.clone(),
            count: found.len(),
        });
        self.orphan_watch.set(&pass.app.id, watched);
        orphans::warning(project, &found)
    }

    /// Shows why a pass ended early, keeping what was known before, and tries again where that may help.
    async fn failed(
        &self,
        application: &Application,
        app: &App,
        conditions: &[Condition],
        error: &ReconcileError,
        memory: &mut Memory,
    ) {
        tracing::warn!(app = %app.id, category = error.category(), error = %error, "App was not compared");
        self.metrics.failed(error.category());
        let mut notes: Vec<Condition> =
            conditions.iter().filter(|c| !c.kind.blocks_sync()).cloned().collect();
        notes.push(Condition::new(error.condition(), error.to_string()));
        let health = match error {
            ReconcileError::Invalid(_) | ReconcileError::Destination(_) => {
                Health::new(HealthStatus::Unknown, "")
            }
            _ => known_health(application),
        };
        if let Err(error) =
            self.write_early_status(application, app, SyncStatus::Unknown, &health, &notes, memory).await
        {
            tracing::warn!(app = %app.id, error = %error, "status was not written");
            self.queue.add_after(app.id.clone(), Level::Live, WAIT_FIRST);
        }
        memory.failures = memory.failures.saturating_add(1);
        if error.retry() == RetryAdvice::Backoff {
            let wait = WAIT_FIRST.saturating_mul(1 << memory.failures.min(7)).min(WAIT_MAX);
            self.queue.add_after(app.id.clone(), Level::Source, wait);
        }
    }
}

fn known_health(application: &Application) -> Health {
    let status = HealthStatus::from_word(application.health_status()).unwrap_or(HealthStatus::Unknown);
    Health::new(status, "")
}

/// What a cluster serves, for planning.
pub(crate) struct KindsOf<'a>(pub &'a dyn LiveView);

impl fairway_plan::Kinds for KindsOf<'_> {
    fn scope(&self, kind: &fairway_core::GroupKind) -> Option<Scope> {
        self.0.scope(kind)
    }
    fn serves(&self, gvk: &fairway_core::Gvk) -> bool {
        self.0.serves(gvk)
    }
}
