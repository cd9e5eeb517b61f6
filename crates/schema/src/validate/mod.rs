//! What the API server refuses, in its words.
//!
//! The checks follow Kubernetes 1.36 `pkg/apis/*/validation`, apiextensions-apiserver and apimachinery `api/validation`, for the
//! rules that real manifests break. An object that passes here can still be refused by a real server; none that a real server takes
//! should be refused here.

mod config;
mod crd;
mod custom;
mod fault;
mod meta;
mod names;
mod network;
mod pod;
mod pod_volume;
mod update;
mod webhook;
mod workload;

pub use fault::Cause;

use crate::Schemas;
use fairway_value::Value;
use fault::Faults;

/// Checks an object about to be created. Empty where the server would take it (as far as its rules are known).
#[must_use]
pub fn create(object: &Value, schemas: &Schemas) -> Vec<Cause> {
    let mut faults = Faults::default();
    check(object, None, schemas, &mut faults);
    faults.into_causes()
}

/// Checks an object about to replace `old`: everything that [`create`] checks, and immutable fields.
#[must_use]
pub fn update(object: &Value, old: &Value, schemas: &Schemas) -> Vec<Cause> {
    let mut faults = Faults::default();
    meta::update(object, old, &mut faults);
    check(object, Some(old), schemas, &mut faults);
    let custom = schemas
        .resource(fault::text(object, "apiVersion"), fault::text(object, "kind"))
        .is_some_and(|r| r.custom);
    if !custom {
        update::immutable(object, old, &mut faults);
    }
    faults.into_causes()
}

fn check(object: &Value, old: Option<&Value>, schemas: &Schemas, faults: &mut Faults) {
    let (version, kind) = (fault::text(object, "apiVersion"), fault::text(object, "kind"));
    let Some(resource) = schemas.resource(version, kind) else { return };
    // Unchanged names are not looked at again: rules grow, objects stay.
    meta::object_meta(object, resource, old.is_none(), faults);
    if resource.custom {
        if let Some(schema) = &resource.crd_schema {
            custom::check(object, schema, faults);
        }
        return;
    }
    match resource.group.as_str() {
        "" => core(object, kind, faults),
        "apps" | "batch" | "autoscaling" | "policy" => workload::check(object, kind, version, faults),
        "networking.k8s.io" => network::check(object, kind, faults),
        "admissionregistration.k8s.io" => webhook::check(object, kind, faults),
        "apiextensions.k8s.io" => crd::check(object, faults),
        _ => config::check(object, kind, faults),
    }
}

fn core(object: &Value, kind: &str, faults: &mut Faults) {
    match kind {
        "Pod" => pod::spec(object.get("spec"), "spec", pod::Context::Pod, faults),
        "PodTemplate" => workload::pod_template(object.get("template"), "template", faults),
        "ReplicationController" => workload::check(object, kind, "v1", faults),
        "Service" => network::service(object, faults),
        "Endpoints" => network::endpoints(object, faults),
        _ => config::check(object, kind, faults),
    }
}
