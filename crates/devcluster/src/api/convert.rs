//! Between the versions of one resource: Events in two groups, HorizontalPodAutoscalers in two versions, and custom
//! resources, whose versions differ by name and by what their schemas keep (conversion strategy `None`).

use super::registry::Resource;
use fairway_schema::{structural, versions};
use fairway_value::Value;

/// Returns a stored object in the version of a resource.
pub(crate) fn to_version(value: &Value, resource: &Resource) -> Value {
    let mut out = value.clone();
    match resource.table.as_str() {
        "events" if resource.group == "events.k8s.io" => rename(&mut out, EVENTS),
        "horizontalpodautoscalers.autoscaling" if resource.version == "v1" => {
            autoscaler(&mut out, "autoscaling/v2", "autoscaling/v1");
        }
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
        "horizontalpodautoscalers.autoscaling" if resource.version == "v1" => {
            autoscaler(&mut out, "autoscaling/v1", "autoscaling/v2");
        }
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

fn autoscaler(object: &mut Value, from: &str, to: &str) {
    if let Some(converted) = versions::convert(object, "HorizontalPodAutoscaler", from, to) {
        *object = converted;
    }
}

fn rename(object: &mut Value, names: &[(&str, &str)]) {
    let Some(map) = object.as_object_mut() else { return };
    for (from, to) in names {
        if let Some(value) = map.remove(from) {
            map.insert(*to, value);
        }
    }
}
