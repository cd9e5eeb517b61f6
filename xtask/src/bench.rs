//! The reference workload on the real control plane: first sync, one commit, heal, idle, memory, each beside the
//! floor (the same writes with no engine around them), measured in the same run.

mod figures;
mod measure;
mod process;
mod stream;
mod workload;

use crate::e2e::ClusterKind;
use crate::e2e::controlplane;
use anyhow::{Context, bail, ensure};
use figures::{Figures, say};
use measure::Bench;
use std::fs;
use std::path::{Path, PathBuf};
use workload::{OBJECTS_PER_APP, Workload};

#[derive(clap::Args)]
pub struct Args {
    /// How many Applications, of six objects each.
    #[arg(long, default_value_t = 200)]
    apps: usize,
    /// The binary; built in release mode where not given.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// The cluster; only `real` has a floor worth naming.
    #[arg(long, default_value = "real")]
    cluster: ClusterKind,
    /// Prints the figures as JSON.
    #[arg(long)]
    json: bool,
    /// Seconds that the engine is watched at rest.
    #[arg(long, default_value_t = 20)]
    idle_seconds: u64,
    /// Keeps the engine's log here.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// What the engine logs, as its `--log`.
    #[arg(long, default_value = "warn")]
    log_filter: String,
    /// Leaves the floor out, where only the engine is of interest.
    #[arg(long)]
    no_floor: bool,
}

/// Start of the names of the folders that runs work in; the process's id follows.
const DIR_PREFIX: &str = "fairway-bench-";

pub fn main(args: &Args) -> anyhow::Result<()> {
    ensure!(args.cluster == ClusterKind::Real, "the floor is the real API server's: use --cluster real");
    ensure!((1..=5000).contains(&args.apps), "--apps must be between 1 and 5000");
    let tools = controlplane::prepare().context("build the control plane and its tools")?;
    let binary = match &args.binary {
        Some(binary) => binary.clone(),
        None => {
            crate::run::run(Path::new("."), "cargo", &["build", "--release", "--locked", "-p", "fairway"])?;
            PathBuf::from("target/release/fairway")
        }
    };
    let binary = binary.canonicalize().with_context(|| format!("find {}", binary.display()))?;
    remove_leftovers();
    let dir = std::env::temp_dir().join(format!("{DIR_PREFIX}{}", std::process::id()));
    fs::create_dir_all(&dir)?;
    let mut figures = Figures::default();
    let bench =
        Bench { args, tools: &tools, binary: &binary, dir: &dir, workload: Workload { apps: args.apps } };
    let outcome = bench.run(&mut figures);
    let log = fs::read(dir.join("engine.log")).unwrap_or_default();
    if outcome.is_err() || !figures.failures.is_empty() {
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = text.lines().collect();
        lines.iter().skip(lines.len().saturating_sub(20)).for_each(|l| say(&format!("    | {l}")));
    }
    if let Some(to) = &args.log {
        fs::write(to, log).with_context(|| format!("write {}", to.display()))?;
    }
    let _ = fs::remove_dir_all(&dir);
    if args.json {
        let report = figures.report(args.apps, args.apps * OBJECTS_PER_APP);
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("\n{} Apps, {} objects", args.apps, args.apps * OBJECTS_PER_APP);
        print!("{}", figures.table());
    }
    outcome?;
    if !figures.failures.is_empty() {
        bail!("{} phases did not end in time", figures.failures.len());
    }
    Ok(())
}

/// Removes the folders of runs that were killed: their processes have ended with them.
fn remove_leftovers() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|n| n.strip_prefix(DIR_PREFIX)).and_then(|n| n.parse::<u32>().ok());
        if pid.is_some_and(|p| !Path::new(&format!("/proc/{p}")).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
