use thiserror::Error;

/// A build failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Error {
    /// Something that kustomize can do and this crate cannot, or will not.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// The input is wrong, or larger or deeper than is read. The message names the kustomization, the field, the resource.
    #[error("{0}")]
    Invalid(String),
}

impl Error {
    /// Builds an [`Error::Invalid`].
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }
}
