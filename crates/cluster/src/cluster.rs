use crate::cache::{Cache, CacheRules, ClusterEvent};
use crate::client::ApiClient;
use crate::config::ConfigError;
use crate::discovery::{ResourceTable, ServedResource};
use crate::watch::{self, WatchState};
use fairway_core::{ApiError, GroupKind, Gvk};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

/// How long an unchanged discovery is trusted where nothing announces a change: aggregated APIs come and go silently.
const DISCOVERY_INTERVAL: Duration = Duration::from_secs(600);

/// How long a burst of CRD changes is waited out before discovery is read once for all of them.
const DISCOVERY_DEBOUNCE: Duration = Duration::from_millis(50);

/// Whether a cluster can be reached and is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterState {
    /// Not everything has been listed yet.
    Starting,
    /// Everything is listed and watched.
    Ready,
    /// The API server cannot be reached or refuses; the words are its own.
    Away(String),
}

struct Watch {
    resource: ServedResource,
    state: tokio::sync::watch::Receiver<WatchState>,
    task: JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One managed cluster: a cache kept current, and a way to write.
pub struct Cluster {
    pub(crate) client: ApiClient,
    cache: Arc<Cache>,
    watches: Mutex<BTreeMap<GroupKind, Watch>>,
    rediscover: Notify,
    /// Rings when the server answers again: whoever waits before asking again need not.
    answers_again: Arc<Notify>,
    state: tokio::sync::watch::Sender<ClusterState>,
    discovery: tokio::sync::Mutex<()>,
}

impl Cluster {
    /// Builds a cluster that is not started yet, and the events it will send.
    ///
    /// # Errors
    /// The configuration has a broken certificate or key.
    pub fn new(
        config: kube::Config,
        rules: Arc<dyn CacheRules>,
    ) -> Result<(Arc<Self>, mpsc::UnboundedReceiver<ClusterEvent>), ConfigError> {
        Ok(Self::over(ApiClient::new(config)?, rules))
    }

    /// Builds a cluster behind a client that is there already.
    #[must_use]
    pub fn over(
        client: ApiClient,
        rules: Arc<dyn CacheRules>,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<ClusterEvent>) {
        let (cache, events) = Cache::new(rules);
        let cluster = Self {
            client,
            cache: Arc::new(cache),
            watches: Mutex::default(),
            rediscover: Notify::new(),
            answers_again: Arc::default(),
            state: tokio::sync::watch::Sender::new(ClusterState::Starting),
            discovery: tokio::sync::Mutex::default(),
        };
        (Arc::new(cluster), events)
    }

    /// Returns the cache.
    #[must_use]
    pub fn cache(&self) -> &Arc<Cache> {
        &self.cache
    }

    /// Returns plain requests to the API server.
    #[must_use]
    pub fn client(&self) -> &ApiClient {
        &self.client
    }

    /// Returns how the cluster is doing.
    #[must_use]
    pub fn state(&self) -> ClusterState {
        self.state.borrow().clone()
    }

    /// Returns a receiver that wakes when the cluster's state changes.
    #[must_use]
    pub fn watch_state(&self) -> tokio::sync::watch::Receiver<ClusterState> {
        self.state.subscribe()
    }

    /// Waits until everything is listed. A cluster that is away is waited for.
    pub async fn ready(&self) {
        let mut state = self.state.subscribe();
        // The sender lives in self, so waiting cannot fail.
        let _ = state.wait_for(|s| *s == ClusterState::Ready).await;
    }

    /// Whether a kind's objects have been listed.
    #[must_use]
    pub fn listed(&self, kind: &GroupKind) -> bool {
        let watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        watches.get(kind).is_some_and(|w| w.state.borrow().listed)
    }

    /// Returns the watched kinds of which the cache may be behind: not listed yet, or their watch has broken.
    #[must_use]
    pub fn stale_kinds(&self) -> BTreeSet<GroupKind> {
        let watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        watches.iter().filter(|(_, w)| !w.state.borrow().is_current()).map(|(kind, _)| kind.clone()).collect()
    }

    /// Keeps the cache current until the task is ended.
    pub async fn run(self: Arc<Self>) {
        let mut wait = Duration::from_millis(200);
        loop {
            match self.discover().await {
                Ok(()) => {
                    wait = Duration::from_millis(200);
                    self.answers_again.notify_waiters();
                    self.supervise().await;
                }
                Err(error) => {
                    self.set_state(ClusterState::Away(error.to_string()));
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(Duration::from_secs(10));
                }
            }
        }
    }

    /// Tells the world how the watches do, until discovery is due again.
    async fn supervise(&self) {
        let due = tokio::time::sleep(DISCOVERY_INTERVAL);
        tokio::pin!(due);
        loop {
            let mut receivers: Vec<_> = {
                let watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
                watches.values().map(|w| w.state.clone()).collect()
            };
            let states: Vec<WatchState> =
                receivers.iter_mut().map(|r| r.borrow_and_update().clone()).collect();
            let unlisted: Vec<&WatchState> = states.iter().filter(|s| !s.listed).collect();
            let failing = states.iter().filter(|s| s.error.is_some()).count();
            if failing > states.len() / 2 {
                let words = states.iter().find_map(|s| s.error.clone()).unwrap_or_default();
                self.set_state(ClusterState::Away(words));
            } else if unlisted.iter().all(|s| s.error.is_some()) {
                // A kind that may not be listed (no permission) must not hold up all the others.
                self.set_state(ClusterState::Ready);
            }
            let changes = receivers.iter_mut().map(|r| Box::pin(r.changed()));
            // In this order, so that the same happenings have the same course.
            tokio::select! {
                biased;
                _ = futures::future::select_all(changes.collect::<Vec<_>>()), if !receivers_empty(&states) => {}
                () = self.rediscover.notified() => {
                    tokio::time::sleep(DISCOVERY_DEBOUNCE).await;
                    return;
                }
                () = &mut due => return,
            }
        }
    }

    fn set_state(&self, new: ClusterState) {
        self.state.send_if_modified(|state| {
            let changed = *state != new;
            if changed {
                tracing::info!(from = ?state, to = ?new, "cluster state changed");
                *state = new;
            }
            changed
        });
    }

    /// Says that CRDs or APIServices have changed; discovery is read again soon.
    pub fn kinds_changed(&self) {
        self.rediscover.notify_one();
    }

    /// Reads discovery and starts and ends watches to match.
    pub(crate) async fn discover(&self) -> Result<(), ApiError> {
        let _one = self.discovery.lock().await;
        let table = ResourceTable::read(&self.client).await?;
        let rules = self.cache.rules();
        let wanted: BTreeMap<GroupKind, ServedResource> = table
            .iter()
            .filter(|r| r.watchable && rules.watches(&r.gvk))
            .map(|r| (r.gvk.group_kind(), r.clone()))
            .collect();
        let stale = table.stale.clone();
        self.cache.set_table(table);
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        let lost: Vec<GroupKind> = watches
            .iter()
            .filter(|(kind, w)| {
                wanted.get(*kind) != Some(&w.resource) && !stale.contains(&w.resource.gvk.api_version())
            })
            .map(|(kind, _)| kind.clone())
            .collect();
        for kind in lost {
            watches.remove(&kind);
            if !wanted.contains_key(&kind) {
                self.cache.forget_kind(&kind);
            }
        }
        for (kind, resource) in wanted {
            if watches.contains_key(&kind) {
                continue;
            }
            let (sender, state) = tokio::sync::watch::channel(WatchState::default());
            let task = watch::Task {
                client: self.client.clone(),
                cache: self.cache.clone(),
                resource: resource.clone(),
                state: sender,
                answers_again: self.answers_again.clone(),
            };
            watches.insert(kind, Watch { resource, state, task: tokio::spawn(task.run()) });
        }
        Ok(())
    }

    /// Whether a kind is served; discovery is read again where it is not known yet.
    ///
    /// # Errors
    /// The server's refusal, or that it cannot be reached.
    pub async fn ensure_served(&self, gvk: &Gvk) -> Result<bool, ApiError> {
        if self.cache.table().by_gvk(gvk).is_some() {
            return Ok(true);
        }
        self.discover().await?;
        Ok(self.cache.table().by_gvk(gvk).is_some())
    }
}

fn receivers_empty(states: &[WatchState]) -> bool {
    states.is_empty()
}
