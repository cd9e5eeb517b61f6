//! Everything that is checked without a cluster, the same in CI and on a desk.

use crate::run::{output, run};
use crate::tidy;
use anyhow::bail;
use std::path::Path;

#[derive(clap::Args)]
pub struct Args {
    /// Leaves the checks of the dashboard out: no Node is needed.
    #[arg(long)]
    no_dashboard: bool,
}

pub fn main(args: &Args) -> anyhow::Result<()> {
    let root = Path::new(".");
    run(root, "cargo", &["fmt", "--all", "--check"])?;
    tidy::main(&tidy::Args { update: false })?;
    run(root, "cargo", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    docs()?;
    deny()?;
    // The fuzz targets have a lock file of their own, which follows the manifests here.
    run(
        root,
        "cargo",
        &["update", "--workspace", "--locked", "--quiet", "--manifest-path", "fuzz/Cargo.toml"],
    )?;
    if !args.no_dashboard {
        let dashboard = Path::new("dashboard");
        run(dashboard, "npm", &["ci", "--no-audit", "--no-fund"])?;
        run(dashboard, "npm", &["run", "lint"])?;
        run(dashboard, "npm", &["test"])?;
    }
    generated_files()
}

/// Docs of our own crates build without a warning.
fn docs() -> anyhow::Result<()> {
    println!("$ cargo doc --workspace --no-deps  (RUSTDOCFLAGS=-D warnings)");
    let status = std::process::Command::new("cargo")
        .args(["doc", "--workspace", "--no-deps", "--locked", "--quiet"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .status()?;
    if !status.success() {
        bail!("cargo doc ended with {status}");
    }
    Ok(())
}

/// Licences, sources and banned crates. Advisories need a database that lies outside the package registries.
fn deny() -> anyhow::Result<()> {
    // It reads the manifests of other platforms' crates too, which no build here has fetched.
    run(Path::new("."), "cargo", &["fetch", "--locked"])?;
    run(Path::new("."), "cargo", &["deny", "--offline", "--locked", "check", "bans", "licenses", "sources"])
}

/// What is made by a tool is as the tool makes it.
fn generated_files() -> anyhow::Result<()> {
    let root = Path::new(".");
    let changed = output(root, "git", &["status", "--porcelain"])?;
    if !changed.trim().is_empty() {
        bail!("the checks changed files, or files are not committed:\n{changed}");
    }
    Ok(())
}
