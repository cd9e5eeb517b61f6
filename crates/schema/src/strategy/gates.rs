//! Fields behind feature gates that Kubernetes 1.36 has switched off: dropped on the way into the store unless the stored
//! object has them.

use crate::canonical::{Twin, Twins, is_twin};
use crate::{Schemas, TypeRef};
use fairway_value::{Map, Value};

/// Type, field.
const OFF: [(&str, &str); 15] = [
    ("io.k8s.api.core.v1.NodeSpec", "configSource"),
    ("io.k8s.api.discovery.v1.Endpoint", "deprecatedTopology"),
    ("io.k8s.api.coordination.v1.LeaseSpec", "preferredHolder"),
    ("io.k8s.api.coordination.v1.LeaseSpec", "strategy"),
    ("io.k8s.api.resource.v1.Device", "nodeAllocatableResourceMappings"),
    ("io.k8s.api.resource.v1.DeviceAttribute", "bools"),
    ("io.k8s.api.resource.v1.DeviceAttribute", "ints"),
    ("io.k8s.api.resource.v1.DeviceAttribute", "strings"),
    ("io.k8s.api.resource.v1.DeviceAttribute", "versions"),
    ("io.k8s.api.storage.v1.CSIDriverSpec", "preventPodSchedulingIfMissing"),
    ("io.k8s.api.core.v1.VolumeProjection", "clusterTrustBundle"),
    ("io.k8s.api.core.v1.VolumeProjection", "podCertificate"),
    ("io.k8s.api.core.v1.Lifecycle", "stopSignal"),
    ("io.k8s.api.core.v1.PodSpec", "schedulingGroup"),
    ("io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy", "maxUnavailable"),
];

/// Drops the fields that are switched off. What is shared with the stored object is not looked into.
pub(super) fn drop_disabled(object: &mut Value, stored: Twin<'_>, schemas: &Schemas) {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    // Only kinds with pods in them have any, and a few others.
    let concerned = matches!(
        text("kind"),
        "Pod"
            | "PodTemplate"
            | "ReplicationController"
            | "Deployment"
            | "StatefulSet"
            | "DaemonSet"
            | "ReplicaSet"
            | "Job"
            | "CronJob"
            | "CSIDriver"
            | "EndpointSlice"
            | "Lease"
            | "Node"
            | "ResourceSlice"
    );
    let Some(ty) = schemas.type_of(text("apiVersion"), text("kind")).filter(|_| concerned) else { return };
    let key = match text("kind") {
        "PodTemplate" => "template",
        "EndpointSlice" => "endpoints",
        _ => "spec",
    };
    if let Some(spec) = ty.field(key)
        && object.get(key).is_some_and(|value| has_any(spec.ty, value, stored.and_then(|s| s.get(key))))
        && let Some(value) = object.get_mut(key)
    {
        visit(spec.ty, value);
    }
}

/// Whether one of the fields is anywhere: mostly there is none, and nothing needs to be written to.
fn has_any(ty: TypeRef<'_>, value: &Value, twin: Twin<'_>) -> bool {
    match value {
        _ if is_twin(value, twin) => false,
        Value::Object(map) => {
            let Some(def) = ty.map_def() else { return false };
            let off = |key: &str| OFF.iter().any(|(name, field)| *field == key && *name == ty.name());
            map.iter().any(|(key, inner)| {
                let twin = || twin.and_then(|t| t.get(key));
                let field = || def.field(key).map(|f| f.ty).or(def.element);
                let below = || field().is_some_and(|id| has_any(ty.at(id), inner, twin()));
                match inner {
                    Value::Object(_) | Value::Array(_) => off(key) || below(),
                    _ => off(key),
                }
            })
        }
        Value::Array(items) => {
            let item = ty.list_def().map(|l| ty.at(l.item)).filter(|t| t.is_map());
            let mut twins = Twins::of(twin, items.len());
            item.is_some_and(|item| items.iter().any(|inner| has_any(item, inner, twins.next(inner))))
        }
        _ => false,
    }
}

fn visit(ty: TypeRef<'_>, value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (_, field) in OFF.iter().filter(|(name, _)| *name == ty.name()) {
                if map.contains_key(field) {
                    map.remove(field);
                }
            }
            let Some(def) = ty.map_def() else { return };
            if let Some(element) = def.element.map(|id| ty.at(id)).filter(|t| t.is_map() && !t.is_any()) {
                map.values_mut().for_each(|value| visit(element, value));
            }
            for field in &def.fields {
                let inner = ty.at(field.ty);
                if (inner.is_map() || inner.is_list())
                    && let Some(value) = map.get_mut(&field.name)
                {
                    let asked = field.name == "lifecycle" && value.get("stopSignal").is_some();
                    visit(inner, value);
                    // What asked for nothing else is gone with it.
                    if asked && value.as_object().is_some_and(Map::is_empty) {
                        map.remove(&field.name);
                    }
                }
            }
        }
        Value::Array(items) => {
            let Some(item) = ty.list_def().map(|l| ty.at(l.item)).filter(|t| t.is_map()) else { return };
            for inner in items.make_mut() {
                visit(item, inner);
            }
        }
        _ => {}
    }
}
