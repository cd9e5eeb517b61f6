//! What the HTTP API and the command line ask of the engine.

use crate::app_entry::AppView;
use crate::compare::{CompareContext, diff_options};
use crate::engine::{Engine, application_key};
use crate::error::ReconcileError;
use crate::operate::Start;
use crate::orphans;
use crate::queue::Level;
use fairway_argocd::{Application, lower};
use fairway_core::{
    ApiError, AppId, ApplyMode, ApplyRequest, ClusterWriter, DeleteRequest, LiveView, Object, Propagation,
    Str, Validation,
};
use fairway_plan::SyncPlan;
use fairway_value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Engine {
    /// Returns what is known of an App beside its Application object; nothing before its first pass.
    #[must_use]
    pub fn app_view(&self, id: &AppId) -> Option<AppView> {
        self.known(id).map(|entry| entry.view())
    }

    /// Returns the cluster that an App deploys to; nothing where there is no such App.
    ///
    /// # Errors
    /// Its destination is not known or away.
    pub async fn cluster_of(
        &self,
        id: &AppId,
    ) -> Result<Option<Arc<fairway_cluster::Cluster>>, ReconcileError> {
        let Some(application) = self.application(id) else { return Ok(None) };
        let app = lower(application.object().value()).app;
        Ok(Some(self.clusters.find(&app.destination, &self.snapshot()).await?.cluster))
    }

    /// Returns an App's `ApplicationTree`.
    ///
    /// # Errors
    /// Its destination is not known or away.
    pub async fn resource_tree(&self, id: &AppId) -> Result<Option<Value>, ReconcileError> {
        let (Some(application), Some(view)) = (self.application(id), self.app_view(id)) else {
            return Ok(None);
        };
        let app = lower(application.object().value()).app;
        let compared = view.compared.unwrap_or_default();
        let snapshot = self.snapshot();
        let place = self.clusters.find(&app.destination, &snapshot).await?;
        let live: &dyn LiveView = &**place.cluster.cache();
        let now = self.now_unix();
        let judge = |live: &fairway_core::Live| crate::scripts::assess(&snapshot.customizations, live, now);
        let orphans = snapshot.projects.get(&app.project).map(|project| {
            let is_app = |id: &AppId| self.application(id).is_some();
            orphans::orphans(project, &place, &app.destination.namespace, &compared, &is_app)
        });
        let orphans = orphans.unwrap_or_default();
        Ok(Some(crate::tree::application_tree(&compared, live, &orphans, &judge)))
    }

    /// Returns what a plain sync of an App would do now; nothing before its first pass.
    ///
    /// # Errors
    /// Its destination is not known or away.
    pub async fn plan_preview(&self, id: &AppId) -> Result<Option<SyncPlan>, ReconcileError> {
        let (Some(application), Some(view)) = (self.application(id), self.app_view(id)) else {
            return Ok(None);
        };
        let (Some(target), Some(compared)) = (view.target, view.compared) else { return Ok(None) };
        let app = lower(application.object().value()).app;
        let snapshot = self.snapshot();
        let place = self.clusters.find(&app.destination, &snapshot).await?;
        let pass = crate::reconcile::Pass {
            application: &application,
            app: &app,
            snapshot: &snapshot,
            place: &place,
            target: &target,
            compared: &compared,
        };
        Ok(Some(self.plan_for(&pass, &self.default_operation(&app), &Start::now(self.now_unix()))))
    }

    /// Returns the items of an App's `ManagedResourcesResponse`, the data of Secrets masked.
    ///
    /// # Errors
    /// Its destination is not known or away.
    pub async fn managed_resources(&self, id: &AppId) -> Result<Option<Vec<Value>>, ReconcileError> {
        let (Some(application), Some(view)) = (self.application(id), self.app_view(id)) else {
            return Ok(None);
        };
        let app = lower(application.object().value()).app;
        let snapshot = self.snapshot();
        let place = self.clusters.find(&app.destination, &snapshot).await?;
        let (options, _) = diff_options(&CompareContext {
            app: &app,
            place: &place,
            marks: &snapshot.marks,
            snapshot: &snapshot,
            now: self.now_unix(),
        });
        let compared = view.compared.unwrap_or_default();
        let target = view.target.unwrap_or_default();
        Ok(Some(crate::tree::managed_resources(
            &compared,
            &target,
            &place.schemas,
            &options,
            &snapshot.settings.masked_annotations,
        )))
    }

    /// Returns the live object under a key in an App's destination, its data masked if it is a Secret.
    ///
    /// # Errors
    /// The destination is not known, is away, or refuses.
    pub async fn live_object(
        &self,
        id: &AppId,
        key: &fairway_core::ObjectKey,
    ) -> Result<Option<Value>, ReconcileError> {
        let Some(application) = self.application(id) else { return Ok(None) };
        let app = lower(application.object().value()).app;
        let place = self.clusters.find(&app.destination, &self.snapshot()).await?;
        let writer: &dyn ClusterWriter = &*place.cluster;
        Ok(writer
            .get(key)
            .await?
            .map(|l| crate::mask::mask(l.value(), &self.snapshot().settings.masked_annotations)))
    }

    /// Returns the Events about an object in an App's destination, or about the Application itself.
    ///
    /// # Errors
    /// The destination is not known, is away, or refuses.
    pub async fn events_of(
        &self,
        id: &AppId,
        about: Option<(&str, &str, &str)>,
    ) -> Result<Value, ReconcileError> {
        let Some(application) = self.application(id) else { return Ok(Value::object()) };
        let app = lower(application.object().value()).app;
        let (cluster, namespace, name, kind) = match about {
            None => {
                (self.home().clone(), id.namespace.to_string(), id.name.to_string(), "Application".to_owned())
            }
            Some((kind, namespace, name)) => {
                let place = self.clusters.find(&app.destination, &self.snapshot()).await?;
                let namespace = if namespace.is_empty() { "default" } else { namespace };
                (place.cluster, namespace.to_owned(), name.to_owned(), kind.to_owned())
            }
        };
        let mut selector = format!("involvedObject.name%3D{name}");
        if !kind.is_empty() {
            // Argo CD's clients name no kind.
            selector.push_str(&format!("%2CinvolvedObject.kind%3D{kind}"));
        }
        let path = format!("/api/v1/namespaces/{namespace}/events?limit=500&fieldSelector={selector}");
        Ok(cluster.client().get(&path).await?)
    }

    /// Writes a whole object of the home cluster: creates it, or with `upsert` replaces the one that is there.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn put_object(&self, object: Object, upsert: bool) -> Result<Value, ApiError> {
        let request = ApplyRequest {
            object,
            mode: if upsert { ApplyMode::Replace } else { ApplyMode::Create },
            dry_run: false,
            force_conflicts: false,
            validation: Validation::Strict,
            take_over_from: Vec::new(),
        };
        let writer: &dyn ClusterWriter = &**self.home();
        Ok(writer.apply(request).await?.0.into_value())
    }

    /// Applies a JSON merge patch to an Application.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn patch_application(&self, id: &AppId, patch: Value) -> Result<Value, ApiError> {
        let writer: &dyn ClusterWriter = &**self.home();
        Ok(writer.merge_patch(&application_key(id), patch).await?.0.into_value())
    }

    /// Deletes an object of the home cluster.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn delete_object(&self, key: fairway_core::ObjectKey) -> Result<(), ApiError> {
        let request = DeleteRequest {
            key,
            version: Str::new(),
            uid: Str::new(),
            propagation: Propagation::Background,
            dry_run: false,
        };
        let writer: &dyn ClusterWriter = &**self.home();
        writer.delete(request).await
    }

    /// Asks for an App to be looked at.
    pub fn look_at(&self, id: &AppId, hard: bool) {
        self.queue.add(id.clone(), if hard { Level::Hard } else { Level::Source });
    }

    /// Returns how often rendering was saved, and how many Apps wait.
    #[must_use]
    pub fn load(&self) -> (crate::desired::RenderStats, usize) {
        (self.renderer.stats(), self.queue.len())
    }

    /// Returns the Apps that look after orphans, with how many there are.
    #[must_use]
    pub fn orphans(&self) -> BTreeMap<AppId, orphans::Watched> {
        self.orphan_watch.all()
    }

    /// Returns the objects that an App renders at another revision, marked and with namespaces.
    ///
    /// # Errors
    /// In words: the destination or the sources are not to be had.
    pub async fn manifests_at(&self, id: &AppId, revision: &str) -> Result<(Vec<Value>, Str), String> {
        let application: Application = self.application(id).ok_or("the Application does not exist")?;
        let mut app = lower(application.object().value()).app;
        if let Some(source) = app.sources.first_mut().filter(|_| !revision.is_empty()) {
            source.target_revision = revision.into();
        }
        let snapshot = self.snapshot();
        let place = self.clusters.find(&app.destination, &snapshot).await.map_err(|e| e.to_string())?;
        let (target, compared) = (Arc::default(), Arc::default());
        let pass = crate::reconcile::Pass {
            application: &application,
            app: &app,
            snapshot: &snapshot,
            place: &place,
            target: &target,
            compared: &compared,
        };
        let revisions = self.renderer.resolve(&app.sources).await.map_err(|e| e.to_string())?;
        let rendered = self.render_elsewhere(&pass, &app, &revisions).await?;
        let objects = rendered
            .objects
            .iter()
            .map(|d| crate::mask::mask(d.value(), &snapshot.settings.masked_annotations))
            .collect();
        Ok((objects, revisions.first().cloned().unwrap_or_default()))
    }
}
