//! Runs every corpus of inputs with real tools' outputs and holds the counts against a committed ratchet.

mod apiserver;
mod appset;
mod devcluster;
mod diff;
mod gotemplate;
mod health;
mod helm;
mod jsonl;
mod kustomize;
mod sprig;
mod strategic_merge;

use anyhow::{Context, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What running one corpus gave.
#[derive(Default)]
pub struct Report {
    /// Names of the cases that agreed.
    pub passed: Vec<String>,
    /// Names of the cases that did not, each with the reason in one line.
    pub failed: Vec<(String, String)>,
    /// Further counts printed beside the corpus and not held by the ratchet, such as byte equality.
    pub notes: Vec<(String, usize)>,
}

impl Report {
    /// Records one case.
    pub fn case(&mut self, name: impl Into<String>, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.passed.push(name.into()),
            Err(why) => self.failed.push((name.into(), why)),
        }
    }
}

#[derive(clap::Args)]
pub struct Args {
    /// Folder that holds the corpora.
    #[arg(long, default_value = "../shared/conformance")]
    dir: PathBuf,
    /// Runs one corpus only.
    #[arg(long)]
    corpus: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    /// Prints each failing case with its reason.
    #[arg(long)]
    failures: bool,
}

type Runner = fn(&Path) -> Report;

/// Every corpus by name. A corpus without a runner is reported as `0/…`, never left out.
const CORPORA: &[(&str, Runner)] = &[
    ("apiserver-defaulting", apiserver::defaulting),
    ("apiserver-drift", apiserver::drift),
    ("apiserver-invalid", apiserver::invalid),
    ("apiserver-ssa", apiserver::ssa),
    ("diff", diff::run),
    ("apiserver-tables", devcluster::tables),
    ("apiserver-watch", devcluster::watch),
    ("devcluster-defaulting", devcluster::defaulting),
    ("devcluster-invalid", devcluster::invalid),
    ("devcluster-ssa", devcluster::ssa),
    ("gotemplate", gotemplate::run),
    ("helm", helm::run),
    ("kustomize", kustomize::run),
    ("strategic-merge", strategic_merge::run),
    ("sprig", sprig::run),
    ("strategic-merge-kubernetes", apiserver::patches),
    ("appset", appset::run),
    ("health-actions", health::run_actions),
    ("health-builtin", health::run_builtin),
    ("health-lua", health::run_lua),
];

pub fn main(args: Args) -> anyhow::Result<()> {
    let ratchet_path = Path::new("conformance.toml");
    let ratchet = read_ratchet(ratchet_path)?;
    let mut fell = Vec::new();
    let mut out = serde_json::Map::new();
    for (name, run) in CORPORA.iter().filter(|(n, _)| args.corpus.as_deref().is_none_or(|c| c == *n)) {
        let report = run(&args.dir);
        let (passed, total) = (report.passed.len(), report.passed.len() + report.failed.len());
        if total == 0 {
            bail!("corpus {name}: no case found in {}; pass --dir", args.dir.display());
        }
        if args.json {
            let failed: Vec<_> =
                report.failed.iter().map(|(n, w)| serde_json::json!({"name": n, "why": w})).collect();
            let notes: BTreeMap<_, _> = report.notes.iter().cloned().collect();
            out.insert(
                (*name).to_owned(),
                serde_json::json!({"passed": passed, "total": total, "failed": failed, "notes": notes}),
            );
        } else {
            println!("{name} {passed}/{total}");
            for (what, count) in &report.notes {
                println!("  {what}: {count}");
            }
            if args.failures {
                for (case, why) in &report.failed {
                    println!("  FAIL {case}: {why}");
                }
            }
        }
        let floor = ratchet.get(*name).copied().unwrap_or(0);
        if passed < floor {
            fell.push(format!("{name}: {passed} passed, the ratchet holds {floor}"));
        }
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&out)?);
    }
    if !fell.is_empty() {
        bail!("agreement fell: {}", fell.join("; "));
    }
    Ok(())
}

/// Reads `name = count` lines; comments start with `#`.
fn read_ratchet(path: &Path) -> anyhow::Result<BTreeMap<String, usize>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{}: run from the workspace root", path.display()))?;
    let mut ratchet = BTreeMap::new();
    for (n, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let (name, count) = line
            .split_once('=')
            .with_context(|| format!("{}:{}: expected `name = count`", path.display(), n + 1))?;
        let count = count
            .trim()
            .parse()
            .with_context(|| format!("{}:{}: the count is no number", path.display(), n + 1))?;
        ratchet.insert(name.trim().to_owned(), count);
    }
    Ok(ratchet)
}
