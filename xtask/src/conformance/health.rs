//! Health judged by Argo CD: its native checks, and the checks it ships as scripts.

use super::Report;
use fairway_core::{GroupKind, Health, Object};
use serde_json::Value as Json;
use std::path::Path;

/// The native checks: `argo-health/builtin.jsonl`.
pub fn run_builtin(dir: &Path) -> Report {
    let mut report = Report::default();
    lines(&dir.join("argo-health/builtin.jsonl"), &mut report, |case| {
        compare(fairway_health::assess_builtin(&object(&case["object"])), case)
    });
    report
}

/// The checks upstream ships as scripts: each kind's `health_tests.json`, and `lua_mutations.jsonl`.
pub fn run_lua(dir: &Path) -> Report {
    let mut report = Report::default();
    let root = dir.join("argo-health");
    let mut kinds: Vec<_> =
        std::fs::read_dir(&root).into_iter().flatten().flatten().map(|e| e.path()).collect();
    kinds.sort();
    for kind in kinds.iter().filter(|k| k.join("health_tests.json").is_file()) {
        let name = kind.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let tests = std::fs::read_to_string(kind.join("health_tests.json"))
            .map_err(|e| e.to_string())
            .and_then(|text| serde_json::from_str::<Json>(&text).map_err(|e| e.to_string()));
        match tests {
            Ok(tests) => {
                let script = kind_of(tests["group"].as_str(), tests["kind"].as_str());
                for test in tests["tests"].as_array().into_iter().flatten() {
                    let input = test["input"].as_str().unwrap_or_default();
                    report.case(format!("{name}/{input}"), one(kind, input, test, script.as_ref()));
                }
            }
            Err(why) => report.case(name, Err(why)),
        }
    }
    lines(&root.join("lua_mutations.jsonl"), &mut report, |case| {
        // `KIND-GROUP/health.lua`
        let script = case["script"].as_str().and_then(|s| s.split('/').next()?.split_once('-'));
        let script = script.and_then(|(kind, group)| kind_of(Some(group), Some(kind)));
        compare(shipped(script.as_ref(), &object(&case["object"])), case)
    });
    report
}

/// Returns the kind whose script judges; nothing for a wildcard, where the object's own kind tells.
fn kind_of(group: Option<&str>, kind: Option<&str>) -> Option<GroupKind> {
    let (group, kind) = (group?, kind?);
    let wild = group.contains(['_', '*']) || kind.contains(['_', '*']);
    (!wild).then(|| GroupKind::new(group, kind))
}

fn shipped(script: Option<&GroupKind>, object: &Object) -> Option<Health> {
    let own = object.gvk().group_kind();
    fairway_health::assess_shipped(script.unwrap_or(&own), object)
}

fn one(kind: &Path, input: &str, test: &Json, script: Option<&GroupKind>) -> Result<(), String> {
    let path = [kind.join(input), kind.join("inputs").join(input)];
    let path = path.iter().find(|p| p.is_file()).ok_or("input not found")?;
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let value = fairway_yaml::parse(&text).map_err(|e| e.to_string())?;
    judge(shipped(script, &Object::new(value)), test)
}

fn object(json: &Json) -> Object {
    Object::new(serde_json::from_value(json.clone()).unwrap_or_default())
}

fn lines(path: &Path, report: &mut Report, check: impl Fn(&Json) -> Result<(), String>) {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        match serde_json::from_str::<Json>(line) {
            Ok(case) => report.case(case["name"].as_str().unwrap_or("?").to_owned(), check(&case)),
            Err(e) => report.case("?", Err(e.to_string())),
        }
    }
}

/// Compares with `expected`; where upstream's check failed, Argo CD shows `Unknown`.
fn compare(found: Option<Health>, case: &Json) -> Result<(), String> {
    if case["error"].as_bool() == Some(true) {
        return match found {
            Some(health) if health.status.as_str() == "Unknown" => Ok(()),
            other => Err(format!("got {other:?}, upstream fails")),
        };
    }
    if case["expected"].is_null() {
        return found.map_or(Ok(()), |health| Err(format!("got {health:?}, upstream gives none")));
    }
    judge(found, &case["expected"])
}

fn judge(found: Option<Health>, expected: &Json) -> Result<(), String> {
    let status = expected["status"].as_str().unwrap_or_default();
    let message = expected["message"].as_str().unwrap_or_default();
    match &found {
        Some(health) if health.status.as_str() == status && health.message == message => Ok(()),
        None if status.is_empty() && message.is_empty() => Ok(()),
        Some(health) => Err(format!(
            "got {} {:?}, want {status} {message:?}",
            health.status.as_str(),
            health.message.as_str()
        )),
        None => Err(format!("no health, want {status} {message:?}")),
    }
}
