//! What stands between a decoded object and the store: the URL's name, what only the server sets, ownership, strategy and
//! validation.

use super::Refusal;
use super::write::{Request, VERSION_ON_CREATE, Verb, Written, text, write_of};
use crate::canonical::Form;
use crate::strategy::Chooser;
use crate::validate::Cause;
use crate::{Resource, Schemas, Scope, canonical, managed, strategy, structural, validate};
use fairway_value::Value;

const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

/// The namespace and name of the object must be those of the URL.
fn fit_url(object: &mut Value, request: &Request<'_>) -> Result<(), Refusal> {
    let resource = request.resource;
    match resource.scope {
        Scope::Namespaced => {
            let given = text(object, &["metadata", "namespace"]);
            if given.is_empty() {
                object.set_path(&["metadata", "namespace"], request.namespace);
            } else if given != request.namespace {
                return Err(Refusal::bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request",
                ));
            }
        }
        Scope::Cluster => {
            object.remove_path(&["metadata", "namespace"]);
        }
    }
    let given = text(object, &["metadata", "name"]);
    if !request.name.is_empty() && given.is_empty() {
        if matches!(request.verb, Verb::Update) {
            return Err(Refusal::bad_request(format!(
                "the name of the object ({} based on URL) was undeterminable: name must be provided",
                request.name
            )));
        }
        object.set_path(&["metadata", "name"], request.name);
    } else if !request.name.is_empty() && given != request.name {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({})",
            request.name
        )));
    }
    Ok(())
}

pub(super) fn create(
    mut object: Value,
    form: Form,
    request: &Request<'_>,
    schemas: &Schemas,
    chooser: &mut dyn Chooser,
) -> Result<Written, Refusal> {
    fit_url(&mut object, request)?;
    if request.verb == Verb::Update && !creates_on_update(&request.resource.kind) {
        return Err(Refusal::not_found(request.resource, request.name));
    }
    let asked = object.remove_path(&["metadata", "resourceVersion"]);
    if asked.is_some_and(|v| !v.is_null()) && !matches!(request.verb, Verb::Apply { .. }) {
        return Err(Refusal::internal(VERSION_ON_CREATE));
    }
    if text(&object, &["metadata", "name"]).is_empty() {
        let base = text(&object, &["metadata", "generateName"]).to_owned();
        if !base.is_empty() {
            object.set_path(&["metadata", "name"], format!("{base}{}", chooser.suffix()));
        }
    }
    own(None, &mut object, form, request, schemas);
    for key in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        object.remove_path(&["metadata", key]);
    }
    object.set_path(&["metadata", "uid"], request.uid);
    object.set_path(&["metadata", "creationTimestamp"], request.now);
    strategy::prepare_create(&mut object, schemas, chooser)
        .map_err(|why| refused(why, request.resource, text(request.body, &["metadata", "name"])))?;
    share_labels(&mut object, request);
    let causes = validate::create(&object, schemas);
    if !causes.is_empty() {
        return Err(Refusal::invalid(request.resource, text(&object, &["metadata", "name"]), causes));
    }
    read_back(&mut object, request);
    Ok(Written { object, created: true, changed: true, warnings: Vec::new() })
}

/// A Job whose labels are its template's by default shares them with it in the server's memory: what creation adds to the one is in
/// both (Kubernetes 1.36 `pkg/apis/batch/v1/defaults.go`, `pkg/registry/batch/job/strategy.go`).
fn share_labels(object: &mut Value, request: &Request<'_>) {
    let any = |object: &Value| {
        object.get_path(&["metadata", "labels"]).and_then(Value::as_object).is_some_and(|l| !l.is_empty())
    };
    let resource = request.resource;
    let by_default =
        (&*resource.group, &*resource.kind) == ("batch", "Job") && any(object) && !any(request.body);
    if by_default && let Some(labels) = object.get_path(&["spec", "template", "metadata", "labels"]).cloned()
    {
        object.set_path(&["metadata", "labels"], labels);
    }
}

fn refused(why: strategy::Refused, resource: &Resource, name: &str) -> Refusal {
    match why {
        strategy::Refused::Message(message) => Refusal::internal(message),
        strategy::Refused::Causes(causes) => Refusal::invalid(resource, name, causes),
        strategy::Refused::Forbidden(why) => Refusal::forbidden(resource, name, &why),
    }
}

/// Tells what of an object the writer owns, and brings it into stored form: ownership is of what was sent. An apply has told that.
fn own(live: Option<&Value>, object: &mut Value, form: Form, request: &Request<'_>, schemas: &Schemas) {
    if matches!(request.verb, Verb::Apply { .. }) {
        return;
    }
    let api_version = request.resource.api_version();
    managed::update(live, object, &write_of(request, &api_version, false), schemas);
    if form == Form::Sent && !request.resource.custom {
        // What has been decoded once fits.
        let _ = canonical::canonicalize(object, schemas);
    }
}

/// Nulls of custom resources that validation lets through are gone when the object is read again.
fn read_back(object: &mut Value, request: &Request<'_>) {
    if let Some(schema) = &request.resource.crd_schema
        && matches!(request.verb, Verb::Apply { .. })
    {
        structural::prune_nulls(object, schema);
    }
}

pub(super) fn update(
    live: &Value,
    mut object: Value,
    form: Form,
    request: &Request<'_>,
    schemas: &Schemas,
    chooser: &mut dyn Chooser,
) -> Result<Written, Refusal> {
    fit_url(&mut object, request)?;
    let resource = request.resource;
    let name = text(live, &["metadata", "name"]).to_owned();
    let (stored, asked) =
        (text(live, &["metadata", "resourceVersion"]), text(&object, &["metadata", "resourceVersion"]));
    if !asked.is_empty() && asked != stored {
        return Err(Refusal::conflict(resource, &name, MODIFIED));
    }
    if request.verb == Verb::Update && asked.is_empty() && (resource.custom || !unconditional(&resource.kind))
    {
        let cause = Cause {
            reason: "FieldValueInvalid",
            message: "Invalid value: 0: must be specified for an update".to_owned(),
            field: "metadata.resourceVersion".to_owned(),
        };
        let mut refusal = Refusal::invalid(resource, &name, vec![cause]);
        // Objects are named by their resource here.
        let kind = refusal.message.split(' ').next().unwrap_or_default().len();
        refusal.message.replace_range(..kind, &super::refusal::qualified(resource));
        return Err(refusal);
    }
    keep_system_fields(&mut object, live, request, &name)?;
    own(Some(live), &mut object, form, request, schemas);
    if resource.kind == "Service" && !resource.custom && request.subresource.is_empty() {
        strategy::update_service(&mut object, live, chooser).map_err(|why| refused(why, resource, &name))?;
    }
    strategy::prepare_update(&mut object, live, request.subresource, schemas);
    let causes = validate::update(&object, live, request.subresource, schemas);
    if !causes.is_empty() {
        return Err(Refusal::invalid(resource, &name, causes));
    }
    read_back(&mut object, request);
    managed::keep_times(live, &mut object);
    let changed = !managed::equal(live, &object);
    Ok(Written { object, created: false, changed, warnings: Vec::new() })
}

/// Kinds whose objects a PUT creates.
fn creates_on_update(kind: &str) -> bool {
    matches!(
        kind,
        "Endpoints"
            | "Event"
            | "Lease"
            | "LimitRange"
            | "PodTemplate"
            | "Service"
            | "Role"
            | "RoleBinding"
            | "ClusterRole"
            | "ClusterRoleBinding"
    )
}

/// Kinds that may be updated without naming the version expected.
fn unconditional(kind: &str) -> bool {
    !matches!(
        kind,
        "APIService"
            | "CSIDriver"
            | "CSINode"
            | "CSIStorageCapacity"
            | "CustomResourceDefinition"
            | "Lease"
            | "MutatingAdmissionPolicy"
            | "MutatingAdmissionPolicyBinding"
            | "MutatingWebhookConfiguration"
            | "PodDisruptionBudget"
            | "PriorityLevelConfiguration"
            | "RuntimeClass"
            | "ValidatingAdmissionPolicy"
            | "ValidatingAdmissionPolicyBinding"
            | "ValidatingWebhookConfiguration"
            | "VolumeAttachment"
    )
}

/// What only the server sets stays as it is where the request leaves it open.
fn keep_system_fields(
    object: &mut Value,
    live: &Value,
    request: &Request<'_>,
    name: &str,
) -> Result<(), Refusal> {
    let uid = text(object, &["metadata", "uid"]).to_owned();
    let stored = text(live, &["metadata", "uid"]);
    if !uid.is_empty() && uid != stored {
        let resource = request.resource;
        if request.verb == Verb::Update {
            let why = format!(
                "StorageError: invalid object, Code: 4, Key: /registry/{}/{}{}{name}, ResourceVersion: 0, AdditionalErrorMsg: \
                 Precondition failed: UID in precondition: {uid}, UID in object meta: {stored}",
                resource.plural,
                request.namespace,
                if request.namespace.is_empty() { "" } else { "/" },
            );
            return Err(Refusal::conflict(resource, name, &why));
        }
        let cause = Cause {
            reason: "FieldValueInvalid",
            message: format!("Invalid value: {uid:?}: field is immutable"),
            field: "metadata.uid".to_owned(),
        };
        // The server checks it twice.
        return Err(Refusal::invalid(resource, name, vec![cause.clone(), cause]));
    }
    // A deletion cannot be asked for by writing its time.
    for key in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        let asked = object.get_path(&["metadata", key]).filter(|v| !v.is_null());
        let applied = matches!(request.verb, Verb::Apply { .. });
        if let (Some(asked), None, false) = (asked, live.get_path(&["metadata", key]), applied) {
            let message = format!("Invalid value: {asked}: field is immutable");
            let cause = Cause { reason: "FieldValueInvalid", message, field: format!("metadata.{key}") };
            return Err(Refusal::invalid(request.resource, name, vec![cause.clone(), cause]));
        }
    }
    for key in [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "resourceVersion",
        "selfLink",
    ] {
        match live.get_path(&["metadata", key]) {
            Some(value) => {
                object.set_path(&["metadata", key], value.clone());
            }
            None => {
                object.remove_path(&["metadata", key]);
            }
        }
    }
    Ok(())
}
