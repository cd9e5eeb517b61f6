//! `fairway bench-floor`: the writes alone, with no engine around them. What `cargo xtask bench` measures against.

use anyhow::{Context, bail};
use fairway_cluster::{CacheRules, Cluster};
use fairway_core::{AppId, ApplyMode, ApplyRequest, ClusterWriter, Gvk, Object, Validation};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// Arguments of `fairway bench-floor`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The cluster.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: PathBuf,
    /// Objects to apply, as YAML documents.
    pub file: PathBuf,
}

/// Nothing is watched and nobody owns anything: only the writes count.
struct WatchNothing;

impl CacheRules for WatchNothing {
    fn owner(&self, _: &Object) -> Option<AppId> {
        None
    }
    fn keeps_data(&self, _: &Object) -> bool {
        false
    }
    fn watches(&self, _: &Gvk) -> bool {
        false
    }
}

/// Applies every object of a file, all at once as far as the client's own bound of 32 permits, and prints the
/// seconds that it took. Reading the file and discovery are not counted.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let text =
        std::fs::read_to_string(&args.file).with_context(|| format!("read {}", args.file.display()))?;
    let documents =
        fairway_yaml::parse_documents(&text).with_context(|| format!("read {}", args.file.display()))?;
    let objects: Vec<Object> = documents.into_iter().map(|d| Object::new(d.value)).collect();
    let config = fairway_cluster::from_kubeconfig(&args.kubeconfig, None).await?;
    let (cluster, _events) = Cluster::new(config, Arc::new(WatchNothing))?;
    for object in &objects {
        if !cluster.ensure_served(&object.gvk()).await? {
            bail!("the cluster does not serve {}", object.gvk());
        }
    }
    let count = objects.len();
    let started = Instant::now();
    let mut writes = tokio::task::JoinSet::new();
    for object in objects {
        let cluster = cluster.clone();
        writes.spawn(async move {
            let request = ApplyRequest {
                object,
                mode: ApplyMode::ServerSide,
                dry_run: false,
                force_conflicts: true,
                validation: Validation::Strict,
                take_over_from: Vec::new(),
            };
            cluster.apply(request).await
        });
    }
    while let Some(outcome) = writes.join_next().await {
        outcome.context("a write was cut off")??;
    }
    let took = started.elapsed();
    writeln!(std::io::stdout(), "{count} {:.3}", took.as_secs_f64()).context("write the result")
}
