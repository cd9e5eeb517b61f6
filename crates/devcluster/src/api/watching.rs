//! Watches: initial objects, events as the selectors see them, bookmarks, expiry.

use super::call::{Call, Reply, ReplyBody};
use super::encode::{in_version, partial};
use super::media::{self, Encoding, Form, Wanted};
use super::options::WatchOptions;
use super::read::Selection;
use super::registry::Resource;
use super::status::{ApiError, ApiResult, to_value};
use crate::Clock;
use crate::store::{Event, EventKind, Start, Stored, Watch, WatchError, frame, object_json};
use crate::table::Tables;
use bytes::Bytes;
use fairway_value::Value;
use serde_json::json;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long a watch without `timeoutSeconds` lives. The kube-apiserver picks 30 to 60 minutes.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(45 * 60);
/// How often a quiet watch is told how far it is.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// How long before its end a watch gets its last bookmark.
const BOOKMARK_BEFORE_END: Duration = Duration::from_secs(2);
/// Most frames put into one chunk, so that a large start does not stay in memory twice.
const CHUNK_BYTES: usize = 64 << 10;

/// An open watch. Produces chunks of newline-separated frames.
pub(crate) struct WatchStream {
    watch: Watch,
    selection: Selection,
    resource: Arc<Resource>,
    wanted: Wanted,
    include: String,
    clock: Arc<dyn Clock>,
    options: WatchOptions,
    ready: VecDeque<Bytes>,
    /// Up to where the client knows everything.
    sent_to: u64,
    /// Whether column definitions went out already.
    headed: bool,
    deadline: Instant,
    next_bookmark: Instant,
    done: bool,
}

/// Opens a watch.
pub(crate) fn open(call: &Call<'_>) -> ApiResult<Reply> {
    let wanted = media::negotiate(call.request.accept())?;
    let options = WatchOptions::parse(&call.request.query)?;
    let mut selection = Selection::parse(call)?;
    if !call.target.name.is_empty() {
        let by_name = format!("metadata.name={}", call.target.name);
        selection.fields = super::fields::FieldSelector::parse(&by_name, &call.resource)?;
    }
    let start = options.after.map_or(Start::Now, Start::After);
    let timeout = options.timeout_secs.map_or(TIMEOUT_DEFAULT, Duration::from_secs);
    let now = Instant::now();
    let deadline = now + timeout;
    let content_type = match wanted.encoding {
        Encoding::Json => "application/json",
        Encoding::Yaml => return Err(ApiError::not_acceptable("406: Not Acceptable", true)),
    };
    let reply = |stream: ReplyBody| Reply {
        code: 200,
        content_type: content_type.to_owned(),
        warnings: Vec::new(),
        body: stream,
    };
    let watch = match call.api.store.watch(&call.resource.table, &selection.prefix, start) {
        Ok(watch) => watch,
        // The server opens the stream and says it there.
        Err(WatchError::Expired { asked, oldest }) => {
            return Ok(reply(ReplyBody::Full(expired_frame(asked, oldest))));
        }
    };
    let mut stream = WatchStream {
        sent_to: watch.opened_at,
        watch,
        selection,
        resource: call.resource.clone(),
        wanted,
        include: call.request.query.text("includeObject").to_owned(),
        clock: call.api.clock.clone(),
        options,
        ready: VecDeque::new(),
        headed: false,
        deadline,
        next_bookmark: now + BOOKMARK_EVERY,
        done: false,
    };
    stream.schedule_bookmark(now);
    stream.queue_initial();
    Ok(reply(ReplyBody::Watch(Box::new(stream))))
}

fn expired_frame(asked: u64, oldest: u64) -> Bytes {
    let error = ApiError::expired(format!("too old resource version: {asked} ({oldest})"));
    frame("ERROR", error.status().to_string().as_bytes())
}

impl WatchStream {
    fn queue_initial(&mut self) {
        for object in std::mem::take(&mut self.watch.initial) {
            if self.selection.matches(&object.value) {
                let line = self.line(EventKind::Added, &object);
                self.ready.push_back(line);
            }
        }
        if self.options.initial_events && self.options.bookmarks {
            let line = self.bookmark(self.watch.opened_at, true);
            self.ready.push_back(line);
        }
    }

    fn schedule_bookmark(&mut self, now: Instant) {
        let last = self.deadline.checked_sub(BOOKMARK_BEFORE_END).filter(|t| *t > now);
        let next = now + BOOKMARK_EVERY;
        self.next_bookmark = last.map_or(next, |last| next.min(last));
    }

    /// Builds one line for an object in the form that the client wants.
    fn line(&mut self, kind: EventKind, object: &Stored) -> Bytes {
        if self.wanted.form == Form::Object && self.resource.is_storage() {
            return frame(kind.name(), &object.json());
        }
        let value = in_version(&object.value, &self.resource).into_owned();
        self.form_line(kind.name(), &value)
    }

    fn form_line(&mut self, kind: &str, value: &Value) -> Bytes {
        let shaped = match self.wanted.form {
            Form::Object => value.clone(),
            Form::Partial(version) => partial(value, version),
            Form::Table(version) => {
                let tables = Tables::new(&self.resource, self.clock.now_micros(), &self.include);
                let rv = value.get_path(&["metadata", "resourceVersion"]).and_then(Value::as_str);
                let metadata = to_value(&json!({ "resourceVersion": rv.unwrap_or_default() }));
                let head = !std::mem::replace(&mut self.headed, true);
                tables.table(version.api_version(), &metadata, std::iter::once(value), head)
            }
        };
        frame(kind, object_json(&shaped).0.as_bytes())
    }

    fn bookmark(&mut self, rv: u64, initial_end: bool) -> Bytes {
        let mut object = json!({ "kind": self.resource.kind.as_str(), "apiVersion": self.resource.api_version(),
            "metadata": { "resourceVersion": rv.to_string() } });
        if initial_end {
            object["metadata"]["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        let value = to_value(&object);
        match self.wanted.form {
            Form::Object => frame("BOOKMARK", object_json(&value).0.as_bytes()),
            Form::Partial(_) | Form::Table(_) => self.form_line("BOOKMARK", &value),
        }
    }

    /// Turns an event into a line as the selectors see it. An object that stops matching is deleted for this watch,
    /// shown as it was before.
    fn event_line(&mut self, event: &Event) -> Option<Bytes> {
        if self.selection.is_empty() {
            if self.wanted.form == Form::Object && self.resource.is_storage() {
                return Some(event.frame());
            }
            return Some(self.line(event.kind, &event.object));
        }
        let before = event.prev.as_ref().is_some_and(|p| self.selection.matches(&p.value));
        let now = event.kind != EventKind::Deleted && self.selection.matches(&event.object.value);
        match (before, now) {
            (false, false) => None,
            (false, true) => Some(self.line(EventKind::Added, &event.object)),
            (true, true) => Some(self.line(EventKind::Modified, &event.object)),
            (true, false) => {
                let mut last = event.prev.as_ref()?.value.clone();
                last.set_path(&["metadata", "resourceVersion"], event.rv.to_string());
                Some(self.line(EventKind::Deleted, &Stored::new(last, event.rv)))
            }
        }
    }

    fn take_events(&mut self) {
        match self.watch.take() {
            Ok((events, rv)) => {
                for event in events {
                    if let Some(line) = self.event_line(&event) {
                        self.ready.push_back(line);
                    }
                }
                self.sent_to = self.sent_to.max(rv);
            }
            Err(WatchError::Expired { asked, oldest }) => {
                self.ready.push_back(expired_frame(asked, oldest));
                self.done = true;
            }
        }
    }

    fn chunk(&mut self) -> Option<Bytes> {
        let first = self.ready.pop_front()?;
        if self.ready.is_empty() {
            return Some(first);
        }
        let mut out = Vec::with_capacity(CHUNK_BYTES.min(first.len() * (self.ready.len() + 1)));
        out.extend_from_slice(&first);
        while out.len() < CHUNK_BYTES
            && let Some(next) = self.ready.pop_front()
        {
            out.extend_from_slice(&next);
        }
        Some(out.into())
    }

    /// Returns what is there without waiting; with `last` also the bookmark that comes shortly before the end.
    pub(crate) fn drain(&mut self, last: bool) -> Vec<u8> {
        if !self.done {
            self.take_events();
        }
        let long = self.options.timeout_secs.is_none_or(|t| Duration::from_secs(t) > BOOKMARK_BEFORE_END);
        if last && self.options.bookmarks && long && !self.done {
            let line = self.bookmark(self.sent_to, false);
            self.ready.push_back(line);
        }
        let mut out = Vec::new();
        while let Some(chunk) = self.chunk() {
            out.extend_from_slice(&chunk);
        }
        out
    }

    /// Waits for the next chunk. Nothing when the watch is over.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(chunk) = self.chunk() {
                return Some(chunk);
            }
            if self.done {
                return None;
            }
            self.take_events();
            if !self.ready.is_empty() {
                continue;
            }
            let bookmark_at = if self.options.bookmarks { self.next_bookmark } else { self.deadline };
            tokio::select! {
                () = self.watch.changed() => {}
                () = tokio::time::sleep_until(self.deadline.min(bookmark_at)) => {
                    let now = Instant::now();
                    if now >= self.deadline {
                        self.done = true;
                    } else {
                        self.take_events();
                        let line = self.bookmark(self.sent_to, false);
                        self.ready.push_back(line);
                        self.schedule_bookmark(now);
                    }
                }
            }
        }
    }
}
