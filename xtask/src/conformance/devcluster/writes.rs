//! Applies, refusals and sequences of writes as requests.

use super::client::{definitions, encode, read, send, server, text};
use super::compare::{Extent, Names, differ};
use crate::conformance::Report;
use fairway_devcluster::{Answer, InProcess};
use serde_json::{Value, json};
use std::path::Path;

const AGENT: (&str, &str) = ("user-agent", "fairway-rec/1");
const APPLY: (&str, &str) = ("content-type", "application/apply-patch+yaml");

/// Dry-run applies of objects that do not exist.
pub fn defaulting(dir: &Path) -> Report {
    with_server(dir, "defaulting.jsonl", &["corp-def"], &|server, case| {
        let answer = dry_apply(server, case);
        let actual: Value = body(&answer);
        if answer.status != 201 {
            return Err(format!("refused with {}: {}", answer.status, actual["message"]));
        }
        let mut bare = actual.clone();
        strip(&mut bare, &["uid", "creationTimestamp", "managedFields"]);
        compare(&times(&case["live"]), &times(&bare))?;
        compare_warnings(&case["warnings"], &answer.warnings)
    })
}

/// The same requests, refused.
pub fn invalid(dir: &Path) -> Report {
    with_server(dir, "invalid.jsonl", &["corp-def"], &|server, case| {
        let answer = dry_apply(server, case);
        let actual = body(&answer);
        if case["status"].as_u64() != Some(u64::from(answer.status)) {
            return Err(format!(
                "expected {} {}, got {} {}",
                case["status"], case["message"], answer.status, actual["message"]
            ));
        }
        if case.get("reason") != actual.get("reason") && !case["reason"].is_null() {
            return Err(format!("expected reason {}, got {}", case["reason"], actual["reason"]));
        }
        let unordered = case["unorderedMessage"] == true;
        let norm = |m: &Value| -> String {
            let mut chars: Vec<char> = m.as_str().unwrap_or_default().chars().collect();
            if unordered {
                chars.sort_unstable();
            }
            chars.into_iter().collect()
        };
        if norm(&case["message"]) != norm(&actual["message"]) {
            return Err(format!("expected {}, got {}", case["message"], actual["message"]));
        }
        Ok(())
    })
}

/// Sequences of writes to one object.
pub fn ssa(dir: &Path) -> Report {
    with_server(dir, "ssa.jsonl", &["corp-ssa"], &|server, case| sequence(server, case))
}

type Check = dyn Fn(&InProcess, &Value) -> Result<(), String>;

fn with_server(dir: &Path, file: &str, namespaces: &[&str], check: &Check) -> Report {
    let mut report = Report::default();
    let definitions = definitions(dir);
    for case in read(&dir.join("apiserver").join(file)) {
        let outcome = server(false, namespaces, &definitions).and_then(|server| check(&server, &case));
        report.case(text(&case, "name"), outcome);
    }
    report
}

/// Reads an answer; one that is no JSON is its own message.
fn body(answer: &Answer) -> Value {
    let plain = || json!({ "message": String::from_utf8_lossy(&answer.body) });
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| plain())
}

fn strip(object: &mut Value, fields: &[&str]) {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for field in fields {
            metadata.remove(*field);
        }
    }
}

/// Makes all server times one.
fn times(value: &Value) -> Value {
    match value {
        Value::String(s)
            if s.len() == 20 && s.ends_with('Z') && s.as_bytes()[10] == b'T' && s.starts_with("20") =>
        {
            json!("1970-01-01T00:00:00Z")
        }
        Value::Array(list) => list.iter().map(times).collect(),
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), times(v))).collect(),
        other => other.clone(),
    }
}

fn compare(expected: &Value, actual: &Value) -> Result<(), String> {
    // A suffix made up by the server stands for any other.
    let shown = mask(actual);
    match differ(&mask(expected), &shown, Extent::Whole, &mut Names::default(), "") {
        Some(why) => Err(why),
        None => Ok(()),
    }
}

fn mask(value: &Value) -> Value {
    match value {
        Value::String(s) if s.starts_with("kube-api-access-") => json!("kube-api-access-random"),
        Value::String(s) if is_uuid(s) => json!("<uid>"),
        Value::String(s) if s == "x-<random>" => json!("x-random"),
        Value::String(s) if s.len() == 7 && s.starts_with("x-") => json!("x-random"),
        Value::Array(list) => list.iter().map(mask).collect(),
        Value::Object(map) => {
            let mut out: serde_json::Map<_, _> = map.iter().map(|(k, v)| (k.clone(), mask(v))).collect();
            if let Some(entries) = out.get_mut("managedFields").and_then(Value::as_array_mut) {
                // The recordings have them in this order, with or without time.
                entries.sort_by_key(|e| {
                    ["operation", "manager", "apiVersion", "subresource"].map(|k| text(e, k).to_owned())
                });
            }
            Value::Object(out)
        }
        other => other.clone(),
    }
}

fn is_uuid(text: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(n, b)| if dashes.contains(&n) { b == b'-' } else { b.is_ascii_hexdigit() })
}

fn compare_warnings(expected: &Value, actual: &[String]) -> Result<(), String> {
    let expected: Vec<&str> = expected.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if expected == actual { Ok(()) } else { Err(format!("expected warnings {expected:?}, got {actual:?}")) }
}

/// Finds the URL of an object's kind by discovery.
fn url_of(server: &InProcess, object: &Value, namespace: &str) -> Option<String> {
    let api = text(object, "apiVersion");
    let root = if api.contains('/') { format!("/apis/{api}") } else { format!("/api/{api}") };
    let list = body(&server.request("GET", &root, &[], &[]));
    let found = list["resources"]
        .as_array()?
        .iter()
        .find(|r| r["kind"] == object["kind"] && !text(r, "name").contains('/'))?;
    let place = if found["namespaced"] == true { format!("/namespaces/{namespace}") } else { String::new() };
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    Some(format!("{root}{place}/{}/{}", text(found, "name"), encode(name)))
}

fn dry_apply(server: &InProcess, case: &Value) -> Answer {
    let desired = &case["desired"];
    let namespace = desired["metadata"]["namespace"].as_str().unwrap_or("corp-def");
    let path = match case["path"].as_str() {
        Some(path) => path.to_owned(),
        None => url_of(server, desired, namespace).unwrap_or_else(|| guess(desired, namespace)),
    };
    let query = "dryRun=All&fieldManager=fairway&force=true";
    let uri = if path.contains('?') { path } else { format!("{path}?{query}") };
    match case["rawBody"].as_str() {
        Some(raw) => server.request("PATCH", &uri, &[AGENT, APPLY], raw.as_bytes()),
        None => send(server, "PATCH", &uri, &[AGENT, APPLY], desired),
    }
}

/// The URL of a kind that the server lacks.
fn guess(object: &Value, namespace: &str) -> String {
    let api = text(object, "apiVersion");
    let root = if api.contains('/') { "/apis" } else { "/api" };
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    format!("{root}/{api}/namespaces/{namespace}/{}s/{}", text(object, "kind").to_lowercase(), encode(name))
}

fn sequence(server: &InProcess, case: &Value) -> Result<(), String> {
    let resource = &case["resource"];
    let name = text(case, "objectName");
    let mut versions: Vec<String> = Vec::new();
    let mut live = Value::Null;
    for (n, step) in case["steps"].as_array().into_iter().flatten().enumerate() {
        let fail = |why: String| format!("step {n} {}: {why}", text(step, "op"));
        let before = live["metadata"]["resourceVersion"].clone();
        let collection = collection(resource, step);
        let uid = live["metadata"]["uid"].as_str().unwrap_or_default();
        let filled = fill(step, &live, &versions, uid);
        let answer = ask(server, step, &filled, &collection, name);
        live = current(server, resource, name);
        check(step, &answer, &live, &before).map_err(fail)?;
        versions.push(live["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned());
    }
    let expected = &case["result"];
    if expected.is_null() != live.is_null() {
        return Err(format!("result: expected {expected}, got {live}"));
    }
    compare(&times(expected), &times(&bare(&live))).map_err(|why| format!("result{why}"))
}

fn collection(resource: &Value, step: &Value) -> String {
    let group = text(resource, "group");
    let version = match text(step, "apiVersion") {
        "" => text(resource, "version"),
        given => given.rsplit('/').next().unwrap_or_default(),
    };
    let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
    let place = if resource["namespaced"] == true { "/namespaces/corp-ssa" } else { "" };
    format!("{root}{place}/{}", text(resource, "plural"))
}

fn current(server: &InProcess, resource: &Value, name: &str) -> Value {
    let uri = format!("{}/{}", collection(resource, &Value::Null), encode(name));
    let answer = server.request("GET", &uri, &[], &[]);
    if answer.status == 200 { body(&answer) } else { Value::Null }
}

fn bare(object: &Value) -> Value {
    let mut out = object.clone();
    if !out.is_null() {
        strip(&mut out, &["uid", "resourceVersion", "creationTimestamp"]);
    }
    out
}

fn fill(step: &Value, live: &Value, versions: &[String], uid: &str) -> String {
    let mut text = match step["rawBody"].as_str() {
        Some(raw) => raw.to_owned(),
        None if step["body"].is_null() => String::new(),
        None => step["body"].to_string(),
    };
    for (n, version) in versions.iter().enumerate() {
        text = text.replace(&format!("<rv:{n}>"), version);
    }
    let rv = live["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    text.replace("<rv>", rv).replace("<uid>", uid)
}

fn ask(server: &InProcess, step: &Value, filled: &str, collection: &str, name: &str) -> Answer {
    let mut query: Vec<String> = Vec::new();
    if !text(step, "manager").is_empty() {
        query.push(format!("fieldManager={}", encode(text(step, "manager"))));
    }
    if step["force"] == true {
        query.push("force=true".to_owned());
    }
    if let Some(raw) = step["forceParam"].as_str() {
        query.push(format!("force={}", encode(raw)));
    }
    if !text(step, "fieldValidation").is_empty() {
        query.push(format!("fieldValidation={}", text(step, "fieldValidation")));
    }
    if !step["dryRun"].is_null() && step["dryRun"] != false {
        query.push("dryRun=All".to_owned());
    }
    let (method, kind) = match text(step, "op") {
        "create" => ("POST", "application/json"),
        "update" => ("PUT", "application/json"),
        "delete" => ("DELETE", "application/json"),
        "apply" => ("PATCH", "application/apply-patch+yaml"),
        "jsonPatch" => ("PATCH", "application/json-patch+json"),
        "mergePatch" => ("PATCH", "application/merge-patch+json"),
        _ => ("PATCH", "application/strategic-merge-patch+json"),
    };
    let mut uri = collection.to_owned();
    if method != "POST" {
        uri.push_str(&format!("/{}", encode(name)));
        if !text(step, "subresource").is_empty() {
            uri.push_str(&format!("/{}", text(step, "subresource")));
        }
    }
    if !query.is_empty() {
        uri.push_str(&format!("?{}", query.join("&")));
    }
    server.request(method, &uri, &[AGENT, ("content-type", kind)], filled.as_bytes())
}

fn check(step: &Value, answer: &Answer, live: &Value, before: &Value) -> Result<(), String> {
    let shown = body(answer);
    if let Some(status) = step["expectStatus"].as_u64()
        && status != u64::from(answer.status)
    {
        return Err(format!(
            "expected {status} {}, got {} {}",
            step["expectMessage"], answer.status, shown["message"]
        ));
    }
    if let Some(message) = step["expectMessage"].as_str() {
        let got = shown["message"].as_str().unwrap_or_default();
        let got = match live["metadata"]["uid"].as_str() {
            Some(uid) => got.replace(uid, "<uid>"),
            None => got.to_owned(),
        };
        let got = super::compare::with_wildcards(&got, message);
        let unordered = step["messageUnordered"] == true;
        let same = match message.split_once("<patched object>") {
            Some((head, tail)) => got.starts_with(head) && got.ends_with(tail),
            None if unordered => got.len() == message.len(),
            None => got == message,
        };
        if !same {
            return Err(format!("expected {message}, got {got}"));
        }
    }
    compare_warnings(&step["warnings"], &answer.warnings)?;
    if step["exists"] == false && !live.is_null() {
        return Err("the object still exists".to_owned());
    }
    if let Some(changed) = step["rvChanged"].as_bool() {
        let is = *before != live["metadata"]["resourceVersion"];
        if is != changed {
            return Err(format!("rvChanged: expected {changed}"));
        }
    }
    if let Some(expected) = step.get("dryRunResult") {
        compare(&times(expected), &times(&bare(&shown))).map_err(|why| format!("dryRunResult{why}"))?;
    }
    if let Some(expected) = step.get("response") {
        compare(&times(expected), &times(&bare(&shown))).map_err(|why| format!("response{why}"))?;
    }
    match step.get("after") {
        Some(expected) => compare(&times(expected), &times(&bare(live))).map_err(|why| format!("after{why}")),
        None => Ok(()),
    }
}
