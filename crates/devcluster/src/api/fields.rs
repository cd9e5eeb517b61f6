//! Field selectors, as apimachinery `pkg/fields` and each resource's conversion functions allow them.

use super::registry::Resource;
use super::status::{ApiError, ApiResult};
use fairway_value::{Str, Value};

/// A parsed field selector: every term must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldSelector(Vec<Term>);

#[derive(Clone, Debug)]
struct Term {
    field: Str,
    value: Str,
    equal: bool,
}

/// Fields beside `metadata.name` and `metadata.namespace`, by table.
const KNOWN: &[(&str, &[&str])] = &[
    (
        "pods",
        &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
    ),
    ("nodes", &["spec.unschedulable"]),
    ("namespaces", &["status.phase"]),
    ("secrets", &["type"]),
    ("services", &["spec.clusterIP", "spec.type"]),
    ("replicationcontrollers", &["status.replicas"]),
    ("replicasets.apps", &["status.replicas"]),
    ("jobs.batch", &["status.successful"]),
    ("certificatesigningrequests.certificates.k8s.io", &["spec.signerName"]),
    ("resourceslices.resource.k8s.io", &["spec.nodeName", "spec.driver"]),
    (
        "events",
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
    ),
];

impl FieldSelector {
    /// Reads the query parameter for a resource.
    pub(crate) fn parse(text: &str, resource: &Resource) -> ApiResult<Self> {
        let mut terms = Vec::new();
        for part in split_terms(text) {
            if part.is_empty() {
                continue;
            }
            let (field, value, equal) = if let Some((f, v)) = part.split_once("!=") {
                (f, v, false)
            } else if let Some((f, v)) = part.split_once("==") {
                (f, v, true)
            } else if let Some((f, v)) = part.split_once('=') {
                (f, v, true)
            } else {
                return Err(ApiError::bad_request(format!(
                    "invalid selector: '{text}'; can't understand '{part}'"
                )));
            };
            check_known(field, resource)?;
            terms.push(Term { field: field.into(), value: unescape(value), equal });
        }
        Ok(Self(terms))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|t| (read(object, &t.field) == t.value) == t.equal)
    }
}

fn check_known(field: &str, resource: &Resource) -> ApiResult<()> {
    if matches!(field, "metadata.name" | "metadata.namespace") {
        return Ok(());
    }
    if let Some(custom) = &resource.custom {
        if custom.selectable.iter().any(|s| s.trim_start_matches('.') == field) {
            return Ok(());
        }
        return Err(ApiError::bad_request(format!("field label not supported: {field}")));
    }
    let known = KNOWN.iter().find(|(table, _)| *table == resource.table).map(|(_, fields)| *fields);
    match known {
        Some(fields) if fields.contains(&field) => Ok(()),
        Some(_) => Err(ApiError::bad_request(format!("field label not supported: {field}"))),
        None => Err(ApiError::bad_request(format!(
            "{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        ))),
    }
}

fn read(object: &Value, field: &str) -> Str {
    let found = match field {
        "spec.unschedulable" | "spec.hostNetwork" => {
            let set = object.get_path(&field.split('.').collect::<Vec<_>>()).and_then(Value::as_bool);
            return if set.unwrap_or_default() { "true".into() } else { "false".into() };
        }
        "source" => {
            let component =
                object.get_path(&["source", "component"]).and_then(Value::as_str).unwrap_or_default();
            let reporting = object.get("reportingComponent").and_then(Value::as_str).unwrap_or_default();
            return if component.is_empty() { reporting.into() } else { component.into() };
        }
        "status.successful" => object.get_path(&["status", "succeeded"]),
        field => object.get_path(&field.split('.').collect::<Vec<_>>()),
    };
    match found {
        Some(Value::String(s)) => s.clone(),
        None | Some(Value::Null) if matches!(field, "status.replicas" | "status.successful") => "0".into(),
        None | Some(Value::Null) => Str::new(),
        Some(other) => other.to_string().into(),
    }
}

fn split_terms(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        let last = out.len() - 1;
        match c {
            _ if escaped => {
                out[last].push(c);
                escaped = false;
            }
            '\\' => {
                out[last].push(c);
                escaped = true;
            }
            ',' => out.push(String::new()),
            _ => out[last].push(c),
        }
    }
    out
}

fn unescape(text: &str) -> Str {
    let mut out = String::new();
    let mut escaped = false;
    for c in text.chars() {
        if !escaped && c == '\\' {
            escaped = true;
            continue;
        }
        escaped = false;
        out.push(c);
    }
    out.into()
}
