//! Corpora of one JSON object a line.

use super::Report;
use serde_json::Value as Json;
use std::path::Path;

/// Calls `check` on each line of the `.jsonl` files of a folder and records what it says.
pub fn run(dir: &Path, check: impl Fn(&Json) -> Result<(), String>) -> Report {
    let mut report = Report::default();
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<_> =
        entries.map(|e| e.path()).filter(|p| p.extension().is_some_and(|x| x == "jsonl")).collect();
    files.sort();
    for file in files {
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) => {
                report.case(file.display().to_string(), Err(e.to_string()));
                continue;
            }
        };
        for line in text.lines().filter(|l| !l.trim().is_empty()) {
            match serde_json::from_str::<Json>(line) {
                Ok(case) => {
                    let name = case["name"].as_str().unwrap_or("?").to_owned();
                    report.case(name, check(&case));
                }
                Err(e) => report.case("?", Err(e.to_string())),
            }
        }
    }
    report
}
