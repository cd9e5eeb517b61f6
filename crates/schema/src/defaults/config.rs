//! The other groups.

use super::set::{by_value, empty, missing, object, pointer, text};
use fairway_value::{Map, Value};

const RBAC: &str = "rbac.authorization.k8s.io";

pub(super) fn defaulter(name: &str) -> Option<fn(&mut Map)> {
    Some(match name {
        "networking.v1.NetworkPolicyPort" => |m| pointer(m, "protocol", "TCP"),
        "networking.v1.NetworkPolicySpec" => network_policy,
        "networking.v1.IngressClassParametersReference" => |m| pointer(m, "scope", "Cluster"),
        "rbac.v1.RoleRef" => |m| by_value(m, "apiGroup", RBAC),
        "rbac.v1.Subject" => |m| {
            if matches!(text(m, "kind"), "User" | "Group") {
                by_value(m, "apiGroup", RBAC);
            }
        },
        "storage.v1.StorageClass" => |m| {
            pointer(m, "reclaimPolicy", "Delete");
            pointer(m, "volumeBindingMode", "Immediate");
        },
        "storage.v1.CSIDriverSpec" => csi_driver,
        "scheduling.v1.PriorityClass" => |m| pointer(m, "preemptionPolicy", "PreemptLowerPriority"),
        "admissionregistration.v1.ValidatingWebhook" => webhook,
        "admissionregistration.v1.MutatingWebhook" => |m| {
            webhook(m);
            pointer(m, "reinvocationPolicy", "Never");
        },
        "admissionregistration.v1.RuleWithOperations"
        | "admissionregistration.v1.NamedRuleWithOperations" => |m| pointer(m, "scope", "*"),
        "admissionregistration.v1.ServiceReference"
        | "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ServiceReference"
        | "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference" => {
            |m| pointer(m, "port", 443_i64)
        }
        "admissionregistration.v1.ValidatingAdmissionPolicySpec"
        | "admissionregistration.v1.MutatingAdmissionPolicySpec" => |m| pointer(m, "failurePolicy", "Fail"),
        "admissionregistration.v1.MatchResources" => |m| {
            pointer(m, "matchPolicy", "Equivalent");
            pointer(m, "namespaceSelector", Value::object());
            pointer(m, "objectSelector", Value::object());
        },
        "resource.v1.ExactDeviceRequest" | "resource.v1.DeviceSubRequest" => device_request,
        "resource.v1.DeviceToleration" => |m| by_value(m, "operator", "Equal"),
        "discovery.v1.EndpointPort" => |m| {
            pointer(m, "name", "");
            pointer(m, "protocol", "TCP");
        },
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition" => crd,
        "flowcontrol.v1.FlowSchemaSpec" => |m| {
            if missing(m, "matchingPrecedence") || m.get("matchingPrecedence") == Some(&Value::Int(0)) {
                m.insert("matchingPrecedence", 1000_i64);
            }
        },
        "flowcontrol.v1.LimitedPriorityLevelConfiguration" => |m| {
            pointer(m, "nominalConcurrencyShares", 30_i64);
            pointer(m, "lendablePercent", 0_i64);
        },
        "flowcontrol.v1.ExemptPriorityLevelConfiguration" => |m| {
            pointer(m, "nominalConcurrencyShares", 0_i64);
            pointer(m, "lendablePercent", 0_i64);
        },
        "flowcontrol.v1.QueuingConfiguration" => |m| {
            by_value(m, "queues", 64_i64);
            by_value(m, "handSize", 8_i64);
            by_value(m, "queueLengthLimit", 50_i64);
        },
        _ => return None,
    })
}

pub(super) fn network_policy(m: &mut Map) {
    if !empty(m, "policyTypes") {
        return;
    }
    let mut types = vec![Value::from("Ingress")];
    if !empty(m, "egress") {
        types.push(Value::from("Egress"));
    }
    m.insert("policyTypes", Value::from(types));
}

fn csi_driver(m: &mut Map) {
    pointer(m, "attachRequired", true);
    for key in ["podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount"] {
        pointer(m, key, false);
    }
    pointer(m, "fsGroupPolicy", "ReadWriteOnceWithFSType");
    if empty(m, "volumeLifecycleModes") {
        m.insert("volumeLifecycleModes", Value::from(vec![Value::from("Persistent")]));
    }
}

fn webhook(m: &mut Map) {
    pointer(m, "failurePolicy", "Fail");
    pointer(m, "matchPolicy", "Equivalent");
    pointer(m, "namespaceSelector", Value::object());
    pointer(m, "objectSelector", Value::object());
    pointer(m, "timeoutSeconds", 10_i64);
}

fn device_request(m: &mut Map) {
    by_value(m, "allocationMode", "ExactCount");
    if text(m, "allocationMode") == "ExactCount" {
        by_value(m, "count", 1_i64);
    }
}

fn crd(m: &mut Map) {
    let Some(spec) = object(m, "spec") else { return };
    if let Some(names) = object(spec, "names") {
        let kind = text(names, "kind").to_owned();
        if text(names, "singular").is_empty() && !kind.is_empty() {
            names.insert("singular", kind.to_lowercase());
        }
        if !kind.is_empty() {
            by_value(names, "listKind", format!("{kind}List"));
        }
    }
    if missing(spec, "conversion") {
        let none: Value = [("strategy", Value::from("None"))].into_iter().collect();
        spec.insert("conversion", none);
    }
    let stored = spec
        .get("versions")
        .and_then(Value::as_array)
        .unwrap_or_default()
        .iter()
        .find(|v| v.get("storage") == Some(&Value::Bool(true)))
        .and_then(|v| v.get("name").cloned());
    if let Some(stored) = stored
        && let Some(status) = object(m, "status").filter(|s| empty(s, "storedVersions"))
    {
        status.insert("storedVersions", Value::from(vec![stored]));
    }
}
