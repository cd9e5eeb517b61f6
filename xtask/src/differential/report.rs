//! Counts and prints what disagrees, each shape of disagreement a few times.

use std::collections::BTreeMap;

/// What a run has found so far.
pub struct Report {
    pub steps: usize,
    failures: BTreeMap<String, usize>,
    shown_max: usize,
    /// Predictions made, those that were uncertain, and false ones.
    pub predictions: usize,
    pub uncertain: usize,
    /// Predictions of no change where there was one, and of one where there was none.
    pub false_in_sync: usize,
    pub false_drifted: usize,
    pub taken: usize,
    /// Disagreements in the words of a refusal or a warning alone.
    worded: usize,
    /// Refusals that say the same in another order.
    ordered: usize,
    orders: BTreeMap<String, usize>,
    /// The first disagreements in what the servers do, for the last line of a run.
    acted: Vec<String>,
}

/// Most disagreements in what the servers do that the last line tells.
const ACTED_MAX: usize = 5;

/// Most of a thousand steps that may differ in the words of refusals and warnings alone. Some of these follow from the order of
/// Go's maps and cannot be told; PARITY.md names the others.
const WORDED_PER_MILLE: usize = 20;

impl Report {
    pub fn new(shown_max: usize) -> Self {
        Self {
            steps: 0,
            failures: BTreeMap::new(),
            shown_max,
            predictions: 0,
            uncertain: 0,
            false_in_sync: 0,
            false_drifted: 0,
            taken: 0,
            worded: 0,
            ordered: 0,
            orders: BTreeMap::new(),
            acted: Vec::new(),
        }
    }

    /// Records one compared write. `what` names it, `how` prints what repeats it.
    pub fn step(&mut self, what: &str, difference: Option<String>, how: impl Fn() -> String) -> bool {
        self.steps += 1;
        let Some(difference) = difference else { return true };
        if difference.starts_with("order:") {
            self.ordered += 1;
            let count = self.orders.entry(shape(what, &difference)).or_default();
            *count += 1;
            if *count <= self.shown_max.saturating_sub(1) {
                println!("ORDER step {} {what}\n  {difference}", self.steps);
            }
            return true;
        }
        let worded = ["message:", "causes:", "warnings:"].iter().any(|w| difference.starts_with(w));
        self.worded += usize::from(worded);
        if !worded && self.acted.len() < ACTED_MAX {
            self.acted.push(format!("step {} {what}: {}\n    {}", self.steps, difference, how()));
        }
        let count = self.failures.entry(shape(what, &difference)).or_default();
        *count += 1;
        if *count <= self.shown_max {
            println!("DIFFERS step {} {what}\n  {difference}\n  {}", self.steps, how());
        }
        false
    }

    /// Prints the counts; fails where something disagreed.
    pub fn finish(&self, seed: u64) -> anyhow::Result<()> {
        let failed: usize = self.failures.values().sum();
        println!(
            "{} steps ({} taken), {failed} disagreements of {} shapes, {} of them in words alone",
            self.steps,
            self.taken,
            self.failures.len(),
            self.worded
        );
        println!("{} refusals say the same in another order", self.ordered);
        println!(
            "{} predictions: {} falsely in sync, {} falsely drifted, {} uncertain",
            self.predictions, self.false_in_sync, self.false_drifted, self.uncertain
        );
        let mut kinds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (shape, count) in &self.failures {
            let of = kinds.entry(shape.split(' ').next().unwrap_or_default()).or_default();
            *of = (of.0 + 1, of.1 + count);
        }
        for (kind, (shapes, count)) in kinds {
            println!("  {kind}: {count} of {shapes} shapes");
        }
        let (real, worded) = (failed - self.worded, self.worded);
        anyhow::ensure!(
            real == 0,
            "{real} of {} steps disagree in what they do (seed {seed})\n  {}",
            self.steps,
            self.acted.join("\n  ")
        );
        let allowed = self.steps * WORDED_PER_MILLE / 1000;
        anyhow::ensure!(
            worded <= allowed,
            "{worded} of {} steps disagree in words, {allowed} may (seed {seed})",
            self.steps
        );
        Ok(())
    }
}

/// What is alike of disagreements with one cause: kind and text without numbers, quoted words and values.
fn shape(what: &str, difference: &str) -> String {
    let kind = what.split(' ').next().unwrap_or_default();
    let mut out = format!("{kind} ");
    let mut quoted = false;
    for c in difference.chars().take(700) {
        match c {
            '"' => quoted = !quoted,
            '0'..='9' => {}
            _ if quoted => {}
            _ => out.push(c),
        }
    }
    out
}
