//! Event streams: newline JSON, or server-sent events where the caller accepts `text/event-stream`.

use crate::auth::{Access, Session};
use crate::error::{ApiError, Code};
use crate::fields::Fields;
use crate::list::Filter;
use crate::state::State;
use crate::wire::{Params, object, text};
use crate::{AppKey, Change, EngineEvent};
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{self, Path};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use fairway_value::{HtmlEscape, Value, to_json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

/// Messages that wait for a slow client. When they are full the stream stops reading events; once it has missed some it
/// compares with the whole list, so nothing is lost and nothing grows.
const QUEUE: usize = 64;

/// A silent stream sends a comment this often, so that proxies keep it open; below the usual 30 to 60 s of theirs.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Changes of one tree within this time are sent as one.
const TREE_SETTLE: Duration = Duration::from_millis(150);

/// `GET /api/v1/stream/applications`: `{"result": {"type", "application"}}`. Without `resourceVersion`, or for one `name`, it
/// starts with an ADDED for each application there is, as Argo CD `server/application` `Watch`.
pub(crate) async fn applications(
    extract::State(state): extract::State<State>,
    access: Access,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ApiError> {
    let filter = Filter::parse(&params)?;
    let fields = params.get("fields").and_then(Fields::parse);
    let from_start = params.get("resourceVersion").is_none() || params.get("name").is_some();
    let (sink, response) = open(&state, &headers, session, fields)?;
    tokio::spawn(async move {
        let events = state.engine().subscribe();
        let mut feed = Feed { events, state, access, filter, seen: BTreeMap::new() };
        drop(feed.run(&sink, from_start).await);
    });
    Ok(response)
}

/// `GET /api/v1/stream/applications/{name}/resource-tree`: `{"result": ApplicationTree}`, now and after each change.
pub(crate) async fn resource_tree(
    extract::State(state): extract::State<State>,
    access: Access,
    Extension(session): Extension<Session>,
    Path(name): Path<String>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, ApiError> {
    let (key, _) = access.app("get", &name, &params)?;
    let (sink, response) = open(&state, &headers, session, None)?;
    tokio::spawn(async move {
        let events = state.engine().subscribe();
        drop(trees(&state, &sink, key, events).await);
    });
    Ok(response)
}

/// The stream is over: the client went, the session ended, or the server stops.
#[derive(Debug)]
pub(super) struct Over;

/// The writing end of a stream.
pub(super) struct Sink {
    queue: mpsc::Sender<Bytes>,
    fields: Option<Fields>,
    sse: bool,
    ends_at: Instant,
    stop: watch::Receiver<bool>,
    _permit: tokio::sync::OwnedSemaphorePermit,
}

pub(super) fn open(
    state: &State,
    headers: &HeaderMap,
    session: Session,
    fields: Option<Fields>,
) -> Result<(Sink, Response), ApiError> {
    let permit = state
        .streams
        .clone()
        .try_acquire_owned()
        .map_err(|_| ApiError::new(Code::ResourceExhausted, "too many event streams are open"))?;
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let sse = accept.contains("text/event-stream");
    let (queue, messages) = mpsc::channel(QUEUE);
    let mut response =
        Response::new(Body::from_stream(ReceiverStream::new(messages).map(Ok::<_, Infallible>)));
    let mime = if sse { "text/event-stream" } else { "application/json" };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    let ends_at = Instant::now() + session.remaining();
    Ok((Sink { queue, fields, sse, ends_at, stop: state.stop.clone(), _permit: permit }, response))
}

impl Sink {
    pub(super) async fn send(&self, result: Value) -> Result<(), Over> {
        let mut message = object([("result", result)]);
        if let Some(fields) = &self.fields {
            message = fields.apply(&message);
        }
        let json = to_json(&message, HtmlEscape::No);
        let text = if self.sse { format!("data: {json}\n\n") } else { format!("{json}\n") };
        self.write(Bytes::from(text)).await
    }

    pub(super) async fn keep_alive(&self) -> Result<(), Over> {
        if self.sse { self.write(Bytes::from_static(b": \n\n")).await } else { Ok(()) }
    }

    /// Ends a stream with an error, in grpc-gateway's shape.
    pub(super) async fn fail(&self, error: &ApiError) -> Result<(), Over> {
        let error = object([
            ("grpc_code", Value::from(i64::from(error.code as u8))),
            ("http_code", Value::from(i64::from(error.code.status().as_u16()))),
            ("message", Value::from(error.message.as_str())),
        ]);
        let json = to_json(&object([("error", error)]), HtmlEscape::No);
        self.write(Bytes::from(if self.sse { format!("data: {json}\n\n") } else { format!("{json}\n") }))
            .await
    }

    /// Waits for the next entry of a queue, and keeps the stream open meanwhile; `None` at the end of the queue or the stream.
    pub(super) async fn next_of<T>(&self, entries: &mut mpsc::Receiver<T>) -> Option<T> {
        let mut stop = self.stop.clone();
        loop {
            tokio::select! {
                received = timeout_at(Instant::now() + KEEP_ALIVE, entries.recv()) => match received {
                    Ok(entry) => return entry,
                    Err(_) => self.keep_alive().await.ok()?,
                },
                () = self.queue.closed() => return None,
                () = stopped(&mut stop) => return None,
                () = tokio::time::sleep_until(self.ends_at) => return None,
            }
        }
    }

    async fn write(&self, bytes: Bytes) -> Result<(), Over> {
        let mut stop = self.stop.clone();
        tokio::select! {
            sent = self.queue.send(bytes) => sent.map_err(|_| Over),
            () = stopped(&mut stop) => Err(Over),
            () = tokio::time::sleep_until(self.ends_at) => Err(Over),
        }
    }

    /// Waits for the next event; `Ok(None)` where some were missed.
    async fn next(&self, events: &mut Receiver<EngineEvent>) -> Result<Option<EngineEvent>, Over> {
        let mut stop = self.stop.clone();
        loop {
            let quiet_until = Instant::now() + KEEP_ALIVE;
            tokio::select! {
                received = timeout_at(quiet_until, events.recv()) => match received {
                    Ok(Ok(event)) => return Ok(Some(event)),
                    Ok(Err(RecvError::Lagged(_))) => return Ok(None),
                    Ok(Err(RecvError::Closed)) => return Err(Over),
                    Err(_) => self.keep_alive().await?,
                },
                () = self.queue.closed() => return Err(Over),
                () = stopped(&mut stop) => return Err(Over),
                () = tokio::time::sleep_until(self.ends_at) => return Err(Over),
            }
        }
    }
}

/// Waits until the server is to stop; for ever where nobody can say so.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// One stream of applications.
struct Feed {
    events: Receiver<EngineEvent>,
    state: State,
    access: Access,
    filter: Filter,
    /// What the client knows: the resource version of each application it was told of or could have listed.
    seen: BTreeMap<AppKey, String>,
}

impl Feed {
    async fn run(&mut self, sink: &Sink, from_start: bool) -> Result<(), Over> {
        // Opens the response at once, so that the client knows that it is connected.
        sink.keep_alive().await?;
        for app in self.state.engine().applications().items {
            if self.wants(&app) {
                self.seen.insert(key_of(&app), version_of(&app));
                if from_start {
                    self.tell(sink, Change::Added, app).await?;
                }
            }
        }
        loop {
            match sink.next(&mut self.events).await? {
                Some(EngineEvent::Application { change, application }) => {
                    self.pass(sink, change, application).await?
                }
                Some(EngineEvent::Tree(_)) => {}
                Some(EngineEvent::Missed) | None => self.catch_up(sink).await?,
            }
        }
    }

    fn wants(&self, app: &Value) -> bool {
        self.filter.matches(app) && self.access.sees(app)
    }

    async fn pass(&mut self, sink: &Sink, change: Change, app: Value) -> Result<(), Over> {
        let key = key_of(&app);
        let wanted = self.wants(&app);
        let change = match (change, self.seen.contains_key(&key)) {
            // One that no longer matches the filter is gone for this client, and one that begins to is new.
            (Change::Deleted, true) => Change::Deleted,
            (Change::Added | Change::Modified, true) if !wanted => Change::Deleted,
            (Change::Added | Change::Modified, false) if wanted => Change::Added,
            (Change::Added | Change::Modified, true) => Change::Modified,
            _ => return Ok(()),
        };
        if change == Change::Deleted {
            self.seen.remove(&key);
        } else {
            self.seen.insert(key, version_of(&app));
        }
        self.tell(sink, change, app).await
    }

    /// Some events were missed: tells what differs between the list and what the client knows.
    async fn catch_up(&mut self, sink: &Sink) -> Result<(), Over> {
        let mut gone = std::mem::take(&mut self.seen);
        for app in self.state.engine().applications().items {
            if !self.wants(&app) {
                continue;
            }
            let (key, version) = (key_of(&app), version_of(&app));
            let known = gone.remove(&key);
            let same = !version.is_empty() && known.as_ref() == Some(&version);
            self.seen.insert(key, version);
            if !same {
                let change = if known.is_some() { Change::Modified } else { Change::Added };
                self.tell(sink, change, app).await?;
            }
        }
        for key in gone.into_keys() {
            let mut app = Value::object();
            app.set_path(&["metadata", "name"], key.name.as_str());
            app.set_path(&["metadata", "namespace"], key.namespace.as_str());
            self.tell(sink, Change::Deleted, app).await?;
        }
        Ok(())
    }

    async fn tell(&self, sink: &Sink, change: Change, application: Value) -> Result<(), Over> {
        sink.send(object([("type", Value::from(change.as_str())), ("application", application)])).await
    }
}

async fn trees(
    state: &State,
    sink: &Sink,
    key: AppKey,
    mut events: Receiver<EngineEvent>,
) -> Result<(), Over> {
    sink.keep_alive().await?;
    let mut last = None;
    loop {
        if let Ok(tree) = state.engine().resource_tree(key.clone()).await
            && last.as_ref() != Some(&tree)
        {
            sink.send(tree.clone()).await?;
            last = Some(tree);
        }
        loop {
            let touched = match sink.next(&mut events).await? {
                Some(EngineEvent::Tree(other)) => other == key,
                Some(EngineEvent::Application { change: Change::Deleted, application }) => {
                    if key_of(&application) == key {
                        return Ok(());
                    }
                    false
                }
                Some(EngineEvent::Application { application, .. }) => key_of(&application) == key,
                Some(EngineEvent::Missed) | None => true,
            };
            if touched {
                break;
            }
        }
        tokio::time::sleep(TREE_SETTLE).await;
        events = events.resubscribe();
    }
}

fn key_of(app: &Value) -> AppKey {
    let field = |name| text(app, &["metadata", name]).to_owned();
    AppKey { namespace: field("namespace"), name: field("name") }
}

fn version_of(app: &Value) -> String {
    text(app, &["metadata", "resourceVersion"]).to_owned()
}
