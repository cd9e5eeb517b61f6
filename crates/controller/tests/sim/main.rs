//! A simulation of the whole loop: the engine as it is, over a cluster, a repository and a clock that are not real, with whatever
//! can go wrong with them. The same seed gives the same course.
//!
//! `FAIRWAY_SIM_SEEDS=5000` plays more seeds, `FAIRWAY_SIM_SEED=17` plays one and prints its course.

#![expect(clippy::unwrap_used, reason = "a simulation fails as a test does")]

mod api;
mod chance;
mod checks;
mod clock;
mod git;
mod log;
mod model;
mod play;
mod script;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

/// Seeds of an ordinary test run: what takes some ten seconds, which is less in a build that is not optimised.
const SEEDS: u64 = if cfg!(debug_assertions) { 24 } else { 400 };

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn whatever_happens_the_cluster_becomes_what_is_wanted_and_nothing_is_lost() {
    if let Some(seed) = number("FAIRWAY_SIM_SEED") {
        let outcome = play::play(seed);
        println!("{}", outcome.course.join("\n"));
        assert_eq!(outcome.wrong, Vec::<String>::new(), "seed {seed}");
        return;
    }
    let seeds = number("FAIRWAY_SIM_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let work = || {
            let mut wrong = Vec::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= seeds {
                    return wrong;
                }
                let outcome = play::play(seed);
                if !outcome.wrong.is_empty() {
                    wrong.push((seed, outcome.wrong));
                }
            }
        };
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let wrong: Vec<_> = all.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(wrong, Vec::new(), "FAIRWAY_SIM_SEED=N shows the course of one");
    });
}

#[test]
fn the_same_seed_has_the_same_course() {
    let (one, two) = (play::play(3), play::play(3));
    assert_eq!(one.course, two.course);
}
