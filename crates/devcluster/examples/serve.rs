//! Runs a devcluster until Ctrl-C: `cargo run -p fairway-devcluster --example serve -- [KUBECONFIG] [DATA_DIR]`.

use fairway_devcluster::{DevCluster, Options};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example talks to its terminal")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let kubeconfig = arguments.next().unwrap_or_else(|| "kubeconfig".to_owned());
    let data_dir = arguments.next().map(Into::into);
    let cluster = DevCluster::start(Options { data_dir, ..Options::default() }).await?;
    std::fs::write(&kubeconfig, cluster.kubeconfig())?;
    println!("{} is up; try: kubectl --kubeconfig {kubeconfig} get namespaces", cluster.url());
    tokio::signal::ctrl_c().await?;
    cluster.shutdown().await;
    Ok(())
}
