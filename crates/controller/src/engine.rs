//! The loop itself: events and timers in, Apps to workers out.

use crate::app_entry::AppEntry;
use crate::appset::AppSetReads;
use crate::clusters::Clusters;
use crate::desired::Renderer;
use crate::lacking::Lacking;
use crate::metrics::Metrics;
use crate::orphans::OrphanWatch;
use crate::queue::{Level, Queue};
use crate::snapshot::{Affected, ArgoRules, LiveCredentials, Snapshot};
use fairway_argocd::{Application, GROUP};
use fairway_cluster::{ApiClient, Cluster, ClusterEvent, ConfigError, EventKind};
use fairway_core::{AppId, Clock, GroupKind, Live, LiveView as _, ObjectKey, Str};
use fairway_source::{Repositories, SourceError, Sources, SourcesOptions};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use thiserror::Error;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinSet;

/// How the loop is set up.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Namespace of Applications, projects and settings.
    pub namespace: Str,
    /// How many Apps are worked on at once. Rendering has its own bound; workers mostly wait for the API server.
    pub workers: usize,
    /// Settings of the mirrors.
    pub sources: SourcesOptions,
    /// Longest time for one sync. Argo CD sets none; a day ends what hangs and hurts nothing that works.
    pub sync_timeout: Duration,
}

impl EngineOptions {
    /// Returns the defaults with a folder for mirrors.
    #[must_use]
    pub fn new(cache_dir: impl Into<std::path::PathBuf>) -> Self {
        Self {
            namespace: "argocd".into(),
            workers: 64,
            sources: SourcesOptions::new(cache_dir),
            sync_timeout: Duration::from_secs(24 * 3600),
        }
    }
}

/// The loop could not be set up.
#[derive(Debug, Error)]
pub enum StartError {
    /// The cluster's configuration is broken.
    #[error(transparent)]
    Cluster(#[from] ConfigError),
    /// The folder for mirrors is unusable.
    #[error(transparent)]
    Sources(#[from] SourceError),
}

/// Something that those who watch the engine see.
#[derive(Clone, Debug)]
pub enum EngineEvent {
    /// An Application came or changed.
    Changed(Arc<Live>),
    /// An Application went.
    Deleted(Arc<Live>),
    /// Live objects of an App changed.
    Tree(AppId),
}

/// How long changes of live objects are gathered before an App is looked at: as Argo CD's batches.
const LIVE_BATCH: Duration = Duration::from_millis(100);

/// Events that a slow listener may be behind before it is told that it missed some.
const EVENTS_BEHIND_MAX: usize = 4096;

/// The engine: one home cluster, its Applications, and what they deploy.
pub struct Engine {
    pub(crate) options: EngineOptions,
    pub(crate) clusters: Clusters,
    pub(crate) renderer: Renderer,
    pub(crate) queue: Queue<AppId>,
    pub(crate) appsets: Queue<ObjectKey>,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Arc<dyn Clock>,
    /// What each ApplicationSet was generated from.
    pub(crate) appset_reads: Mutex<BTreeMap<ObjectKey, AppSetReads>>,
    apps: Mutex<HashMap<AppId, Arc<AppEntry>>>,
    /// Apps whose sync failed for what another brings.
    pub(crate) lacking: Lacking,
    /// Apps that look after the orphans of a namespace.
    pub(crate) orphan_watch: OrphanWatch,
    snapshot: RwLock<Arc<Snapshot>>,
    credentials: Arc<LiveCredentials>,
    rules: Arc<ArgoRules>,
    events: broadcast::Sender<EngineEvent>,
    settings_changed: tokio::sync::Notify,
    crds_changed: tokio::sync::Notify,
}

/// What an engine touches the world through, where it is not the ordinary world: for simulations.
pub struct Ports {
    /// The home cluster's API server.
    pub home: fairway_cluster::Client,
    /// Git.
    pub repositories: Arc<dyn Repositories>,
    /// The time that is written. What is waited for is tokio's.
    pub clock: Arc<dyn Clock>,
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// What an engine is put together from.
struct Parts {
    rules: Arc<ArgoRules>,
    home: (Arc<Cluster>, mpsc::UnboundedReceiver<ClusterEvent>),
    credentials: Arc<LiveCredentials>,
    renderer: Renderer,
    clock: Arc<dyn Clock>,
}

impl Engine {
    /// Builds an engine on a home cluster. Nothing runs before [`Engine::run`].
    ///
    /// # Errors
    /// The cluster's configuration is broken, or the folder for mirrors is unusable.
    pub fn new(
        config: fairway_cluster::Config,
        options: EngineOptions,
    ) -> Result<(Arc<Self>, Wiring), StartError> {
        let rules = Arc::new(ArgoRules::new(&options.namespace));
        let home = Cluster::new(config, rules.clone())?;
        let credentials = Arc::new(LiveCredentials::default());
        let sources = Sources::new(options.sources.clone(), credentials.clone())?;
        let parts = Parts {
            rules,
            home,
            credentials,
            renderer: Renderer::new(sources),
            clock: Arc::new(SystemClock),
        };
        Ok(Self::assemble(options, parts))
    }

    /// Builds an engine over ports of the caller's. Work that otherwise has threads of its own is done where it arises, so that
    /// on one thread the same happenings have the same course.
    #[must_use]
    pub fn over(ports: Ports, options: EngineOptions) -> (Arc<Self>, Wiring) {
        let rules = Arc::new(ArgoRules::new(&options.namespace));
        let home = Cluster::over(ApiClient::over(ports.home), rules.clone());
        let credentials = Arc::new(LiveCredentials::default());
        let sources = Sources::over(options.sources.clone(), credentials.clone(), ports.repositories);
        let renderer = Renderer::inline(sources);
        Self::assemble(options, Parts { rules, home, credentials, renderer, clock: ports.clock })
    }

    fn assemble(options: EngineOptions, parts: Parts) -> (Arc<Self>, Wiring) {
        let Parts { rules, home: (home, home_events), credentials, renderer, clock } = parts;
        let (sender, remote_events) = mpsc::unbounded_channel();
        let snapshot = Arc::new(Snapshot::read(home.cache(), &options.namespace));
        let engine = Self {
            clusters: Clusters::new(home, rules.clone(), sender),
            renderer,
            queue: Queue::default(),
            appsets: Queue::default(),
            metrics: Metrics::new(),
            clock,
            appset_reads: Mutex::default(),
            apps: Mutex::default(),
            lacking: Lacking::default(),
            orphan_watch: OrphanWatch::default(),
            snapshot: RwLock::new(snapshot),
            credentials,
            rules,
            events: broadcast::Sender::new(EVENTS_BEHIND_MAX),
            settings_changed: tokio::sync::Notify::new(),
            crds_changed: tokio::sync::Notify::new(),
            options,
        };
        (Arc::new(engine), Wiring { home_events, remote_events })
    }

    /// Runs until the future is dropped. Everything that was started ends with it; a sync that is cut off goes on at
    /// the next start.
    pub async fn run(self: Arc<Self>, wiring: Wiring) {
        let mut tasks = JoinSet::new();
        tasks.spawn(self.clusters.home().clone().run());
        tasks.spawn(self.clone().pump_home(wiring.home_events));
        tasks.spawn(self.clone().pump_remote(wiring.remote_events));
        self.clusters.home().ready().await;
        self.reload_settings();
        self.clusters.reload_schemas();
        tasks.spawn(self.clone().follow_settings());
        tasks.spawn(self.clone().follow_crds());
        tasks.spawn(self.clone().follow_kinds());
        tasks.spawn(self.clone().poll());
        for key in self.appset_keys() {
            self.appsets.add(key, Level::Source);
        }
        for app in self.applications() {
            self.queue.add(app.id(), Level::Source);
        }
        for _ in 0..self.options.workers {
            tasks.spawn(self.clone().work());
        }
        tasks.spawn(self.clone().work_appsets());
        // None of them ends by itself.
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(error = %error, "a part of the engine ended");
            }
        }
    }

    async fn work(self: Arc<Self>) {
        loop {
            let (app, level) = self.queue.next().await;
            // A panic in one App must not take the worker with it.
            let job = tokio::spawn({
                let (engine, app) = (self.clone(), app.clone());
                async move { engine.reconcile(&app, level).await }
            });
            if let Err(error) = job.await {
                tracing::error!(app = %app, error = %error, "reconciling panicked; trying again in 60 s");
                self.queue.add_after(app.clone(), Level::Source, Duration::from_secs(60));
            }
            self.queue.done(&app);
        }
    }

    async fn pump_home(self: Arc<Self>, mut events: mpsc::UnboundedReceiver<ClusterEvent>) {
        while let Some(event) = events.recv().await {
            self.route_home(&event);
            self.route_live(&event);
        }
    }

    async fn pump_remote(self: Arc<Self>, mut events: mpsc::UnboundedReceiver<(Str, ClusterEvent)>) {
        while let Some((server, event)) = events.recv().await {
            self.route_kinds(Some(&server), &event);
            self.route_live(&event);
        }
    }

    /// What an event means for the App whose object it is.
    fn route_live(&self, event: &ClusterEvent) {
        self.metrics.cluster_event();
        if event.kind == EventKind::Upsert && event.key.kind == "Namespace" && event.key.group.is_empty() {
            for app in self.lacking.of_namespace(&event.key.name) {
                self.queue.add(app, Level::Live);
            }
        }
        for app in self.renderer.lookups.of(&event.key, event.material) {
            self.queue.add_after(app, Level::Source, LIVE_BATCH);
        }
        let Some(app) = &event.app else {
            if event.material {
                for app in self.orphan_watch.of(&event.key.namespace) {
                    self.queue.add_after(app, Level::Live, LIVE_BATCH);
                }
            }
            return;
        };
        if let Some(entry) = self.known(app) {
            entry.bump();
        }
        if event.material {
            self.queue.add_after(app.clone(), Level::Live, LIVE_BATCH);
            // Nobody listens at times; that is no fault.
            let _ = self.events.send(EngineEvent::Tree(app.clone()));
        }
    }

    /// What an event means for the engine itself.
    fn route_home(&self, event: &ClusterEvent) {
        match (event.key.group.as_str(), event.key.kind.as_str()) {
            (GROUP, "Application") => self.application_event(event),
            (GROUP, "ApplicationSet") if event.material => self.appsets.add(event.key.clone(), Level::Source),
            (GROUP, "AppProject") => self.settings_changed.notify_one(),
            ("", "ConfigMap" | "Secret")
                if event.key.namespace == self.options.namespace
                    && (event.key.name.starts_with("argocd-")
                        || event.object.label(fairway_argocd::LABEL_SECRET_TYPE).is_some()) =>
            {
                self.settings_changed.notify_one();
            }
            _ => self.route_kinds(None, event),
        }
    }

    /// What an event means for what is known of a cluster's kinds; without a server of the home cluster's.
    fn route_kinds(&self, server: Option<&str>, event: &ClusterEvent) {
        if let ("apiextensions.k8s.io", "CustomResourceDefinition")
        | ("apiregistration.k8s.io", "APIService") = (event.key.group.as_str(), event.key.kind.as_str())
        {
            self.clusters.crds_changed(server);
            self.crds_changed.notify_one();
        }
    }

    fn application_event(&self, event: &ClusterEvent) {
        let id = AppId::new(event.key.namespace.clone(), event.key.name.clone());
        match event.kind {
            EventKind::Upsert => {
                let _ = self.events.send(EngineEvent::Changed(event.object.clone()));
                let level = self.entry(&id).intent_changed(&event.object);
                if let Some(level) = level {
                    self.queue.add(id.clone(), level);
                }
            }
            EventKind::Delete => {
                let _ = self.events.send(EngineEvent::Deleted(event.object.clone()));
                self.queue.add(id.clone(), Level::Live);
            }
        }
        for owner in owners_of_kind(&event.object, "ApplicationSet") {
            if event.material {
                let key = ObjectKey::new(GROUP, "ApplicationSet", event.key.namespace.clone(), owner);
                self.appsets.add_after(key, Level::Live, LIVE_BATCH);
            }
        }
    }

    async fn follow_settings(self: Arc<Self>) {
        let mut announced = self.snapshot();
        loop {
            self.settings_changed.notified().await;
            tokio::time::sleep(LIVE_BATCH).await;
            self.reload_settings();
            let now = self.snapshot();
            let affected = now.affected_since(&announced);
            announced = now;
            if affected == Affected::Nobody {
                continue;
            }
            for app in self.applications() {
                if !matches!(&affected, Affected::Projects(names) if !names.contains(&app.project())) {
                    self.queue.add(app.id(), Level::Source);
                }
            }
            for key in self.appset_keys() {
                self.appsets.add(key, Level::Source);
            }
        }
    }

    async fn follow_crds(self: Arc<Self>) {
        loop {
            self.crds_changed.notified().await;
            tokio::time::sleep(LIVE_BATCH).await;
            self.clusters.reload_schemas();
            // What waited for a kind may go on.
            for app in self.applications().into_iter().filter(|a| a.sync_status() != "Synced") {
                self.queue.add_after(app.id(), Level::Live, LIVE_BATCH);
            }
        }
    }

    /// Wakes the Apps that wait for a kind, once the server is known to serve others than before.
    async fn follow_kinds(self: Arc<Self>) {
        let mut kinds = self.home().cache().watch_kinds();
        // The sender lives in the cache, so waiting cannot fail.
        while kinds.changed().await.is_ok() {
            for app in self.lacking.of_kinds() {
                self.queue.add(app, Level::Live);
            }
        }
    }

    fn reload_settings(&self) {
        let snapshot = Arc::new(Snapshot::read(self.clusters.home().cache(), &self.options.namespace));
        if snapshot.is_same(&self.snapshot()) {
            return;
        }
        for problem in snapshot.problems.iter().chain(&snapshot.settings.warnings) {
            tracing::warn!("{problem}");
        }
        self.rules.set(snapshot.marks.clone(), snapshot.settings.clone());
        self.credentials.set(snapshot.credentials.clone());
        self.clusters.retain(&snapshot);
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }

    /// Returns the settings as they stand.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the settings with a project in them, where the cluster has it: its event may still be on its way.
    pub(crate) fn snapshot_with(&self, project: &str) -> Arc<Snapshot> {
        let snapshot = self.snapshot();
        if snapshot.projects.contains_key(project) {
            return snapshot;
        }
        let key = ObjectKey::new(GROUP, "AppProject", self.options.namespace.clone(), project);
        if self.home().cache().get(&key).is_none() {
            return snapshot;
        }
        self.reload_settings();
        self.snapshot()
    }

    /// Returns the home cluster.
    #[must_use]
    pub fn home(&self) -> &Arc<Cluster> {
        self.clusters.home()
    }

    /// Returns the namespace of Applications.
    #[must_use]
    pub fn namespace(&self) -> &Str {
        &self.options.namespace
    }

    /// Returns the mirrors.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        self.renderer.sources()
    }

    /// Returns what is counted.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Returns the changes from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<EngineEvent> {
        self.events.subscribe()
    }

    /// Returns every Application that this engine serves, by namespace and name.
    #[must_use]
    pub fn applications(&self) -> Vec<Application> {
        let snapshot = self.snapshot();
        let all = self.home().cache().of_kind(&GroupKind::new(GROUP, "Application"));
        all.iter()
            .filter(|a| snapshot.settings.serves_namespace(&self.options.namespace, a.namespace()))
            .map(|a| Application::new(a.0.clone()))
            .collect()
    }

    /// Returns one Application.
    #[must_use]
    pub fn application(&self, id: &AppId) -> Option<Application> {
        self.home().cache().get(&application_key(id)).map(|a| Application::new(a.0.clone()))
    }

    pub(crate) fn appset_keys(&self) -> Vec<ObjectKey> {
        let all = self.home().cache().of_kind(&GroupKind::new(GROUP, "ApplicationSet"));
        all.iter().map(|a| a.key()).collect()
    }

    /// Returns an App's entry, made where it is missing.
    pub(crate) fn entry(&self, id: &AppId) -> Arc<AppEntry> {
        let mut apps = self.apps.lock().unwrap_or_else(PoisonError::into_inner);
        apps.entry(id.clone()).or_default().clone()
    }

    pub(crate) fn known(&self, id: &AppId) -> Option<Arc<AppEntry>> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    pub(crate) fn forget(&self, id: &AppId) {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        self.lacking.forget(id);
        self.orphan_watch.set(id, None);
        self.renderer.forget(id);
    }

    /// Returns the time in seconds since 1970.
    pub(crate) fn now_unix(&self) -> i64 {
        unix_seconds(self.clock.now())
    }

    /// Returns the time in RFC 3339, UTC, seconds.
    pub(crate) fn now_text(&self) -> String {
        time_text(self.clock.now())
    }
}

/// What [`Engine::new`] hands to [`Engine::run`].
pub struct Wiring {
    home_events: mpsc::UnboundedReceiver<ClusterEvent>,
    remote_events: mpsc::UnboundedReceiver<(Str, ClusterEvent)>,
}

pub(crate) fn application_key(id: &AppId) -> ObjectKey {
    ObjectKey::new(GROUP, "Application", id.namespace.clone(), id.name.clone())
}

fn owners_of_kind<'a>(object: &'a Live, kind: &'a str) -> impl Iterator<Item = Str> + 'a {
    let owners = object.value().get_path(&["metadata", "ownerReferences"]);
    let owners = owners.and_then(fairway_value::Value::as_array).unwrap_or_default();
    let text = |o: &fairway_value::Value, key: &str| {
        o.get(key).and_then(fairway_value::Value::as_str).map(Str::from).unwrap_or_default()
    };
    owners.iter().filter(move |o| text(o, "kind") == kind).map(move |o| text(o, "name"))
}

/// Writes a time in RFC 3339, UTC, seconds.
pub(crate) fn time_text(time: SystemTime) -> String {
    let seconds = unix_seconds(time);
    jiff::Timestamp::from_second(seconds).map(|t| t.to_string()).unwrap_or_default()
}

/// Returns a time in seconds since 1970.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Reads a time in RFC 3339 as seconds since 1970.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}
