//! Go's text/template: templates with the exact bytes that Go wrote, or the fact that it failed.

use super::{Report, jsonl};
use fairway_template::{
    FixedClock, Functions, Limits, MissingKey, Ports, Run, SeededRandom, Templates, Value,
};
use serde_json::Value as Json;
use std::path::Path;
use std::sync::Arc;

pub fn run(dir: &Path) -> Report {
    let functions = Arc::new(Functions::go());
    let mut messages = 0;
    let seen = std::cell::Cell::new(0);
    let mut report = jsonl::run(&dir.join("gotemplate"), |case| {
        let outcome = render(case, &functions);
        if let (Err(e), Some(message)) = (&outcome, case["message"].as_str())
            && e == message
        {
            seen.set(seen.get() + 1);
        }
        compare(case, outcome)
    });
    messages += seen.get();
    report.notes.push(("error messages in Go's exact words".to_owned(), messages));
    report
}

fn render(case: &Json, functions: &Arc<Functions>) -> Result<String, String> {
    let data: fairway_value::Value =
        serde_json::from_value(case["data"].clone()).map_err(|e| format!("case data: {e}"))?;
    let mut templates = Templates::new("t", Arc::clone(functions), MissingKey::Default);
    templates.parse("t", case["template"].as_str().unwrap_or_default()).map_err(|e| e.message)?;
    let (clock, random, limits) = (FixedClock(0), SeededRandom::new(1), Limits::default());
    let run =
        Run { ports: Ports { clock: &clock, random: &random }, limits: &limits, lookup: None, sums: None };
    templates.execute("t", Value::from_json(&data), run).map_err(|e| e.message)
}

/// Holds an outcome against what the case expects: output, or any error.
pub fn compare(case: &Json, outcome: Result<String, String>) -> Result<(), String> {
    match (outcome, case["output"].as_str()) {
        (Ok(got), Some(want)) if got == want => Ok(()),
        (Ok(got), Some(want)) => Err(format!("got {got:?}, want {want:?}")),
        (Ok(got), None) => Err(format!("got {got:?}, want the error {}", case["message"])),
        (Err(e), Some(want)) => Err(format!("got the error {e}, want {want:?}")),
        (Err(_), None) => Ok(()),
    }
}
