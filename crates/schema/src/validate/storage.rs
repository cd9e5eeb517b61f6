//! The storage group.
//!
//! Source: Kubernetes 1.36 `pkg/apis/storage/validation`.

use super::fault::{Faults, has, int, list, show, some, text, words};
use super::{names, pod_volume};
use crate::managed::quote;
use fairway_value::{Map, Str, Value};

/// Largest sum of a class's parameters, in bytes.
const PARAMETERS_BYTES_MAX: usize = 256 << 10;
/// Longest name that a driver has for a node, in bytes.
const NODE_BYTES_MAX: usize = 256;
/// Shortest and longest life of a token, in seconds.
const TOKEN_SECS: (i64, i64) = (600, 1 << 32);
/// Shortest time between looks at what a node can hold, in seconds.
const PERIOD_SECS_MIN: i64 = 10;

/// Checks a StorageClass.
pub(super) fn class(class: &Value, faults: &mut Faults) {
    provisioner(text(class, "provisioner"), "provisioner", faults);
    let policy = text(class, "reclaimPolicy");
    if !policy.is_empty() {
        faults.one_of("reclaimPolicy", policy, &["Delete", "Retain"]);
    }
    match class.get("volumeBindingMode").and_then(Value::as_str) {
        None => faults.required("volumeBindingMode", ""),
        Some(mode) => faults.one_of("volumeBindingMode", mode, &["Immediate", "WaitForFirstConsumer"]),
    }
    parameters(class, faults);
    topologies(list(class, "allowedTopologies"), faults);
}

fn provisioner(name: &str, field: &str, faults: &mut Faults) {
    if faults.present(field, name) {
        // Shown in lower case, as it is compared.
        let lower = name.to_lowercase();
        faults.each(field, &lower, names::qualified(&lower));
    }
}

/// Bounds a class's parameters, none of which may be without a name.
fn parameters(class: &Value, faults: &mut Faults) {
    let found = class.get("parameters").and_then(Value::as_object);
    if found.is_some_and(|p| p.get("").is_some()) {
        faults.invalid_text("parameters", "", "field can not be empty.");
    }
    let bytes = |(k, v): (&Str, &Value)| k.len() + v.as_str().map_or(0, str::len);
    if found.into_iter().flat_map(Map::iter).map(bytes).sum::<usize>() > PARAMETERS_BYTES_MAX {
        faults.too_long("parameters", PARAMETERS_BYTES_MAX);
    }
}

/// What a term says of each key: the last values given for it, in order.
fn meant(term: &Value) -> Vec<(&str, Vec<&str>)> {
    let mut out: Vec<(&str, Vec<&str>)> = Vec::new();
    for rule in list(term, "matchLabelExpressions") {
        let mut values: Vec<&str> = list(rule, "values").iter().filter_map(Value::as_str).collect();
        values.sort_unstable();
        values.dedup();
        out.retain(|(key, _)| *key != text(rule, "key"));
        out.push((text(rule, "key"), values));
    }
    out.sort();
    out
}

fn topologies(topologies: &[Value], faults: &mut Faults) {
    for (n, topology) in topologies.iter().enumerate() {
        for (i, rule) in list(topology, "matchLabelExpressions").iter().enumerate() {
            let key = text(rule, "key");
            let values = list(rule, "values");
            let path = format!("allowedTopologies[{n}].matchLabelExpressions[{i}].values");
            if values.is_empty() {
                faults.required(&path, "");
            }
            for (m, value) in values.iter().enumerate().filter(|(m, v)| values[..*m].contains(v)) {
                faults.duplicate(format!("{path}[{m}]"), show(Some(value)));
            }
            let field = format!("allowedTopologies[{n}].matchLabelExpressions[{i}].key");
            faults.each(&field, key, names::qualified(key));
            let before = &list(topology, "matchLabelExpressions")[..i];
            if before.iter().any(|r| text(r, "key") == key) {
                faults.duplicate(field, quote(key));
            }
        }
        // Each term is held against as many that say nothing, too.
        let said = meant(topology);
        let field = format!("allowedTopologies[{n}].matchLabelExpressions");
        let alike = topologies[..n].iter().filter(|t| meant(t) == said).count();
        let nothing = if said.is_empty() { topologies.len() } else { 0 };
        for _ in 0..alike + nothing {
            faults.duplicate(&field, quote(""));
        }
    }
}

/// Checks a VolumeAttachment.
pub(super) fn attachment(object: &Value, spec: &Value, faults: &mut Faults) {
    super::pod_volume::csi_driver(text(spec, "attacher"), "spec.attacher", faults);
    let empty = Value::object();
    let source = spec.get("source").unwrap_or(&empty);
    if has(source, "persistentVolumeName") && !has(source, "inlineVolumeSpec") {
        let name = text(source, "persistentVolumeName");
        let field = "spec.source.persistentVolumeName";
        if name.is_empty() {
            faults.required(field, "must specify non empty persistentVolumeName");
        }
        faults.each(field, name, names::subdomain(name));
    }
    let one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
    match (has(source, "persistentVolumeName"), has(source, "inlineVolumeSpec")) {
        (false, false) => faults.required("spec.source", one),
        (true, true) => faults.forbidden("spec.source", one),
        _ => {}
    }
    let node = text(spec, "nodeName");
    faults.each("spec.nodeName", node, names::subdomain(node));
    let status = object.get("status").unwrap_or(&empty);
    for key in ["attachError", "detachError"] {
        if let Some(error) = some(status, key)
            && let Some(code) = int(error, "errorCode").filter(|c| *c < 0)
        {
            let why = "must be between 0 and 2147483647, inclusive";
            faults.invalid(format!("status.{key}.errorCode"), code.to_string(), why);
        }
    }
}

/// Checks a VolumeAttributesClass.
pub(super) fn attributes_class(class: &Value, faults: &mut Faults) {
    provisioner(text(class, "driverName"), "driverName", faults);
    parameters(class, faults);
    if class.get("parameters").and_then(Value::as_object).is_none_or(Map::is_empty) {
        faults.required("parameters", "must contain at least one key/value pair");
    }
}

/// Checks a CSINode.
pub(super) fn node(spec: &Value, faults: &mut Faults) {
    let drivers = list(spec, "drivers");
    for (n, driver) in drivers.iter().enumerate() {
        let field = format!("spec.drivers[{n}]");
        let (name, id) = (text(driver, "name"), text(driver, "nodeID"));
        pod_volume::csi_driver(name, &format!("{field}.name"), faults);
        faults.present(format!("{field}.nodeID"), id);
        if id.len() > NODE_BYTES_MAX {
            let why = format!("must be {NODE_BYTES_MAX} characters or less");
            faults.invalid_text(format!("{field}.nodeID"), id, &why);
        }
        let count = some(driver, "allocatable").and_then(|a| int(a, "count"));
        faults.not_negative(format!("{field}.allocatable.count"), count);
        if drivers[..n].iter().any(|d| text(d, "name") == name) {
            faults.duplicate(format!("{field}.name"), quote(name));
        }
        let keys = words(driver, "topologyKeys");
        for (i, key) in keys.iter().enumerate() {
            faults.present(&field, key);
            if keys[..i].contains(key) {
                faults.duplicate(&field, quote(key));
            }
            faults.each(&field, key, names::qualified(key));
        }
    }
}

/// Checks a CSIDriver.
pub(super) fn driver(spec: &Value, faults: &mut Faults) {
    if has(spec, "fsGroupPolicy") {
        let policies = ["File", "None", "ReadWriteOnceWithFSType"];
        faults.one_of("spec.fsGroupPolicy", text(spec, "fsGroupPolicy"), &policies);
    }
    let requests = list(spec, "tokenRequests");
    for (n, request) in requests.iter().enumerate() {
        let (field, audience) = (format!("spec.tokenRequests[{n}]"), text(request, "audience"));
        if requests[..n].iter().any(|r| text(r, "audience") == audience) {
            faults.duplicate(format!("{field}.audience"), quote(audience));
            continue;
        }
        let Some(secs) = int(request, "expirationSeconds") else { continue };
        let path = format!("{field}.expirationSeconds");
        if secs < TOKEN_SECS.0 {
            faults.invalid(&path, secs.to_string(), "may not specify a duration less than 10 minutes");
        }
        if secs > TOKEN_SECS.1 {
            faults.invalid(path, secs.to_string(), "may not specify a duration larger than 2^32 seconds");
        }
    }
    for mode in list(spec, "volumeLifecycleModes").iter().filter_map(Value::as_str) {
        faults.one_of("spec.volumeLifecycleModes", mode, &["Persistent", "Ephemeral"]);
    }
    let key = "nodeAllocatableUpdatePeriodSeconds";
    if let Some(secs) = int(spec, key).filter(|s| *s < PERIOD_SECS_MIN) {
        let why = "must be greater than or equal to 10 seconds";
        faults.invalid(format!("spec.{key}"), secs.to_string(), why);
    }
    if has(spec, "serviceAccountTokenInSecrets") && requests.is_empty() {
        let why = "serviceAccountTokenInSecrets is set but no tokenRequests are specified";
        let field = "spec.serviceAccountTokenInSecrets";
        faults.invalid(field, show(spec.get("serviceAccountTokenInSecrets")), why);
    }
}
