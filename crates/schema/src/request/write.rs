use super::Refusal;
use super::store::{create, update};
use crate::canonical::{Form, Otherwise};
use crate::managed::{self, ApplyError, Write};
use crate::strategy::Chooser;
use crate::validate::Cause;
use crate::{Resource, Schemas, Scope, canonical, defaults, merge, structural, warnings};
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

pub(super) const VERSION_ON_CREATE: &str = "resourceVersion should not be set on objects to be created";

pub(super) fn text<'v>(object: &'v Value, path: &[&str]) -> &'v str {
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
    // What an apply merges is compared before it is brought into any form.
    let form = match request.verb {
        Verb::Apply { .. } => Form::Stored,
        _ => Form::Sent,
    };
    if counts_empty(request.resource) && live.is_some() && has_empty(request.body, 0) {
        if !matches!(request.verb, Verb::Apply { .. }) {
            let mut done = carry_out(live, request, schemas, chooser, form)?;
            // Empty lists count, though nobody owns them.
            let counted = carry_out(live, request, schemas, chooser, Form::Shown)?.object;
            if let Some(generation) = counted.get_path(&["metadata", "generation"]) {
                done.object.set_path(&["metadata", "generation"], generation.clone());
            }
            done.changed = live.is_none_or(|l| !managed::equal(l, &done.object));
            return Ok(done);
        }
        let mut done = carry_out(live, request, schemas, chooser, Form::Shown)?;
        let _ = canonical::canonicalize(&mut done.object, schemas);
        done.changed = live.is_none_or(|l| !managed::equal(l, &done.object));
        return Ok(done);
    }
    let mut done = carry_out(live, request, schemas, chooser, form);
    if let (Ok(done), Some(live)) = (&mut done, live)
        && loses_fields(request)
    {
        count_on(done, live);
    }
    match done {
        // Messages show empty lists and maps of the request, which nothing else ever sees.
        Err(refusal) if refusal.reason == "Invalid" && has_empty(request.body, 0) => {
            match carry_out(live, request, schemas, chooser, Form::Shown) {
                Err(shown) if shown.reason == "Invalid" => Err(shown),
                _ => Err(refusal),
            }
        }
        done => done,
    }
}

/// Says whether creating an object by server-side apply would be refused for what its schema lacks or what validation forbids.
/// This is [`write()`] of a new object without its ownership: much cheaper, and it refuses the same.
///
/// # Errors
/// What the server refuses.
pub fn check_new(request: &Request<'_>, schemas: &Schemas, chooser: &mut dyn Chooser) -> Result<(), Refusal> {
    let mut config = placed(None, request)?;
    let api_version = request.resource.api_version();
    managed::check_config(&config, &write_of(request, &api_version, true), schemas).map_err(apply_refusal)?;
    canonical::canonicalize_applied(&mut config, schemas, Otherwise::As(Form::Stored))
        .map_err(|why| Refusal::internal(why.to_string()))?;
    defaults::apply(&mut config, schemas);
    create(config, Form::Stored, request, schemas, chooser).map(drop)
}

/// Kinds whose generation counts an empty list as other than none, though none is stored.
fn counts_empty(resource: &Resource) -> bool {
    let kinds = ["NetworkPolicy", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
    !resource.custom && kinds.contains(&resource.kind.as_str())
}

/// Whether what is applied to a custom resource has fields that its schema lacks. Where that keeps unknown ones further up they
/// are merged, and gone when the object is read back, but counted in between.
fn loses_fields(request: &Request<'_>) -> bool {
    let (Verb::Apply { .. }, "", Some(schema)) =
        (request.verb, request.subresource, &request.resource.crd_schema)
    else {
        return false;
    };
    let mut sent = request.body.clone();
    sent.remove_path(&["metadata"]);
    if request.resource.subresources.iter().any(|s| s.name == "status") {
        sent.remove_path(&["status"]);
    }
    !structural::unknown_paths(&sent, schema).is_empty()
}

/// Counts a change that is not seen.
fn count_on(done: &mut Written, live: &Value) {
    let path = ["metadata", "generation"];
    let Some(before) = live.get_path(&path).and_then(Value::as_i64) else { return };
    if done.object.get_path(&path).and_then(Value::as_i64) == Some(before) {
        done.object.set_path(&path, before + 1);
        done.changed = true;
    }
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

fn carry_out(
    live: Option<&Value>,
    request: &Request<'_>,
    schemas: &Schemas,
    chooser: &mut dyn Chooser,
    form: Form,
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
        None => create(object, form, request, schemas, chooser)?,
        Some(live) if request.verb == Verb::Create => {
            if !text(&object, &["metadata", "resourceVersion"]).is_empty() {
                return Err(Refusal::internal(VERSION_ON_CREATE));
            }
            return Err(Refusal::already_exists(request.resource, text(live, &["metadata", "name"])));
        }
        Some(live) => update(live, object, form, request, schemas, chooser)?,
    };
    if !request.resource.custom && request.subresource.is_empty() {
        said.extend(warnings::on_write(live, &written.object));
    } else if request.resource.custom && request.subresource.is_empty() {
        said.extend(warnings::on_custom_write(live, &written.object));
    }
    if !request.resource.deprecation.is_empty() {
        said.insert(0, request.resource.deprecation.to_string());
    }
    written.warnings = said;
    Ok(written)
}

pub(super) fn write_of<'a>(request: &Request<'a>, api_version: &'a str, force: bool) -> Write<'a> {
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
    form: Form,
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
    form: Form,
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
        canonical::form(&mut object, form, schemas)
            .map_err(|why| patch_refusal(&managed::go_v(patch), &why.message))?;
        defaults::apply(&mut object, schemas);
        return Ok(object);
    }
    let shown = next.to_string();
    let (api_version, kind) = (text(&next, &["apiVersion"]), text(&next, &["kind"]));
    let said = !api_version.is_empty() && !kind.is_empty();
    if said && !request.resource.custom && schemas.resource(api_version, kind).is_none() {
        let why = format!(
            "no kind {kind:?} is registered for version {api_version:?} in scheme \"pkg/runtime/scheme.go:111\""
        );
        return Err(patch_refusal(&shown, &why));
    }
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
    form: Form,
    refuse: impl FnOnce(String) -> Refusal,
) -> Result<Value, Refusal> {
    let read =
        canonical::check_numbers(&object, schemas).and_then(|()| canonical::form(&mut object, form, schemas));
    read.map_err(|why| refuse(why.json_message()))?;
    defaults::apply(&mut object, schemas);
    Ok(object)
}

fn decoded(
    mut object: Value,
    request: &Request<'_>,
    schemas: &Schemas,
    warnings: &mut Vec<String>,
    form: Form,
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
