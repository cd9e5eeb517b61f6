use fairway_core::{ApiError, ConditionKind, FailureCategory, RetryAdvice};
use fairway_render::RenderError;
use fairway_source::SourceError;
use thiserror::Error;

/// An App could not be carried along the line.
#[derive(Debug, Error)]
pub enum ReconcileError {
    /// A source is not to be had.
    #[error("{0}")]
    Source(#[from] SourceError),
    /// A source does not render.
    #[error("{}", fairway_core::with_causes(.0))]
    Render(#[from] RenderError),
    /// The App's spec is invalid or not permitted.
    #[error("{0}")]
    Invalid(String),
    /// The destination cluster is away or refuses.
    #[error("{0}")]
    Cluster(#[from] ApiError),
    /// The destination cluster is not known or away.
    #[error("{0}")]
    Destination(String),
    /// A fault of ours.
    #[error("{0}")]
    Fault(String),
}

impl ReconcileError {
    /// Returns the kind of condition that the error is shown as.
    #[must_use]
    pub fn condition(&self) -> ConditionKind {
        match self {
            Self::Source(_) | Self::Render(_) | Self::Cluster(_) => ConditionKind::ComparisonError,
            Self::Invalid(_) | Self::Destination(_) => ConditionKind::InvalidSpecError,
            Self::Fault(_) => ConditionKind::UnknownError,
        }
    }
}

impl FailureCategory for ReconcileError {
    fn category(&self) -> &'static str {
        match self {
            Self::Source(error) => error.category(),
            Self::Render(_) => "render",
            Self::Invalid(_) => "invalid_spec",
            Self::Cluster(error) => error.category(),
            Self::Destination(_) => "destination",
            Self::Fault(_) => "fault",
        }
    }

    fn retry(&self) -> RetryAdvice {
        match self {
            Self::Source(error) => error.retry(),
            Self::Render(_) | Self::Invalid(_) => RetryAdvice::OnChange,
            Self::Cluster(error) => error.retry(),
            Self::Destination(_) | Self::Fault(_) => RetryAdvice::Backoff,
        }
    }
}
