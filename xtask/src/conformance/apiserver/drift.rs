use super::case::{read, text};
use super::ssa::with_crds;
use crate::conformance::Report;
use fairway_diff::{Mode, Options, Outcome, outcome, predict};
use fairway_schema::Schemas;
use fairway_value::Value;
use std::path::Path;

/// Predicts what an apply would change and compares verdict and paths with what the server did.
pub fn run(dir: &Path) -> Report {
    let mut report = Report::default();
    let schemas = with_crds(dir);
    let (mut false_sync, mut false_drift, mut uncertain) = (0, 0, 0);
    for case in read(&dir.join("apiserver/drift.jsonl")) {
        let checked = match &schemas {
            Ok(schemas) => check(&case, schemas),
            Err(why) => Err((Kind::Other, why.clone())),
        };
        if let Err((kind, _)) = &checked {
            match kind {
                Kind::FalseSync => false_sync += 1,
                Kind::FalseDrift => false_drift += 1,
                Kind::Uncertain => uncertain += 1,
                Kind::Other => {}
            }
        }
        report.case(text(&case, "name"), checked.map_err(|(_, why)| why));
    }
    report.notes.push(("false in-sync".to_owned(), false_sync));
    report.notes.push(("false drifted".to_owned(), false_drift));
    report.notes.push(("uncertain".to_owned(), uncertain));
    report
}

enum Kind {
    FalseSync,
    FalseDrift,
    Uncertain,
    Other,
}

fn check(case: &Value, schemas: &Schemas) -> Result<(), (Kind, String)> {
    let other = |why: &str| (Kind::Other, why.to_owned());
    let desired = case.get("desired").ok_or_else(|| other("no desired"))?;
    let live = case.get("live").ok_or_else(|| other("no live"))?;
    let options = Options { mode: Mode::ServerSide, ..Options::default() };
    let manager = text(case, "manager");
    let full = predict(desired, Some(live), manager, schemas, &options).outcome;
    let quick = outcome(desired, Some(live), manager, schemas, &options);
    if quick != full {
        return Err((Kind::Other, format!("the quick verdict is {quick:?}, the full one {full:?}")));
    }
    let drifted = text(case, "expected") == "drifted";
    let found = match full {
        Outcome::Unchanged if drifted => {
            return Err((
                Kind::FalseSync,
                format!("unchanged; expected {}", case.get("changedPaths").unwrap_or(&Value::Null)),
            ));
        }
        Outcome::Unchanged => return Ok(()),
        Outcome::Changed(found) if !drifted => {
            return Err((Kind::FalseDrift, format!("drifted: {found:?}")));
        }
        Outcome::Changed(found) => found,
        Outcome::Uncertain(why) => return Err((Kind::Uncertain, format!("uncertain: {why}"))),
        Outcome::Created => return Err(other("created")),
    };
    let mut paths: Vec<&str> = found.iter().map(|c| c.path.as_str()).collect();
    let listed = case.get("changedPaths").and_then(Value::as_array).unwrap_or_default();
    let mut expected: Vec<&str> = listed.iter().filter_map(Value::as_str).collect();
    paths.sort_unstable();
    expected.sort_unstable();
    if paths == expected {
        Ok(())
    } else {
        Err((Kind::Other, format!("paths: expected {expected:?}, got {paths:?}")))
    }
}
