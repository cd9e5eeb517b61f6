use crate::managed::Set;
use crate::{Resource, Schemas};
use fairway_value::Value;

/// The annotation in which a DaemonSet counts changes of its template.
pub(crate) const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

pub(super) fn has_status(resource: &Resource) -> bool {
    resource.subresources.iter().any(|s| s.name == "status")
}

/// Returns the fields that a write through an endpoint cannot change, and that its manager therefore does not own.
#[must_use]
pub fn reset_fields(schemas: &Schemas, api_version: &str, kind: &str, subresource: &str) -> Set {
    let mut set = Set::default();
    let Some(resource) = schemas.resource(api_version, kind) else { return set };
    match subresource {
        "" if has_status(resource) => set.insert_fields(&["status"]),
        "status" => {
            set.insert_fields(&["spec"]);
            match kind {
                _ if resource.custom => set.insert_fields(&["metadata"]),
                "Deployment" => set.insert_fields(&["metadata", "labels"]),
                "Pod" => {
                    set.insert_fields(&["metadata", "deletionTimestamp"]);
                    set.insert_fields(&["metadata", "ownerReferences"]);
                }
                "CertificateSigningRequest" => set.insert_fields(&["status", "conditions"]),
                "ServiceCIDR"
                | "ResourceClaim"
                | "VolumeAttachment"
                | "FlowSchema"
                | "PriorityLevelConfiguration"
                | "ValidatingAdmissionPolicy"
                | "APIService" => {
                    set.insert_fields(&["metadata"]);
                }
                _ => {}
            }
        }
        _ => {}
    }
    set
}

pub(super) fn resource_of<'s>(object: &Value, schemas: &'s Schemas) -> Option<&'s Resource> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    schemas.resource(text("apiVersion"), text("kind"))
}

/// Whether `metadata.generation` counts changes of the kind's objects.
#[must_use]
pub fn counts_generation(resource: &Resource) -> bool {
    resource.custom
        || matches!(
            resource.kind.as_str(),
            "Deployment"
                | "StatefulSet"
                | "DaemonSet"
                | "ReplicaSet"
                | "ReplicationController"
                | "Job"
                | "CronJob"
                | "Pod"
                | "Ingress"
                | "IngressClass"
                | "NetworkPolicy"
                | "PodDisruptionBudget"
                | "ValidatingWebhookConfiguration"
                | "MutatingWebhookConfiguration"
                | "ValidatingAdmissionPolicy"
                | "ValidatingAdmissionPolicyBinding"
                | "MutatingAdmissionPolicy"
                | "MutatingAdmissionPolicyBinding"
                | "CustomResourceDefinition"
                | "FlowSchema"
                | "PriorityLevelConfiguration"
                | "PriorityClass"
                | "EndpointSlice"
                | "ResourceSlice"
                | "CSIDriver"
                | "PodTemplate"
                | "DeviceClass"
        )
}

pub(super) fn reset_status(object: &mut Value, old: Option<&Value>, schemas: &Schemas) {
    match old.and_then(|o| o.get("status")) {
        Some(status) => {
            object.set_path(&["status"], status.clone());
        }
        None => {
            object.remove_path(&["status"]);
            // Kinds whose status is a struct by value show it empty.
            let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
            let empty = crate::canonical::empty_object(schemas, text("apiVersion"), text("kind"));
            if let Some(status) = empty.get("status") {
                object.set_path(&["status"], status.clone());
            }
        }
    }
}

/// Brings an object about to replace `old` into the form in which the endpoint takes it, and counts its generation on where
/// what the kind counts has changed.
pub fn prepare_update(object: &mut Value, old: &Value, subresource: &str, schemas: &Schemas) {
    let Some(resource) = resource_of(object, schemas) else { return };
    match subresource {
        "" => {
            if has_status(resource) {
                reset_status(object, Some(old), schemas);
            }
            super::gates::drop_disabled(object, Some(old), schemas);
            let kind = object.get_path(&["spec", "type"]).and_then(Value::as_str);
            if resource.kind == "Service" && !resource.custom && kind != Some("LoadBalancer") {
                object.set_path(&["status", "loadBalancer"], Value::object());
            }
        }
        "status" => keep_all_but_status(object, old, resource),
        _ => {}
    }
    if resource.kind == "Namespace" && !resource.custom && subresource.is_empty() {
        // Only /finalize changes these.
        match old.get_path(&["spec", "finalizers"]) {
            Some(kept) => {
                object.set_path(&["spec", "finalizers"], kept.clone());
            }
            None => {
                object.remove_path(&["spec", "finalizers"]);
            }
        }
    }
    if resource.kind == "Pod"
        && !resource.custom
        && subresource.is_empty()
        && let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut)
    {
        super::pod::tolerations(spec);
        // What the class gave stays where it is not said (the Priority plugin).
        for key in ["priority", "preemptionPolicy"] {
            if let Some(kept) =
                old.get_path(&["spec", key]).filter(|_| spec.get(key).is_none_or(Value::is_null))
            {
                spec.insert(key, kept.clone());
            }
        }
    }
    if resource.kind == "DaemonSet" && !resource.custom {
        count_template(object, old);
    }
    if let Some(generation) = old.get_path(&["metadata", "generation"]) {
        object.set_path(&["metadata", "generation"], generation.clone());
    }
    if counts_generation(resource) && subresource != "status" && counted_change(object, old, resource) {
        let before = old.get_path(&["metadata", "generation"]).and_then(Value::as_i64).unwrap_or(0);
        object.set_path(&["metadata", "generation"], before + 1);
    }
}

fn count_template(object: &mut Value, old: &Value) {
    let path = ["metadata", "annotations", TEMPLATE_GENERATION];
    let Some(before) = old.get_path(&path).and_then(Value::as_str).and_then(|n| n.parse::<i64>().ok()) else {
        return;
    };
    let template = |o: &Value| o.get_path(&["spec", "template"]).cloned().unwrap_or_default();
    let changed = !crate::managed::equal(&template(object), &template(old));
    object.set_path(&path, (before + i64::from(changed)).to_string());
}

fn keep_all_but_status(object: &mut Value, old: &Value, resource: &Resource) {
    let status = object.get("status").cloned();
    let metadata = object.get("metadata").cloned();
    let managed = object.get_path(&["metadata", "managedFields"]).cloned();
    let mut next = old.clone();
    match status {
        Some(status) => {
            next.set_path(&["status"], status);
        }
        None => {
            next.remove_path(&["status"]);
        }
    }
    if !resource.custom
        && let Some(metadata) = metadata
    {
        // Built-in kinds take labels and annotations through /status, Deployments no labels.
        let labels = old.get_path(&["metadata", "labels"]).cloned();
        next.set_path(&["metadata"], metadata);
        if resource.kind == "Deployment" {
            match labels {
                Some(labels) => {
                    next.set_path(&["metadata", "labels"], labels);
                }
                None => {
                    next.remove_path(&["metadata", "labels"]);
                }
            }
        }
    }
    match managed {
        Some(managed) => {
            next.set_path(&["metadata", "managedFields"], managed);
        }
        None => {
            next.remove_path(&["metadata", "managedFields"]);
        }
    }
    *object = next;
}

/// Whether something changed that the generation counts.
fn counted_change(object: &Value, old: &Value, resource: &Resource) -> bool {
    let differs = |path: &[&str]| {
        let (new, old) = (object.get_path(path), old.get_path(path));
        match (new, old) {
            (Some(new), Some(old)) => !crate::managed::equal(new, old),
            (None, None) => false,
            _ => true,
        }
    };
    match resource.kind.as_str() {
        _ if resource.custom => {
            let keys = |o: &Value| -> Vec<String> {
                let map = o.as_object();
                map.into_iter().flat_map(|m| m.keys()).map(ToString::to_string).collect()
            };
            let mut all = keys(object);
            all.extend(keys(old));
            all.iter().filter(|k| *k != "metadata").any(|k| differs(&[k]))
        }
        "Deployment" => differs(&["spec"]) || differs(&["metadata", "annotations"]),
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => differs(&["webhooks"]),
        "EndpointSlice" => {
            let meta = ["labels", "annotations"].iter().any(|k| differs(&["metadata", k]));
            meta || ["endpoints", "ports", "addressType"].iter().any(|k| differs(&[k]))
        }
        "PriorityClass" => false,
        "PodTemplate" => differs(&["template"]),
        _ => differs(&["spec"]),
    }
}
