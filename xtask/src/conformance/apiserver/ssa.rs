use super::case::{NOW, Placeholders, UID, difference, read, shown, text};
use crate::conformance::Report;
use crate::conformance::devcluster::with_wildcards;
use fairway_schema::request::{
    FieldValidation, Refusal, Request, Verb, Written, scale_of, write, write_scale,
};
use fairway_schema::{Schemas, structural, versions};
use fairway_value::{Value, from_json, to_json};
use std::path::Path;

/// Runs sequences of writes to one object and compares every answer and every stored object.
pub fn run(dir: &Path) -> Report {
    let mut report = Report::default();
    let schemas = with_crds(dir);
    for case in read(&dir.join("apiserver/ssa.jsonl")) {
        let outcome = match &schemas {
            Ok(schemas) => sequence(&case, schemas),
            Err(why) => Err(why.clone()),
        };
        report.case(text(&case, "name"), outcome);
    }
    report
}

/// The built-in kinds and the CRDs that the recordings use.
pub fn with_crds(dir: &Path) -> Result<Schemas, String> {
    let bytes = std::fs::read(dir.join("apiserver/crds.json")).map_err(|e| e.to_string())?;
    let value = from_json(&bytes).map_err(|e| e.to_string())?;
    let list =
        value.get("items").and_then(Value::as_array).or(value.as_array()).ok_or("crds.json is no list")?;
    Schemas::with_crds(list).map_err(|e| e.to_string())
}

struct State {
    chooser: Placeholders,
    live: Option<Value>,
    version: i64,
    versions: Vec<i64>,
}

fn sequence(case: &Value, schemas: &Schemas) -> Result<(), String> {
    let mut state = State { chooser: Placeholders::default(), live: None, version: 0, versions: Vec::new() };
    for (n, step) in case.get("steps").and_then(Value::as_array).unwrap_or_default().iter().enumerate() {
        run_step(case, step, &mut state, schemas)
            .map_err(|why| format!("step {n} {}: {why}", text(step, "op")))?;
        state.versions.push(state.version);
    }
    let actual = state.live.as_ref().map_or(Value::Null, bare);
    match difference(case.get("result").unwrap_or(&Value::Null), &actual) {
        Some(why) => Err(format!("result{why}")),
        None => Ok(()),
    }
}

/// An object without what the recordings leave out.
fn bare(object: &Value) -> Value {
    let mut out = shown(object);
    for key in ["uid", "resourceVersion", "creationTimestamp"] {
        out.remove_path(&["metadata", key]);
    }
    out
}

/// Puts resource versions and uid in the place of their placeholders.
fn filled(body: &Value, state: &State) -> Value {
    let mut text = body.to_string();
    for (n, version) in state.versions.iter().enumerate() {
        text = text.replace(&format!("<rv:{n}>"), &version.to_string());
    }
    text = text.replace("<rv>", &state.version.to_string()).replace("<uid>", UID);
    from_json(text.as_bytes()).unwrap_or_default()
}

/// Marks an object that has finalizers, removes any other.
fn delete(state: &mut State) {
    let Some(live) = &mut state.live else { return };
    let held =
        live.get_path(&["metadata", "finalizers"]).and_then(Value::as_array).is_some_and(|f| !f.is_empty());
    if !held {
        state.live = None;
    } else if live.get_path(&["metadata", "deletionTimestamp"]).is_none() {
        live.set_path(&["metadata", "deletionTimestamp"], NOW);
        live.set_path(&["metadata", "deletionGracePeriodSeconds"], 0_i64);
        if let Some(generation) = live.get_path(&["metadata", "generation"]).and_then(Value::as_i64) {
            live.set_path(&["metadata", "generation"], generation + 1);
        }
        state.version += 1;
        live.set_path(&["metadata", "resourceVersion"], state.version.to_string());
    }
}

fn run_step(case: &Value, step: &Value, state: &mut State, schemas: &Schemas) -> Result<(), String> {
    let resource = case.get("resource").ok_or("no resource")?;
    let version = match text(step, "apiVersion") {
        "" => text(resource, "version"),
        given => given.rsplit('/').next().unwrap_or_default(),
    };
    let found = schemas
        .resource_by_plural(text(resource, "group"), version, text(resource, "plural"))
        .ok_or("unknown resource")?;
    if text(step, "op") == "delete" {
        delete(state);
        return Ok(());
    }
    let body = match step.get("rawBody").and_then(Value::as_str) {
        Some(raw) => fairway_yaml::parse(raw).map_err(|e| format!("rawBody: {e}"))?,
        None => step.get("body").cloned().unwrap_or_default(),
    };
    let body = filled(&body, state);
    let force = step.get("force") == Some(&Value::Bool(true));
    let manager = match text(step, "manager") {
        "" => "fairway-rec",
        manager => manager,
    };
    let name = text(case, "objectName");
    let op = text(step, "op");
    let request = Request {
        verb: match op {
            "create" => Verb::Create,
            "update" => Verb::Update,
            "apply" => Verb::Apply { force },
            "jsonPatch" => Verb::JsonPatch,
            "mergePatch" => Verb::MergePatch,
            _ => Verb::StrategicPatch,
        },
        resource: found,
        subresource: text(step, "subresource"),
        manager,
        namespace: if resource.get("namespaced") == Some(&Value::Bool(true)) { "corp-ssa" } else { "" },
        name: if op == "create" { "" } else { name },
        body: &body,
        field_validation: match text(step, "fieldValidation") {
            "Strict" => FieldValidation::Strict,
            "Ignore" => FieldValidation::Ignore,
            _ => FieldValidation::Warn,
        },
        now: NOW,
        uid: UID,
    };
    // What is stored is read and written in the recording's version; a request that speaks another one is answered in that.
    let stored = format!("{}/{}", text(resource, "group"), text(resource, "version"));
    let stored = stored.trim_start_matches('/');
    let spoken = found.api_version();
    let live = match &state.live {
        Some(live) => Some(in_version(live, stored, &spoken, schemas)?),
        None => None,
    };
    let outcome = if request.subresource == "scale" {
        let live = live.as_ref().ok_or("no object to scale")?;
        write_scale(live, &request, schemas, &mut state.chooser)
    } else {
        write(live.as_ref(), &request, schemas, &mut state.chooser)
    };
    let dry_run = step.get("dryRun").is_some_and(|d| *d != Value::Bool(false) && !d.is_null());
    check_answer(step, &outcome)?;
    if let Ok(written) = outcome
        && !dry_run
    {
        if written.changed {
            state.version += 1;
        }
        let mut object = in_version(&written.object, &spoken, stored, schemas)?;
        object.set_path(&["metadata", "resourceVersion"], state.version.to_string());
        if request.subresource == "scale"
            && let Some(expected) = step.get("response")
            && let Some(why) = difference(expected, &bare(&scale_of(&object)))
        {
            return Err(format!("response{why}"));
        }
        let gone = object.get_path(&["metadata", "deletionTimestamp"]).is_some()
            && object
                .get_path(&["metadata", "finalizers"])
                .and_then(Value::as_array)
                .is_none_or(<[Value]>::is_empty);
        state.live = Some(object).filter(|_| !gone);
        if step.get("rvChanged").and_then(Value::as_bool).is_some_and(|c| c != written.changed) {
            return Err(format!("rvChanged: got {}", written.changed));
        }
    }
    if let (Some(expected), Some(live)) = (step.get("after"), &state.live)
        && let Some(why) = difference(expected, &bare(live))
    {
        return Err(format!("after{why}"));
    }
    Ok(())
}

/// Returns an object in another version of its kind, as a server keeps and answers it.
fn in_version(object: &Value, from: &str, to: &str, schemas: &Schemas) -> Result<Value, String> {
    if from == to {
        return Ok(object.clone());
    }
    let kind = text(object, "kind");
    match schemas.resource(to, kind).and_then(|r| r.crd_schema.as_ref()) {
        Some(schema) => {
            let mut out = object.clone();
            out.set_path(&["apiVersion"], to);
            structural::prune(&mut out, schema);
            Ok(out)
        }
        None => versions::convert(object, kind, from, to).ok_or(format!("no way from {from} to {to}")),
    }
}

fn check_answer(step: &Value, outcome: &Result<Written, Refusal>) -> Result<(), String> {
    let status = step.get("expectStatus").and_then(Value::as_i64).unwrap_or(200);
    match outcome {
        Ok(written) => {
            let got = if written.created { 201 } else { 200 };
            if got != status {
                return Err(format!("expected {status} {}, got {got}", text(step, "expectMessage")));
            }
            if let Some(expected) = step.get("dryRunResult")
                && let Some(why) = difference(expected, &bare(&written.object))
            {
                return Err(format!("dryRunResult{why}"));
            }
            let expected: Vec<&str> = step
                .get("warnings")
                .and_then(Value::as_array)
                .unwrap_or_default()
                .iter()
                .filter_map(Value::as_str)
                .collect();
            if expected != written.warnings {
                return Err(format!("expected warnings {expected:?}, got {:?}", written.warnings));
            }
            Ok(())
        }
        Err(refusal) => check_refusal(step, status, refusal),
    }
}

fn check_refusal(step: &Value, status: i64, refusal: &Refusal) -> Result<(), String> {
    if i64::from(refusal.code) != status {
        return Err(format!(
            "expected {status} {}, got {} {}",
            text(step, "expectMessage"),
            refusal.code,
            refusal.message
        ));
    }
    if refusal.reason != text(step, "expectReason") {
        return Err(format!("expected reason {}, got {}", text(step, "expectReason"), refusal.reason));
    }
    let unordered = step.get("messageUnordered") == Some(&Value::Bool(true));
    let norm = |message: &str| -> String {
        if !unordered {
            return message.to_owned();
        }
        let mut chars: Vec<char> = message.chars().collect();
        chars.sort_unstable();
        chars.into_iter().collect()
    };
    let expected = text(step, "expectMessage");
    let got = with_wildcards(&refusal.message.replace(UID, "<uid>"), expected);
    if !same_message(&norm(expected), &norm(&got)) {
        return Err(format!("expected message {expected}, got {}", refusal.message));
    }
    let expected =
        step.get("expectDetails").and_then(|d| d.get("causes")).cloned().unwrap_or_else(Value::array);
    let mut actual: Vec<Value> = refusal
        .causes
        .iter()
        .map(|c| {
            let pairs = [("reason", c.reason), ("message", c.message.as_str()), ("field", c.field.as_str())];
            let pairs = pairs.into_iter().filter(|(_, v)| !v.is_empty());
            pairs.map(|(k, v)| (k, Value::from(v.replace(UID, "<uid>")))).collect()
        })
        .collect();
    let mut expected = expected.as_array().unwrap_or_default().to_vec();
    let key = |v: &Value| to_json(v, fairway_value::HtmlEscape::No);
    expected.sort_by_key(key);
    actual.sort_by_key(key);
    if expected.len() != actual.len() {
        return Err(format!("causes: expected {}, got {}", Value::from(expected), Value::from(actual)));
    }
    for (e, a) in expected.iter().zip(&actual) {
        let same = ["reason", "field"].iter().all(|k| text(e, k) == text(a, k))
            && same_message(text(e, "message"), &with_wildcards(text(a, "message"), text(e, "message")));
        if !same {
            return Err(format!("causes: expected {e}, got {a}"));
        }
    }
    Ok(())
}

/// `<patched object>` stands for the JSON of a whole object.
fn same_message(expected: &str, actual: &str) -> bool {
    match expected.split_once("<patched object>") {
        Some((head, tail)) => actual.starts_with(head) && actual.ends_with(tail),
        None => expected == actual,
    }
}
