//! The port through which the server reaches the engine, and the values that cross it.
//!
//! Reads that the engine answers from memory ([`Engine::applications`], [`Engine::ready`]) are plain functions; whatever may
//! wait for a cluster or a repository is a boxed future, so that the trait stays object safe.

use fairway_value::Value;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc};

/// The future that an asynchronous method of [`Engine`] returns.
pub type EngineFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, EngineError>> + Send + 'a>>;

/// What went wrong in the engine, as a class that decides the HTTP and gRPC codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The named object does not exist.
    NotFound,
    /// An object of that name exists already.
    AlreadyExists,
    /// The request is malformed or names something that cannot be.
    Invalid,
    /// A project or admission rule forbids it.
    Denied,
    /// The object changed since the caller read it.
    Conflict,
    /// The request is sound, but the application's state does not allow it now.
    FailedPrecondition,
    /// A cluster or repository that is needed cannot be reached.
    Unavailable,
    /// This version of Fairway cannot do it.
    Unsupported,
    /// A fault of the engine; its text goes to the log and not to the caller.
    Internal,
}

/// An error of the engine. The message is shown to the caller, except for [`ErrorKind::Internal`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EngineError {
    /// The class that decides the status code.
    pub kind: ErrorKind,
    /// What is wrong and what to do; never holds a secret.
    pub message: String,
}

impl EngineError {
    /// Returns an error of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Returns the error for an application that does not exist, in the Kubernetes API server's words.
    #[must_use]
    pub fn application_not_found(name: &str) -> Self {
        Self::new(ErrorKind::NotFound, format!("applications.argoproj.io \"{name}\" not found"))
    }
}

/// Which application is meant. The engine's own namespace is filled in by the server where the caller names none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppKey {
    /// The namespace of the Application object.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// How thoroughly a refresh looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshKind {
    /// Fetches the revision and compares.
    Normal,
    /// Also renders again, past every cache.
    Hard,
}

/// The kinds of patch that the API takes, as Argo CD `server/application` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchKind {
    /// RFC 7386.
    Merge,
    /// RFC 6902.
    Json,
}

/// Which resources go with a deleted Application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cascade {
    /// Resources are deleted first, the Application after them.
    Foreground,
    /// Resources are deleted by the garbage collector.
    Background,
    /// Only the Application goes, its resources stay.
    Orphan,
}

/// One Kubernetes object that an application owns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceId {
    /// The API group; empty for the core group.
    pub group: String,
    /// The API version; empty means the preferred one.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The namespace; empty for a cluster-wide object.
    pub namespace: String,
    /// The name.
    pub name: String,
}

/// How an object is deleted by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// What it owns goes first.
    Foreground,
    /// At once, without the time it is given to end.
    Force,
    /// What it owns stays.
    Orphan,
}

/// Which lines of which Pods' logs are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogRequest {
    /// The Pod, or the object whose Pods are meant; none: every Pod of the application.
    pub resource: Option<ResourceId>,
    /// The container; empty where a Pod has one alone.
    pub container: String,
    /// Goes on with new lines.
    pub follow: bool,
    /// Reads the container's last run.
    pub previous: bool,
    /// Lines from the end of each Pod's log; all without it.
    pub tail_lines: Option<u64>,
    /// Nothing older than so many seconds.
    pub since_seconds: Option<u64>,
    /// Nothing older than this time (RFC 3339).
    pub since_time: String,
}

/// One line of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogLine {
    /// The Pod that wrote it.
    pub pod: String,
    /// When (RFC 3339); empty where unknown.
    pub time: String,
    /// The line itself.
    pub content: String,
}

/// Where the lines of logs come out. It ends when every log has; an error is the last entry.
pub type LogLines = mpsc::Receiver<Result<LogLine, EngineError>>;

/// What says who may do what, as the cluster holds it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AccessData {
    /// `argocd-cm`: accounts.
    pub config: BTreeMap<String, String>,
    /// `argocd-rbac-cm`: the policy.
    pub policy: BTreeMap<String, String>,
    /// `argocd-secret`, decoded: password hashes and tokens.
    pub secret: BTreeMap<String, String>,
}

/// Which objects with credentials are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A repository.
    Repository,
    /// A template for all repositories below a URL.
    Template,
}

/// Who asks, for `operation.initiatedBy.username` and the events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account's name.
    pub username: String,
}

/// Every application, as one consistent list.
#[derive(Clone, Debug, Default)]
pub struct ApplicationList {
    /// The resource version that the list was read at; empty where unknown.
    pub resource_version: String,
    /// The Application objects, ordered by namespace and name. Cloning one is cheap: values share their storage.
    pub items: Vec<Value>,
}

/// What happened to an Application object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// Its spec, status or metadata changed.
    Modified,
    /// It is gone; the value is its last state.
    Deleted,
}

impl Change {
    /// Returns the word that Argo CD's event stream uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

/// One entry of the engine's event stream.
#[derive(Clone, Debug)]
pub enum EngineEvent {
    /// An Application object changed.
    Application {
        /// How.
        change: Change,
        /// The whole Application object.
        application: Value,
    },
    /// The engine itself fell behind its sources: some events are missing, and whoever listens compares with the whole list.
    Missed,
    /// The live objects below an application changed without a change of the Application object.
    Tree(AppKey),
}

/// A request that a Git host sent to `/api/webhook`, as it came: the engine checks the signature over the raw body.
pub struct WebhookRequest {
    /// Header names in lower case, with their values. Values that are not visible ASCII are left out.
    pub headers: Vec<(String, String)>,
    /// The body, at most [`crate::WEBHOOK_BYTES_MAX`] long.
    pub body: Vec<u8>,
}

/// What the engine is, for `/api/version`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionInfo {
    /// The version, such as `v0.1.0`.
    pub version: String,
    /// The commit it was built from; empty where unknown.
    pub git_commit: String,
    /// The Helm version whose behaviour is followed.
    pub helm: String,
    /// The Kustomize version whose behaviour is followed.
    pub kustomize: String,
}

/// A resource action that somebody wants run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionRun {
    /// Its name.
    pub action: String,
    /// Parameters by name.
    pub params: Vec<(String, String)>,
    /// Who wants it.
    pub by: Caller,
}

/// What the server asks of the engine.
///
/// Values are whole objects in Argo CD's own shapes (`argoproj.io/v1alpha1`, or the response type named at the method).
/// A method that acts on one application answers [`ErrorKind::NotFound`] where there is none; the server turns that into
/// the code that Argo CD would give.
pub trait Engine: Send + Sync + 'static {
    /// Returns the version.
    fn version(&self) -> VersionInfo;

    /// Returns the namespace of Applications that are named without one, such as `argocd`.
    fn namespace(&self) -> String;

    /// Says whether the engine can serve, or in one sentence why not.
    ///
    /// # Errors
    /// The reason why it is not ready.
    fn ready(&self) -> Result<(), String>;

    /// Returns the metrics in Prometheus' text format, with Argo CD's names where one exists.
    fn metrics(&self) -> String;

    /// Returns every Application from memory.
    fn applications(&self) -> ApplicationList;

    /// Returns one Application from memory.
    fn application(&self, key: &AppKey) -> Option<Value>;

    /// Returns the stream of changes from now on. A receiver that falls behind is told so and lists again.
    fn subscribe(&self) -> broadcast::Receiver<EngineEvent>;

    /// Creates an Application; with `upsert` one that exists is replaced. `validate` asks for its sources and destination to be checked.
    fn create_application(&self, app: Value, upsert: bool, validate: bool) -> EngineFuture<'_, Value>;

    /// Replaces metadata and spec of an Application (its status is the engine's own).
    fn update_application(&self, key: AppKey, app: Value, validate: bool) -> EngineFuture<'_, Value>;

    /// Patches an Application.
    fn patch_application(&self, key: AppKey, kind: PatchKind, patch: Value) -> EngineFuture<'_, Value>;

    /// Deletes an Application. Returns once the deletion is recorded, not once it is done.
    fn delete_application(&self, key: AppKey, cascade: Cascade) -> EngineFuture<'_, ()>;

    /// Refreshes and returns the Application after the comparison.
    fn refresh(&self, key: AppKey, kind: RefreshKind) -> EngineFuture<'_, Value>;

    /// Starts a sync. `request` has the fields of Argo CD's `ApplicationSyncRequest` (`revision`, `prune`, `dryRun`,
    /// `strategy`, `resources`, `syncOptions.items`, `infos`, `retryStrategy`, …). Returns the Application with its operation.
    fn sync(&self, key: AppKey, request: Value, caller: Caller) -> EngineFuture<'_, Value>;

    /// Starts a sync to a history entry. `request` has the fields of `ApplicationRollbackRequest` (`id`, `prune`, `dryRun`).
    fn rollback(&self, key: AppKey, request: Value, caller: Caller) -> EngineFuture<'_, Value>;

    /// Ends the running operation.
    fn terminate(&self, key: AppKey) -> EngineFuture<'_, ()>;

    /// Returns the `ApplicationTree` (`nodes`, `orphanedNodes`, `hosts`).
    fn resource_tree(&self, key: AppKey) -> EngineFuture<'_, Value>;

    /// Returns the items of `ManagedResourcesResponse`: each with `targetState`, `liveState`, `normalizedLiveState` and
    /// `predictedLiveState` as JSON strings, the data of Secrets masked.
    fn managed_resources(&self, key: AppKey) -> EngineFuture<'_, Vec<Value>>;

    /// Returns the `ManifestResponse` of a revision (`None`: the one being compared to): `manifests` as JSON strings, Secrets masked.
    fn manifests(&self, key: AppKey, revision: Option<String>) -> EngineFuture<'_, Value>;

    /// Returns the live object, Secrets masked.
    fn resource(&self, key: AppKey, resource: ResourceId) -> EngineFuture<'_, Value>;

    /// Patches a live object and returns it, Secrets masked. The patch is of Kubernetes' own kinds, named by media type.
    fn patch_resource(
        &self,
        key: AppKey,
        resource: ResourceId,
        media_type: String,
        patch: Value,
    ) -> EngineFuture<'_, Value> {
        let _ = (key, resource, media_type, patch);
        unsupported("patching resources")
    }

    /// Returns the actions for a live object: `name`, `disabled`, `iconClass`, `displayName`, `params`.
    fn resource_actions(&self, key: AppKey, resource: ResourceId) -> EngineFuture<'_, Vec<Value>> {
        let _ = (key, resource);
        unsupported("resource actions")
    }

    /// Runs an action on a live object.
    fn run_resource_action(&self, key: AppKey, resource: ResourceId, run: ActionRun) -> EngineFuture<'_, ()> {
        let _ = (key, resource, run);
        unsupported("resource actions")
    }

    /// Deletes a live object.
    fn delete_resource(&self, key: AppKey, resource: ResourceId, how: Removal) -> EngineFuture<'_, ()> {
        let _ = (key, resource, how);
        unsupported("deleting resources")
    }

    /// Opens the logs of an application's Pods.
    fn logs(&self, key: AppKey, request: LogRequest) -> EngineFuture<'_, LogLines> {
        let _ = (key, request);
        unsupported("logs")
    }

    /// Returns the `ApplicationSyncWindowsResponse` (`activeWindows`, `assignedWindows`, `canSync`).
    fn sync_windows(&self, key: AppKey) -> EngineFuture<'_, Value> {
        let _ = key;
        unsupported("sync windows")
    }

    /// Returns the `ChartDetails` (`description`, `maintainers`, `home`) of a chart's version.
    fn chart_details(&self, key: AppKey, revision: String, source_index: usize) -> EngineFuture<'_, Value> {
        let _ = (key, revision, source_index);
        unsupported("chart details")
    }

    /// Returns Kubernetes' `EventList` for one resource, or for the Application itself.
    fn events(&self, key: AppKey, resource: Option<ResourceId>) -> EngineFuture<'_, Value>;

    /// Returns the `RevisionMetadata` (`author`, `date`, `message`, `tags`) of a commit in the source with an index.
    fn revision_metadata(
        &self,
        key: AppKey,
        revision: String,
        source_index: usize,
    ) -> EngineFuture<'_, Value>;

    /// Returns the plan of the next sync: `{items: [{group, version, kind, namespace, name, phase, wave, action, reason, hook}]}`
    /// in the order of execution, where `action` is one of `create`, `update`, `prune`, `replace`, `hook`, `none` and `skip`; and
    /// `refusals`, a list of texts: what is not done before a person approves it.
    fn plan(&self, key: AppKey) -> EngineFuture<'_, Value>;

    /// Returns every AppProject.
    fn projects(&self) -> EngineFuture<'_, Vec<Value>>;

    /// Returns one AppProject from memory, for the roles that it holds.
    fn project(&self, name: &str) -> Option<Value> {
        let _ = name;
        None
    }

    /// Creates an AppProject; with `upsert` one that exists is replaced.
    fn put_project(&self, project: Value, upsert: bool) -> EngineFuture<'_, Value>;

    /// Deletes an AppProject.
    fn delete_project(&self, name: String) -> EngineFuture<'_, ()>;

    /// Returns every ApplicationSet.
    fn applicationsets(&self) -> EngineFuture<'_, Vec<Value>>;

    /// Returns every `Repository`, without credentials.
    fn repositories(&self) -> EngineFuture<'_, Vec<Value>>;

    /// Returns every `RepoCreds`, without credentials.
    fn repository_templates(&self) -> EngineFuture<'_, Vec<Value>> {
        unsupported("repository credential templates")
    }

    /// Writes a `Repository` or `RepoCreds` as a Secret and returns it without credentials; with `upsert` one that exists is replaced.
    fn put_credentials(&self, kind: CredentialKind, value: Value, upsert: bool) -> EngineFuture<'_, Value> {
        let _ = (kind, value, upsert);
        unsupported("writing repositories")
    }

    /// Deletes the Secret of a repository or template by its URL.
    fn delete_credentials(&self, kind: CredentialKind, url: String) -> EngineFuture<'_, ()> {
        let _ = (kind, url);
        unsupported("deleting repositories")
    }

    /// Asks a repository with the credentials there are, and returns its `ConnectionState`.
    fn check_repository(&self, url: String) -> EngineFuture<'_, Value> {
        let _ = url;
        unsupported("checking repositories")
    }

    /// Returns who may do what, as the cluster says; read at each request, so that a change holds at once.
    fn access(&self) -> AccessData {
        AccessData::default()
    }

    /// Writes entries of `argocd-secret`; an empty value takes an entry away.
    fn write_secret(&self, entries: BTreeMap<String, String>) -> EngineFuture<'_, ()> {
        let _ = entries;
        unsupported("changing accounts")
    }

    /// Deletes an ApplicationSet.
    fn delete_applicationset(&self, namespace: String, name: String) -> EngineFuture<'_, ()> {
        let _ = (namespace, name);
        unsupported("deleting ApplicationSets")
    }

    /// Creates an ApplicationSet; with `upsert` one that exists is replaced.
    fn put_applicationset(&self, set: Value, upsert: bool) -> EngineFuture<'_, Value> {
        let _ = (set, upsert);
        unsupported("creating ApplicationSets")
    }

    /// Returns every `Cluster`, without credentials.
    fn clusters(&self) -> EngineFuture<'_, Vec<Value>>;

    /// Returns the public settings that differ from the server's own (`url`, `appLabelKey`, `trackingMethod`, …).
    fn settings(&self) -> Value;

    /// Takes a webhook. A wrong signature is [`ErrorKind::Denied`], a body of no known host [`ErrorKind::Invalid`].
    fn webhook(&self, request: WebhookRequest) -> EngineFuture<'_, ()>;
}

/// The answer of an engine that does not have a part of the API.
fn unsupported<'a, T: Send + 'a>(what: &'static str) -> EngineFuture<'a, T> {
    Box::pin(async move { Err(EngineError::new(ErrorKind::Unsupported, format!("unsupported: {what}"))) })
}

/// The engine as the server holds it.
pub type SharedEngine = Arc<dyn Engine>;
