//! Renders the corpora with the built binary and with the tools that it stands in for, process against process.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub struct Args {
    /// The binary; a release build, or the figures mean nothing.
    #[arg(long, default_value = "target/release/fairway")]
    binary: PathBuf,
    /// Helm's binary.
    #[arg(long, default_value = "helm")]
    helm: PathBuf,
    /// Kustomize's binary.
    #[arg(long, default_value = "kustomize")]
    kustomize: PathBuf,
    /// Folder of the corpora.
    #[arg(long, default_value = "../shared/conformance")]
    dir: PathBuf,
    /// How often each case runs with each tool.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Runs each tool's turns of a case one after another, as hyperfine does, and not in turn with the other's.
    #[arg(long)]
    apart: bool,
    /// Takes each case of this many only, for a quick look.
    #[arg(long, default_value_t = 1)]
    every: usize,
}

/// A case with the arguments that both tools take.
pub struct Case {
    name: String,
    pub arguments: Vec<String>,
}

/// Median times of one case.
struct Pair {
    name: String,
    ours: Duration,
    theirs: Duration,
}

impl Pair {
    fn ratio(&self) -> f64 {
        self.theirs.as_secs_f64() / self.ours.as_secs_f64()
    }
}

pub fn main(args: &Args) -> anyhow::Result<()> {
    ensure!(args.runs > 0 && args.every > 0, "--runs and --every must be at least 1");
    let folder = std::env::temp_dir().join(format!("fairway-bench-{}", std::process::id()));
    let compared = compare_installed(args, &folder);
    std::fs::remove_dir_all(&folder).with_context(|| format!("delete {}", folder.display()))?;
    compared
}

fn compare_installed(args: &Args, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let binary = installed(&args.binary, folder)?;
    let cases = helm_cases(&args.dir.join("helm"));
    compare(args, "helm", &binary, &installed(&args.helm, folder)?, &cases)?;
    let cases = kustomize_cases(&args.dir.join("kustomize"));
    compare(args, "kustomize", &binary, &installed(&args.kustomize, folder)?, &cases)
}

/// Copies a program, as an installation does: what a linker has just written lies in the machine's memory page by page,
/// and starts more slowly than what was written at once.
fn installed(program: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let found = if program.components().count() > 1 {
        program.to_owned()
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut places = std::env::split_paths(&path).map(|dir| dir.join(program));
        places.find(|p| p.is_file()).with_context(|| format!("{} is not in PATH", program.display()))?
    };
    let bytes = std::fs::read(&found).with_context(|| format!("read {}", found.display()))?;
    let copy = folder.join(found.file_name().context("a program has a name")?);
    std::fs::write(&copy, bytes).with_context(|| format!("write {}", copy.display()))?;
    std::fs::set_permissions(&copy, std::fs::metadata(&found)?.permissions())?;
    Ok(copy)
}

/// No case should be less than so many times as fast.
const LEAST: f64 = 4.0;

fn compare(args: &Args, tool: &str, binary: &Path, theirs: &Path, cases: &[Case]) -> anyhow::Result<()> {
    let (mut pairs, mut left_out) = (Vec::new(), 0);
    for case in cases.iter().step_by(args.every) {
        let ours = || timed(Command::new(binary).arg(tool).args(&case.arguments));
        let other = || timed(Command::new(theirs).args(&case.arguments));
        // What one of them refuses says nothing about speed; the first runs warm the caches.
        if !(ours()?.1.success() && other()?.1.success()) {
            left_out += 1;
            continue;
        }
        let (mut a, mut b) = (Vec::new(), Vec::new());
        let (rounds, turns) = if args.apart { (1, args.runs) } else { (args.runs, 1) };
        for _ in 0..rounds {
            for _ in 0..turns {
                a.push(ours()?.0);
            }
            for _ in 0..turns {
                b.push(other()?.0);
            }
        }
        pairs.push(Pair { name: case.name.clone(), ours: median(&mut a), theirs: median(&mut b) });
    }
    pairs.sort_by(|a, b| a.ratio().total_cmp(&b.ratio()));
    let at = |part: usize| pairs.get(pairs.len() * part / 100).or(pairs.last());
    println!("{tool}: {} cases, {left_out} left out", pairs.len());
    for (label, pair) in
        [("slowest", at(0)), ("10th of 100", at(10)), ("median", at(50)), ("fastest", at(100))]
    {
        let Some(pair) = pair else { continue };
        let (name, ratio) = (&pair.name, pair.ratio());
        println!("  {label}: {ratio:.1} times as fast ({:.1?} and {:.1?}; {name})", pair.ours, pair.theirs);
    }
    let below: Vec<String> = pairs
        .iter()
        .take_while(|pair| pair.ratio() < LEAST)
        .map(|pair| format!("{} {:.1}", pair.name, pair.ratio()))
        .collect();
    if !below.is_empty() {
        println!("  below {LEAST}: {} ({})", below.len(), below.join(", "));
    }
    Ok(())
}

/// Runs a command whose output nobody reads: to read it would be measured with both.
fn timed(command: &mut Command) -> anyhow::Result<(Duration, ExitStatus)> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().with_context(|| format!("start {:?}", command.get_program()))?;
    Ok((start.elapsed(), status))
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.is_dir()).collect();
    found.sort();
    found
}

/// Reads a case that is rendered, not refused.
fn read(folder: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(folder.join("case.json")).ok()?;
    serde_json::from_str(&text).ok().filter(|case: &Value| case["expect"] != "error")
}

fn texts(case: &Value, field: &str) -> Vec<String> {
    let list = case[field].as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Returns the cases of the corpus `helm` that are rendered.
pub fn helm_cases(dir: &Path) -> Vec<Case> {
    let cases = folders(dir).into_iter().flat_map(|chart| folders(&chart));
    cases.filter_map(|folder| Some(helm_case(&folder, &read(&folder)?))).collect()
}

fn helm_case(folder: &Path, case: &Value) -> Case {
    let inside = |name: &str| folder.join(name).display().to_string();
    let text = |field: &str| case[field].as_str().unwrap_or_default().to_owned();
    let mut arguments = vec!["template".to_owned(), text("release"), inside(&text("chart"))];
    for (flag, field) in [("--namespace", "namespace"), ("--kube-version", "kube_version")] {
        if !text(field).is_empty() {
            arguments.extend([flag.to_owned(), text(field)]);
        }
    }
    arguments.extend(texts(case, "values").iter().flat_map(|name| ["--values".to_owned(), inside(name)]));
    for (flag, field) in [
        ("--set", "set"),
        ("--set-string", "set_string"),
        ("--set-json", "set_json"),
        ("--set-literal", "set_literal"),
        ("--api-versions", "api_versions"),
        ("--show-only", "show_only"),
    ] {
        arguments.extend(texts(case, field).into_iter().flat_map(|value| [flag.to_owned(), value]));
    }
    for (flag, field) in [
        ("--include-crds", "include_crds"),
        ("--skip-tests", "skip_tests"),
        ("--no-hooks", "no_hooks"),
        ("--is-upgrade", "is_upgrade"),
        ("--skip-schema-validation", "skip_schema_validation"),
    ] {
        if case[field] == true {
            arguments.push(flag.to_owned());
        }
    }
    Case { name: text("name"), arguments }
}

/// Returns the cases of the corpus `kustomize` that are built.
pub fn kustomize_cases(dir: &Path) -> Vec<Case> {
    let one = |folder: PathBuf| {
        let case = read(&folder)?;
        let path = folder.join("input").join(case["path"].as_str().unwrap_or_default());
        let mut arguments = vec!["build".to_owned(), path.display().to_string()];
        arguments.extend(texts(&case, "flags"));
        Some(Case { name: case["name"].as_str().unwrap_or_default().to_owned(), arguments })
    };
    folders(dir).into_iter().filter_map(one).collect()
}
