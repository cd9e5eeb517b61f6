//! Flags that all of Helm's commands take, and that say nothing of a chart: how a cluster is reached, and how much is told.

use std::path::PathBuf;

/// How Helm reaches a cluster, which nothing here asks, and where it keeps indices.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct ClusterFlags {
    #[arg(long, hide = true)]
    burst_limit: Option<i64>,
    #[arg(long, hide = true)]
    qps: Option<f64>,
    #[arg(long, hide = true)]
    kube_apiserver: Option<String>,
    #[arg(long, hide = true)]
    kube_as_group: Vec<String>,
    #[arg(long, hide = true)]
    kube_as_user: Option<String>,
    #[arg(long, hide = true)]
    kube_ca_file: Option<PathBuf>,
    #[arg(long, hide = true)]
    kube_context: Option<String>,
    #[arg(long, hide = true)]
    kube_insecure_skip_tls_verify: bool,
    #[arg(long, hide = true)]
    kube_tls_server_name: Option<String>,
    #[arg(long, hide = true)]
    kube_token: Option<String>,
    #[arg(long, hide = true)]
    kubeconfig: Option<PathBuf>,
    #[arg(long, hide = true)]
    repository_cache: Option<PathBuf>,
}

/// What commands take that render nothing.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct IdleFlags {
    #[command(flatten)]
    cluster: ClusterFlags,
    #[arg(long, hide = true)]
    debug: bool,
    #[arg(long, short = 'n', hide = true)]
    namespace: Option<String>,
}

/// Helm's own files, to commands that ask no repository.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct IdleFiles {
    #[arg(long, hide = true)]
    registry_config: Option<PathBuf>,
    #[arg(long, hide = true)]
    repository_config: Option<PathBuf>,
}
