use crate::{Clock, SystemClock};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;

/// How to start a [`DevCluster`].
#[derive(Clone)]
pub struct Options {
    /// Address to listen on; loopback only. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// Folder for the state, made where missing. Nothing is kept without one.
    pub data_dir: Option<PathBuf>,
    /// Forget what `data_dir` holds before starting.
    pub reset: bool,
    /// The bearer token of the administrator. Made at random (and kept in `data_dir`) where not given.
    pub token: Option<String>,
    /// Whether the small controllers run. Without them the cluster is an API server alone.
    pub controllers: bool,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    /// A free port on 127.0.0.1, nothing kept, controllers on, the machine's clock.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data_dir: None,
            reset: false,
            token: None,
            controllers: true,
            clock: Arc::new(SystemClock),
        }
    }
}

/// Why a cluster does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address is reachable from other machines.
    #[error("{0} is no loopback address: a devcluster listens on 127.0.0.1 or ::1 only")]
    NotLoopback(SocketAddr),
    /// The address cannot be bound.
    #[error("listen on {address}: choose another address or end the process that holds it")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The data folder cannot be used.
    #[error("data folder {path}: {problem}")]
    DataDir {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// Not built yet.
    #[error("unsupported: {0}")]
    Unsupported(&'static str),
}

/// A running cluster. Ends when [`DevCluster::shutdown`] is called or the value is dropped.
pub struct DevCluster {
    address: SocketAddr,
    token: String,
}

impl DevCluster {
    /// Loads the state and starts to serve.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(options: Options) -> Result<Self, StartError> {
        if !options.listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(options.listen));
        }
        Err(StartError::Unsupported("devcluster"))
    }

    /// Returns a kubeconfig (YAML) with one context, named `devcluster`, and the administrator's token.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: devcluster\nclusters:\n- name: devcluster\n  cluster:\n    server: {}\n\
             contexts:\n- name: devcluster\n  context:\n    cluster: devcluster\n    user: admin\n    namespace: default\n\
             users:\n- name: admin\n  user:\n    token: {}\n",
            self.url(),
            self.token
        )
    }

    /// Returns the base URL: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the address that is listened on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends connections and controllers, writes the snapshot and returns when everything is on disk.
    pub async fn shutdown(self) {}
}
