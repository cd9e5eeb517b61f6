use super::Refusal;
use crate::managed::{self, ApplyError, Write};
use crate::strategy::Chooser;
use crate::validate::Cause;
use crate::{Resource, Schemas, Scope, canonical, defaults, merge, strategy, structural, validate, warnings};
use fairway_value::Value;

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// POST.
    Create,
    /// PUT.
    Update,
    /// PATCH with `application/apply-patch+yaml`.
    Apply {
        /// `force=true`.
        force: bool,
    },
    /// PATCH with `application/json-patch+json`.
    JsonPatch,
    /// PATCH with `application/merge-patch+json`.
    MergePatch,
    /// PATCH with `application/strategic-merge-patch+json`.
    StrategicPatch,
}

/// What happens to fields that a kind does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// Dropped in silence.
    Ignore,
    /// Dropped with a warning: what holds where nothing is said.
    #[default]
    Warn,
    /// Refused.
    Strict,
}

/// One write request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What it does.
    pub verb: Verb,
    /// The resource of the URL, in the URL's version.
    pub resource: &'a Resource,
    /// `status`, or empty for the object itself. For `scale` see [`super::write_scale`].
    pub subresource: &'a str,
    /// The field manager.
    pub manager: &'a str,
    /// The namespace of the URL; empty for cluster-scoped resources.
    pub namespace: &'a str,
    /// The name in the URL; empty for POST.
    pub name: &'a str,
    /// The body: an object or a patch.
    pub body: &'a Value,
    /// What happens to unknown fields.
    pub field_validation: FieldValidation,
    /// The time, RFC 3339 in seconds.
    pub now: &'a str,
    /// The uid of the object if it is created.
    pub uid: &'a str,
}

/// What a write comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The object to store. `metadata.resourceVersion` is the stored one's still.
    pub object: Value,
    /// Whether it is new.
    pub created: bool,
    /// Whether it differs from what is stored; if not, nothing is to be written.
    pub changed: bool,
    /// Texts for `Warning` headers.
    pub warnings: Vec<String>,
}

const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

const VERSION_ON_CREATE: &str = "resourceVersion should not be set on objects to be created";

fn text<'v>(object: &'v Value, path: &[&str]) -> &'v str {
    object.get_path(path).and_then(Value::as_str).unwrap_or_default()
}

/// Carries a request out against the stored object (nothing where there is none).
///
/// # Errors
/// What the server refuses, with its status.
pub fn write(
    live: Option<&Value>,
    request: &Request<'_>,
    schemas: &Schemas,
    chooser: &mut dyn Chooser,
) -> Result<Written, Refusal> {
    if counts_empty(request.resource) && live.is_some() && has_empty(request.body, 0) {
        let mut done = carry_out(live, request, schemas, chooser, canonical::decode)?;
        let _ = canonical::canonicalize(&mut done.object, schemas);
        done.changed = live.is_none_or(|l| !managed::equal(l, &done.object));
        return Ok(done);
    }
    let done = carry_out(live, request, schemas, chooser, canonical::canonicalize);
    match done {
        // Messages show empty lists and maps of the request, which nothing else ever sees.
        Err(refusal) if refusal.reason == "Invalid" && has_empty(request.body, 0) => {
            match carry_out(live, request, schemas, chooser, canonical::decode) {
                Err(shown) if shown.reason == "Invalid" => Err(shown),
                _ => Err(refusal),
            }
        }
        done => done,
    }
}

/// Says whether creating an object by server-side apply would be refused for what its schema lacks or what validation forbids.
/// This is [`write`] of a new object without its ownership: much cheaper, and it refuses the same.
///
/// # Errors
/// What the server refuses.
pub fn check_new(request: &Request<'_>, schemas: &Schemas, chooser: &mut dyn Chooser) -> Result<(), Refusal> {
    let mut config = placed(None, request)?;
    let api_version = request.resource.api_version();
    managed::check_config(&config, &write_of(request, &api_version, true), schemas).map_err(apply_refusal)?;
    canonical::canonicalize_applied(&mut config, schemas, canonical::canonicalize)
        .map_err(|why| Refusal::internal(why.to_string()))?;
    defaults::apply(&mut config, schemas);
    create(config, request, schemas, chooser).map(drop)
}

/// Kinds whose generation counts an empty list as other than none, though none is stored.
fn counts_empty(resource: &Resource) -> bool {
    let kinds = ["NetworkPolicy", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
    !resource.custom && kinds.contains(&resource.kind.as_str())
}

/// Whether there is an empty list or map anywhere.
fn has_empty(value: &Value, depth: usize) -> bool {
    depth < fairway_value::DEPTH_MAX
        && match value {
            Value::Array(items) => items.is_empty() || items.iter().any(|v| has_empty(v, depth + 1)),
            Value::Object(map) => map.is_empty() || map.values().any(|v| has_empty(v, depth + 1)),
            _ => false,
        }
}

/// How an object is brought into the server's form.
type Decode = fn(&mut Value, &Schemas) -> Result<(), canonical::ConvertError>;

fn carry_out(
    live: Option<&Value>,
    request: &Request<'_>,
    schemas: &Schemas,
    chooser: &mut dyn Chooser,
    form: Decode,
) -> Result<Written, Refusal> {
    let mut said = Vec::new();
    let object = match request.verb {
        Verb::Create | Verb::Update => decoded(request.body.clone(), request, schemas, &mut said, form)?,
        Verb::Apply { force } => applied(live, force, request, schemas, form)?,
        Verb::JsonPatch | Verb::MergePatch | Verb::StrategicPatch => {
            let live = live.ok_or_else(|| Refusal::not_found(request.resource, request.name))?;
            patched(live, request, schemas, &mut said, form)?
        }
    };
    let mut written = match live {
        None => create(object, request, schemas, chooser)?,
        Some(live) if request.verb == Verb::Create => {
            if !text(&object, &["metadata", "resourceVersion"]).is_empty() {
                return Err(Refusal::internal(VERSION_ON_CREATE));
            }
            return Err(Refusal::already_exists(request.resource, text(live, &["metadata", "name"])));
        }
        Some(live) => update(live, object, request, schemas, chooser)?,
    };
    if !request.resource.custom && request.subresource.is_empty() {
        said.extend(warnings::on_write(live, &written.object));
    }
    if !request.resource.deprecation.is_empty() {
        said.insert(0, request.resource.deprecation.to_string());
    }
    written.warnings = said;
    Ok(written)
}

fn write_of<'a>(request: &Request<'a>, api_version: &'a str, force: bool) -> Write<'a> {
    Write {
        manager: request.manager,
        api_version,
        kind: request.resource.kind.as_str(),
        subresource: request.subresource,
        force,
        now: request.now,
    }
}

fn applied(
    live: Option<&Value>,
    force: bool,
    request: &Request<'_>,
    schemas: &Schemas,
    form: Decode,
) -> Result<Value, Refusal> {
    let config = placed(live, request)?;
    let api_version = request.resource.api_version();
    let write = write_of(request, &api_version, force);
    managed::apply_as(live, &config, &write, schemas, form).map_err(apply_refusal)
}

/// Returns the configuration with the namespace of the URL.
fn placed(live: Option<&Value>, request: &Request<'_>) -> Result<Value, Refusal> {
    let Value::Object(_) = request.body else {
        let what = match request.body {
            Value::Array(_) => "array",
            Value::String(_) => "string",
            Value::Null => {
                return Err(Refusal::bad_request("metadata.name: Required value: name is required"));
            }
            _ => "number",
        };
        return Err(Refusal::bad_request(format!(
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {what} into Go \
             value of type map[string]interface {{}}"
        )));
    };
    if live.is_none() && !request.subresource.is_empty() {
        return Err(Refusal::not_found(request.resource, request.name));
    }
    let mut config = request.body.clone();
    let uid = text(&config, &["metadata", "uid"]);
    if live.is_none() && !uid.is_empty() {
        let why = format!(
            "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        );
        return Err(Refusal::conflict(request.resource, request.name, &why));
    }
    if text(&config, &["metadata", "name"]).is_empty() && !request.name.is_empty() {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            request.name
        )));
    }
    if request.resource.scope == Scope::Namespaced && text(&config, &["metadata", "namespace"]).is_empty() {
        config.set_path(&["metadata", "namespace"], request.namespace);
    }
    Ok(config)
}

fn apply_refusal(error: ApplyError) -> Refusal {
    match error {
        ApplyError::Conflicts { message, conflicts } => Refusal {
            code: 409,
            reason: "Conflict",
            message,
            causes: conflicts
                .into_iter()
                .map(|c| Cause {
                    reason: "FieldManagerConflict",
                    message: format!("conflict with {}", c.manager),
                    field: c.path,
                })
                .collect(),
            names_object: false,
        },
        ApplyError::Typed(message) => Refusal::internal(message),
        ApplyError::BadRequest(message) => Refusal::bad_request(message),
    }
}

fn patched(
    live: &Value,
    request: &Request<'_>,
    schemas: &Schemas,
    warnings: &mut Vec<String>,
    form: Decode,
) -> Result<Value, Refusal> {
    let patch = request.body;
    check_patch_shape(request)?;
    let next = match request.verb {
        // The server keeps to itself what is wrong with a JSON patch.
        Verb::JsonPatch => merge::json_patch(live, patch).map_err(|_| Refusal {
            code: 422,
            reason: "Invalid",
            ..Refusal::bad_request("the server rejected our request due to an error in our request")
        })?,
        Verb::StrategicPatch => {
            let api_version = request.resource.api_version();
            let ty =
                schemas.type_of(&api_version, &request.resource.kind).filter(|_| !request.resource.custom);
            let Some(ty) = ty else {
                return Err(Refusal {
                    code: 415,
                    reason: "UnsupportedMediaType",
                    ..Refusal::bad_request(
                        "the body of the request was in an unknown format - accepted media types include: \
                         application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
                    )
                });
            };
            merge::strategic(live, patch, ty).map_err(|e| strategic_refusal(&e.0))?
        }
        _ => merge::json_merge(live, patch),
    };
    let strict = unknown(&next, request, schemas, warnings);
    if !strict.is_empty() && request.verb == Verb::StrategicPatch {
        let why = format!("strict decoding error: {}", strict.join(", "));
        return Err(patch_refusal(&managed::go_v(patch), &why));
    }
    if !strict.is_empty() {
        let why = format!("strict decoding error: {}", strict.join(", "));
        return Err(patch_refusal(&next.to_string(), &why));
    }
    if request.verb == Verb::StrategicPatch {
        // The merged tree goes into its Go type without being JSON in between.
        let mut object = next;
        form(&mut object, schemas).map_err(|why| patch_refusal(&managed::go_v(patch), &why.message))?;
        defaults::apply(&mut object, schemas);
        return Ok(object);
    }
    let shown = next.to_string();
    decode(next, schemas, form, |why| patch_refusal(&shown, &why))
}

/// What a strategic patch that cannot be carried out is refused with, as apiserver's `interpretStrategicMergePatchError`.
fn strategic_refusal(why: &str) -> Refusal {
    match why {
        "invalid JSON document"
        | "invalid patch format of primitive list"
        | "invalid patch format of retainKeys"
        | "invalid patch format of setElementOrder list"
        | "strategic merge patch format is not supported" => Refusal::bad_request(why),
        "lists of lists are not supported" | "patch content doesn't match retainKeys list" => {
            Refusal { code: 422, reason: "Invalid", ..Refusal::bad_request(why) }
        }
        other => Refusal::internal(other),
    }
}

fn check_patch_shape(request: &Request<'_>) -> Result<(), Refusal> {
    let name = match request.body {
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Null | Value::Int(_) | Value::Uint(_) | Value::Float(_) => "number",
    };
    let (fits, wanted, prefix) = match request.verb {
        Verb::JsonPatch => (name == "array", "[]handlers.jsonPatchOp", "error decoding patch: "),
        Verb::StrategicPatch => (name == "object", "map[string]interface {}", ""),
        _ => (name == "object", "map[string]interface {}", "error decoding patch: "),
    };
    if fits || (request.verb == Verb::StrategicPatch && request.resource.custom) {
        return Ok(());
    }
    Err(Refusal::bad_request(format!("{prefix}json: cannot unmarshal {name} into Go value of type {wanted}")))
}

/// 422 for what a patch makes of an object.
fn patch_refusal(shown: &str, why: &str) -> Refusal {
    let message = format!("Invalid value: {}: {why}", managed::quote(shown));
    Refusal {
        code: 422,
        reason: "Invalid",
        message: format!(" \"\" is invalid: patch: {message}"),
        causes: vec![Cause { reason: "FieldValueInvalid", message, field: "patch".to_owned() }],
        names_object: false,
    }
}

/// Returns what is refused of unknown fields; under [`FieldValidation::Warn`] they become warnings.
fn unknown(
    object: &Value,
    request: &Request<'_>,
    schemas: &Schemas,
    warnings: &mut Vec<String>,
) -> Vec<String> {
    if request.field_validation == FieldValidation::Ignore {
        return Vec::new();
    }
    let found: Vec<String> = canonical::unknown_fields(object, schemas)
        .into_iter()
        .map(|path| format!("unknown field \"{path}\""))
        .collect();
    if request.field_validation == FieldValidation::Strict {
        return found;
    }
    warnings.extend(found);
    Vec::new()
}

fn decode(
    mut object: Value,
    schemas: &Schemas,
    form: Decode,
    refuse: impl FnOnce(String) -> Refusal,
) -> Result<Value, Refusal> {
    form(&mut object, schemas).map_err(|why| refuse(why.json_message()))?;
    defaults::apply(&mut object, schemas);
    Ok(object)
}

fn decoded(
    mut object: Value,
    request: &Request<'_>,
    schemas: &Schemas,
    warnings: &mut Vec<String>,
    form: Decode,
) -> Result<Value, Refusal> {
    let resource = request.resource;
    let api_version = resource.api_version();
    if object.as_object().is_none() {
        return Err(Refusal::bad_request(
            "couldn't get version/kind; json parse error: the body is no object",
        ));
    }
    let given = (text(&object, &["apiVersion"]).to_owned(), text(&object, &["kind"]).to_owned());
    for (key, given, expected) in
        [("apiVersion", &given.0, api_version.as_str()), ("kind", &given.1, &resource.kind)]
    {
        if given.is_empty() {
            object.set_path(&[key], expected);
        } else if given != expected {
            let kind = text(&object, &["kind"]);
            let version = text(&object, &["apiVersion"]).rsplit('/').next().unwrap_or_default();
            return Err(Refusal::bad_request(format!(
                "{kind} in version \"{version}\" cannot be handled as a {}: converting ({version}.{kind}) to (core.{}): \
                 unknown conversion",
                resource.kind, resource.kind
            )));
        }
    }
    let strict = unknown(&object, request, schemas, warnings);
    if !strict.is_empty() {
        let (kind, version) = (&resource.kind, &resource.version);
        return Err(Refusal::bad_request(format!(
            "{kind} in version \"{version}\" cannot be handled as a {kind}: strict decoding error: {}",
            strict.join(", ")
        )));
    }
    let kind = resource.kind.clone();
    let version = resource.version.clone();
    decode(object, schemas, form, |why| {
        Refusal::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {why}"))
    })
}

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

fn create(
    mut object: Value,
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
    if request.verb == Verb::Create || request.verb == Verb::Update {
        let api_version = request.resource.api_version();
        managed::update(None, &mut object, &write_of(request, &api_version, false), schemas);
    }
    for key in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        object.remove_path(&["metadata", key]);
    }
    object.set_path(&["metadata", "uid"], request.uid);
    object.set_path(&["metadata", "creationTimestamp"], request.now);
    strategy::prepare_create(&mut object, schemas, chooser)
        .map_err(|why| refused(why, request.resource, text(request.body, &["metadata", "name"])))?;
    let causes = validate::create(&object, schemas);
    if !causes.is_empty() {
        return Err(Refusal::invalid(request.resource, text(&object, &["metadata", "name"]), causes));
    }
    read_back(&mut object, request);
    Ok(Written { object, created: true, changed: true, warnings: Vec::new() })
}

fn refused(why: strategy::Refused, resource: &Resource, name: &str) -> Refusal {
    match why {
        strategy::Refused::Message(message) => Refusal::internal(message),
        strategy::Refused::Causes(causes) => Refusal::invalid(resource, name, causes),
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

fn update(
    live: &Value,
    mut object: Value,
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
        let shown = if resource.custom { "0" } else { "0x0" };
        let cause = Cause {
            reason: "FieldValueInvalid",
            message: format!("Invalid value: {shown}: must be specified for an update"),
            field: "metadata.resourceVersion".to_owned(),
        };
        let mut refusal = Refusal::invalid(resource, &name, vec![cause]);
        if resource.custom {
            // Custom resources are named by their resource here.
            let kind = format!("{}.{}", resource.kind, resource.group);
            refusal.message =
                refusal.message.replacen(&kind, &format!("{}.{}", resource.plural, resource.group), 1);
        }
        return Err(refusal);
    }
    keep_system_fields(&mut object, live, request, &name)?;
    if !matches!(request.verb, Verb::Apply { .. }) {
        let api_version = resource.api_version();
        managed::update(Some(live), &mut object, &write_of(request, &api_version, false), schemas);
    }
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
        "Lease"
            | "APIService"
            | "CustomResourceDefinition"
            | "PriorityLevelConfiguration"
            | "ValidatingWebhookConfiguration"
            | "MutatingWebhookConfiguration"
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
