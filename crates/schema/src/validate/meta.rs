use super::fault::{Faults, has, list, show, text};
use super::names;
use crate::{Resource, Scope};
use fairway_value::{Map, Value};

/// Largest sum of an object's annotations, in bytes.
const ANNOTATIONS_MAX: usize = 256 * 1024;

enum NameRule {
    Subdomain,
    Label,
    /// An address as it is written for machines.
    Address,
    /// One path segment: RBAC.
    Segment,
}

fn name_rule(resource: &Resource) -> NameRule {
    if resource.custom {
        return NameRule::Subdomain;
    }
    match (resource.group.as_str(), resource.kind.as_str()) {
        ("", "Namespace" | "Service") | ("apps", "StatefulSet") => NameRule::Label,
        ("networking.k8s.io", "IPAddress") => NameRule::Address,
        ("rbac.authorization.k8s.io", _) | ("certificates.k8s.io", _) => NameRule::Segment,
        // Events of the core group are taken as they always were.
        ("apiregistration.k8s.io", _) | ("policy", "PodDisruptionBudget") | ("", "Event") => {
            NameRule::Segment
        }
        _ => NameRule::Subdomain,
    }
}

fn check_name(rule: &NameRule, name: &str) -> Vec<String> {
    match rule {
        NameRule::Subdomain => names::subdomain(name),
        NameRule::Label => names::label(name),
        NameRule::Address => match name.parse::<std::net::IpAddr>() {
            Err(_) => vec!["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned()],
            Ok(ip) if ip.to_string() != name => {
                vec![format!("must be in canonical form (\"{ip}\")")]
            }
            Ok(_) => Vec::new(),
        },
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
        if names_finalizers(resource) {
            standard_finalizer(&format!("metadata.finalizers[{n}]"), finalizer, faults);
        }
    }
}

/// Whether a kind's own checks leave the metadata to those that all kinds have, which come after them.
pub(super) fn comes_last(resource: &Resource) -> bool {
    let kind = (resource.group.as_str(), resource.kind.as_str());
    matches!(kind, ("policy", "PodDisruptionBudget") | ("", "Event"))
}

/// Whether a kind's own checks look at the names of finalizers. Source: which of its two `ValidateObjectMeta` a kind calls.
fn names_finalizers(resource: &Resource) -> bool {
    let generic = matches!(
        resource.group.as_str(),
        "admissionregistration.k8s.io" | "apiextensions.k8s.io" | "apiregistration.k8s.io"
    );
    let kind = matches!(resource.kind.as_str(), "PodDisruptionBudget" | "Lease" | "Event" | "RuntimeClass");
    !resource.custom && !generic && !kind
}

/// Kubernetes' own finalizers may be without a domain.
pub(super) fn standard_finalizer(field: &str, finalizer: &str, faults: &mut Faults) {
    let standard = matches!(finalizer, "kubernetes" | "orphan" | "foregroundDeletion");
    if !standard && !finalizer.contains('/') {
        let why = "name is neither a standard finalizer name nor is it fully qualified";
        faults.invalid_text(field, finalizer, why);
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
    for owner in list(meta, "ownerReferences") {
        let field = "metadata.ownerReferences";
        let version = text(owner, "apiVersion");
        // A version that cannot be read leaves none.
        let read = version.split_once('/').map_or(version, |(_, v)| if v.contains('/') { "" } else { v });
        if read.is_empty() {
            faults.invalid_text(format!("{field}.apiVersion"), version, "version must not be empty");
        }
        for key in ["kind", "name", "uid"] {
            if text(owner, key).is_empty() {
                faults.invalid_text(format!("{field}.{key}"), "", "must not be empty");
            }
        }
        if version == "v1" && text(owner, "kind") == "Event" {
            let shown = owners_shown(std::slice::from_ref(owner));
            let why = "/v1, Kind=Event is disallowed from being an owner";
            faults.invalid(field, shown.trim_matches(['[', ']']), why);
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
