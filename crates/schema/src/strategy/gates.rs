//! Fields behind feature gates that Kubernetes 1.36 has switched off: dropped on the way into the store unless the stored
//! object has them.

use crate::canonical::{Twin, Twins, is_twin};
use crate::{Schemas, TypeRef};
use fairway_value::Value;

/// Type, field.
const OFF: [(&str, &str); 5] = [
    ("io.k8s.api.core.v1.VolumeProjection", "clusterTrustBundle"),
    ("io.k8s.api.core.v1.VolumeProjection", "podCertificate"),
    ("io.k8s.api.core.v1.Lifecycle", "stopSignal"),
    ("io.k8s.api.core.v1.PodSpec", "schedulingGroup"),
    ("io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy", "maxUnavailable"),
];

/// Drops the fields that are switched off. What is shared with the stored object is not looked into.
pub(super) fn drop_disabled(object: &mut Value, stored: Twin<'_>, schemas: &Schemas) {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    // Only kinds with pods in them have any.
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
    );
    let Some(ty) = schemas.type_of(text("apiVersion"), text("kind")).filter(|_| concerned) else { return };
    if let Some(spec) = ty.field("spec")
        && object.get("spec").is_some_and(|value| has_any(spec.ty, value, stored.and_then(|s| s.get("spec"))))
        && let Some(value) = object.get_mut("spec")
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
                let below = || def.field(key).is_some_and(|field| has_any(ty.at(field.ty), inner, twin()));
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
            for field in &def.fields {
                let inner = ty.at(field.ty);
                if (inner.is_map() || inner.is_list())
                    && let Some(value) = map.get_mut(&field.name)
                {
                    visit(inner, value);
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
