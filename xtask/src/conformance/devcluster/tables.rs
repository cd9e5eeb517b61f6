//! Column definitions of every resource, and rows of objects whose status was written by hand.

use super::client::{definitions, read, server, text};
use crate::conformance::Report;
use fairway_devcluster::InProcess;
use fairway_value::from_json;
use serde_json::Value;
use std::path::Path;

const TABLE: &[(&str, &str)] = &[("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
const THEN: &str = "2024-01-01T00:00:00Z";

/// Compares columns, then rows.
pub fn run(dir: &Path) -> Report {
    let mut report = Report::default();
    let server = match server(false, &["corp-tab"], &definitions(dir)) {
        Ok(server) => server,
        Err(why) => {
            report.case("server", Err(why));
            return report;
        }
    };
    let columns = std::fs::read_to_string(dir.join("apiserver/tables/tables.json")).unwrap_or_default();
    let columns: Value = serde_json::from_str(&columns).unwrap_or_default();
    for (gvr, expected) in columns.as_object().into_iter().flatten() {
        let answer = server.request("GET", &collection(gvr, ""), TABLE, &[]);
        let table: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let outcome = if &table["columnDefinitions"] == expected {
            Ok(())
        } else {
            Err(format!("got {}", table["columnDefinitions"]))
        };
        report.case(format!("columns/{gvr}"), outcome);
    }
    for case in read(&dir.join("apiserver/tables/rows.jsonl")) {
        let name = case["object"]["metadata"]["name"].as_str().unwrap_or_default();
        report.case(format!("{}/{name}", text(&case, "gvr")), row(&server, &case));
    }
    report
}

fn collection(gvr: &str, namespace: &str) -> String {
    let parts: Vec<&str> = gvr.split('/').collect();
    let place = if namespace.is_empty() { String::new() } else { format!("namespaces/{namespace}/") };
    match parts.as_slice() {
        [version, plural] => format!("/api/{version}/{place}{plural}"),
        [group, version, plural] => format!("/apis/{group}/{version}/{place}{plural}"),
        _ => String::new(),
    }
}

fn row(server: &InProcess, case: &Value) -> Result<(), String> {
    let gvr = text(case, "gvr");
    let filled = case["object"].to_string().replace("<time>", THEN);
    let object = from_json(filled.as_bytes()).map_err(|e| e.to_string())?;
    let metadata = &case["object"]["metadata"];
    let namespace = metadata["namespace"].as_str().unwrap_or_default();
    let parts: Vec<&str> = gvr.split('/').collect();
    let table = match parts.as_slice() {
        [group, _, plural] => format!("{plural}.{group}"),
        _ => parts.last().copied().unwrap_or_default().to_owned(),
    };
    server.put(&table, object);
    let uri = format!("{}/{}", collection(gvr, namespace), metadata["name"].as_str().unwrap_or_default());
    let answer = server.request("GET", &uri, TABLE, &[]);
    let found: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let row = &found["rows"][0];
    let expected = case["cells"].as_array().cloned().unwrap_or_default();
    let cells = row["cells"].as_array().cloned().unwrap_or_default();
    if cells.len() != expected.len() {
        return Err(format!("expected {}, got {}", case["cells"], row["cells"]));
    }
    for (e, a) in expected.iter().zip(&cells) {
        if !same(e, a) {
            return Err(format!("expected {e}, got {a} in {}", row["cells"]));
        }
    }
    let conditions = case.get("conditions").cloned().unwrap_or_default();
    if conditions != row.get("conditions").cloned().unwrap_or_default() {
        return Err(format!("expected conditions {conditions}, got {}", row["conditions"]));
    }
    Ok(())
}

fn same(expected: &Value, actual: &Value) -> bool {
    if expected == actual {
        return true;
    }
    let (Some(e), Some(a)) = (expected.as_str(), actual.as_str()) else {
        return expected.as_f64().is_some() && expected.as_f64() == actual.as_f64();
    };
    // Ages, and the times that stand in the place of one.
    let Some((head, tail)) = e.split_once("<age>") else { return e.replace("<time>", THEN) == a };
    let middle = a.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
    middle.is_some_and(|m| {
        m == THEN
            || m == "<unknown>"
            || (!m.is_empty() && m.chars().all(|c| c.is_ascii_digit() || "ydhms".contains(c)))
    })
}
