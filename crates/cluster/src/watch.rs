use crate::cache::Cache;
use crate::client::ApiClient;
use crate::discovery::ServedResource;
use fairway_core::{ApiError, ApiErrorKind, Object};
use fairway_value::{Value, from_json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Objects per list page, as client-go's pager.
const PAGE: u32 = 500;

/// How long one watch is kept: the server closes it then, and it is opened again from where it was.
const WATCH_SECS: u64 = 300;

/// A watch that says nothing for this long is taken for dead: bookmarks come every minute.
const SILENCE_MAX: Duration = Duration::from_secs(WATCH_SECS + 30);

const WAIT_FIRST: Duration = Duration::from_millis(200);
const WAIT_MAX: Duration = Duration::from_secs(30);

type Outcome = Result<String, (Option<String>, ApiError)>;

/// How the watch of one kind is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct WatchState {
    /// Whether everything has been listed at least once.
    pub listed: bool,
    /// What is wrong, if something is.
    pub error: Option<String>,
}

impl WatchState {
    /// Whether the cache has what the server has, but for what is on its way.
    pub fn is_current(&self) -> bool {
        self.listed && self.error.is_none()
    }
}

/// Keeps the cache's view of one kind current until it is dropped.
pub(crate) struct Task {
    pub client: ApiClient,
    pub cache: Arc<Cache>,
    pub resource: ServedResource,
    pub state: watch::Sender<WatchState>,
    /// Rings for the watches of all kinds when one of them is answered again.
    pub answers_again: Arc<Notify>,
}

impl Task {
    pub async fn run(self) {
        let mut wait = WAIT_FIRST;
        let mut version: Option<String> = None;
        loop {
            let outcome = match version.take() {
                Some(at) => self.follow(at).await,
                None => self.list().await,
            };
            match outcome {
                Ok(at) => {
                    version = Some(at);
                    wait = WAIT_FIRST;
                    self.answered();
                    self.state.send_if_modified(|s| !std::mem::replace(&mut s.listed, true));
                }
                Err((at, error)) => {
                    // A version that is too old starts over with a list; anything else goes on where it was.
                    version = at.filter(|_| error.kind != ApiErrorKind::Gone);
                    if error.kind != ApiErrorKind::Gone {
                        let kind = &self.resource.gvk;
                        tracing::debug!(%kind, %error, "watch failed; trying again in {wait:?}");
                        self.state.send_modify(|s| s.error = Some(error.to_string()));
                        let waited = tokio::time::timeout(wait, self.answers_again.notified());
                        // Whichever comes first, it is time to ask again.
                        let _ = waited.await;
                        wait = (wait * 2).min(WAIT_MAX);
                    }
                }
            }
        }
    }

    /// Says that an earlier failure is over: now, not when a watch that was opened ends minutes later.
    fn answered(&self) {
        if self.state.send_if_modified(|s| s.error.take().is_some()) {
            self.answers_again.notify_waiters();
        }
    }

    /// Lists everything and returns the version that a watch goes on from.
    async fn list(&self) -> Outcome {
        let resource = &self.resource;
        let mut objects = Vec::new();
        let mut token = String::new();
        loop {
            let mut path = format!("{}?limit={PAGE}", resource.path("", ""));
            if !token.is_empty() {
                path = format!("{path}&continue={}", crate::discovery::escape(&token));
            }
            let page = self.client.get(&path).await.map_err(|e| (None, e))?;
            let meta = |key: &str| {
                page.get_path(&["metadata", key]).and_then(Value::as_str).unwrap_or("").to_owned()
            };
            let (next, version) = (meta("continue"), meta("resourceVersion"));
            if let Some(items) = page.get("items").and_then(Value::as_array) {
                objects.extend(items.iter().map(|item| named(item.clone(), resource)));
            }
            if next.is_empty() {
                let number = version.parse().unwrap_or(0);
                self.cache.replace_kind(&resource.gvk.group_kind(), objects, number);
                return Ok(version);
            }
            token = next;
        }
    }

    /// Follows changes from a version until the server closes the watch.
    async fn follow(&self, from: String) -> Outcome {
        let resource = &self.resource;
        let mut at = from;
        let path = format!(
            "{}?watch=true&allowWatchBookmarks=true&timeoutSeconds={WATCH_SECS}&resourceVersion={at}",
            resource.path("", "")
        );
        let mut lines = match self.client.stream(&path).await {
            Ok(lines) => lines,
            Err(error) => return Err((Some(at), error)),
        };
        self.answered();
        loop {
            let line = match tokio::time::timeout(SILENCE_MAX, lines.next()).await {
                Ok(Ok(Some(line))) => line,
                Ok(Ok(None)) => return Ok(at),
                Ok(Err(error)) => return Err((Some(at), error)),
                Err(_) => {
                    let error = ApiError::new(ApiErrorKind::Timeout, 0, "the watch fell silent");
                    return Err((Some(at), error));
                }
            };
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            match take(&self.cache, resource, line) {
                Ok(version) => at = version,
                Err(error) => return Err((Some(at), error)),
            }
        }
    }
}

/// Items of a list carry no `apiVersion` and `kind`; the list does.
fn named(mut item: Value, resource: &ServedResource) -> Object {
    if let Some(map) = item.as_object_mut() {
        map.insert("apiVersion", resource.gvk.api_version());
        map.insert("kind", resource.gvk.kind.clone());
    }
    Object::new(item)
}

/// Takes one event into the cache and returns its version.
fn take(cache: &Cache, resource: &ServedResource, line: &[u8]) -> Result<String, ApiError> {
    let malformed =
        |why: String| ApiError::new(ApiErrorKind::Server, 0, format!("malformed watch event: {why}"));
    let mut event = from_json(line).map_err(|e| malformed(e.to_string()))?;
    let object = event.as_object_mut().and_then(|m| m.remove("object")).unwrap_or_default();
    let kind = event.get("type").and_then(Value::as_str).unwrap_or("");
    if kind == "ERROR" {
        let code =
            object.get("code").and_then(Value::as_i64).and_then(|c| u16::try_from(c).ok()).unwrap_or(500);
        let text = fairway_value::to_json(&object, fairway_value::HtmlEscape::No);
        return Err(crate::status::from_answer(code, text.as_bytes()));
    }
    let object = Object::new(object);
    let version = object.resource_version().to_owned();
    match kind {
        "ADDED" | "MODIFIED" => cache.upsert(object),
        "DELETED" => cache.delete(&object.key(), version.parse().unwrap_or(u64::MAX)),
        "BOOKMARK" => {}
        other => return Err(malformed(format!("type {other:?} of {}", resource.gvk))),
    }
    Ok(version)
}
