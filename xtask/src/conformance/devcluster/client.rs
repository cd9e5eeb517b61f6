//! A server for one case, and requests as the recordings were made.

use fairway_devcluster::{Answer, InProcess, ManualClock, Options};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// Starts a server with some namespaces and definitions.
pub fn server(controllers: bool, namespaces: &[&str], definitions: &[Value]) -> Result<InProcess, String> {
    // Standing still, so that entries of one record are ordered as those written within one second are.
    let clock = Arc::new(ManualClock::new(1_800_000_000));
    let server =
        InProcess::new(&Options { controllers, clock, ..Options::default() }).map_err(|e| e.to_string())?;
    for name in namespaces {
        let body = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        send(&server, "POST", "/api/v1/namespaces", &[], &body);
    }
    for definition in definitions {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let answer = send(&server, "POST", path, &[], definition);
        if answer.status != 201 {
            return Err(format!("definition refused: {}", String::from_utf8_lossy(&answer.body)));
        }
    }
    Ok(server)
}

/// Sends a JSON body.
pub fn send(server: &InProcess, method: &str, uri: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    server.request(method, uri, headers, &bytes)
}

/// Reads the definitions that the recordings use.
pub fn definitions(dir: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(dir.join("apiserver/crds.json")).unwrap_or_default();
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    value["items"].as_array().or(value.as_array()).cloned().unwrap_or_default()
}

/// Reads a file of one JSON object a line.
pub fn read(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

pub fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// Encodes a word of a query.
pub fn encode(word: &str) -> String {
    word.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}
