use fairway_value::Str;
use thiserror::Error;

/// When to try again after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAdvice {
    /// Soon, then ever later.
    Backoff,
    /// When the App, its source or its cluster changes.
    OnChange,
    /// Not at all.
    Never,
}

/// A bounded label for metrics and Event reasons.
pub trait FailureCategory {
    /// Returns the label.
    fn category(&self) -> &'static str;
    /// Returns when to try again.
    fn retry(&self) -> RetryAdvice;
}

/// Returns an error's message with those of its causes. A cause that the message already tells is not told again:
/// errors of others repeat theirs.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = inner.source();
    }
    text
}

/// What kind of answer a Kubernetes API gave, as far as callers act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiErrorKind {
    /// 404: the object is not there.
    NotFound,
    /// The API server knows no such kind (no such resource in discovery).
    UnknownKind,
    /// 409 AlreadyExists.
    AlreadyExists,
    /// 409 Conflict: field ownership or resourceVersion.
    Conflict,
    /// 422 Invalid: includes immutable fields.
    Invalid,
    /// 400: the request is malformed.
    BadRequest,
    /// 401 or 403 without a webhook's message.
    Forbidden,
    /// An admission plugin or policy said no; the message is the policy's own.
    Denied,
    /// 410: the resourceVersion is too old.
    Gone,
    /// 429 or 503.
    TooManyRequests,
    /// 5xx.
    Server,
    /// The server could not be reached, or the connection broke; the write may have landed.
    Unreachable,
    /// The deadline passed; the write may have landed.
    Timeout,
}

/// A Kubernetes API refused or failed a request.
#[derive(Clone, Debug, Error)]
#[error("{message}")]
pub struct ApiError {
    /// What callers act on.
    pub kind: ApiErrorKind,
    /// HTTP status, 0 where no answer came.
    pub status: u16,
    /// The server's own words.
    pub message: Str,
}

impl ApiError {
    /// Builds one.
    #[must_use]
    pub fn new(kind: ApiErrorKind, status: u16, message: impl Into<Str>) -> Self {
        Self { kind, status, message: message.into() }
    }
}

impl FailureCategory for ApiError {
    fn category(&self) -> &'static str {
        match self.kind {
            ApiErrorKind::NotFound => "not_found",
            ApiErrorKind::UnknownKind => "unknown_kind",
            ApiErrorKind::AlreadyExists => "already_exists",
            ApiErrorKind::Conflict => "conflict",
            ApiErrorKind::Invalid => "invalid",
            ApiErrorKind::BadRequest => "bad_request",
            ApiErrorKind::Forbidden => "forbidden",
            ApiErrorKind::Denied => "denied",
            ApiErrorKind::Gone => "gone",
            ApiErrorKind::TooManyRequests => "too_many_requests",
            ApiErrorKind::Server => "server",
            ApiErrorKind::Unreachable => "unreachable",
            ApiErrorKind::Timeout => "timeout",
        }
    }

    fn retry(&self) -> RetryAdvice {
        match self.kind {
            ApiErrorKind::NotFound
            | ApiErrorKind::UnknownKind
            | ApiErrorKind::AlreadyExists
            | ApiErrorKind::Conflict
            | ApiErrorKind::Gone
            | ApiErrorKind::TooManyRequests
            | ApiErrorKind::Server
            | ApiErrorKind::Unreachable
            | ApiErrorKind::Timeout => RetryAdvice::Backoff,
            ApiErrorKind::Invalid
            | ApiErrorKind::BadRequest
            | ApiErrorKind::Forbidden
            | ApiErrorKind::Denied => RetryAdvice::OnChange,
        }
    }
}
