//! Proves the walls between crates, and holds files and functions to their size.

use crate::run::output;
use anyhow::{Context, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Args {
    /// Writes the sizes that files have now into `tidy.toml`: they may only shrink from then on.
    #[arg(long)]
    pub update: bool,
}

/// Crates that do no I/O and read no clock.
const PURE: [&str; 11] =
    ["value", "core", "yaml", "template", "helm", "kustomize", "schema", "render", "health", "diff", "plan"];

/// The dialect at the edge is pure too.
const PURE_EDGE: [&str; 1] = ["argocd"];

/// What a pure crate may not depend on, directly or through others of ours.
const IMPURE: [&str; 9] =
    ["tokio", "reqwest", "hyper", "axum", "kube", "gix", "tempfile", "getrandom", "rand"];

/// Pairs that may not touch: the first may not reach the second.
const WALLS: [(&str, &str); 10] = [
    ("apply", "diff"),
    ("server", "cluster"),
    ("server", "source"),
    ("server", "controller"),
    ("template", "helm"),
    ("kustomize", "helm"),
    ("plan", "argocd"),
    ("diff", "argocd"),
    ("render", "argocd"),
    ("devcluster", "argocd"),
];

/// Longest file that needs no entry in `tidy.toml`, in lines.
const LINES_MAX: usize = 600;

/// Longest file at all.
const LINES_LIMIT: usize = 1000;

/// Calls that a pure crate may not make.
const IMPURE_CALLS: [&str; 9] = [
    "std::fs::",
    "std::net::Tcp",
    "std::net::Udp",
    "std::net::ToSocketAddrs",
    "std::env::var",
    "SystemTime::now",
    "Instant::now",
    "std::process::Command",
    "std::thread::sleep",
];

pub fn main(args: &Args) -> anyhow::Result<()> {
    let mut problems = Vec::new();
    walls(&mut problems)?;
    pure_calls(&mut problems)?;
    sizes(args.update, &mut problems)?;
    manifests(&mut problems)?;
    same_crds(&mut problems)?;
    if !problems.is_empty() {
        bail!("tidy:\n  {}", problems.join("\n  "));
    }
    println!("tidy: walls, purity, sizes and manifests hold");
    Ok(())
}

/// What each of our crates depends on, build and test dependencies left out.
fn dependencies() -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
    let text =
        output(Path::new("."), "cargo", &["metadata", "--format-version", "1", "--no-deps", "--offline"])?;
    let metadata: serde_json::Value = serde_json::from_str(&text).context("read cargo metadata")?;
    let mut out = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default().trim_start_matches("fairway-").to_owned();
        let deps = package["dependencies"].as_array().into_iter().flatten();
        let normal = deps.filter(|d| d["kind"].is_null()).filter_map(|d| d["name"].as_str());
        out.insert(name, normal.map(|d| d.trim_start_matches("fairway-").to_owned()).collect());
    }
    Ok(out)
}

fn reach<'a>(of: &'a str, all: &'a BTreeMap<String, BTreeSet<String>>, seen: &mut BTreeSet<&'a str>) {
    for next in all.get(of).into_iter().flatten() {
        if seen.insert(next) {
            reach(next, all, seen);
        }
    }
}

fn walls(problems: &mut Vec<String>) -> anyhow::Result<()> {
    let all = dependencies()?;
    for name in PURE.iter().chain(&PURE_EDGE) {
        let mut seen = BTreeSet::new();
        reach(name, &all, &mut seen);
        for impure in IMPURE.iter().filter(|i| seen.contains(*i)) {
            problems.push(format!("crates/{name} is pure and reaches {impure}"));
        }
    }
    for (from, to) in WALLS {
        let mut seen = BTreeSet::new();
        reach(from, &all, &mut seen);
        if seen.contains(to) {
            problems.push(format!("crates/{from} may not reach crates/{to}"));
        }
    }
    Ok(())
}

fn pure_calls(problems: &mut Vec<String>) -> anyhow::Result<()> {
    for name in PURE.iter().chain(&PURE_EDGE) {
        for file in rust_files(&Path::new("crates").join(name).join("src"))? {
            let text = fs::read_to_string(&file)?;
            for call in IMPURE_CALLS.iter().filter(|c| text.contains(*c)) {
                problems.push(format!("{}: a pure crate may not use {call}", file.display()));
            }
        }
    }
    Ok(())
}

fn rust_files(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    let Ok(entries) = fs::read_dir(dir) else { return Ok(out) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            out.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
    out.sort();
    Ok(out)
}

/// Files over the size are written down with their size, which may only fall.
fn sizes(update: bool, problems: &mut Vec<String>) -> anyhow::Result<()> {
    let known = read_ratchet()?;
    let mut now = BTreeMap::new();
    for dir in ["crates", "xtask"] {
        for file in rust_files(Path::new(dir))? {
            let name = file.to_string_lossy().replace('\\', "/");
            if name.contains("/tests/") || name.ends_with("/tests.rs") {
                continue;
            }
            let lines = fs::read_to_string(&file)?.lines().count();
            if lines > LINES_MAX {
                now.insert(name, lines);
            }
        }
    }
    if update {
        let mut text = String::from("# Files over 600 lines and the size that they may not outgrow.\n");
        for (name, lines) in &now {
            let _ = writeln!(text, "\"{name}\" = {lines}");
        }
        fs::write("tidy.toml", text)?;
        return Ok(());
    }
    for (name, lines) in &now {
        let allowed = known.get(name).copied().unwrap_or(LINES_MAX).min(LINES_LIMIT);
        if *lines > allowed {
            problems.push(format!("{name}: {lines} lines, {allowed} allowed; split it"));
        }
    }
    Ok(())
}

fn read_ratchet() -> anyhow::Result<BTreeMap<String, usize>> {
    let text = fs::read_to_string("tidy.toml").unwrap_or_default();
    let entries = text.lines().filter(|l| !l.trim_start().starts_with('#')).filter_map(|l| l.split_once('='));
    entries
        .map(|(name, lines)| {
            let lines = lines.trim().parse().with_context(|| format!("tidy.toml: {name}: no number"))?;
            Ok((name.trim().trim_matches('"').to_owned(), lines))
        })
        .collect()
}

/// The chart installs the same kinds as the binary.
fn same_crds(problems: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in fs::read_dir("crates/argocd/data")? {
        let file = entry?.path();
        let Some(name) = file.file_name().filter(|_| file.extension().is_some_and(|e| e == "yaml")) else {
            continue;
        };
        let copy = Path::new("charts/fairway-crds/files").join(name);
        if fs::read(&file)? != fs::read(&copy).unwrap_or_default() {
            problems.push(format!("{}: copy {} over it", copy.display(), file.display()));
        }
    }
    Ok(())
}

/// Each crate follows the workspace's lints.
fn manifests(problems: &mut Vec<String>) -> anyhow::Result<()> {
    let mut crates: Vec<PathBuf> =
        fs::read_dir("crates")?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    crates.push(PathBuf::from("xtask"));
    for dir in crates {
        let manifest = dir.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap_or_default();
        if !text.contains("[lints]\nworkspace = true") {
            problems.push(format!("{}: [lints] workspace = true is missing", manifest.display()));
        }
    }
    Ok(())
}
