use super::fault::{Faults, has, list, show, text};
use super::names;
use crate::{Resource, Scope};
use fairway_value::{Map, Value};

/// Largest sum of an object's annotations, in bytes.
const ANNOTATIONS_MAX: usize = 256 * 1024;

enum NameRule {
    Subdomain,
    Label,
    Label1035,
    /// One path segment: RBAC.
    Segment,
}

fn name_rule(resource: &Resource) -> NameRule {
    if resource.custom {
        return NameRule::Subdomain;
    }
    match (resource.group.as_str(), resource.kind.as_str()) {
        ("", "Namespace" | "Service") | ("batch", "CronJob") => NameRule::Label,
        ("rbac.authorization.k8s.io", _) | ("certificates.k8s.io", _) => NameRule::Segment,
        // Events of the core group are taken as they always were.
        ("apiregistration.k8s.io", _) | ("policy", "PodDisruptionBudget") | ("", "Event") => {
            NameRule::Segment
        }
        ("never", _) => NameRule::Label1035,
        _ => NameRule::Subdomain,
    }
}

fn check_name(rule: &NameRule, name: &str) -> Vec<String> {
    match rule {
        NameRule::Subdomain => names::subdomain(name),
        NameRule::Label => names::label(name),
        NameRule::Label1035 => names::label_1035(name),
        NameRule::Segment => match name {
            "." | ".." => vec![format!("may not be '{name}'")],
            n if n.contains('/') => vec!["may not contain '/'".to_owned()],
            n if n.contains('%') => vec!["may not contain '%'".to_owned()],
            _ => Vec::new(),
        },
    }
}

/// How often the server looks at the metadata of an updated object: twice for every kind, and as often as the kind's own
/// checks do. Source: Kubernetes 1.36 `ValidateUpdate` of each strategy.
pub(super) fn times_on_update(resource: &Resource) -> usize {
    if resource.custom {
        return 3;
    }
    match resource.kind.as_str() {
        "PodDisruptionBudget" => 2,
        "ClusterRole"
        | "ClusterRoleBinding"
        | "ConfigMap"
        | "ControllerRevision"
        | "CSIStorageCapacity"
        | "DeviceClass"
        | "Endpoints"
        | "IPAddress"
        | "Ingress"
        | "IngressClass"
        | "Job"
        | "Namespace"
        | "Node"
        | "PersistentVolumeClaim"
        | "Pod"
        | "ResourceClaim"
        | "ResourceClaimTemplate"
        | "Role"
        | "RoleBinding"
        | "RuntimeClass"
        | "Secret"
        | "ServiceAccount"
        | "StorageClass"
        | "VolumeAttributesClass" => 4,
        _ => 3,
    }
}

/// Checks `metadata`; the name only of new objects.
pub(super) fn object_meta(object: &Value, resource: &Resource, new: bool, faults: &mut Faults) {
    let empty = Value::object();
    let meta = object.get("metadata").unwrap_or(&empty);
    let rule = name_rule(resource);
    let name = text(meta, "name");
    if new {
        if name.is_empty() {
            faults.required("metadata.name", "name or generateName is required");
        } else {
            faults.each("metadata.name", name, check_name(&rule, name));
        }
    }
    if resource.scope == Scope::Namespaced {
        let namespace = text(meta, "namespace");
        if namespace.is_empty() {
            faults.required("metadata.namespace", "");
        } else if new {
            faults.each("metadata.namespace", namespace, names::label(namespace));
        }
    }
    labels(meta.get("labels"), "metadata.labels", faults);
    annotations(meta.get("annotations"), "metadata.annotations", faults);
    owners(meta, faults);
    for (n, finalizer) in list(meta, "finalizers").iter().enumerate() {
        let finalizer = finalizer.as_str().unwrap_or_default();
        faults.each("metadata.finalizers", finalizer, names::qualified(finalizer));
        let standard = matches!(finalizer, "kubernetes" | "orphan" | "foregroundDeletion");
        if !resource.custom && !standard && !finalizer.contains('/') {
            let field = format!("metadata.finalizers[{n}]");
            faults.invalid_text(
                field,
                finalizer,
                "name is neither a standard finalizer name nor is it fully qualified",
            );
        }
    }
}

/// Checks labels: keys, then values, in order.
pub(super) fn labels(labels: Option<&Value>, field: &str, faults: &mut Faults) {
    for (key, value) in labels.and_then(Value::as_object).into_iter().flat_map(Map::iter) {
        faults.each(field, key, names::qualified(key));
        let value = value.as_str().unwrap_or_default();
        faults.each(field, value, names::label_value(value));
    }
}

/// Checks annotations: keys, and how much there is of them.
pub(super) fn annotations(annotations: Option<&Value>, field: &str, faults: &mut Faults) {
    let mut size = 0;
    for (key, value) in annotations.and_then(Value::as_object).into_iter().flat_map(Map::iter) {
        faults.each(field, key, names::qualified(&key.to_ascii_lowercase()));
        size += key.len() + value.as_str().unwrap_or_default().len();
    }
    if size > ANNOTATIONS_MAX {
        faults.too_long(field, ANNOTATIONS_MAX);
    }
}

fn owners(meta: &Value, faults: &mut Faults) {
    let mut controller: Option<String> = None;
    for (n, owner) in list(meta, "ownerReferences").iter().enumerate() {
        let field = format!("metadata.ownerReferences[{n}]");
        for (key, why) in [
            ("apiVersion", "version must not be empty"),
            ("kind", "must not be empty"),
            ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ] {
            if text(owner, key).is_empty() {
                faults.invalid_text(format!("{field}.{key}"), "", why);
            }
        }
        if owner.get("controller") == Some(&Value::Bool(true)) {
            let own = format!("{}/{}", text(owner, "kind"), text(owner, "name"));
            match &controller {
                Some(first) => faults.invalid(
                    "metadata.ownerReferences",
                    owners_shown(list(meta, "ownerReferences")),
                    &format!(
                        "Only one reference can have Controller set to true. Found \"true\" in references for {first} and \
                         {own}"
                    ),
                ),
                None => controller = Some(own),
            }
        }
    }
}

/// Owner references in the order of their Go fields.
fn owners_shown(owners: &[Value]) -> String {
    let one = |owner: &Value| {
        let keys = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];
        let parts: Vec<String> = keys
            .iter()
            .filter_map(|k| {
                owner.get(k).map(|v| format!("{}:{}", show(Some(&Value::from(*k))), show(Some(v))))
            })
            .collect();
        format!("{{{}}}", parts.join(","))
    };
    format!("[{}]", owners.iter().map(one).collect::<Vec<_>>().join(","))
}

/// Checks what an update may not change in `metadata`.
pub(super) fn update(object: &Value, old: &Value, faults: &mut Faults) {
    let empty = Value::object();
    let (new_meta, old_meta) =
        (object.get("metadata").unwrap_or(&empty), old.get("metadata").unwrap_or(&empty));
    if has(old_meta, "deletionTimestamp") {
        let had = list(old_meta, "finalizers");
        let added: Vec<String> =
            list(new_meta, "finalizers").iter().filter(|f| !had.contains(f)).map(|f| show(Some(f))).collect();
        if !added.is_empty() {
            let why = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                added.join(", ")
            );
            // The server's general check and the kind's own both say it.
            faults.forbidden("metadata.finalizers", &why);
            faults.forbidden("metadata.finalizers", &why);
        }
    }
}
