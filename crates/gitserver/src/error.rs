use std::io;
use thiserror::Error;

/// The server or its store could not do something.
#[derive(Debug, Error)]
pub enum GitServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address as asked for.
        address: String,
        /// The system's answer.
        source: io::Error,
    },
    /// Only loopback addresses are served.
    #[error("{address} is not a loopback address; the embedded Git server listens on this machine only")]
    NotLoopback {
        /// The address as asked for.
        address: String,
    },
    /// A name that cannot be a repository's.
    #[error("repository name {name:?}: {why}")]
    Name {
        /// The name as given.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The repository is there already.
    #[error("repository {name} exists already")]
    Exists {
        /// The name.
        name: String,
    },
    /// There is no such repository.
    #[error("there is no repository {name}")]
    NotFound {
        /// The name.
        name: String,
    },
    /// The object store failed.
    #[error("repository {name}: {why}")]
    Git {
        /// The name.
        name: String,
        /// The store's own words.
        why: String,
    },
    /// A file or folder failed.
    #[error("{path}: {source}")]
    Io {
        /// The path.
        path: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The `git` program is missing or failed.
    #[error("git {command}: {why}")]
    Program {
        /// The subcommand.
        command: &'static str,
        /// What happened.
        why: String,
    },
}

impl GitServerError {
    pub(crate) fn io(path: &std::path::Path, source: io::Error) -> Self {
        Self::Io { path: path.display().to_string(), source }
    }
}
