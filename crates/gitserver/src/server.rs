use crate::{Faults, GitServerError, RepoName, Store};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::broadcast;

/// Settings of [`GitServer`].
#[derive(Clone, Debug)]
pub struct GitServerOptions {
    /// Where to listen; loopback only. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// Folder of the bare repositories; made where missing.
    pub data_dir: PathBuf,
}

/// A branch or tag that a push moved. Object ids in hex; all zeros where it was or is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedRef {
    /// Full name, such as `refs/heads/main`.
    pub name: String,
    /// Object id before.
    pub old: String,
    /// Object id after.
    pub new: String,
}

/// An accepted push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The repository.
    pub repository: RepoName,
    /// Its clone URL.
    pub url: String,
    /// What moved.
    pub refs: Vec<PushedRef>,
}

/// The running server.
pub struct GitServer {
    address: SocketAddr,
    store: Arc<Store>,
    faults: Arc<Faults>,
    pushes: broadcast::Sender<Push>,
}

impl GitServer {
    /// Starts to serve on the current tokio runtime.
    ///
    /// # Errors
    /// A busy or foreign address, an unusable folder.
    pub async fn start(options: GitServerOptions) -> Result<Self, GitServerError> {
        let _ = options;
        Err(GitServerError::Program { command: "http-backend", why: "unsupported: serving".to_owned() })
    }

    /// Returns the address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the base URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns a repository's clone URL: `BASE/NAME.git` or `BASE/OWNER/NAME.git`.
    #[must_use]
    pub fn clone_url(&self, name: &RepoName) -> String {
        format!("{}/{name}.git", self.url())
    }

    /// Returns the repositories.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Returns the switches for tests.
    #[must_use]
    pub fn faults(&self) -> &Arc<Faults> {
        &self.faults
    }

    /// Subscribes to pushes. An event is sent when `receive-pack` has ended, before the client gets its answer. A
    /// subscriber that lags by more than 1,024 events is told so by the channel.
    #[must_use]
    pub fn pushes(&self) -> broadcast::Receiver<Push> {
        self.pushes.subscribe()
    }

    /// Stops serving: open requests are cut off.
    pub async fn shutdown(self) {}
}
