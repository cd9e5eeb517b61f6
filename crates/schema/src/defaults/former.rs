//! Versions that are no longer served, where they are filled in otherwise than today's.
//!
//! Source: Kubernetes 1.36 `pkg/apis/{apps,extensions,networking,rbac}/v1beta1/defaults.go` and such.

use super::set::{by_value, empty, missing, object, pointer, text};
use super::{config, workload};
use fairway_value::{Map, Value};

pub(super) fn defaulter(name: &str) -> Option<fn(&mut Map)> {
    Some(match name {
        "apps.v1beta1.Deployment" => |m| {
            labels_of_template(m);
            preset(m, "revisionHistoryLimit", 2);
            workload::deployment(m);
        },
        "apps.v1beta1.StatefulSet" => |m| {
            labels_of_template(m);
            strategy_on_delete(m);
            workload::stateful_set(m);
        },
        "extensions.v1beta1.DaemonSet" => |m| {
            labels_of_template(m);
            strategy_on_delete(m);
            workload::daemon_set(m);
        },
        "extensions.v1beta1.Deployment" => extensions_deployment,
        "extensions.v1beta1.ReplicaSet" => |m| {
            labels_of_template(m);
            preset(m, "replicas", 1);
        },
        "extensions.v1beta1.NetworkPolicySpec" => config::network_policy,
        "extensions.v1beta1.HTTPIngressPath" | "networking.v1beta1.HTTPIngressPath" => {
            |m| pointer(m, "pathType", "ImplementationSpecific")
        }
        // Go fills in a copy of the port.
        "extensions.v1beta1.NetworkPolicyPort" | "networking.v1beta1.IngressClassParametersReference" => {
            |_| {}
        }
        "admissionregistration.v1alpha1.ParamRef" => |m| pointer(m, "parameterNotFoundAction", "Deny"),
        "admissionregistration.v1beta1.ValidatingWebhook" => webhook,
        "admissionregistration.v1beta1.MutatingWebhook" => |m| {
            webhook(m);
            pointer(m, "reinvocationPolicy", "Never");
        },
        // Who asks for a kubelet's certificate gets another signer; the request is not read for that.
        "certificates.v1beta1.CertificateSigningRequestSpec" => |m| {
            let usages = ["digital signature", "key encipherment"].map(Value::from).to_vec();
            pointer(m, "usages", Value::from(usages));
            pointer(m, "signerName", "kubernetes.io/legacy-unknown");
        },
        "certificates.v1beta1.CertificateSigningRequestCondition" => |m| by_value(m, "status", "True"),
        "flowcontrol.v1beta1.LimitedPriorityLevelConfiguration"
        | "flowcontrol.v1beta2.LimitedPriorityLevelConfiguration" => |m| {
            by_value(m, "assuredConcurrencyShares", 30_i64);
            pointer(m, "lendablePercent", 0_i64);
        },
        "flowcontrol.v1beta3.PriorityLevelConfiguration" => third_priority_level,
        "flowcontrol.v1beta3.LimitedPriorityLevelConfiguration" => |m| pointer(m, "lendablePercent", 0_i64),
        "rbac.v1alpha1.Subject" => |m| match text(m, "kind") {
            "ServiceAccount" => by_value(m, "apiVersion", "v1"),
            "User" | "Group" => by_value(m, "apiVersion", "rbac.authorization.k8s.io/v1alpha1"),
            _ => {}
        },
        _ => return None,
    })
}

fn preset(m: &mut Map, key: &str, value: i64) {
    if let Some(spec) = object(m, "spec") {
        pointer(spec, key, value);
    }
}

/// Who selects nothing selects what the template says, and has its labels too.
fn labels_of_template(m: &mut Map) {
    let labels = m.get("spec").and_then(|s| s.get_path(&["template", "metadata", "labels"])).cloned();
    let Some(labels) = labels.filter(|l| !l.is_null()) else { return };
    if let Some(spec) = object(m, "spec").filter(|spec| missing(spec, "selector")) {
        let selector: Value = [("matchLabels", labels.clone())].into_iter().collect();
        spec.insert("selector", selector);
    }
    if let Some(meta) = object(m, "metadata").filter(|meta| empty(meta, "labels")) {
        meta.insert("labels", labels);
    }
}

fn strategy_on_delete(m: &mut Map) {
    if let Some(strategy) = object(m, "spec").and_then(|spec| object(spec, "updateStrategy")) {
        by_value(strategy, "type", "OnDelete");
    }
}

fn extensions_deployment(m: &mut Map) {
    labels_of_template(m);
    if let Some(strategy) = object(m, "spec").and_then(|spec| object(spec, "strategy")) {
        by_value(strategy, "type", "RollingUpdate");
        let rolls = text(strategy, "type") == "RollingUpdate" || !missing(strategy, "rollingUpdate");
        if let Some(rolling) = Some(strategy).filter(|_| rolls).and_then(|s| object(s, "rollingUpdate")) {
            pointer(rolling, "maxUnavailable", 1_i64);
            pointer(rolling, "maxSurge", 1_i64);
        }
    }
    // That much stands for no limit.
    preset(m, "progressDeadlineSeconds", i64::from(i32::MAX));
    preset(m, "revisionHistoryLimit", i64::from(i32::MAX));
    workload::deployment(m);
}

fn webhook(m: &mut Map) {
    pointer(m, "failurePolicy", "Ignore");
    pointer(m, "matchPolicy", "Exact");
    pointer(m, "namespaceSelector", Value::object());
    pointer(m, "objectSelector", Value::object());
    pointer(m, "sideEffects", "Unknown");
    pointer(m, "timeoutSeconds", 30_i64);
    if empty(m, "admissionReviewVersions") {
        m.insert("admissionReviewVersions", Value::from(vec![Value::from("v1beta1")]));
    }
}

/// No shares are meant where an annotation says so.
fn third_priority_level(m: &mut Map) {
    const MEANT: [&str; 2] = ["annotations", "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"];
    if m.get("metadata").is_some_and(|meta| meta.get_path(&MEANT).is_some()) {
        return;
    }
    let limited = m.get_mut("spec").and_then(|spec| spec.get_path_mut(&["limited"]));
    if let Some(limited) = limited.and_then(Value::as_object_mut) {
        by_value(limited, "nominalConcurrencyShares", 30_i64);
    }
}
