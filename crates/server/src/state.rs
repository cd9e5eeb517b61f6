//! What every route shares.

use crate::auth::{Login, Policy, Tokens};
use crate::wire::Params;
use crate::{AppKey, Config, Engine, SharedEngine};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Semaphore, watch};

/// Event streams at a time. Each holds a task and a queue of a few dozen events; a dashboard opens two.
const STREAMS_MAX: usize = 512;

/// The shared state, cheap to clone.
#[derive(Clone)]
pub(crate) struct State(Arc<Shared>);

/// What is behind [`State`].
pub(crate) struct Shared {
    pub(crate) engine: SharedEngine,
    pub(crate) tokens: Tokens,
    pub(crate) login: Login,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) https: bool,
    pub(crate) open_metrics: bool,
    pub(crate) session: Duration,
    pub(crate) policies: Policies,
    token_ids: AtomicU64,
    started_at_nanos: u128,
}

/// The policy last parsed, with the entries it was parsed from.
#[derive(Default)]
pub(crate) struct Policies(Mutex<Option<Parsed>>);

/// The entries of a policy, and what they were parsed to.
type Parsed = (BTreeMap<String, String>, Arc<Policy>);

impl Policies {
    /// Returns the policy of some entries.
    pub(crate) fn get(&self, entries: &BTreeMap<String, String>) -> Arc<Policy> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, policy)) = last.as_ref()
            && known == entries
        {
            return policy.clone();
        }
        let policy = Arc::new(Policy::read(entries));
        for problem in &policy.problems {
            tracing::warn!(problem, "a line of argocd-rbac-cm cannot be read and allows nothing");
        }
        *last = Some((entries.clone(), policy.clone()));
        policy
    }
}

impl Deref for State {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl State {
    pub(crate) fn new(engine: SharedEngine, config: Config) -> Self {
        Self(Arc::new(Shared {
            engine,
            tokens: Tokens::new(&config.token_key, config.session),
            login: Login::new(config.admin_password),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            stop: config.stop,
            https: config.https,
            open_metrics: config.open_metrics,
            session: config.session,
            policies: Policies::default(),
            token_ids: AtomicU64::new(0),
            started_at_nanos: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos(),
        }))
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    /// Returns an id that no other token of this key has.
    pub(crate) fn next_token_id(&self) -> String {
        format!("{:x}-{:x}", self.started_at_nanos, self.token_ids.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns the key of the application that a path and its query name.
    pub(crate) fn key(&self, name: &str, params: &Params) -> AppKey {
        let namespace = params.get("appNamespace").map_or_else(|| self.engine.namespace(), str::to_owned);
        AppKey { namespace, name: name.to_owned() }
    }
}
