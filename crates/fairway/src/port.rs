//! Joins the HTTP server's port to the engine.

use fairway_argocd::{Application, GROUP, Refresh};
use fairway_controller::{Engine, EngineEvent as LoopEvent, ReconcileError};
use fairway_core::{ApiError, ApiErrorKind, AppId, GroupKind, LiveView as _, Object, ObjectKey};
use fairway_server::{
    AccessData, ActionRun, AppKey, ApplicationList, Caller, Cascade, Change, CredentialKind, EngineError,
    EngineEvent, EngineFuture, ErrorKind, LogLines, LogRequest, PatchKind, RefreshKind, Removal, ResourceId,
    VersionInfo, WebhookRequest,
};
use fairway_value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;

/// Longest wait for a refresh that a caller waits for: it goes on afterwards.
const REFRESH_WAIT: Duration = Duration::from_secs(60);

/// Events that a slow client may be behind.
const EVENTS_BEHIND_MAX: usize = 4096;

/// The engine as the HTTP server sees it.
pub struct Port {
    engine: Arc<Engine>,
    events: broadcast::Sender<EngineEvent>,
}

impl Port {
    /// Wraps the engine and begins to pass its events on.
    pub fn new(engine: Arc<Engine>) -> Arc<Self> {
        let events = broadcast::Sender::new(EVENTS_BEHIND_MAX);
        let mut received = engine.subscribe();
        let sender = events.clone();
        tokio::spawn(async move {
            loop {
                let event = match received.recv().await {
                    Ok(event) => translate(event),
                    Err(broadcast::error::RecvError::Lagged(_)) => EngineEvent::Missed,
                    Err(broadcast::error::RecvError::Closed) => return,
                };
                // Without a client nobody listens.
                let _ = sender.send(event);
            }
        });
        Arc::new(Self { engine, events })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    fn id(key: &AppKey) -> AppId {
        AppId::new(key.namespace.as_str(), key.name.as_str())
    }

    pub(crate) fn found(&self, key: &AppKey) -> Result<Application, EngineError> {
        self.engine.application(&Self::id(key)).ok_or_else(|| EngineError::application_not_found(&key.name))
    }

    fn all(&self, kind: &str) -> Vec<Value> {
        let all = self.engine.home().cache().of_kind(&GroupKind::new(GROUP, kind));
        all.iter().map(|o| o.value().clone()).collect()
    }

    /// Starts an operation by writing it on the Application, as Argo CD's server does.
    async fn operate(&self, key: &AppKey, operation: Value) -> Result<Value, EngineError> {
        let application = self.found(key)?;
        if application.is_deleting() {
            return Err(EngineError::new(ErrorKind::FailedPrecondition, "application is deleting"));
        }
        if application.operation().is_some() || application.operation_phase() == "Running" {
            return Err(EngineError::new(
                ErrorKind::FailedPrecondition,
                "another operation is already in progress",
            ));
        }
        let mut patch = Value::object();
        patch.set_path(&["operation"], operation);
        self.engine.patch_application(&Self::id(key), patch).await.map_err(|e| api(&e))
    }
}

fn translate(event: LoopEvent) -> EngineEvent {
    match event {
        LoopEvent::Changed(live) => {
            EngineEvent::Application { change: Change::Modified, application: live.value().clone() }
        }
        LoopEvent::Deleted(live) => {
            EngineEvent::Application { change: Change::Deleted, application: live.value().clone() }
        }
        LoopEvent::Tree(id) => {
            EngineEvent::Tree(AppKey { namespace: id.namespace.to_string(), name: id.name.to_string() })
        }
    }
}

pub(crate) fn api(error: &ApiError) -> EngineError {
    let kind = match error.kind {
        ApiErrorKind::NotFound | ApiErrorKind::UnknownKind => ErrorKind::NotFound,
        ApiErrorKind::AlreadyExists => ErrorKind::AlreadyExists,
        ApiErrorKind::Conflict => ErrorKind::Conflict,
        ApiErrorKind::Invalid | ApiErrorKind::BadRequest => ErrorKind::Invalid,
        ApiErrorKind::Forbidden | ApiErrorKind::Denied => ErrorKind::Denied,
        ApiErrorKind::Gone
        | ApiErrorKind::TooManyRequests
        | ApiErrorKind::Server
        | ApiErrorKind::Unreachable
        | ApiErrorKind::Timeout => ErrorKind::Unavailable,
    };
    EngineError::new(kind, error.to_string())
}

pub(crate) fn reconcile(error: &ReconcileError) -> EngineError {
    let kind = match error {
        ReconcileError::Cluster(error) => return api(error),
        ReconcileError::Source(_) => ErrorKind::Unavailable,
        ReconcileError::Render(_) | ReconcileError::Invalid(_) | ReconcileError::Destination(_) => {
            ErrorKind::FailedPrecondition
        }
        ReconcileError::Fault(_) => ErrorKind::Internal,
    };
    EngineError::new(kind, error.to_string())
}

pub(crate) fn invalid(why: impl Into<String>) -> EngineError {
    EngineError::new(ErrorKind::Invalid, why)
}

/// An Application that a caller sends: named, in the right namespace, with its kind.
fn as_application(mut value: Value, namespace: &str) -> Result<Object, EngineError> {
    value.set_path(&["apiVersion"], fairway_argocd::API_VERSION);
    value.set_path(&["kind"], "Application");
    let mut object = Object::new(value);
    if object.namespace().is_empty() {
        object.set_namespace(namespace);
    }
    if object.name().is_empty() {
        return Err(invalid("metadata.name is missing"));
    }
    Ok(object)
}

impl fairway_server::Engine for Port {
    fn version(&self) -> VersionInfo {
        VersionInfo {
            version: format!("v{}", env!("CARGO_PKG_VERSION")),
            git_commit: String::new(),
            helm: "v3.22".to_owned(),
            kustomize: "v5.8".to_owned(),
        }
    }

    fn namespace(&self) -> String {
        self.engine.namespace().to_string()
    }

    fn ready(&self) -> Result<(), String> {
        match self.engine.home().state() {
            fairway_cluster::ClusterState::Ready => Ok(()),
            fairway_cluster::ClusterState::Starting => {
                Err("the cluster's objects are being listed".to_owned())
            }
            fairway_cluster::ClusterState::Away(why) => Err(format!("the cluster is away: {why}")),
        }
    }

    fn metrics(&self) -> String {
        let mut text = self.engine.metrics().text();
        text.push_str(&crate::app_metrics::text(&self.engine));
        text
    }

    fn applications(&self) -> ApplicationList {
        let items: Vec<Value> = self.engine.applications().into_iter().map(|app| self.shown(app)).collect();
        // The newest version of any is what a stream that starts now has seen.
        let version =
            |app: &Value| app.get_path(&["metadata", "resourceVersion"])?.as_str()?.parse::<u64>().ok();
        let newest = items.iter().filter_map(version).max();
        ApplicationList { resource_version: newest.map(|v| v.to_string()).unwrap_or_default(), items }
    }

    fn application(&self, key: &AppKey) -> Option<Value> {
        self.engine.application(&Self::id(key)).map(|app| self.shown(app))
    }

    fn subscribe(&self) -> broadcast::Receiver<EngineEvent> {
        self.events.subscribe()
    }

    fn create_application(&self, app: Value, upsert: bool, validate: bool) -> EngineFuture<'_, Value> {
        Box::pin(async move {
            let mut object = as_application(app, self.engine.namespace())?;
            if validate {
                self.check(&object)?;
            }
            object.value_mut().remove_path(&["status"]);
            self.engine.put_object(object, upsert).await.map_err(|e| api(&e))
        })
    }

    fn update_application(&self, key: AppKey, app: Value, validate: bool) -> EngineFuture<'_, Value> {
        Box::pin(async move {
            let before = self.found(&key)?;
            let mut object = as_application(app, &key.namespace)?;
            if validate {
                self.check(&object)?;
            }
            if let Some(status) = before.get(&["status"]) {
                object.value_mut().set_path(&["status"], status.clone());
            }
            self.engine.put_object(object, true).await.map_err(|e| api(&e))
        })
    }

    fn patch_application(&self, key: AppKey, kind: PatchKind, patch: Value) -> EngineFuture<'_, Value> {
        Box::pin(async move {
            let before = self.found(&key)?;
            match kind {
                PatchKind::Merge => {
                    self.engine.patch_application(&Self::id(&key), patch).await.map_err(|e| api(&e))
                }
                PatchKind::Json => {
                    let patched =
                        crate::json_patch::apply(before.object().value(), &patch).map_err(invalid)?;
                    self.engine.put_object(Object::new(patched), true).await.map_err(|e| api(&e))
                }
            }
        })
    }

    fn delete_application(&self, key: AppKey, cascade: Cascade) -> EngineFuture<'_, ()> {
        Box::pin(async move {
            let application = self.found(&key)?;
            let wanted = match cascade {
                Cascade::Foreground => Some(fairway_argocd::FINALIZER_RESOURCES.to_owned()),
                Cascade::Background => Some(format!("{}/background", fairway_argocd::FINALIZER_RESOURCES)),
                Cascade::Orphan => None,
            };
            let others = application
                .object()
                .finalizers()
                .filter(|f| !f.starts_with(fairway_argocd::FINALIZER_RESOURCES))
                .map(str::to_owned);
            let list: Value = others.chain(wanted).map(Value::from).collect();
            let mut patch = Value::object();
            patch.set_path(&["metadata", "finalizers"], list);
            self.engine.patch_application(&Self::id(&key), patch).await.map_err(|e| api(&e))?;
            let object = ObjectKey::new(GROUP, "Application", key.namespace.as_str(), key.name.as_str());
            self.engine.delete_object(object).await.map_err(|e| api(&e))
        })
    }

    fn refresh(&self, key: AppKey, kind: RefreshKind) -> EngineFuture<'_, Value> {
        Box::pin(async move {
            self.found(&key)?;
            let word = match kind {
                RefreshKind::Normal => "normal",
                RefreshKind::Hard => "hard",
            };
            let mut events = self.engine.subscribe();
            let mut patch = Value::object();
            patch.set_path(&["metadata", "annotations", fairway_argocd::ANNOTATION_REFRESH], word);
            self.engine.patch_application(&Self::id(&key), patch).await.map_err(|e| api(&e))?;
            let done = async {
                loop {
                    let current = self.found(&key)?;
                    if current.refresh() != Some(Refresh::Normal) && current.refresh() != Some(Refresh::Hard)
                    {
                        return Ok(current.into_value());
                    }
                    if let Err(broadcast::error::RecvError::Closed) = events.recv().await {
                        return Err(EngineError::new(ErrorKind::Unavailable, "the engine is shutting down"));
                    }
                }
            };
            match tokio::time::timeout(REFRESH_WAIT, done).await {
                Ok(outcome) => outcome,
                Err(_) => Ok(self.found(&key)?.into_value()),
            }
        })
    }

    fn sync(&self, key: AppKey, request: Value, caller: Caller) -> EngineFuture<'_, Value> {
        Box::pin(async move {
            let operation = crate::operation::from_sync_request(&request, &caller.username);
            self.operate(&key, operation).await
        })
    }

    fn rollback(&self, key: AppKey, request: Value, caller: Caller) -> EngineFuture<'_, Value> {
        Box::pin(async move {
            let application = self.found(&key)?;
            let operation = crate::operation::from_rollback_request(&application, &request, &caller.username)
                .map_err(|why| EngineError::new(ErrorKind::FailedPrecondition, why))?;
            self.operate(&key, operation).await
        })
    }

    fn terminate(&self, key: AppKey) -> EngineFuture<'_, ()> {
        Box::pin(async move {
            let application = self.found(&key)?;
            let running = application.operation_phase() == "Running" || application.operation().is_some();
            if !running {
                let why = "Unable to terminate operation. No operation is in progress";
                return Err(EngineError::new(ErrorKind::Invalid, why));
            }
            let mut patch = Value::object();
            patch.set_path(&["status", "operationState", "phase"], "Terminating");
            self.engine.patch_application(&Self::id(&key), patch).await.map_err(|e| api(&e))?;
            self.engine.look_at(&Self::id(&key), false);
            Ok(())
        })
    }

    fn resource_tree(&self, key: AppKey) -> EngineFuture<'_, Value> {
        Box::pin(async move {
            self.found(&key)?;
            let tree = self.engine.resource_tree(&Self::id(&key)).await.map_err(|e| reconcile(&e))?;
            Ok(tree.unwrap_or_else(|| {
                ["nodes", "orphanedNodes", "hosts"].into_iter().map(|k| (k, Value::array())).collect()
            }))
        })
    }

    fn managed_resources(&self, key: AppKey) -> EngineFuture<'_, Vec<Value>> {
        Box::pin(async move {
            self.found(&key)?;
            let items = self.engine.managed_resources(&Self::id(&key)).await.map_err(|e| reconcile(&e))?;
            Ok(items.unwrap_or_default())
        })
    }

    fn manifests(&self, key: AppKey, revision: Option<String>) -> EngineFuture<'_, Value> {
        Box::pin(async move {
            let application = self.found(&key)?;
            let id = Self::id(&key);
            let wanted = revision.unwrap_or_default();
            let (objects, revision) = self
                .engine
                .manifests_at(&id, &wanted)
                .await
                .map_err(|why| EngineError::new(ErrorKind::FailedPrecondition, why))?;
            let manifests: Value = objects.iter().map(|o| Value::from(o.to_string())).collect();
            let mut out = Value::object();
            out.set_path(&["manifests"], manifests);
            out.set_path(&["revision"], revision);
            let text = |path: &[&str]| application.get(path).cloned().unwrap_or_default();
            out.set_path(&["namespace"], text(&["spec", "destination", "namespace"]));
            out.set_path(&["server"], text(&["spec", "destination", "server"]));
            out.set_path(&["sourceType"], text(&["status", "sourceType"]));
            Ok(out)
        })
    }

    fn resource(&self, key: AppKey, resource: ResourceId) -> EngineFuture<'_, Value> {
        Box::pin(async move { self.live(&key, &resource).await })
    }

    fn patch_resource(
        &self,
        key: AppKey,
        resource: ResourceId,
        media_type: String,
        patch: Value,
    ) -> EngineFuture<'_, Value> {
        Box::pin(async move { self.patch(&key, &resource, &media_type, &patch).await })
    }

    fn resource_actions(&self, key: AppKey, resource: ResourceId) -> EngineFuture<'_, Vec<Value>> {
        Box::pin(async move { self.actions(&key, &resource).await })
    }

    fn run_resource_action(&self, key: AppKey, resource: ResourceId, run: ActionRun) -> EngineFuture<'_, ()> {
        Box::pin(async move { self.act(&key, &resource, run).await })
    }

    fn delete_resource(&self, key: AppKey, resource: ResourceId, how: Removal) -> EngineFuture<'_, ()> {
        Box::pin(async move { self.remove(&key, &resource, how).await })
    }

    fn logs(&self, key: AppKey, request: LogRequest) -> EngineFuture<'_, LogLines> {
        Box::pin(async move { self.open_logs(&key, request).await })
    }

    fn sync_windows(&self, key: AppKey) -> EngineFuture<'_, Value> {
        Box::pin(async move { Ok(self.windows(&self.found(&key)?)) })
    }

    fn repository_templates(&self) -> EngineFuture<'_, Vec<Value>> {
        Box::pin(async move { Ok(self.credentials(CredentialKind::Template)) })
    }

    fn put_credentials(&self, kind: CredentialKind, value: Value, upsert: bool) -> EngineFuture<'_, Value> {
        Box::pin(async move { self.write_credentials(kind, &value, upsert).await })
    }

    fn delete_credentials(&self, kind: CredentialKind, url: String) -> EngineFuture<'_, ()> {
        Box::pin(async move { self.remove_credentials(kind, &url).await })
    }

    fn check_repository(&self, url: String) -> EngineFuture<'_, Value> {
        Box::pin(async move { Ok(self.connection(&url).await) })
    }

    fn access(&self) -> AccessData {
        self.access_data()
    }

    fn write_secret(&self, entries: BTreeMap<String, String>) -> EngineFuture<'_, ()> {
        Box::pin(async move { self.change_secret(entries).await })
    }

    fn put_applicationset(&self, set: Value, upsert: bool) -> EngineFuture<'_, Value> {
        Box::pin(async move { self.write_set(set, upsert).await })
    }

    fn delete_applicationset(&self, namespace: String, name: String) -> EngineFuture<'_, ()> {
        Box::pin(async move {
            let key = ObjectKey::new(GROUP, "ApplicationSet", namespace, name.as_str());
            self.engine.delete_object(key).await.map_err(|e| api(&e))
        })
    }

    fn project(&self, name: &str) -> Option<Value> {
        let key = ObjectKey::new(GROUP, "AppProject", self.engine.namespace().clone(), name);
        self.engine.home().cache().get(&key).map(|live| live.value().clone())
    }

    fn events(&self, key: AppKey, resource: Option<ResourceId>) -> EngineFuture<'_, Value> {
        Box::pin(async move {
            self.found(&key)?;
            let about = resource.as_ref().map(|r| (r.kind.as_str(), r.namespace.as_str(), r.name.as_str()));
            self.engine.events_of(&Self::id(&key), about).await.map_err(|e| reconcile(&e))
        })
    }

    fn revision_metadata(
        &self,
        key: AppKey,
        revision: String,
        source_index: usize,
    ) -> EngineFuture<'_, Value> {
        Box::pin(async move {
            let application = self.found(&key)?;
            let app = fairway_argocd::lower(application.object().value()).app;
            let source = app.sources.get(source_index).or(app.sources.first());
            let source = source.ok_or_else(|| invalid("the application has no source"))?;
            let found = self.engine.sources().commit_metadata(&source.repo_url, &revision).await;
            let metadata = found.map_err(|e| EngineError::new(ErrorKind::Unavailable, e.to_string()))?;
            let date = jiff::Timestamp::try_from(metadata.date).map(|t| t.to_string()).unwrap_or_default();
            let mut out = Value::object();
            out.set_path(&["author"], metadata.author);
            out.set_path(&["date"], date);
            out.set_path(&["message"], metadata.message);
            if !metadata.tags.is_empty() {
                out.set_path(&["tags"], metadata.tags.into_iter().map(Value::from).collect::<Value>());
            }
            Ok(out)
        })
    }

    fn plan(&self, key: AppKey) -> EngineFuture<'_, Value> {
        Box::pin(async move {
            self.found(&key)?;
            let plan = self.engine.plan_preview(&Self::id(&key)).await;
            let plan = plan.map_err(|e| EngineError::new(ErrorKind::Unavailable, e.to_string()))?;
            let plan = plan.ok_or_else(|| {
                EngineError::new(ErrorKind::FailedPrecondition, "the application has not been compared yet")
            })?;
            Ok(crate::plan_items::items(&plan))
        })
    }

    fn projects(&self) -> EngineFuture<'_, Vec<Value>> {
        Box::pin(async move { Ok(self.all("AppProject")) })
    }

    fn put_project(&self, mut project: Value, upsert: bool) -> EngineFuture<'_, Value> {
        Box::pin(async move {
            project.set_path(&["apiVersion"], fairway_argocd::API_VERSION);
            project.set_path(&["kind"], "AppProject");
            let mut object = Object::new(project);
            object.set_namespace(self.engine.namespace().clone());
            self.engine.put_object(object, upsert).await.map_err(|e| api(&e))
        })
    }

    fn delete_project(&self, name: String) -> EngineFuture<'_, ()> {
        Box::pin(async move {
            let users =
                self.engine.applications().into_iter().filter(|a| a.project() == name.as_str()).count();
            if users > 0 {
                let why = format!("project is referenced by {users} applications");
                return Err(EngineError::new(ErrorKind::FailedPrecondition, why));
            }
            let key = ObjectKey::new(GROUP, "AppProject", self.engine.namespace().clone(), name.as_str());
            if self.engine.home().cache().get(&key).is_none() {
                let why = format!("appprojects.argoproj.io \"{name}\" not found");
                return Err(EngineError::new(ErrorKind::NotFound, why));
            }
            self.engine.delete_object(key).await.map_err(|e| api(&e))
        })
    }

    fn applicationsets(&self) -> EngineFuture<'_, Vec<Value>> {
        Box::pin(async move { Ok(self.all("ApplicationSet")) })
    }

    fn repositories(&self) -> EngineFuture<'_, Vec<Value>> {
        Box::pin(async move { Ok(self.credentials(CredentialKind::Repository)) })
    }

    fn clusters(&self) -> EngineFuture<'_, Vec<Value>> {
        Box::pin(async move { Ok(crate::cluster_list::items(&self.engine)) })
    }

    fn settings(&self) -> Value {
        let snapshot = self.engine.snapshot();
        let mut out = Value::object();
        out.set_path(&["url"], snapshot.settings.url.clone());
        out.set_path(&["appLabelKey"], snapshot.settings.instance_label_key.clone());
        out.set_path(&["controllerNamespace"], self.engine.namespace().clone());
        out
    }

    fn webhook(&self, request: WebhookRequest) -> EngineFuture<'_, ()> {
        Box::pin(async move {
            let snapshot = self.engine.snapshot();
            let header = |name: &str| {
                request.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.clone())
            };
            let events = fairway_scm::webhook::parse(&header, &request.body, &snapshot.webhook_secrets)
                .map_err(|e| match e {
                    fairway_scm::webhook::WebhookError::Signature { .. } => {
                        EngineError::new(ErrorKind::Denied, e.to_string())
                    }
                    other => invalid(other.to_string()),
                })?;
            let urls: Vec<String> = events.into_iter().flat_map(|e| e.repo_urls).collect();
            if !urls.is_empty() {
                let engine = self.engine.clone();
                // The forge does not wait for the fetch.
                tokio::spawn(async move { engine.repository_changed(&urls).await });
            }
            Ok(())
        })
    }
}

impl Port {
    /// Refuses a spec that could not be worked with.
    fn check(&self, object: &Object) -> Result<(), EngineError> {
        let lowered = fairway_argocd::lower(object.value());
        let problems: Vec<&str> =
            lowered.conditions.iter().filter(|c| c.kind.blocks_sync()).map(|c| c.message.as_str()).collect();
        if !problems.is_empty() {
            let words = problems.join("\n");
            return Err(invalid(format!("application spec for {} is invalid: {words}", object.name())));
        }
        let snapshot = self.engine.snapshot();
        if !snapshot.projects.contains_key(&lowered.app.project) {
            let words =
                format!("application references project {} which does not exist", lowered.app.project);
            return Err(invalid(words));
        }
        Ok(())
    }

    fn windows(&self, application: &Application) -> Value {
        let app = fairway_argocd::lower(application.object().value()).app;
        let now_unix = jiff::Timestamp::now().as_second();
        let snapshot = self.engine.snapshot();
        let project = snapshot.projects.get(&app.project);
        let all = project.map(|p| p.windows_of(&app, now_unix)).unwrap_or_default();
        let moment = fairway_argocd::SyncMoment { now_unix, manual: true, started_unix: None };
        let can_sync =
            project.is_none_or(|p| p.sync_decision(&app, moment) == fairway_argocd::SyncDecision::Allowed);
        let shown = |only_open: bool| -> Value {
            let kept = all.iter().filter(|(_, is_open)| *is_open || !only_open);
            let fields = ["kind", "schedule", "duration", "manualSync"];
            kept.map(|(w, _)| fields.iter().filter_map(|f| Some((*f, w.get(f)?.clone()))).collect::<Value>())
                .collect()
        };
        [("activeWindows", shown(true)), ("assignedWindows", shown(false)), ("canSync", can_sync.into())]
            .into_iter()
            .collect()
    }

    pub(crate) fn compares(&self, key: &AppKey, object: &ObjectKey) -> bool {
        let view = self.engine.app_view(&Self::id(key));
        view.and_then(|v| v.compared).is_some_and(|c| c.live.contains_key(object))
    }
}
