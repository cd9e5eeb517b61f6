//! Runs the fuzz targets on the stable compiler, with libFuzzer's coverage and without a sanitizer.

use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(clap::Args)]
pub struct Args {
    /// Targets; every one without.
    targets: Vec<String>,
    /// How long each target runs, in seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// Folder with one folder of inputs per target, where new ones are kept.
    #[arg(long, default_value = "fuzz/corpus")]
    corpus: PathBuf,
}

/// What libFuzzer needs to see which branches an input takes, as cargo-fuzz sets it.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// Longest that one input may take. Every limit of the crates ends a run well before.
const INPUT_SECONDS_MAX: u32 = 10;

/// Most memory of a target, in MiB: the limits of the targets and what libFuzzer keeps.
const MEMORY_MIB_MAX: u32 = 2500;

pub fn run(args: &Args) -> anyhow::Result<()> {
    let host = host()?;
    // With a target named, build scripts and macros are left without coverage.
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--bins", "--target", &host]).current_dir("fuzz");
    build.env("RUSTFLAGS", FLAGS).env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true");
    if !build.status().context("run cargo in fuzz")?.success() {
        bail!("the fuzz targets do not build");
    }
    let built =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("fuzz/target"), PathBuf::from);
    let built = built.join(&host).join("release");
    let targets = if args.targets.is_empty() { all()? } else { args.targets.clone() };
    let mut found = Vec::new();
    for target in &targets {
        let corpus = args.corpus.join(target);
        let artifacts = PathBuf::from("fuzz/artifacts").join(target);
        for dir in [&corpus, &artifacts] {
            std::fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
        }
        let mut fuzzer = Command::new(built.join(target));
        fuzzer.arg(&corpus).arg(format!("-artifact_prefix={}/", artifacts.display()));
        fuzzer.arg(format!("-max_total_time={}", args.seconds)).arg("-print_final_stats=1");
        fuzzer.arg(format!("-timeout={INPUT_SECONDS_MAX}")).arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"));
        if !fuzzer.status().with_context(|| format!("run {target}"))?.success() {
            found.push(target.as_str());
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    bail!("found something: {}; the inputs lie in fuzz/artifacts", found.join(", "))
}

/// Returns the names of the targets.
fn all() -> anyhow::Result<Vec<String>> {
    let entries = std::fs::read_dir("fuzz/fuzz_targets").context("read fuzz/fuzz_targets")?;
    let mut names: Vec<String> =
        entries.filter_map(|e| Some(e.ok()?.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

/// Returns the compiler's own platform.
fn host() -> anyhow::Result<String> {
    let version = crate::run::output(Path::new("."), "rustc", &["-vV"])?;
    let host = version.lines().find_map(|l| l.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV names no host")
}
