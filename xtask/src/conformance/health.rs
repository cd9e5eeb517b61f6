//! Health judged by Argo CD: its native checks, and the checks it ships as scripts.

use super::Report;
use fairway_core::{GroupKind, Health, Object};
use fairway_value::Value;
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

/// The actions upstream ships as scripts: each kind's `action_tests.json`.
pub fn run_actions(dir: &Path) -> Report {
    let mut report = Report::default();
    let root = dir.join("argo-health");
    let mut kinds: Vec<_> =
        std::fs::read_dir(&root).into_iter().flatten().flatten().map(|e| e.path()).collect();
    kinds.sort();
    for kind in kinds.iter().filter(|k| k.join("action_tests.json").is_file()) {
        let name = kind.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(kind.join("action_tests.json")).unwrap_or_default();
        let tests: Json = serde_json::from_str(&text).unwrap_or_default();
        for (n, test) in tests["discovery"].as_array().into_iter().flatten().enumerate() {
            report.case(format!("{name}/discovery/{n}"), discovery(kind, test));
        }
        for (n, test) in tests["actions"].as_array().into_iter().flatten().enumerate() {
            report.case(
                format!("{name}/{}/{n}", test["action"].as_str().unwrap_or_default()),
                action(kind, test),
            );
        }
    }
    report
}

fn documents(kind: &Path, file: &Json) -> Result<Vec<Value>, String> {
    let path = kind.join(file.as_str().unwrap_or_default());
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let parts = text.split("\n---").map(|t| fairway_yaml::parse(t).map_err(|e| e.to_string()));
    Ok(parts.collect::<Result<Vec<Value>, String>>()?.into_iter().filter(|v| !v.is_null()).collect())
}

fn discovery(kind: &Path, test: &Json) -> Result<(), String> {
    let input = documents(kind, &test["inputPath"])?.into_iter().next().ok_or("no input")?;
    let mut found = fairway_health::actions::actions_of(&Object::new(input)).map_err(|e| e.to_string())?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let mut expected: Vec<&Json> = test["result"].as_array().into_iter().flatten().collect();
    expected.sort_by_key(|a| a["name"].as_str());
    let wanted = |e: &Json| -> (String, bool, String, String, Vec<(String, String)>) {
        let text = |v: &Json| v.as_str().unwrap_or_default().to_owned();
        let params = e["params"].as_array().into_iter().flatten();
        (
            text(&e["name"]),
            e["disabled"] == true,
            text(&e["iconClass"]),
            text(&e["displayName"]),
            params.map(|p| (text(&p["name"]), text(&p["default"]))).collect(),
        )
    };
    let expected: Vec<_> = expected.into_iter().map(wanted).collect();
    let found: Vec<_> = found
        .into_iter()
        .map(|a| {
            let params = a.params.iter().map(|p| (p.name.to_string(), p.default.to_string())).collect();
            (a.name.to_string(), a.disabled, a.icon_class.to_string(), a.display_name.to_string(), params)
        })
        .collect();
    if found == expected { Ok(()) } else { Err(format!("expected {expected:?}, got {found:?}")) }
}

fn action(kind: &Path, test: &Json) -> Result<(), String> {
    let input = documents(kind, &test["inputPath"])?.into_iter().next().ok_or("no input")?;
    let text = |v: &Json| v.as_str().map(str::to_owned).unwrap_or_else(|| v.to_string());
    let params = test["parameters"].as_object().into_iter().flatten();
    let params = params.map(|(k, v)| (k.as_str().into(), text(v).into())).collect();
    let name = test["action"].as_str().unwrap_or_default();
    let done = fairway_health::actions::run_action(&Object::new(input), name, &params, 1_700_000_000);
    if let Some(message) = test["expectedErrorMessage"].as_str().filter(|m| !m.is_empty()) {
        return match done {
            Ok(_) => Err(format!("expected the error {message:?}")),
            Err(_) => Ok(()),
        };
    }
    let effects = done.map_err(|e| e.to_string())?;
    // Created objects stand in a list, each beside its operation.
    let unwrapped = |v: Value| match v {
        Value::Array(items) => items.iter().filter_map(|i| i.get("unstructuredObj").cloned()).collect(),
        one => vec![one],
    };
    let expected: Vec<Value> =
        documents(kind, &test["expectedOutputPath"])?.into_iter().flat_map(unwrapped).collect();
    if effects.len() != expected.len() {
        return Err(format!("expected {} objects, got {}", expected.len(), effects.len()));
    }
    for (effect, expected) in effects.iter().zip(&expected) {
        if let Some(why) = super::apiserver::case::difference(&timeless(expected), &timeless(&effect.object))
        {
            return Err(why);
        }
    }
    Ok(())
}

/// Takes out what differs from run to run: times and names made of them.
fn timeless(value: &Value) -> Value {
    const TIMES: [&str; 10] = [
        "kubectl.kubernetes.io/restartedAt",
        "restartAt",
        "force-sync",
        "reconcile.fluxcd.io/requestedAt",
        "cnpg.io/reloadedAt",
        "targetPrimaryTimestamp",
        "lastTransitionTime",
        "workflows.argoproj.io/scheduled-time",
        "resourceVersion",
        "uid",
    ];
    match value {
        Value::Object(map) => {
            let made = matches!(map.get("kind").and_then(Value::as_str), Some("Job" | "Workflow"));
            let entries = map.iter().filter(|(k, v)| !TIMES.contains(&k.as_str()) && !v.is_null());
            let mut out: Value = entries.map(|(k, v)| (k.clone(), timeless(v))).collect();
            if made && out.get_path(&["metadata", "ownerReferences"]).is_some() {
                out.remove_path(&["metadata", "name"]);
            }
            out
        }
        Value::Array(items) => items.iter().map(timeless).collect(),
        other => other.clone(),
    }
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
