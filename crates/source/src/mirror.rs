use crate::git::{FETCHED_COMMITS, FetchRequest, GitRepository, fetch};
use crate::http::HttpContext;
use crate::repo_url::{mirror_key, without_credentials};
use crate::{Credentials, RefChange, Refresh, SourceError, SourceErrorKind};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Refspecs beyond branches and tags that one mirror keeps fetching: pull requests and commits that Apps name.
const EXTRA_SPECS_MAX: usize = 200;
/// How long a mirror counts as fresh when a revision is not found in it, so that a wrong name is not a fetch a time.
const FRESH: Duration = Duration::from_secs(10);
/// First and longest wait after a failed fetch; the wait doubles from one to the other.
const WAIT_MIN: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(60);

/// Packs after which a mirror is cloned anew. Git itself repacks at 50 (`gc.autoPackLimit`).
const PACKS_MAX: usize = 50;

/// One remote repository and its copy on disk.
pub(crate) struct Mirror {
    url: String,
    path: PathBuf,
    fetch_timeout: Duration,
    http: Arc<HttpContext>,
    /// Fetches over all mirrors.
    slots: Arc<Semaphore>,
    /// Held by whoever fetches.
    turn: Arc<tokio::sync::Mutex<()>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    repository: Option<Arc<GitRepository>>,
    /// Fetches begun so far.
    begun: u64,
    /// The last fetch that ended: its number, when, and how.
    last: Option<(u64, Instant, Result<Refresh, SourceError>)>,
    /// Whether a fetch has succeeded since the start.
    fetched: bool,
    failures: u32,
    /// What the last failure was tried with; others are worth a try at once.
    failed_with: Option<Option<Arc<Credentials>>>,
    extra_specs: BTreeSet<String>,
}

/// Names a repository's folder in caches.
pub(crate) fn folder_of(url: &str) -> String {
    let digest = Sha256::digest(mirror_key(url));
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

impl Mirror {
    pub fn new(
        url: &str,
        cache_dir: &Path,
        fetch_timeout: Duration,
        http: Arc<HttpContext>,
        slots: Arc<Semaphore>,
    ) -> Self {
        Self {
            url: url.to_owned(),
            path: cache_dir.join("git").join(format!("{}.git", folder_of(url))),
            fetch_timeout,
            http,
            slots,
            turn: Arc::default(),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the copy as it is, if there is one; opened from disk where an earlier process left it.
    pub fn repository(&self) -> Result<Option<Arc<GitRepository>>, SourceError> {
        let mut state = self.state();
        if state.repository.is_none() && self.path.join("HEAD").is_file() {
            let opened = GitRepository::open(&self.path, without_credentials(&self.url))?;
            state.repository = Some(Arc::new(opened));
        }
        Ok(state.repository.clone())
    }

    /// Fetches unless a fetch has succeeded since the start.
    pub async fn ensure(self: &Arc<Self>) -> Result<(), SourceError> {
        if self.state().fetched {
            return Ok(());
        }
        // Any fetch will do, one under way too.
        self.fetch_unless(None, |state| state.fetched.then(|| Ok(Refresh::default()))).await.map(|_| ())
    }

    /// Fetches unless the last fetch was a moment ago. Returns whether anything was fetched.
    pub async fn ensure_fresh(self: &Arc<Self>) -> Result<bool, SourceError> {
        let fresh = self.state().last.as_ref().is_some_and(|(_, when, _)| when.elapsed() < FRESH);
        if fresh {
            return Ok(false);
        }
        self.refresh().await.map(|_| true)
    }

    /// Fetches, or joins a fetch that begins after this call: one under way may have missed what the caller heard of.
    pub async fn refresh(self: &Arc<Self>) -> Result<Refresh, SourceError> {
        let begun = self.state().begun;
        self.fetch_unless(None, |state| {
            let (number, _, result) = state.last.as_ref()?;
            (*number > begun).then(|| result.clone())
        })
        .await
    }

    /// Fetches a ref or commit that no branch or tag leads to. A ref is fetched with the others from then on.
    pub async fn fetch_more(self: &Arc<Self>, spec: String) -> Result<(), SourceError> {
        if self.state().extra_specs.contains(&spec) {
            return Ok(());
        }
        self.fetch_unless(Some(spec), |_| None).await.map(|_| ())
    }

    /// Waits for its turn and fetches, unless by then another has brought what is wanted.
    async fn fetch_unless(
        self: &Arc<Self>,
        once: Option<String>,
        brought: impl FnOnce(&State) -> Option<Result<Refresh, SourceError>>,
    ) -> Result<Refresh, SourceError> {
        // The turn goes with the job, not with the caller, who may be dropped while the job runs.
        let turn = self.turn.clone().lock_owned().await;
        if let Some(result) = brought(&self.state()) {
            return result;
        }
        if let Some(error) = self.waiting() {
            return Err(error);
        }
        let (mirror, slots) = (self.clone(), self.slots.clone());
        let job = tokio::spawn(async move {
            let _turn = turn;
            let _slot = slots.acquire_owned().await;
            let runtime = tokio::runtime::Handle::current();
            let (work, spec) = (mirror.clone(), once.clone());
            let joined = tokio::task::spawn_blocking(move || work.fetch_now(spec, runtime)).await;
            let result = joined.unwrap_or_else(|e| Err(SourceError::store("fetch", e)));
            mirror.ended(once, result)
        });
        job.await.unwrap_or_else(|e| Err(SourceError::store("fetch", e)))
    }

    /// Returns the last failure while it is too early for the next attempt.
    fn waiting(&self) -> Option<SourceError> {
        let state = self.state();
        let (_, when, result) = state.last.as_ref()?;
        let error = result.as_ref().err()?;
        if state.failed_with.as_ref() != Some(&self.http.lookup.find(&self.url)) {
            return None;
        }
        let wait = WAIT_MIN.saturating_mul(1 << (state.failures.saturating_sub(1)).min(10)).min(WAIT_MAX);
        (when.elapsed() < wait).then(|| error.clone())
    }

    fn fetch_now(
        &self,
        once: Option<String>,
        runtime: tokio::runtime::Handle,
    ) -> Result<Vec<RefChange>, SourceError> {
        let extra_specs = {
            let mut state = self.state();
            state.begun += 1;
            state.extra_specs.iter().cloned().chain(once).collect()
        };
        let request = FetchRequest {
            url: self.url.clone(),
            path: self.path.clone(),
            extra_specs,
            deadline: Instant::now() + self.fetch_timeout,
            runtime,
            http: self.http.clone(),
        };
        let changes = fetch(&request)?;
        if pack_count(&self.path) > PACKS_MAX
            && let Err(error) = self.renew(request)
        {
            // It goes on as it is, and is tried again after the next fetch.
            tracing::warn!(repository = %without_credentials(&self.url), error = %error, "mirror not renewed");
        }
        self.repository()?;
        Ok(changes)
    }

    /// Clones anew in place of a mirror of many packs: each fetch adds one, and every lookup asks them all. Readers of
    /// the old one find its objects in the new one, which lies at the same path.
    fn renew(&self, request: FetchRequest) -> Result<(), SourceError> {
        let store = |path: &Path, e| SourceError::store(path.display(), e);
        let (draft, old) = (self.path.with_extension("new"), self.path.with_extension("old"));
        for path in [&draft, &old] {
            if path.exists() {
                std::fs::remove_dir_all(path).map_err(|e| store(path, e))?;
            }
        }
        fetch(&FetchRequest {
            path: draft.clone(),
            deadline: Instant::now() + self.fetch_timeout,
            ..request
        })?;
        let mut state = self.state();
        std::fs::rename(&self.path, &old).map_err(|e| store(&self.path, e))?;
        std::fs::rename(&draft, &self.path).map_err(|e| store(&draft, e))?;
        state.repository = None;
        drop(state);
        std::fs::remove_dir_all(&old).map_err(|e| store(&old, e))
    }

    fn ended(
        &self,
        once: Option<String>,
        result: Result<Vec<RefChange>, SourceError>,
    ) -> Result<Refresh, SourceError> {
        let mut result = result.map(|changes| Refresh { changes });
        let mut state = self.state();
        if let Some(spec) = once {
            // What one caller named and the remote does not have says nothing to the others.
            result = Ok(result?);
            // A commit does not move: once is enough.
            if !spec.contains(FETCHED_COMMITS) {
                if state.extra_specs.len() >= EXTRA_SPECS_MAX {
                    state.extra_specs.clear();
                }
                state.extra_specs.insert(spec);
            }
        }
        match &result {
            Ok(_) => {
                state.fetched = true;
                state.failures = 0;
                state.failed_with = None;
            }
            Err(error) => {
                tracing::debug!(repository = %without_credentials(&self.url), error = %error, "fetch failed");
                state.failures = state.failures.saturating_add(1);
                state.failed_with = Some(self.http.lookup.find(&self.url));
                // A host that answers says at once what is wrong; one fetch that timed out is no reason to forget.
                if error.kind == SourceErrorKind::RepositoryNotFound {
                    state.fetched = false;
                }
            }
        }
        state.last = Some((state.begun, Instant::now(), result.clone()));
        result
    }
}

fn pack_count(repository: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(repository.join("objects").join("pack")) else { return 0 };
    entries.flatten().filter(|entry| entry.path().extension().is_some_and(|e| e == "pack")).count()
}
