use fairway_core::{FailureCategory, RetryAdvice};
use thiserror::Error;

/// What callers act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScmErrorKind {
    /// The forge could not be reached, or the connection broke.
    Unreachable,
    /// The forge took longer than the limit allows.
    Timeout,
    /// The token is missing or refused.
    Denied,
    /// There is no such organisation or repository.
    NotFound,
    /// Too many requests; the message says until when.
    RateLimited,
    /// The forge answered with an error.
    Server,
    /// The answer is not what its documentation says.
    Malformed,
    /// More pages or bytes than allowed.
    TooLarge,
    /// An option makes no sense.
    Invalid,
    /// Known, but not built.
    Unsupported,
}

/// A forge could not be asked. The text holds no credentials.
#[derive(Clone, Debug, Error)]
#[error("{message}")]
pub struct ScmError {
    /// What callers act on.
    pub kind: ScmErrorKind,
    /// What happened and to which request.
    pub message: String,
}

impl ScmError {
    /// Builds one.
    #[must_use]
    pub fn new(kind: ScmErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Puts what was being done before the message.
    pub(crate) fn during(self, what: impl std::fmt::Display) -> Self {
        Self { kind: self.kind, message: format!("{what}: {}", self.message) }
    }

    pub(crate) fn unsupported(what: impl std::fmt::Display) -> Self {
        Self::new(ScmErrorKind::Unsupported, format!("unsupported: {what}"))
    }
}

impl FailureCategory for ScmError {
    fn category(&self) -> &'static str {
        match self.kind {
            ScmErrorKind::Unreachable => "scm_unreachable",
            ScmErrorKind::Timeout => "scm_timeout",
            ScmErrorKind::Denied => "scm_denied",
            ScmErrorKind::NotFound => "scm_not_found",
            ScmErrorKind::RateLimited => "scm_rate_limited",
            ScmErrorKind::Server => "scm_server",
            ScmErrorKind::Malformed => "scm_malformed",
            ScmErrorKind::TooLarge => "scm_too_large",
            ScmErrorKind::Invalid => "scm_invalid",
            ScmErrorKind::Unsupported => "unsupported",
        }
    }

    fn retry(&self) -> RetryAdvice {
        match self.kind {
            ScmErrorKind::Unreachable
            | ScmErrorKind::Timeout
            | ScmErrorKind::Denied
            | ScmErrorKind::NotFound
            | ScmErrorKind::RateLimited
            | ScmErrorKind::Server
            | ScmErrorKind::Malformed => RetryAdvice::Backoff,
            ScmErrorKind::TooLarge | ScmErrorKind::Invalid | ScmErrorKind::Unsupported => {
                RetryAdvice::OnChange
            }
        }
    }
}
