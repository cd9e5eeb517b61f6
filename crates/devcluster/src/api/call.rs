//! A request and its answer.

use super::options::Query;
use super::registry::{Registry, Resource};
use super::status::ApiError;
use super::target::Target;
use super::watching::WatchStream;
use super::{Api, auth::User};
use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use fairway_value::Str;
use std::sync::Arc;

/// A request whose body has been read.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// Builds a request from a path with its query.
    pub(crate) fn new(method: Method, uri: &str, headers: HeaderMap, body: Bytes) -> Self {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        Self { method, path: path.to_owned(), query: Query(super::target::query(query)), headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    pub(crate) fn accept(&self) -> Option<&str> {
        self.header("accept")
    }
}

/// An answer.
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) content_type: String,
    /// Texts of the `Warning` headers.
    pub(crate) warnings: Vec<String>,
    pub(crate) body: ReplyBody,
}

/// The body of an answer.
pub(crate) enum ReplyBody {
    Full(Bytes),
    Watch(Box<WatchStream>),
}

impl Reply {
    pub(crate) fn json(code: u16, body: impl Into<Bytes>) -> Self {
        Self {
            code,
            content_type: "application/json".to_owned(),
            warnings: Vec::new(),
            body: ReplyBody::Full(body.into()),
        }
    }

    pub(crate) fn text(code: u16, body: impl Into<Bytes>) -> Self {
        Self { content_type: "text/plain; charset=utf-8".to_owned(), ..Self::json(code, body) }
    }

    pub(crate) fn error(error: &ApiError) -> Self {
        if error.plain {
            return Self::text(error.code, error.message.clone());
        }
        Self::json(error.code, error.status().to_string())
    }
}

/// Everything that handling one request to a resource needs.
pub(crate) struct Call<'a> {
    pub(crate) api: &'a Api,
    pub(crate) registry: Arc<Registry>,
    pub(crate) resource: Arc<Resource>,
    pub(crate) target: Target,
    pub(crate) request: &'a Request,
    pub(crate) user: &'a User,
    pub(crate) warnings: std::cell::RefCell<Vec<String>>,
}

impl Call<'_> {
    /// Returns the key of the object named by the path.
    pub(crate) fn key(&self) -> Str {
        self.key_of(&self.target.name)
    }

    /// Returns the key of an object in the path's namespace.
    pub(crate) fn key_of(&self, name: &str) -> Str {
        let namespace = if self.resource.namespaced { self.target.namespace.as_str() } else { "" };
        crate::store::object_key(namespace, name)
    }

    /// Adds a text to the `Warning` headers.
    pub(crate) fn warn(&self, text: impl Into<String>) {
        let text = text.into();
        let mut warnings = self.warnings.borrow_mut();
        if !warnings.contains(&text) {
            warnings.push(text);
        }
    }

    /// Returns the field manager: the parameter, or the user agent up to `/`.
    pub(crate) fn manager(&self) -> String {
        let named = self.request.query.text("fieldManager");
        if !named.is_empty() {
            return named.to_owned();
        }
        let agent = self.request.header("user-agent").unwrap_or("unknown");
        // The server cuts at 128 bytes, the bound of a manager's name.
        let cut = agent.split('/').next().unwrap_or_default();
        cut.chars().filter(|c| !c.is_control()).take(128).collect()
    }

    /// Returns the time for timestamps, to the second.
    pub(crate) fn now(&self) -> String {
        super::format_secs(self.api.clock.now_micros())
    }
}
