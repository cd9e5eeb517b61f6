use kube::Config;
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use std::path::Path;
use std::time::Duration;
use thiserror::Error;

/// A cluster's address and credentials could not be read.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A kubeconfig cannot be read or has no such context.
    #[error("read the kubeconfig {path}: {source}")]
    Kubeconfig {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: kube::config::KubeconfigError,
    },
    /// There is no service account: this process does not run in a cluster.
    #[error("no service account found; outside a cluster, name a kubeconfig with --kubeconfig")]
    InCluster(#[source] kube::config::InClusterError),
    /// A cluster's address is no URL.
    #[error("cluster address {server:?} is no URL")]
    Address {
        /// The address as given.
        server: String,
    },
    /// The client could not be built from the configuration.
    #[error("build a client for {server}")]
    Client {
        /// The address.
        server: String,
        /// Why.
        #[source]
        source: kube::Error,
    },
}

/// A cluster as a cluster Secret describes it. `Debug` shows the address alone.
#[derive(Clone, Default)]
pub struct RemoteCluster {
    /// API server URL.
    pub server: String,
    /// Bearer token; empty for none.
    pub bearer_token: String,
    /// Basic authentication user; empty for none.
    pub username: String,
    /// Basic authentication password.
    pub password: String,
    /// Whether the server's certificate is not checked.
    pub insecure: bool,
    /// Name to check the server's certificate against; empty for the URL's host.
    pub server_name: String,
    /// Base64 of the CA bundle in PEM; empty for the system's.
    pub ca_data: String,
    /// Base64 of the client certificate in PEM; empty for none.
    pub cert_data: String,
    /// Base64 of the client key in PEM; empty for none.
    pub key_data: String,
}

impl std::fmt::Debug for RemoteCluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteCluster").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Longest wait for a connection: a cluster that is away must not hold its callers.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

fn tuned(mut config: Config) -> Config {
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config
}

/// Reads a kubeconfig file and picks a context; nothing for the current one.
///
/// # Errors
/// The file is missing or malformed, or has no such context.
pub async fn from_kubeconfig(path: &Path, context: Option<&str>) -> Result<Config, ConfigError> {
    let fail = |source| ConfigError::Kubeconfig { path: path.display().to_string(), source };
    let file = Kubeconfig::read_from(path).map_err(fail)?;
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    Config::from_custom_kubeconfig(file, &options).await.map(tuned).map_err(fail)
}

/// Takes the service account of the pod that this process runs in.
///
/// # Errors
/// There is none.
pub fn in_cluster() -> Result<Config, ConfigError> {
    Config::incluster().map(tuned).map_err(ConfigError::InCluster)
}

/// Builds a configuration from a cluster Secret's content.
///
/// # Errors
/// The address is no URL, or the CA is no base64 of PEM.
pub async fn from_remote(remote: &RemoteCluster) -> Result<Config, ConfigError> {
    let bad_address = || ConfigError::Address { server: remote.server.clone() };
    remote.server.parse::<http::Uri>().ok().filter(|u| u.host().is_some()).ok_or_else(bad_address)?;
    let text = |s: &str| (!s.is_empty()).then(|| s.to_owned());
    let file = Kubeconfig {
        current_context: Some("remote".to_owned()),
        clusters: vec![kube::config::NamedCluster {
            name: "remote".to_owned(),
            cluster: Some(kube::config::Cluster {
                server: Some(remote.server.clone()),
                insecure_skip_tls_verify: Some(remote.insecure),
                certificate_authority_data: text(&remote.ca_data),
                tls_server_name: text(&remote.server_name),
                ..Default::default()
            }),
            ..Default::default()
        }],
        contexts: vec![kube::config::NamedContext {
            name: "remote".to_owned(),
            context: Some(kube::config::Context {
                cluster: "remote".to_owned(),
                user: Some("remote".to_owned()),
                ..Default::default()
            }),
            ..Default::default()
        }],
        auth_infos: vec![kube::config::NamedAuthInfo {
            name: "remote".to_owned(),
            auth_info: Some(AuthInfo {
                token: text(&remote.bearer_token).map(Into::into),
                username: text(&remote.username),
                password: text(&remote.password).map(Into::into),
                client_certificate_data: text(&remote.cert_data),
                client_key_data: text(&remote.key_data).map(Into::into),
                ..Default::default()
            }),
            ..Default::default()
        }],
        ..Default::default()
    };
    Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .map(tuned)
        .map_err(|source| ConfigError::Kubeconfig { path: format!("of {}", remote.server), source })
}
