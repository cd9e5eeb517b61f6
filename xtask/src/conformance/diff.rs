//! Argo CD's StateDiff, client-side: verdict, normalised live object and predicted live object.

use super::Report;
use super::apiserver::case::{difference, read, text};
use fairway_core::IgnoreRule;
use fairway_diff::{IgnoreRules, Mode, Options, Outcome, is_known_type, predict};
use fairway_schema::Schemas;
use fairway_value::{Str, Value};
use std::path::Path;

pub fn run(dir: &Path) -> Report {
    let mut report = Report::default();
    for file in ["upstream", "harvest", "hand"] {
        for case in read(&dir.join(format!("diff/{file}.jsonl"))) {
            report.case(format!("{file}/{}", text(&case, "name")), check(&case));
        }
    }
    report
}

fn check(case: &Value) -> Result<(), String> {
    let some = |key: &str| case.get(key).filter(|v| !v.is_null());
    let (options, unsupported) = options(case.get("options").unwrap_or(&Value::Null));
    let expects_error = case.get("error") == Some(&Value::Bool(true));
    if let Some(why) = unsupported {
        return if expects_error { Ok(()) } else { Err(why) };
    }
    let (desired, live) = (some("desired"), some("live"));
    let (drifted, normalized, predicted) = match (desired, live) {
        (None, Some(live)) => (false, Some(live.clone()), None),
        (None, None) => return if expects_error { Ok(()) } else { Err("nothing to compare".to_owned()) },
        (Some(desired), live) => {
            let done = predict(desired, live, "argocd-controller", Schemas::builtin(), &options);
            match done.outcome {
                Outcome::Uncertain(_) if expects_error => return Ok(()),
                Outcome::Uncertain(why) => return Err(format!("uncertain: {why}")),
                Outcome::Unchanged => (false, done.normalized_live, done.predicted_live),
                Outcome::Changed(_) | Outcome::Created => (true, done.normalized_live, done.predicted_live),
            }
        }
    };
    if expects_error {
        return Err("expected an error".to_owned());
    }
    if drifted != (text(case, "expected") == "out-of-sync") {
        return Err(format!("expected {}", text(case, "expected")));
    }
    for (key, actual) in [("normalizedLive", &normalized), ("predictedLive", &predicted)] {
        let Some(expected) = case.get(key) else { continue };
        // Created and orphaned objects have one side alone.
        let actual = actual.clone().unwrap_or_default();
        if live.is_some()
            && desired.is_some()
            && let Some(why) = difference(expected, &actual)
        {
            return Err(format!("{key}{why}"));
        }
    }
    Ok(())
}

fn strings(value: &Value, key: &str) -> Vec<Str> {
    let list = value.get(key).and_then(Value::as_array).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(Str::from).collect()
}

fn rule(value: &Value, group: &str, kind: &str) -> IgnoreRule {
    IgnoreRule {
        group: group.into(),
        kind: kind.into(),
        name: text(value, "name").into(),
        namespace: text(value, "namespace").into(),
        json_pointers: strings(value, "jsonPointers"),
        jq_path_expressions: strings(value, "jqPathExpressions"),
        managed_fields_managers: strings(value, "managedFieldsManagers"),
    }
}

/// Reads the options of a case; what cannot be followed comes back too.
fn options(value: &Value) -> (Options, Option<String>) {
    let mut rules: Vec<IgnoreRule> = Vec::new();
    for entry in value.get("ignoreDifferences").and_then(Value::as_array).unwrap_or_default() {
        rules.push(rule(entry, text(entry, "group"), text(entry, "kind")));
    }
    let mut known = Vec::new();
    let overrides = value.get("resourceOverrides").and_then(Value::as_object);
    for (key, entry) in overrides.into_iter().flat_map(|o| o.iter()) {
        let (group, kind) = key.split_once('/').unwrap_or(("", key));
        if let Some(ignored) = entry.get("ignoreDifferences") {
            rules.push(rule(ignored, group, kind));
        }
        for field in entry.get("knownTypeFields").and_then(Value::as_array).unwrap_or_default() {
            known.push((key.clone(), Str::from(text(field, "field")), Str::from(text(field, "type"))));
        }
    }
    let (ignore, unsupported) = IgnoreRules::compile(&rules);
    let unknown = known.iter().find(|f| !is_known_type(&f.2, Schemas::builtin()));
    let why = unsupported
        .first()
        .map(ToString::to_string)
        .or(unknown.map(|f| format!("unsupported: type {}", f.2)));
    let options = Options {
        mode: Mode::ClientSide,
        ignore,
        ignore_aggregated_roles: value.get("ignoreAggregatedRoles") == Some(&Value::Bool(true)),
        known_type_fields: known,
        ..Options::default()
    };
    (options, why)
}
