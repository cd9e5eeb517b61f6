//! `fairway devcluster`: the cluster in memory without the engine, for the end-to-end suite.

use anyhow::Context;
use fairway_devcluster::{DevCluster, Options};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Arguments of `fairway devcluster`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where its kubeconfig is written.
    #[arg(long, value_name = "FILE")]
    kubeconfig: PathBuf,
    /// Address to listen on; loopback only. A free port where not given.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

/// Serves until the process is told to end. Nothing is kept.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let cluster = DevCluster::start(Options { listen: args.listen, ..Options::default() }).await?;
    std::fs::write(&args.kubeconfig, cluster.kubeconfig())
        .with_context(|| format!("write {}", args.kubeconfig.display()))?;
    crate::signals::ended().await;
    cluster.shutdown().await;
    Ok(())
}
