//! Between the versions of one resource: Events in two groups, HorizontalPodAutoscalers in two versions, and custom
//! resources, whose versions differ by name and by what their schemas keep (conversion strategy `None`).

use super::registry::Resource;
use fairway_schema::structural;
use fairway_value::{Map, Value};

/// Returns a stored object in the version of a resource.
pub(crate) fn to_version(value: &Value, resource: &Resource) -> Value {
    let mut out = value.clone();
    match resource.table.as_str() {
        "events" if resource.group == "events.k8s.io" => rename(&mut out, EVENTS),
        "horizontalpodautoscalers.autoscaling" if resource.version == "v1" => hpa_to_v1(&mut out),
        _ => {}
    }
    out.set_path(&["apiVersion"], resource.api_version());
    if let Some(schema) = resource.custom.as_ref().and_then(|c| c.schema.as_ref()) {
        structural::prune(&mut out, schema);
    }
    out
}

/// Returns an object of a resource's version in the version that is stored.
pub(crate) fn to_storage(value: Value, resource: &Resource) -> Value {
    if resource.is_storage() {
        return value;
    }
    let mut out = value;
    match resource.table.as_str() {
        "events" if resource.group == "events.k8s.io" => {
            let back: Vec<(&str, &str)> = EVENTS.iter().map(|(a, b)| (*b, *a)).collect();
            rename(&mut out, &back);
        }
        "horizontalpodautoscalers.autoscaling" if resource.version == "v1" => hpa_to_v2(&mut out),
        _ => {}
    }
    out.set_path(&["apiVersion"], resource.storage_api_version.clone());
    if let Some(schema) = resource.custom.as_ref().and_then(|c| c.storage_schema.as_ref()) {
        structural::prune(&mut out, schema);
    }
    out
}

/// Core v1 names and those of events.k8s.io/v1.
const EVENTS: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

fn rename(object: &mut Value, names: &[(&str, &str)]) {
    let Some(map) = object.as_object_mut() else { return };
    for (from, to) in names {
        if let Some(value) = map.remove(from) {
            map.insert(*to, value);
        }
    }
}

fn hpa_to_v1(object: &mut Value) {
    let metrics =
        object.get_path(&["spec", "metrics"]).and_then(Value::as_array).unwrap_or_default().to_vec();
    let is_cpu = |m: &Value| {
        m.get_path(&["resource", "name"]).and_then(Value::as_str) == Some("cpu")
            && m.get_path(&["resource", "target", "averageUtilization"]).is_some()
    };
    let target = metrics
        .iter()
        .find(|m| is_cpu(m))
        .and_then(|m| m.get_path(&["resource", "target", "averageUtilization"]))
        .cloned();
    let rest: Vec<Value> = metrics.iter().filter(|m| !is_cpu(m)).cloned().collect();
    annotate(
        object,
        "autoscaling.alpha.kubernetes.io/metrics",
        (!rest.is_empty()).then(|| Value::from(rest)),
    );
    let behavior = object.get_path(&["spec", "behavior"]).cloned();
    annotate(object, "autoscaling.alpha.kubernetes.io/behavior", behavior);
    let conditions = object.get_path(&["status", "conditions"]).cloned().filter(|c| !c.is_null());
    annotate(object, "autoscaling.alpha.kubernetes.io/conditions", conditions);
    for path in
        [["spec", "metrics"], ["spec", "behavior"], ["status", "conditions"], ["status", "currentMetrics"]]
    {
        object.remove_path(&path);
    }
    if let Some(target) = target {
        object.set_path(&["spec", "targetCPUUtilizationPercentage"], target);
    }
    if object.get_path(&["status", "currentReplicas"]).is_none() {
        object.set_path(&["status", "currentReplicas"], 0_i64);
    }
}

fn annotate(object: &mut Value, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        object.set_path(&["metadata", "annotations", name], value.to_string());
    }
}

fn hpa_to_v2(object: &mut Value) {
    let mut metrics: Vec<Value> = Vec::new();
    if let Some(target) = object.remove_path(&["spec", "targetCPUUtilizationPercentage"]) {
        let mut metric = Value::object();
        metric.set_path(&["type"], "Resource");
        metric.set_path(&["resource", "name"], "cpu");
        metric.set_path(&["resource", "target", "type"], "Utilization");
        metric.set_path(&["resource", "target", "averageUtilization"], target);
        metrics.push(metric);
    }
    for (annotation, field) in [("metrics", "metrics"), ("behavior", "behavior")] {
        let name = format!("autoscaling.alpha.kubernetes.io/{annotation}");
        let Some(text) = object.remove_path(&["metadata", "annotations", &name]) else { continue };
        let Ok(parsed) = fairway_value::from_json(text.as_str().unwrap_or_default().as_bytes()) else {
            continue;
        };
        if field == "metrics" {
            metrics.splice(0..0, parsed.as_array().unwrap_or_default().iter().cloned());
        } else {
            object.set_path(&["spec", field], parsed);
        }
    }
    if object.get_path(&["metadata", "annotations"]).and_then(Value::as_object).is_some_and(Map::is_empty) {
        object.remove_path(&["metadata", "annotations"]);
    }
    if !metrics.is_empty() {
        object.set_path(&["spec", "metrics"], metrics);
    }
    if object.get_path(&["status", "currentMetrics"]).is_none() {
        object.set_path(&["status", "currentMetrics"], Value::Null);
    }
}
