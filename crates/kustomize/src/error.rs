use thiserror::Error;

/// A build failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Error {
    /// Something that kustomize can do and this crate cannot, or will not.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// The input is wrong. The message names the kustomization, the field, the resource and what to do.
    #[error("{0}")]
    Invalid(String),
    /// The input is larger or deeper than is read.
    #[error("{what}: more than the limit of {max}")]
    Limit {
        /// What was counted, and where.
        what: String,
        /// Largest count allowed.
        max: usize,
    },
}

#[expect(dead_code, reason = "the build that raises them comes next")]
impl Error {
    /// Builds an [`Error::Invalid`].
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// Puts where it happened before the message.
    pub(crate) fn within(self, place: impl std::fmt::Display) -> Self {
        match self {
            Self::Invalid(why) => Self::Invalid(format!("{place}: {why}")),
            Self::Unsupported(what) => Self::Unsupported(format!("{what} ({place})")),
            limit @ Self::Limit { .. } => limit,
        }
    }
}
