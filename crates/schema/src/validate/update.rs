//! What an update may not change.

use super::fault::{Faults, has, show, text};
use super::pod::internal;
use crate::managed::equal;
use fairway_value::Value;

const IMMUTABLE: &str = "field is immutable";

/// Checks a built-in object about to replace another.
pub(super) fn immutable(new: &Value, old: &Value, faults: &mut Faults) {
    match (group(new), text(new, "kind")) {
        ("apps", "Deployment" | "ReplicaSet" | "DaemonSet") => same(new, old, &["spec", "selector"], faults),
        ("apps", "StatefulSet") => stateful_set(new, old, faults),
        ("batch", "Job") => job(new, old, faults),
        ("", "Secret") => {
            same(new, old, &["type"], faults);
            frozen(new, old, &["data"], faults);
        }
        ("", "ConfigMap") => frozen(new, old, &["data", "binaryData"], faults),
        ("", "Service") => cluster_ip(new, old, faults),
        ("", "Pod") => pod(new, old, faults),
        ("", "PersistentVolumeClaim") => claim(new, old, faults),
        ("discovery.k8s.io", "EndpointSlice") => same(new, old, &["addressType"], faults),
        ("networking.k8s.io", "IngressClass") => same(new, old, &["spec", "controller"], faults),
        ("storage.k8s.io", "StorageClass") => {
            for key in ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"] {
                same(new, old, &[key], faults);
            }
        }
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding")
            if changed(new, old, &["roleRef"]) =>
        {
            let fields = [("apiGroup", "APIGroup", &[][..]), ("kind", "Kind", &[]), ("name", "Name", &[])];
            faults.invalid("roleRef", internal(new.get("roleRef"), &fields), "cannot change roleRef");
        }
        ("scheduling.k8s.io", "PriorityClass") => {
            if changed(new, old, &["value"]) {
                faults.forbidden("value", "may not be changed in an update.");
            }
            same(new, old, &["preemptionPolicy"], faults);
        }
        _ => {}
    }
}

fn group(object: &Value) -> &str {
    text(object, "apiVersion").split_once('/').map_or("", |(group, _)| group)
}

fn changed(new: &Value, old: &Value, path: &[&str]) -> bool {
    match (new.get_path(path), old.get_path(path)) {
        (Some(new), Some(old)) => !equal(new, old),
        (None, None) => false,
        (Some(one), None) | (None, Some(one)) => !one.is_null(),
    }
}

fn same(new: &Value, old: &Value, path: &[&str], faults: &mut Faults) {
    if changed(new, old, path) {
        faults.invalid(path.join("."), show(new.get_path(path)), IMMUTABLE);
    }
}

/// Data that `immutable: true` has frozen.
fn frozen(new: &Value, old: &Value, keys: &[&str], faults: &mut Faults) {
    if old.get("immutable") != Some(&Value::Bool(true)) {
        return;
    }
    let why = "field is immutable when `immutable` is set";
    if new.get("immutable") != Some(&Value::Bool(true)) {
        faults.forbidden("immutable", why);
    }
    for key in keys.iter().filter(|k| changed(new, old, &[k])) {
        faults.forbidden(*key, why);
    }
}

fn stateful_set(new: &Value, old: &Value, faults: &mut Faults) {
    let free = [
        "replicas",
        "template",
        "updateStrategy",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
        "ordinals",
        "revisionHistoryLimit",
    ];
    let without = |object: &Value| {
        let mut spec = object.get("spec").cloned().unwrap_or_default();
        for key in free {
            spec.remove_path(&[key]);
        }
        spec
    };
    if !equal(&without(new), &without(old)) {
        faults.forbidden(
            "spec",
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', \
             'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        );
    }
}

/// A running pod's specification is fixed but for a few fields.
fn pod(new: &Value, old: &Value, faults: &mut Faults) {
    let count =
        |o: &Value, key: &str| o.get_path(&["spec", key]).and_then(Value::as_array).map_or(0, <[Value]>::len);
    for key in ["containers", "initContainers"] {
        if count(new, key) != count(old, key) {
            faults.forbidden(format!("spec.{key}"), "pod updates may not add or remove containers");
            return;
        }
    }
    let fixed = |object: &Value| {
        let mut spec = object.get("spec").cloned().unwrap_or_default();
        for key in ["activeDeadlineSeconds", "tolerations", "schedulingGates", "ephemeralContainers"] {
            spec.remove_path(&[key]);
        }
        for list in ["containers", "initContainers"] {
            let containers = spec.get_mut(list).and_then(Value::as_array_mut);
            for container in containers.into_iter().flat_map(|c| c.make_mut().iter_mut()) {
                container.remove_path(&["image"]);
            }
        }
        spec
    };
    if !equal(&fixed(new), &fixed(old)) {
        faults.forbidden(
            "spec",
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
             `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
             `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
        );
    }
}

/// A claim asks once; only a bound one may ask for more.
fn claim(new: &Value, old: &Value, faults: &mut Faults) {
    let bound = old.get_path(&["status", "phase"]).and_then(Value::as_str) == Some("Bound");
    let fixed = |object: &Value| {
        let mut spec = object.get("spec").cloned().unwrap_or_default();
        for key in ["volumeName", "dataSource", "dataSourceRef"] {
            if old.get_path(&["spec", key]).is_none() {
                spec.remove_path(&[key]);
            }
        }
        if bound {
            spec.remove_path(&["resources", "requests"]);
            spec.remove_path(&["volumeAttributesClassName"]);
        }
        spec
    };
    if !equal(&fixed(new), &fixed(old)) {
        let why = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        faults.forbidden("spec", why);
    }
}

/// A Job's template may change while it waits suspended, and then only where pods are placed.
fn job(new: &Value, old: &Value, faults: &mut Faults) {
    same(new, old, &["spec", "selector"], faults);
    same(new, old, &["spec", "completionMode"], faults);
    if changed(new, old, &["spec", "completions"]) {
        let indexed = new.get_path(&["spec", "completionMode"]).and_then(Value::as_str) == Some("Indexed");
        let count = |o: &Value, key: &str| o.get_path(&["spec", key]).and_then(Value::as_i64);
        if !indexed {
            same(new, old, &["spec", "completions"], faults);
        } else if count(new, "completions") != count(new, "parallelism") {
            let shown = show(new.get_path(&["spec", "completions"]));
            faults.invalid("spec.completions", shown, "can only be modified in tandem with spec.parallelism");
        }
    }
    let mut then = old.get_path(&["spec", "template"]).cloned().unwrap_or_default();
    let now = new.get_path(&["spec", "template"]).cloned().unwrap_or_default();
    let suspended = old.get_path(&["spec", "suspend"]) == Some(&Value::Bool(true));
    let started = old.get("status").is_some_and(|s| has(s, "startTime"));
    if suspended && !started {
        for path in [
            &["metadata", "labels"][..],
            &["metadata", "annotations"],
            &["spec", "nodeSelector"],
            &["spec", "affinity"],
            &["spec", "tolerations"],
            &["spec", "schedulingGates"],
        ] {
            match now.get_path(path) {
                Some(value) => {
                    then.set_path(path, value.clone());
                }
                None => {
                    then.remove_path(path);
                }
            }
        }
    }
    if !equal(&then, &now) {
        faults.invalid("spec.template", show(Some(&now)), IMMUTABLE);
    }
}

fn cluster_ip(new: &Value, old: &Value, faults: &mut Faults) {
    let kind =
        |o: &Value| o.get_path(&["spec", "type"]).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ip =
        |o: &Value| o.get_path(&["spec", "clusterIP"]).and_then(Value::as_str).unwrap_or_default().to_owned();
    if kind(new) != "ExternalName" && kind(old) != "ExternalName" && !ip(old).is_empty() && ip(new) != ip(old)
    {
        let shown = show(new.get_path(&["spec", "clusterIPs"]));
        faults.invalid("spec.clusterIPs[0]", shown, "may not change once set");
    }
    if kind(new) == "LoadBalancer"
        && kind(old) == "LoadBalancer"
        && changed(new, old, &["spec", "loadBalancerClass"])
    {
        let shown = show(new.get_path(&["spec", "loadBalancerClass"]));
        faults.invalid("spec.loadBalancerClass", shown, "may not change once set");
    }
}
