//! Admission: what the default plugins of the API server fill in and refuse.

use super::call::Call;
use super::labels::LabelSelector;
use super::parts::text;
use super::status::{ApiError, ApiResult};
use super::{limits, pod_security, policy, quota, runtime_class};
use crate::store::{Stored, object_key};
use fairway_value::Value;
use std::sync::Arc;

/// Refuses a new object in a namespace that is missing or going (NamespaceLifecycle).
pub(crate) fn lifecycle(call: &Call<'_>, name: &str) -> ApiResult<()> {
    let resource = &call.resource;
    let namespace = call.target.namespace.as_str();
    if !resource.namespaced || namespace.is_empty() {
        return Ok(());
    }
    let Some(found) = call.api.store.get("namespaces", namespace) else {
        let namespaces = call.registry.get("", "v1", "namespaces").cloned().unwrap_or_default();
        return Err(ApiError::not_found(&namespaces, namespace));
    };
    if found.value.get_path(&["metadata", "deletionTimestamp"]).is_none() {
        return Ok(());
    }
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    Err(ApiError::forbidden(resource, name, &why).with_cause(
        "NamespaceTerminating",
        &format!("namespace {namespace} is being terminated"),
        "metadata.namespace",
    ))
}

/// Refuses what admission refuses of an object that is wrong in itself.
pub(crate) fn foresee(call: &Call<'_>, object: &Value) -> ApiResult<()> {
    runtime_class::known(call, object)
}

/// Fills in what the mutating plugins know from other objects; the rest is the schema's strategy.
pub(crate) fn complete(call: &Call<'_>, object: &mut Value) -> ApiResult<()> {
    match call.resource.table.as_str() {
        "pods" => {
            limits::complete(call, object);
            priority(call, object)?;
            service_account(call, object)?;
            runtime_class::complete(call, object)?;
        }
        "persistentvolumeclaims" => default_class(
            call,
            object,
            "storageclasses.storage.k8s.io",
            "storageclass.kubernetes.io/is-default-class",
            "storageClassName",
        ),
        "ingresses.networking.k8s.io" => default_class(
            call,
            object,
            "ingressclasses.networking.k8s.io",
            "ingressclass.kubernetes.io/is-default-class",
            "ingressClassName",
        ),
        _ => {}
    }
    Ok(())
}

/// Refuses what the validating plugins and policies refuse.
pub(crate) fn validate(call: &Call<'_>, object: &Value, old: Option<&Value>) -> ApiResult<()> {
    limits::check(call, object, old)?;
    pod_security::check(call, object, old)?;
    runtime_class::check(call, object, old)?;
    policy::check(call, Some(object), old)?;
    quota::check(call, object, old)
}

/// Refuses a deletion that policies refuse.
pub(crate) fn validate_delete(call: &Call<'_>, old: &Value) -> ApiResult<()> {
    policy::check(call, None, Some(old))
}

fn account(call: &Call<'_>, pod: &Value) -> (String, Option<Arc<Stored>>) {
    let named = text(pod, &["spec", "serviceAccountName"]);
    let name = if named.is_empty() { "default" } else { named };
    (name.to_owned(), call.api.store.get("serviceaccounts", &object_key(&call.target.namespace, name)))
}

/// As the ServiceAccount plugin: a Pod's account must be there, and lends it its image pull secrets.
fn service_account(call: &Call<'_>, pod: &mut Value) -> ApiResult<()> {
    let (name, account) = account(call, pod);
    let Some(account) = account else {
        // Without controllers nobody makes default accounts, so that a missing one says nothing.
        if !call.api.controllers {
            return Ok(());
        }
        let why = format!(
            "error looking up service account {}/{name}: serviceaccount {name:?} not found",
            call.target.namespace
        );
        return Err(ApiError::forbidden(&call.resource, text(pod, &["metadata", "name"]), &why));
    };
    if let Some(secrets) = account.value.get("imagePullSecrets")
        && pod.get_path(&["spec", "imagePullSecrets"]).is_none()
    {
        pod.set_path(&["spec", "imagePullSecrets"], secrets.clone());
    }
    if account.value.get("automountServiceAccountToken").and_then(Value::as_bool) == Some(false)
        && pod.get_path(&["spec", "automountServiceAccountToken"]).is_none()
    {
        take_token_out(pod);
    }
    Ok(())
}

/// Takes the token's volume out of a Pod whose account wants none mounted.
fn take_token_out(pod: &mut Value) {
    let is_token = |v: &Value| text(v, &["name"]).starts_with("kube-api-access-");
    for list in ["initContainers", "containers"] {
        let Some(containers) = pod.get_path_mut(&["spec", list]).and_then(Value::as_array_mut) else {
            continue;
        };
        for container in containers.make_mut() {
            drop_entries(container, &["volumeMounts"], is_token);
        }
    }
    drop_entries(pod, &["spec", "volumes"], is_token);
}

fn drop_entries(value: &mut Value, path: &[&str], drop: impl Fn(&Value) -> bool) {
    let Some(list) = value.get_path(path).and_then(Value::as_array) else { return };
    let kept: Vec<Value> = list.iter().filter(|v| !drop(v)).cloned().collect();
    if kept.is_empty() {
        value.remove_path(path);
    } else {
        value.set_path(path, kept);
    }
}

/// As Priority: a named class must be there, and the global default is named.
fn priority(call: &Call<'_>, pod: &mut Value) -> ApiResult<()> {
    let named = text(pod, &["spec", "priorityClassName"]).to_owned();
    let table = "priorityclasses.scheduling.k8s.io";
    if named.is_empty() {
        let (_, classes) = call.api.store.list(table, "");
        let default =
            classes.iter().find(|c| c.value.get("globalDefault").and_then(Value::as_bool) == Some(true));
        if let Some(class) = default {
            pod.set_path(&["spec", "priorityClassName"], text(&class.value, &["metadata", "name"]));
        }
        return Ok(());
    }
    if named.starts_with("system-") || call.api.store.get(table, &named).is_some() {
        return Ok(());
    }
    let why = format!("no PriorityClass with name {named} was found");
    Err(ApiError::forbidden(&call.resource, text(pod, &["metadata", "name"]), &why))
}

/// Fills in the one class that is marked as default.
fn default_class(call: &Call<'_>, object: &mut Value, table: &str, mark: &str, field: &str) {
    if object.get_path(&["spec", field]).is_some()
        || !text(object, &["metadata", "annotations", "kubernetes.io/ingress.class"]).is_empty()
    {
        return;
    }
    let (_, classes) = call.api.store.list(table, "");
    let default = classes.iter().find(|c| text(&c.value, &["metadata", "annotations", mark]) == "true");
    if let Some(class) = default {
        object.set_path(&["spec", field], text(&class.value, &["metadata", "name"]));
    }
}

/// Whether an object and its namespace are selected by a policy's selectors.
pub(crate) fn selected(call: &Call<'_>, constraints: &Value, object: &Value) -> bool {
    let matches = |selector: Option<&Value>, labels: Option<&Value>| {
        LabelSelector::from_object(selector).is_none_or(|s| s.matches_labels(labels))
    };
    if !matches(constraints.get("objectSelector"), object.get_path(&["metadata", "labels"])) {
        return false;
    }
    let namespace = if call.resource.table == "namespaces" {
        text(object, &["metadata", "name"]).to_owned()
    } else {
        call.target.namespace.to_string()
    };
    if namespace.is_empty() {
        return true;
    }
    let found = call.api.store.get("namespaces", &namespace);
    matches(
        constraints.get("namespaceSelector"),
        found.as_ref().and_then(|n| n.value.get_path(&["metadata", "labels"])),
    )
}
