//! Exchanges in order; a watch is read after the exchanges that follow it.

use super::client::{encode, read, server, text};
use super::compare::{Extent, Names, differ};
use crate::conformance::Report;
use fairway_devcluster::{Answer, InProcess, OpenWatch};
use serde_json::Value;
use std::path::Path;

/// Runs every record on a server of its own.
pub fn run(dir: &Path) -> Report {
    let mut report = Report::default();
    for case in read(&dir.join("apiserver/watch.jsonl")) {
        report.case(text(&case, "name"), record(&case));
    }
    report
}

struct Opened {
    number: usize,
    watch: Option<OpenWatch>,
    /// Events with the number of the exchange after which they were there.
    events: Vec<(usize, Value)>,
}

impl Opened {
    fn read(&mut self, exchange: usize, last: bool) {
        if let Some(watch) = &mut self.watch {
            let lines = watch.read(last);
            self.take(exchange, &lines);
        }
    }

    fn take(&mut self, exchange: usize, lines: &[u8]) {
        let lines = lines.split(|b| *b == b'\n').filter(|l| !l.is_empty());
        self.events.extend(lines.map(|l| (exchange, serde_json::from_slice(l).unwrap_or_default())));
    }
}

fn record(case: &Value) -> Result<(), String> {
    let controllers = case["controllers"].as_bool().unwrap_or_default();
    let server = server(controllers, &["corp-watch", "corp-watch2"], &[])?;
    let mut names = Names::default();
    let mut opened: Vec<Opened> = Vec::new();
    let exchanges = case["exchanges"].as_array().cloned().unwrap_or_default();
    let extent_of_record = if text(case, "name") == "discovery" { Extent::Parts } else { Extent::Whole };
    for (number, exchange) in exchanges.iter().enumerate() {
        if let Some(action) = exchange.get("action") {
            act(&server, &action.to_string());
            continue;
        }
        if exchange["request"].is_null() {
            continue;
        }
        let (answer, watch) = ask(&server, &exchange["request"], &names);
        let response = &exchange["response"];
        let fail = |why: String| format!("exchange {number}: {why}");
        check(response, &answer, extent_of_record, &mut names).map_err(fail)?;
        if response.get("events").is_some() {
            let mut fresh = Opened { number, watch, events: Vec::new() };
            fresh.take(number, &answer.body);
            opened.push(fresh);
        }
        opened.iter_mut().for_each(|w| w.read(number, false));
    }
    let any_order = text(case, "description").contains("not fixed");
    for mut watch in opened {
        watch.read(usize::MAX, true);
        let expected = exchanges[watch.number]["response"]["events"].as_array().cloned().unwrap_or_default();
        events(&expected, watch.events, any_order, &mut names)
            .map_err(|why| format!("events of exchange {}: {why}", watch.number))?;
    }
    match names.disorder(controllers) {
        Some(why) if !any_order => Err(why),
        _ => Ok(()),
    }
}

fn act(server: &InProcess, action: &str) {
    if action.contains("compact") || action.contains("restart") {
        server.compact();
    }
}

fn ask(server: &InProcess, request: &Value, names: &Names) -> (Answer, Option<OpenWatch>) {
    let filled = names.fill(&request.to_string());
    let mut request: Value = serde_json::from_str(&filled).unwrap_or_default();
    // A version that nothing has bound yet lies in the future.
    let future = (server.version() + 1_000).to_string();
    if request["query"]["resourceVersion"].as_str().is_some_and(|v| v.starts_with("<rv")) {
        request["query"]["resourceVersion"] = Value::from(future);
    }
    let mut uri = text(&request, "path").to_owned();
    for (n, (key, value)) in request["query"].as_object().into_iter().flatten().enumerate() {
        let values: Vec<&Value> = value.as_array().map_or_else(|| vec![value], |a| a.iter().collect());
        for value in values {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            uri.push_str(if n == 0 && !uri.contains('?') { "?" } else { "&" });
            uri.push_str(&format!("{key}={}", encode(&shown)));
        }
    }
    let mut headers: Vec<(String, String)> = vec![("user-agent".to_owned(), "fairway-rec".to_owned())];
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        headers.push((name.clone(), value.as_str().unwrap_or_default().to_owned()));
    }
    for (field, name) in [("accept", "accept"), ("contentType", "content-type")] {
        if let Some(value) = request[field].as_str() {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    let headers: Vec<(&str, &str)> = headers.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let body = match &request["body"] {
        Value::Null => String::new(),
        Value::String(raw) => raw.clone(),
        body => body.to_string(),
    };
    server.open(text(&request, "method"), &uri, &headers, body.as_bytes())
}

fn check(response: &Value, answer: &Answer, extent: Extent, names: &mut Names) -> Result<(), String> {
    let shown = String::from_utf8_lossy(&answer.body);
    if response["status"].as_u64() != Some(u64::from(answer.status)) {
        return Err(format!("expected {}, got {} {shown}", response["status"], answer.status));
    }
    if let Some(kind) = response["contentType"].as_str()
        && kind != answer.content_type
        && !kind.starts_with("text/plain")
    {
        return Err(format!("expected {kind}, got {}", answer.content_type));
    }
    let warnings: Vec<&str> =
        response["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if warnings != answer.warnings {
        return Err(format!("expected warnings {warnings:?}, got {:?}", answer.warnings));
    }
    let Some(body) = response.get("body") else { return Ok(()) };
    if let Some(plain) = body.as_str() {
        let same = plain == "<yaml>" || plain == shown;
        return if same { Ok(()) } else { Err(format!("expected {plain:?}, got {shown:?}")) };
    }
    let actual: Value = serde_json::from_slice(&answer.body).map_err(|e| format!("{e}: {shown}"))?;
    match differ(body, &actual, extent_of(body, extent), names, "") {
        Some(why) => Err(why),
        None => Ok(()),
    }
}

/// Whether a recording leaves out a part that this object has: the spec of Pods, the data of the roots' ConfigMap.
fn is_reduced(body: &Value) -> bool {
    let pod = body["kind"] == "Pod" && body["spec"].is_null();
    pod || (body["metadata"]["name"] == "kube-root-ca.crt" && body["data"].is_null())
}

/// A whole object names its kind and has its uid; a `Status` is always whole; a list is, unless its items are names.
fn extent_of(body: &Value, extent: Extent) -> Extent {
    let whole = !body["kind"].is_null()
        && !body["apiVersion"].is_null()
        && (body["kind"] == "Status" || !body["metadata"]["uid"].is_null() || body["items"].is_array());
    if whole && !is_reduced(body) { extent } else { Extent::Parts }
}

fn events(
    expected: &[Value],
    tagged: Vec<(usize, Value)>,
    any_order: bool,
    names: &mut Names,
) -> Result<(), String> {
    let mut tagged = tagged;
    // Bookmarks that say the same again are given once; how many come depends on time.
    tagged.dedup_by(|b, a| a.1["type"] == "BOOKMARK" && a.1 == b.1);
    if !expected.iter().any(|e| e["type"] == "BOOKMARK") {
        tagged.retain(|e| e.1["type"] != "BOOKMARK");
    }
    if expected.len() < tagged.len() && tagged.last().is_some_and(|e| e.1["type"] == "BOOKMARK") {
        tagged.pop();
    }
    // A watch ends by its time while the exchanges go on: what later ones do than that of its last event is not seen.
    let last = expected.len().checked_sub(1).and_then(|n| tagged.get(n)).map(|e| e.0);
    if let Some(last) = last {
        while tagged.len() > expected.len() && tagged.last().is_some_and(|e| e.0 > last) {
            tagged.pop();
        }
    }
    let actual: Vec<Value> = tagged.into_iter().map(|e| e.1).collect();
    let shown = || actual.iter().map(Value::to_string).collect::<Vec<_>>().join("\n    ");
    if expected.len() != actual.len() {
        return Err(format!("expected {} events, got {}:\n    {}", expected.len(), actual.len(), shown()));
    }
    let mut rest: Vec<&Value> = actual.iter().collect();
    for event in expected {
        let extent = extent_of(&event["object"], Extent::Whole);
        let candidates = if any_order { rest.len() } else { 1 };
        let mut first = None;
        let found = (0..candidates).find(|n| {
            let mut trial = names.clone();
            let why = differ(event, rest[*n], extent, &mut trial, "");
            if why.is_none() {
                *names = trial;
            } else if first.is_none() {
                first = why;
            }
            first.is_none() || differ(event, rest[*n], extent, &mut names.clone(), "").is_none()
        });
        match found {
            Some(n) => {
                rest.remove(n);
            }
            None => return Err(first.unwrap_or_default()),
        }
    }
    Ok(())
}
