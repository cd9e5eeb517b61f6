use fairway_core::TreeError;
use thiserror::Error;

/// A source could not be rendered.
#[derive(Debug, Error)]
pub enum RenderError {
    /// The path of the source is not in the repository at that revision.
    #[error("{path}: app path does not exist")]
    PathMissing {
        /// The path.
        path: String,
    },
    /// A file cannot be read as manifests.
    #[error("failed to unmarshal {file:?}: {why}")]
    Unmarshal {
        /// The file.
        file: String,
        /// The parser's own words, with line, column and excerpt.
        why: String,
    },
    /// An object lacks what every object has.
    #[error("{file}{}: {why}", if *line > 0 { format!(":{line}") } else { String::new() })]
    Object {
        /// The file.
        file: String,
        /// Line of the document; nought where it was not read from a file as it stands there.
        line: u32,
        /// What is missing.
        why: String,
    },
    /// The repository could not be read.
    #[error("read the repository")]
    Tree(#[from] TreeError),
    /// Helm failed.
    #[error("helm template failed: {0}")]
    Helm(String),
    /// Kustomize failed.
    #[error("kustomize build failed: {0}")]
    Kustomize(String),
    /// Fairway does not do this.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// The source's settings do not fit together.
    #[error("{0}")]
    Settings(String),
    /// The manifests of a directory are larger than allowed.
    #[error("the manifests in {path} are larger than {bytes_max} bytes; split the application")]
    TooLarge {
        /// The directory.
        path: String,
        /// Bytes allowed.
        bytes_max: usize,
    },
}
