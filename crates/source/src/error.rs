use fairway_core::{FailureCategory, RetryAdvice};
use thiserror::Error;

/// What callers act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceErrorKind {
    /// The host could not be reached, or the connection broke.
    Unreachable,
    /// The host took longer than the limit allows.
    Timeout,
    /// Credentials are missing or refused.
    Denied,
    /// The host knows no such repository.
    RepositoryNotFound,
    /// The repository has no such revision, chart or version.
    RevisionNotFound,
    /// The path, archive or index is malformed.
    Invalid,
    /// Something is larger than its limit.
    TooLarge,
    /// Known, but not built.
    Unsupported,
    /// The cache folder or object store failed.
    Store,
}

/// A source could not be read. The text holds no credentials and reads as Argo CD's where it has words for the case.
#[derive(Clone, Debug, Error)]
#[error("{message}")]
pub struct SourceError {
    /// What callers act on.
    pub kind: SourceErrorKind,
    /// What happened, to which repository, and what to do.
    pub message: String,
}

impl SourceError {
    /// Builds one.
    #[must_use]
    pub fn new(kind: SourceErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Something that is known but not built.
    #[must_use]
    pub fn unsupported(what: impl std::fmt::Display) -> Self {
        Self::new(SourceErrorKind::Unsupported, format!("unsupported: {what}"))
    }

    pub(crate) fn store(what: impl std::fmt::Display, why: impl std::fmt::Display) -> Self {
        Self::new(SourceErrorKind::Store, format!("{what}: {why}"))
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(SourceErrorKind::Invalid, message)
    }
}

impl FailureCategory for SourceError {
    fn category(&self) -> &'static str {
        match self.kind {
            SourceErrorKind::Unreachable => "source_unreachable",
            SourceErrorKind::Timeout => "source_timeout",
            SourceErrorKind::Denied => "source_denied",
            SourceErrorKind::RepositoryNotFound => "repository_not_found",
            SourceErrorKind::RevisionNotFound => "revision_not_found",
            SourceErrorKind::Invalid => "source_invalid",
            SourceErrorKind::TooLarge => "source_too_large",
            SourceErrorKind::Unsupported => "unsupported",
            SourceErrorKind::Store => "source_store",
        }
    }

    fn retry(&self) -> RetryAdvice {
        match self.kind {
            SourceErrorKind::Unreachable
            | SourceErrorKind::Timeout
            | SourceErrorKind::Denied
            | SourceErrorKind::RepositoryNotFound
            | SourceErrorKind::RevisionNotFound
            | SourceErrorKind::Store => RetryAdvice::Backoff,
            SourceErrorKind::Invalid | SourceErrorKind::TooLarge | SourceErrorKind::Unsupported => {
                RetryAdvice::OnChange
            }
        }
    }
}
