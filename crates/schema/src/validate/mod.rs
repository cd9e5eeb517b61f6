//! What the API server refuses, in its words.
//!
//! The checks follow Kubernetes 1.36 `pkg/apis/*/validation`, apiextensions-apiserver and apimachinery `api/validation`, for the
//! rules that real manifests break. An object that passes here can still be refused by a real server; none that a real server takes
//! should be refused here.

mod admission;
mod batch;
mod certificate;
mod claim;
mod config;
mod crd;
mod cron;
mod custom;
mod device_slices;
mod devices;
mod endpoints;
mod fault;
mod flow;
mod meta;
pub(crate) mod names;
mod network;
mod pod;
mod pod_affinity;
mod pod_container;
mod pod_env;
mod pod_probe;
mod pod_resources;
mod pod_security;
mod pod_volume;
mod pod_windows;
mod policy;
mod policy_expressions;
mod quota;
mod rbac;
mod service;
mod shown;
mod storage;
mod text_diff;
mod update;
mod webhook;
mod workload;
mod zones;

pub(crate) use custom::{Rules, compiled_pattern, fits_text_format, is_text_format};
pub use fault::Cause;
pub(crate) use names::{label, label_value};
pub(crate) use service::addresses as service_addresses;

use crate::{Resource, Schemas};
use fairway_value::Value;
use fault::Faults;

/// Checks an object about to be created. Empty where the server would take it (as far as its rules are known).
#[must_use]
pub fn create(object: &Value, schemas: &Schemas) -> Vec<Cause> {
    let mut faults = Faults::default();
    check(object, None, "", schemas, &mut faults);
    faults.into_causes()
}

/// Checks an object about to replace `old` through an endpoint (`status`, or empty for the object itself): everything that
/// [`create`] checks, and immutable fields.
#[must_use]
pub fn update(object: &Value, old: &Value, subresource: &str, schemas: &Schemas) -> Vec<Cause> {
    let mut faults = Faults::default();
    meta::update(object, old, &mut faults);
    let resource = schemas.resource(fault::text(object, "apiVersion"), fault::text(object, "kind"));
    let built_in = resource.filter(|r| !r.custom);
    if let Some(resource) = resource {
        // What a kind checks again comes again among the causes.
        for _ in 1..meta::times_on_update(resource) {
            meta::object_meta(object, resource, false, &mut faults);
        }
        if resource.kind == "PersistentVolume" && !resource.custom {
            config::check(object, "PersistentVolume", &mut faults);
        }
    }
    let first = built_in.is_some_and(|r| update::comes_first(&r.group, &r.kind));
    if first {
        update::immutable(object, old, &mut faults);
    }
    // Of a priority class an update is held against the old one alone.
    if built_in.is_some_and(|r| r.kind == "PriorityClass") {
        meta_alone(object, schemas, &mut faults);
    } else {
        check(object, Some(old), subresource, schemas, &mut faults);
    }
    if built_in.is_some_and(|r| r.kind == "Job") {
        workload::job_again(object, &mut faults);
    }
    if built_in.is_some() && !first {
        update::immutable(object, old, &mut faults);
    }
    faults.into_causes()
}

fn meta_alone(object: &Value, schemas: &Schemas, faults: &mut Faults) {
    let (version, kind) = (fault::text(object, "apiVersion"), fault::text(object, "kind"));
    if let Some(resource) = schemas.resource(version, kind) {
        meta::object_meta(object, resource, false, faults);
    }
}

fn check(object: &Value, old: Option<&Value>, subresource: &str, schemas: &Schemas, faults: &mut Faults) {
    let (version, kind) = (fault::text(object, "apiVersion"), fault::text(object, "kind"));
    let Some(resource) = schemas.resource(version, kind) else { return };
    // Unchanged names are not looked at again: rules grow, objects stay.
    let new = old.is_none();
    if new && !resource.custom && meta::comes_last(resource) {
        let before = faults.len();
        kind_alone(object, kind, old, resource, faults);
        if faults.len() == before {
            meta::object_meta(object, resource, new, faults);
        }
        return;
    }
    meta::object_meta(object, resource, new, faults);
    if resource.custom {
        return custom::check(object, old, resource, subresource == "status", faults);
    }
    kind_alone(object, kind, old, resource, faults);
}

/// Checks what a built-in kind alone has.
fn kind_alone(object: &Value, kind: &str, old: Option<&Value>, resource: &Resource, faults: &mut Faults) {
    match resource.group.as_str() {
        "" => core(object, kind, old, faults),
        "apps" | "batch" | "autoscaling" | "policy" => {
            workload::check(object, kind, old, faults);
            workload::status(object, kind, faults);
        }
        "networking.k8s.io" => network::check(object, kind, old.is_none(), faults),
        "admissionregistration.k8s.io" => webhook::check(object, kind, faults),
        "apiextensions.k8s.io" => crd::check(object, old, faults),
        "certificates.k8s.io" if kind == "CertificateSigningRequest" && old.is_none() => {
            certificate::request(object.get("spec").unwrap_or(&Value::Null), faults);
        }
        "resource.k8s.io" => devices::check(object, kind, faults),
        "discovery.k8s.io" => endpoints::slice(object, old, faults),
        _ => config::check(object, kind, faults),
    }
}

fn core(object: &Value, kind: &str, old: Option<&Value>, faults: &mut Faults) {
    match kind {
        "Pod" => {
            let empty = Value::object();
            let name = object.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
            let spec = object.get("spec").unwrap_or(&empty);
            pod::annotations(
                object.get_path(&["metadata", "annotations"]),
                spec,
                "metadata.annotations",
                faults,
            );
            pod::spec(Some(spec), "spec", Some(name), faults);
            pod::of_pod_alone(object, faults);
        }
        "PodTemplate" => workload::pod_template(object.get("template"), "template", faults),
        "ReplicationController" => {
            workload::check(object, kind, old, faults);
            workload::status(object, kind, faults);
        }
        "Service" => service::check(object, faults),
        "Endpoints" => network::endpoints(object, faults),
        "Namespace" if old.is_none() => {
            let finalizers = object.get_path(&["spec", "finalizers"]).and_then(Value::as_array);
            for name in finalizers.unwrap_or_default().iter().map(|f| f.as_str().unwrap_or_default()) {
                faults.each("spec.finalizers", name, names::qualified(name));
                meta::standard_finalizer("spec.finalizers", name, faults);
            }
        }
        _ => config::check(object, kind, faults),
    }
}
