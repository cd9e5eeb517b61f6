//! What the API server itself does after certain writes: it accepts the names of definitions and serves them, takes
//! definitions apart, and says whether API services can be reached.

use super::internal::Part;
use super::parts::text;
use super::server::Api;
use super::status::to_value;
use super::{crd, format_secs};
use fairway_value::Value;
use serde_json::json;
use std::sync::PoisonError;

const MANAGER: &str = "kube-apiserver";
const DEFINITIONS: &str = "customresourcedefinitions.apiextensions.k8s.io";
const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Sets a condition; its time moves only when its status does.
pub(crate) fn set_condition(
    object: &mut Value,
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    now: &str,
) {
    let list = object.get_path(&["status", "conditions"]).and_then(Value::as_array).unwrap_or_default();
    let old = list.iter().find(|c| text(c, &["type"]) == kind);
    let same = old.is_some_and(|c| text(c, &["status"]) == status);
    let since = if same { old.map_or(now, |c| text(c, &["lastTransitionTime"])) } else { now }.to_owned();
    let mut fresh = old.cloned().unwrap_or_default();
    for (field, value) in [
        ("type", kind),
        ("status", status),
        ("lastTransitionTime", &since),
        ("reason", reason),
        ("message", message),
    ] {
        if value.is_empty() {
            fresh.remove_path(&[field]);
        } else {
            fresh.set_path(&[field], value);
        }
    }
    let known = old.is_some();
    let mut all: Vec<Value> =
        list.iter().map(|c| if text(c, &["type"]) == kind { fresh.clone() } else { c.clone() }).collect();
    if !known {
        all.push(fresh);
    }
    object.set_path(&["status", "conditions"], all);
}

/// Gives a namespace its default ServiceAccount and the certificates that Pods look for.
pub(crate) fn fill_namespace(api: &Api, namespace: &str) {
    if api.find("configmaps", namespace, "kube-root-ca.crt").is_none() {
        let roots = api.address.read().unwrap_or_else(PoisonError::into_inner).certificate.clone();
        let roots = json!({ "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": "kube-root-ca.crt", "annotations": { "kubernetes.io/description": ROOTS } },
            "data": { "ca.crt": roots } });
        // Refused only where the namespace is going, and then nobody needs it.
        let _ = api.make(&format!("/api/v1/namespaces/{namespace}/configmaps"), &to_value(&roots));
    }
    if api.find("serviceaccounts", namespace, "default").is_none() {
        let account =
            json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "default" } });
        let _ = api.make(&format!("/api/v1/namespaces/{namespace}/serviceaccounts"), &to_value(&account));
    }
}

const ROOTS: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

/// Settles what a write to a table may have left to do. Namespaces are filled at once, so that a Pod that follows its
/// namespace finds its account.
pub(crate) fn after_write(api: &Api, table: &str, name: &str) {
    match table {
        "namespaces" if api.controllers => {
            let live = api.store.get("namespaces", name);
            if live.is_some_and(|n| n.value.get_path(&["metadata", "deletionTimestamp"]).is_none()) {
                fill_namespace(api, name);
            }
        }
        DEFINITIONS => {
            for definition in api.store.list(DEFINITIONS, "").1 {
                settle_definition(api, &definition.value);
            }
        }
        "apiservices.apiregistration.k8s.io" | "services" => api_services(api),
        "flowschemas.flowcontrol.apiserver.k8s.io"
        | "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io" => {
            flow_schemas(api);
        }
        custom => {
            let Some(definition) = api.store.get(DEFINITIONS, custom) else { return };
            if definition.value.get_path(&["metadata", "deletionTimestamp"]).is_some() {
                settle_definition(api, &definition.value);
            }
        }
    }
}

fn settle_definition(api: &Api, definition: &Value) {
    let name = text(definition, &["metadata", "name"]);
    if definition.get_path(&["metadata", "deletionTimestamp"]).is_some() {
        take_apart(api, definition);
        return;
    }
    let accepted = definition.get_path(&["status", "acceptedNames"]);
    if crd::is_established(definition) && accepted == Some(&accepted_names(definition)) {
        return;
    }
    let now = format_secs(api.clock.now_micros());
    let edit = |status: &'static str, reason: &'static str| {
        let now = now.clone();
        move |object: &mut Value| {
            let names = accepted_names(object);
            object.set_path(&["status", "acceptedNames"], names);
            set_condition(object, "NamesAccepted", "True", "NoConflicts", "no conflicts found", &now);
            set_condition(
                object,
                "Established",
                status,
                reason,
                "the initial names have been accepted",
                &now,
            );
        }
    };
    if !crd::is_established(definition) {
        api.change(DEFINITIONS, name, MANAGER, Part::Status, edit("False", "Installing"));
    }
    api.change(DEFINITIONS, name, MANAGER, Part::Status, edit("True", "InitialNamesAccepted"));
    stored_versions(api, name);
}

/// Adds the storage version to the versions that objects may be stored in.
fn stored_versions(api: &Api, name: &str) {
    api.change(DEFINITIONS, name, MANAGER, Part::Status, |object| {
        let versions = object.get_path(&["spec", "versions"]).and_then(Value::as_array).unwrap_or_default();
        let storage = versions.iter().find(|v| v.get("storage").and_then(Value::as_bool) == Some(true));
        let Some(storage) = storage.map(|v| text(v, &["name"]).to_owned()) else { return };
        let stored =
            object.get_path(&["status", "storedVersions"]).and_then(Value::as_array).unwrap_or_default();
        if !stored.iter().any(|v| v.as_str() == Some(storage.as_str())) {
            let all: Value = stored.iter().cloned().chain([Value::from(storage)]).collect();
            object.set_path(&["status", "storedVersions"], all);
        }
    });
}

fn accepted_names(definition: &Value) -> Value {
    let mut names = definition.get_path(&["spec", "names"]).cloned().unwrap_or_default();
    let kind = text(&names, &["kind"]).to_owned();
    if text(&names, &["singular"]).is_empty() {
        names.set_path(&["singular"], kind.to_lowercase());
    }
    if text(&names, &["listKind"]).is_empty() {
        names.set_path(&["listKind"], format!("{kind}List"));
    }
    names
}

/// Deletes a definition's objects; when the last is gone, the definition goes.
fn take_apart(api: &Api, definition: &Value) {
    let name = text(definition, &["metadata", "name"]);
    let now = format_secs(api.clock.now_micros());
    api.change(DEFINITIONS, name, MANAGER, Part::Status, |object| {
        let message = "CustomResource deletion is in progress";
        set_condition(object, "Terminating", "True", "InstanceDeletionInProgress", message, &now);
    });
    for object in api.store.list(name, "").1 {
        if object.value.get_path(&["metadata", "deletionTimestamp"]).is_none() {
            let place =
                (text(&object.value, &["metadata", "namespace"]), text(&object.value, &["metadata", "name"]));
            delete_instance(api, name, place, &object.value);
        }
    }
    if api.store.list(name, "").1.is_empty() {
        api.change(DEFINITIONS, name, MANAGER, Part::Object, |object| {
            let kept: Vec<Value> = object
                .get_path(&["metadata", "finalizers"])
                .and_then(Value::as_array)
                .unwrap_or_default()
                .iter()
                .filter(|f| f.as_str() != Some(CLEANUP))
                .cloned()
                .collect();
            if kept.is_empty() {
                object.remove_path(&["metadata", "finalizers"]);
            } else {
                object.set_path(&["metadata", "finalizers"], kept);
            }
        });
    }
}

fn delete_instance(api: &Api, table: &str, (namespace, name): (&str, &str), object: &Value) {
    let held =
        object.get_path(&["metadata", "finalizers"]).and_then(Value::as_array).is_some_and(|f| !f.is_empty());
    if !held {
        api.erase(table, namespace, name);
        return;
    }
    let now = format_secs(api.clock.now_micros());
    let key = crate::store::object_key(namespace, name);
    // The mark itself is no field of anybody's, so that it is written straight.
    if let Some(live) = api.store.get(table, &key) {
        let mut marked = live.value.clone();
        marked.set_path(&["metadata", "deletionTimestamp"], now);
        marked.set_path(&["metadata", "deletionGracePeriodSeconds"], 0_i64);
        // Somebody else's write in between brings this back here.
        let _ = api.store.update(table, &key, live.rv, marked);
    }
}

fn api_services(api: &Api) {
    for service in api.store.list("apiservices.apiregistration.k8s.io", "").1 {
        let name = text(&service.value, &["metadata", "name"]);
        let (namespace, target) = (
            text(&service.value, &["spec", "service", "namespace"]),
            text(&service.value, &["spec", "service", "name"]),
        );
        let (status, reason, message) = if target.is_empty() {
            ("True", "Local", "Local APIServices are always available".to_owned())
        } else if api.find("services", namespace, target).is_none() {
            ("False", "ServiceNotFound", format!("service/{target} in {namespace:?} is not present"))
        } else if api.controllers {
            // No request reaches a simulated Pod: the service counts as reachable and its group is not served.
            ("True", "Passed", "all checks passed".to_owned())
        } else {
            (
                "False",
                "MissingEndpoints",
                format!("endpoints for service/{target} in {namespace:?} have no addresses"),
            )
        };
        let now = format_secs(api.clock.now_micros());
        api.change("apiservices.apiregistration.k8s.io", name, MANAGER, Part::Status, |object| {
            set_condition(object, "Available", status, reason, &message, &now);
        });
    }
}

fn flow_schemas(api: &Api) {
    for schema in api.store.list("flowschemas.flowcontrol.apiserver.k8s.io", "").1 {
        let level = text(&schema.value, &["spec", "priorityLevelConfiguration", "name"]).to_owned();
        // The two mandatory levels are always there.
        let exists = matches!(level.as_str(), "exempt" | "catch-all")
            || api.find("prioritylevelconfigurations.flowcontrol.apiserver.k8s.io", "", &level).is_some();
        let (status, reason, says) = if exists {
            ("False", "Found", "it exists")
        } else {
            ("True", "NotFound", "there is no such object")
        };
        let message = format!(
            "This FlowSchema references the PriorityLevelConfiguration object named {level:?} and {says}"
        );
        let now = format_secs(api.clock.now_micros());
        let name = text(&schema.value, &["metadata", "name"]);
        api.change(
            "flowschemas.flowcontrol.apiserver.k8s.io",
            name,
            "api-priority-and-fairness-config-consumer-v1",
            Part::Status,
            |object| {
                set_condition(object, "Dangling", status, reason, &message, &now);
            },
        );
    }
}

/// Makes a definition's finalizer known to the deletion that marks it.
pub(crate) fn hold_definition(object: &mut Value) {
    let list = object.get_path(&["metadata", "finalizers"]).and_then(Value::as_array).unwrap_or_default();
    if !list.iter().any(|f| f.as_str() == Some(CLEANUP)) {
        let all: Value = list.iter().cloned().chain([Value::from(CLEANUP)]).collect();
        object.set_path(&["metadata", "finalizers"], all);
    }
}
