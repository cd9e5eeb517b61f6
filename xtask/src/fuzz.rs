//! Runs the fuzz targets: under libFuzzer, on the stable compiler with its coverage and without a sanitizer (all of it
//! is safe code), or for a moment in this process, on seeds and random changes to them.

mod quick;
mod seeds;
#[path = "../../fuzz/src/targets/mod.rs"]
mod targets;

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
    /// Runs the targets in this process, without coverage and without a build of their own.
    #[arg(long)]
    quick: bool,
    /// Most inputs of a target in a quick run, so that it is the same on a fast machine.
    #[arg(long, default_value_t = usize::MAX)]
    inputs: usize,
    /// Where the random changes of a quick run begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder with one folder of inputs per target, where new ones are kept.
    #[arg(long, default_value = "fuzz/corpus")]
    corpus: PathBuf,
    /// Folder of the corpora of tools' outputs, whose inputs are seeds too, where it is there.
    #[arg(long, default_value = "../shared/conformance")]
    conformance: PathBuf,
}

/// What libFuzzer needs to see which branches an input takes, as cargo-fuzz sets it.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// Longest that one input may take. Every limit of the crates ends a run well before.
const INPUT_SECONDS_MAX: u32 = 10;

/// Longest input, in bytes: what is wrong shows in short ones, and more of those run.
const INPUT_BYTES_MAX: u32 = 4096;

/// Most memory of a target, in MiB: the limits of the targets and what libFuzzer keeps.
const MEMORY_MIB_MAX: u32 = 2048;

/// Where inputs are kept that found something.
const ARTIFACTS: &str = "fuzz/artifacts";

pub fn run(args: &Args) -> anyhow::Result<()> {
    let chosen = chosen(&args.targets)?;
    let found = if args.quick { quick::run(&chosen, args)? } else { with_libfuzzer(&chosen, args)? };
    if found.is_empty() {
        return Ok(());
    }
    bail!("found something: {}; the inputs lie in {ARTIFACTS}", found.join(", "))
}

fn chosen(names: &[String]) -> anyhow::Result<Vec<targets::Target>> {
    if names.is_empty() {
        return Ok(targets::ALL.to_vec());
    }
    let find = |name: &String| targets::ALL.into_iter().find(|(n, _)| n == name);
    names.iter().map(|name| find(name).with_context(|| format!("there is no target {name}"))).collect()
}

/// Returns the targets that ended with a finding.
fn with_libfuzzer(chosen: &[targets::Target], args: &Args) -> anyhow::Result<Vec<&'static str>> {
    let built = build()?;
    let words = PathBuf::from("fuzz/target/words");
    std::fs::write(&words, seeds::dictionary()).context("write the fuzzer's dictionary")?;
    let mut found = Vec::new();
    for (target, _) in chosen {
        let corpus = args.corpus.join(target);
        let artifacts = Path::new(ARTIFACTS).join(target);
        let harvested = Path::new("fuzz/target/seeds").join(target);
        for dir in [&corpus, &artifacts, &harvested] {
            std::fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
        }
        seeds::harvest(target, &args.conformance, &harvested)?;
        let mut fuzzer = Command::new(built.join(target));
        // New inputs are kept in the first folder.
        fuzzer.args([&corpus, &seeds::folder(target), &harvested]);
        fuzzer.arg(format!("-artifact_prefix={}/", artifacts.display()));
        fuzzer.arg(format!("-max_total_time={}", args.seconds)).arg("-print_final_stats=1");
        fuzzer.arg(format!("-timeout={INPUT_SECONDS_MAX}")).arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"));
        fuzzer.arg(format!("-max_len={INPUT_BYTES_MAX}"));
        if matches!(*target, "template" | "chart") {
            fuzzer.arg(format!("-dict={}", words.display()));
        }
        if !fuzzer.status().with_context(|| format!("run {target}"))?.success() {
            found.push(*target);
        }
    }
    Ok(found)
}

/// Builds the targets and returns the folder that they are in.
fn build() -> anyhow::Result<PathBuf> {
    let host = host()?;
    // With a target named, build scripts and macros are left without coverage.
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--bins", "--target", &host]).current_dir("fuzz");
    if !build.env("RUSTFLAGS", FLAGS).status().context("run cargo in fuzz")?.success() {
        bail!("the fuzz targets do not build");
    }
    let built =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("fuzz/target"), PathBuf::from);
    Ok(built.join(&host).join("release"))
}

/// Returns the compiler's own platform.
fn host() -> anyhow::Result<String> {
    let version = crate::run::output(Path::new("."), "rustc", &["-vV"])?;
    let host = version.lines().find_map(|l| l.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV names no host")
}
