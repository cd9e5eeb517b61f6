use super::case::{difference, read, text};
use crate::conformance::Report;
use fairway_schema::{Schemas, merge};
use fairway_value::Value;
use std::path::Path;

/// Patches as Kubernetes' own strategic merge (JSON merge for unknown types) applies them.
pub fn run(dir: &Path) -> Report {
    let mut report = Report::default();
    for case in read(&dir.join("strategic-merge/typed_patches.jsonl")) {
        report.case(text(&case, "name"), check(&case));
    }
    report
}

fn check(case: &Value) -> Result<(), String> {
    let original = case.get("original").ok_or("no original")?;
    let patch = case.get("patch").ok_or("no patch")?;
    let ty = Schemas::builtin().type_of(text(original, "apiVersion"), text(original, "kind"));
    let outcome = match ty {
        Some(ty) => merge::strategic(original, patch, ty).map_err(|e| e.to_string()),
        None => Ok(merge::json_merge(original, patch)),
    };
    match (case.get("expected_k8s"), outcome) {
        (Some(expected), Ok(actual)) => match difference(expected, &actual) {
            Some(why) => Err(why),
            None => Ok(()),
        },
        (Some(_), Err(why)) => Err(format!("refused: {why}")),
        (None, Ok(_)) => Err(format!("expected an error: {}", text(case, "k8s_error"))),
        (None, Err(_)) => Ok(()),
    }
}
