//! What every route shares.

use crate::auth::{Login, Tokens};
use crate::error::ApiError;
use crate::wire::Params;
use crate::{AppKey, Config, Engine, EngineError, SharedEngine};
use fairway_value::Value;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
    token_ids: AtomicU64,
    started_at_nanos: u128,
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

    /// Returns the application that a path and its query name, and its key.
    ///
    /// # Errors
    /// As Argo CD `server/application` `getAppEnforceRBAC`: one that does not exist, or not in the project that the
    /// caller named, is `NotFound` where a project was named and `PermissionDenied` where none was.
    pub(crate) fn app(&self, name: &str, params: &Params) -> Result<(AppKey, Value), ApiError> {
        let key = self.key(name, params);
        let project = params.get("project").or_else(|| params.get("projects"));
        let found = self
            .engine
            .application(&key)
            .filter(|app| project.is_none_or(|project| project == crate::list::project(app)));
        match found {
            Some(app) => Ok((key, app)),
            None if project.is_some() => Err(EngineError::application_not_found(name).into()),
            None => Err(ApiError::permission_denied()),
        }
    }
}
