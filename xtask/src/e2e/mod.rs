//! Black-box tests: the built binary on a cluster, Git push in, cluster state out.

pub mod controlplane;
pub mod kube;
mod scenario;
mod scenario_bad_input;
mod scenario_customizations;
mod scenario_dashboard;
mod scenario_deletion;
mod scenario_install;
mod scenario_kubectl;
mod scenario_lookup;
mod scenario_real;
mod scenario_registry;
mod test_bed;
mod transcript;
mod world;

use anyhow::Context;
use std::path::PathBuf;
use std::time::Instant;

#[derive(clap::Args)]
pub struct Args {
    /// The cluster: `real` builds a control plane of Kubernetes once, `dev` is the one in the binary.
    #[arg(long, default_value = "real")]
    cluster: ClusterKind,
    /// The binary; built in release mode where not given.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Runs only the scenarios whose names contain this.
    #[arg(long)]
    only: Option<String>,
    /// Folder with the material that is not in this repository; `real-repos` in it is what the scenario of that name runs.
    #[arg(long, default_value = "../shared")]
    shared: PathBuf,
    /// How many random writes are compared between the real API server and the one in memory.
    #[arg(long, default_value_t = 4000)]
    steps: usize,
    /// What those writes follow from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Builds the control plane and its tools and runs nothing.
    #[arg(long)]
    prepare: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ClusterKind {
    /// kube-apiserver, etcd, controllers, scheduler and kwok.
    Real,
    /// The devcluster inside the binary.
    Dev,
}

pub fn main(args: &Args) -> anyhow::Result<()> {
    let tools = controlplane::prepare().context("build the control plane and its tools")?;
    if args.prepare {
        return Ok(());
    }
    let binary = match &args.binary {
        Some(binary) => binary.clone(),
        None => {
            crate::run::run(
                std::path::Path::new("."),
                "cargo",
                &["build", "--release", "--locked", "-p", "fairway"],
            )?;
            PathBuf::from("target/release/fairway")
        }
    };
    let binary = binary.canonicalize().with_context(|| format!("find {}", binary.display()))?;
    let mut failed = Vec::new();
    let mut passed = 0;
    for (name, run) in scenario::ALL {
        if args.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        let started = Instant::now();
        let outcome =
            world::World::new(name, args.cluster, &tools, &binary, &args.shared).and_then(|mut world| {
                let outcome = run(&mut world);
                if outcome.is_err() {
                    world.show_log();
                }
                outcome
            });
        let seconds = started.elapsed().as_secs_f64();
        match outcome {
            Ok(()) => {
                passed += 1;
                println!("ok    {name} ({seconds:.1} s)");
            }
            Err(error) => {
                println!("FAIL  {name} ({seconds:.1} s): {error:#}");
                failed.push(*name);
            }
        }
    }
    if args.cluster == ClusterKind::Real
        && args.only.as_ref().is_none_or(|only| "differential".contains(only.as_str()))
    {
        let started = Instant::now();
        match crate::differential::check(&tools, args.steps, args.seed) {
            Ok(()) => {
                passed += 1;
                println!("ok    differential ({:.1} s)", started.elapsed().as_secs_f64());
            }
            Err(error) => {
                println!("FAIL  differential ({:.1} s): {error:#}", started.elapsed().as_secs_f64());
                failed.push("differential");
            }
        }
    }
    println!("{passed} passed, {} failed", failed.len());
    anyhow::ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    anyhow::ensure!(passed > 0, "no scenario has that name");
    Ok(())
}
