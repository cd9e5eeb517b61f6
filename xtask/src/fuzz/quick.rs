//! The targets for a moment each, without libFuzzer: on every seed, then on random changes to them.

use super::targets::Target;
use super::{ARTIFACTS, Args, INPUT_BYTES_MAX, INPUT_SECONDS_MAX, seeds};
use crate::random::Random;
use anyhow::{Context, ensure};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// Most changes that one input has beside the seed that it comes from.
const CHANGES_MAX: usize = 6;

/// Findings after which a target is left.
const FINDINGS_MAX: usize = 5;

/// Returns the targets that found something.
pub fn run(targets: &[Target], args: &Args) -> anyhow::Result<Vec<&'static str>> {
    let mut found = Vec::new();
    for target in targets {
        if run_target(target, args)? > 0 {
            found.push(target.0);
        }
    }
    Ok(found)
}

fn run_target((name, target): &Target, args: &Args) -> anyhow::Result<usize> {
    let seeds = read(&seeds::folder(name))?;
    ensure!(!seeds.is_empty(), "{name} has no seeds");
    let mut random = Random::new(args.seed);
    let end = Instant::now() + Duration::from_secs(args.seconds.into());
    let (mut runs, mut findings) = (0_usize, 0);
    while (runs < seeds.len() || runs < args.inputs && Instant::now() < end) && findings < FINDINGS_MAX {
        let input = seeds.get(runs).cloned().unwrap_or_else(|| changed(&seeds, &mut random));
        runs += 1;
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| target(&input)));
        if outcome.is_err() || start.elapsed() > Duration::from_secs(INPUT_SECONDS_MAX.into()) {
            findings += 1;
            let dir = Path::new(ARTIFACTS).join(name);
            std::fs::create_dir_all(&dir).with_context(|| format!("create {}", dir.display()))?;
            std::fs::write(dir.join(format!("quick-{}-{runs}", args.seed)), &input)
                .context("keep the input")?;
        }
    }
    println!("{name}: {runs} inputs, {findings} findings");
    Ok(findings)
}

/// Returns the files of a folder, in order of their names.
fn read(dir: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let entries = std::fs::read_dir(dir).with_context(|| format!("read {}", dir.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    paths.iter().map(|p| std::fs::read(p).with_context(|| format!("read {}", p.display()))).collect()
}

/// Returns a seed with parts changed, taken out, doubled or taken from other seeds.
fn changed(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(CHANGES_MAX) {
        let at = random.below(input.len() + 1);
        match random.below(5) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            1 => {
                const SIGNS: &[u8] = b"\n \t:-{}[]\"'|>&*!%#,0\\$().=/~\x00\x7f";
                input.insert(at, SIGNS[random.below(SIGNS.len())]);
            }
            2 => {
                let to = (at + random.below(20)).min(input.len());
                input.drain(at..to);
            }
            choice => {
                let from = if choice == 3 { &input } else { &seeds[random.below(seeds.len())] };
                let start = random.below(from.len() + 1);
                let part = from[start..(start + random.below(40)).min(from.len())].to_vec();
                input.splice(at..at, part);
            }
        }
    }
    input.truncate(INPUT_BYTES_MAX as usize);
    input
}
