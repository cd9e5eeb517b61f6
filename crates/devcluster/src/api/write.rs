//! POST, PUT and PATCH: reads the request, lets `fairway_schema::request` carry it out against the stored object, admits
//! and stores what comes of it.

use super::admit;
use super::call::{Call, Reply};
use super::convert;
use super::decode;
use super::delete;
use super::encode;
use super::media::{self, Encoding};
use super::network::Choice;
use super::status::{ApiError, ApiResult};
use crate::store::{CommitError, Stored, object_key};
use fairway_schema::request::{FieldValidation, Request, Verb, Written, write, write_scale};
use fairway_schema::validate::Cause;
use fairway_value::Value;
use std::sync::Arc;

/// How often a write is tried again when somebody else was quicker, or when a generated name is taken.
const ATTEMPTS: usize = 8;

/// Handles a POST to a collection.
pub(crate) fn create(call: &Call<'_>) -> ApiResult<Reply> {
    let resource = &call.resource;
    if super::review::is_review(resource) {
        return super::review::answer(call);
    }
    if resource.namespaced && call.target.namespace.is_empty() {
        return Err(ApiError::method_not_allowed());
    }
    if resource.table == "bindings" {
        return super::subresource::bind(call);
    }
    let dry_run = call.request.query.dry_run("CreateOptions")?;
    let mode = field_validation(call, "CreateOptions")?;
    let body = decode::object(call, &resource.kind, &resource.api_version())?;
    duplicate_fields(call, mode)?;
    answer(call, &Change { verb: Verb::Create, body, dry_run, mode })
}

/// Handles a PUT of an object or of one of its subresources.
pub(crate) fn update(call: &Call<'_>) -> ApiResult<Reply> {
    let resource = &call.resource;
    let dry_run = call.request.query.dry_run("UpdateOptions")?;
    let mode = field_validation(call, "UpdateOptions")?;
    let body = decode::object(call, &resource.kind, &resource.api_version())?;
    duplicate_fields(call, mode)?;
    answer(call, &Change { verb: Verb::Update, body, dry_run, mode })
}

/// Handles a PATCH of an object or of one of its subresources.
pub(crate) fn patch(call: &Call<'_>) -> ApiResult<Reply> {
    let verb = patch_verb(call)?;
    let dry_run = call.request.query.dry_run("PatchOptions")?;
    let mode = field_validation(call, "PatchOptions")?;
    let apply = matches!(verb, Verb::Apply { .. });
    check_patch_options(call, apply)?;
    let body = decode::patch(call, apply)?;
    if apply || verb == Verb::MergePatch {
        duplicate_fields(call, if apply { FieldValidation::Ignore } else { mode })?;
    }
    answer(call, &Change { verb, body, dry_run, mode })
}

/// Reads how a patch is written from its content type.
pub(crate) fn patch_verb(call: &Call<'_>) -> ApiResult<Verb> {
    let header = call.request.header("content-type").unwrap_or_default();
    match header.split(';').next().unwrap_or_default().trim() {
        "application/json-patch+json" => Ok(Verb::JsonPatch),
        "application/merge-patch+json" => Ok(Verb::MergePatch),
        "application/strategic-merge-patch+json" => Ok(Verb::StrategicPatch),
        "application/apply-patch+yaml" => {
            Ok(Verb::Apply { force: call.request.query.flag("force").unwrap_or_default() })
        }
        _ => Err(ApiError::unsupported_media("415: Unsupported Media Type", true)),
    }
}

/// Reads `fieldValidation`; `options` names the options' kind for the message.
fn field_validation(call: &Call<'_>, options: &str) -> ApiResult<FieldValidation> {
    match call.request.query.text("fieldValidation") {
        "" | "Warn" => Ok(FieldValidation::Warn),
        "Strict" => Ok(FieldValidation::Strict),
        "Ignore" => Ok(FieldValidation::Ignore),
        other => {
            let cause = Cause {
                reason: "FieldValueNotSupported",
                message: format!(
                    "Unsupported value: {other:?}: supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""
                ),
                field: "fieldValidation".to_owned(),
            };
            Err(ApiError::invalid("meta.k8s.io", options, "", &[cause]))
        }
    }
}

fn check_patch_options(call: &Call<'_>, apply: bool) -> ApiResult<()> {
    let query = &call.request.query;
    let mut causes = Vec::new();
    let mut cause = |reason, message: &str, field: &str| {
        causes.push(Cause { reason, message: message.to_owned(), field: field.to_owned() });
    };
    let manager = query.text("fieldManager");
    if apply && manager.is_empty() {
        cause("FieldValueRequired", "Required value: is required for apply patch", "fieldManager");
    }
    if !apply && query.get("force").is_some() {
        cause("FieldValueForbidden", "Forbidden: may not be specified for non-apply patch", "force");
    }
    if manager.len() > 128 {
        cause("FieldValueTooLong", "Too long: may not be more than 128 bytes", "fieldManager");
    }
    // As apimachinery's `ValidateFieldManager`.
    for (at, letter) in manager.char_indices() {
        if letter.is_control() || (letter.is_whitespace() && letter != ' ') {
            let shown = fairway_schema::managed::quote(manager);
            let code = u32::from(letter);
            let message =
                format!("Invalid value: {shown}: invalid character U+{code:04X} (at position {at})");
            cause("FieldValueInvalid", &message, "fieldManager");
        }
    }
    if causes.is_empty() {
        Ok(())
    } else {
        Err(ApiError::invalid("meta.k8s.io", "PatchOptions", "", &causes))
    }
}

/// Warns of keys that come twice, or refuses them.
fn duplicate_fields(call: &Call<'_>, mode: FieldValidation) -> ApiResult<()> {
    if mode == FieldValidation::Ignore || media::body_encoding_loose(call) == Encoding::Yaml {
        return Ok(());
    }
    let mut found = Vec::new();
    decode::duplicates(&call.request.body, &mut found);
    if found.is_empty() {
        return Ok(());
    }
    if mode == FieldValidation::Strict {
        let (kind, version) = (&call.resource.kind, call.resource.version.as_str());
        return Err(ApiError::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {kind}: strict decoding error: {}",
            found.join(", ")
        )));
    }
    for text in found {
        call.warn(text);
    }
    Ok(())
}

/// What a request wants.
pub(crate) struct Change {
    pub(crate) verb: Verb,
    pub(crate) body: Value,
    pub(crate) dry_run: bool,
    pub(crate) mode: FieldValidation,
}

fn answer(call: &Call<'_>, change: &Change) -> ApiResult<Reply> {
    let (stored, created) = perform(call, change)?;
    encode::object(call, if created { 201 } else { 200 }, &stored)
}

/// Carries a change out. Returns what is stored then (or would be), and whether it is new.
pub(crate) fn perform(call: &Call<'_>, change: &Change) -> ApiResult<(Arc<Stored>, bool)> {
    let text = |path: &[&str]| change.body.get_path(path).and_then(Value::as_str).unwrap_or_default();
    let versioned = !text(&["metadata", "resourceVersion"]).is_empty();
    let name = match change.verb {
        Verb::Create => text(&["metadata", "name"]),
        _ => call.target.name.as_str(),
    };
    for _ in 0..ATTEMPTS {
        let live =
            if name.is_empty() { None } else { call.api.store.get(&call.resource.table, &call.key_of(name)) };
        match attempt(call, change, live.as_ref()) {
            Err(Failure::Raced) if versioned && change.verb == Verb::Update => break,
            Err(Failure::Raced) => {}
            Err(Failure::Refused(error)) => return Err(*error),
            Ok(done) => return Ok(done),
        }
    }
    Err(ApiError::stale(&call.resource, name))
}

/// Why a change was not stored.
enum Failure {
    /// Somebody else was quicker: read again and start over.
    Raced,
    /// The change is refused.
    Refused(Box<ApiError>),
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Refused(Box::new(error))
    }
}

fn attempt(
    call: &Call<'_>,
    change: &Change,
    live: Option<&Arc<Stored>>,
) -> Result<(Arc<Stored>, bool), Failure> {
    let mut choice = Choice::new(call.api, change.dry_run);
    let outcome = carry_out(call, change, live, &mut choice);
    if outcome.is_err() || change.dry_run {
        call.api.network().give_back(&choice.taken);
    }
    outcome
}

fn carry_out(
    call: &Call<'_>,
    change: &Change,
    live: Option<&Arc<Stored>>,
    choice: &mut Choice<'_>,
) -> Result<(Arc<Stored>, bool), Failure> {
    let resource = &call.resource;
    let name = change.body.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
    if live.is_none() && (change.verb == Verb::Create || matches!(change.verb, Verb::Apply { .. })) {
        admit::lifecycle(call, if name.is_empty() { &call.target.name } else { name })?;
    }
    let current = live.map(|l| encode::in_version(&l.value, resource));
    let mut written = match written(call, change, current.as_deref(), choice) {
        // Admission comes before validation.
        Err(Failure::Refused(why)) if live.is_none() && why.code == 422 => {
            admit::foresee(call, &change.body)?;
            return Err(Failure::Refused(why));
        }
        other => other?,
    };
    for text in written.warnings.drain(..) {
        call.warn(text);
    }
    if written.created {
        admit::complete(call, &mut written.object)?;
    }
    let removal = !written.created && pending_removal(&written.object);
    if let (Some(live), false, false) = (live, written.changed, removal) {
        return Ok((live.clone(), false));
    }
    admit::validate(call, &written.object, current.as_deref())?;
    let stored = match live {
        None => store_new(call, written.object, change)?,
        Some(live) => store_changed(call, live, written.object, change.dry_run, removal)?,
    };
    Ok((stored, written.created))
}

fn written(
    call: &Call<'_>,
    change: &Change,
    current: Option<&Value>,
    choice: &mut Choice<'_>,
) -> Result<Written, Failure> {
    let resource = &call.resource;
    let schemas = call.registry.schemas(resource).map_err(|e| ApiError::internal(&e))?;
    let meaning = schemas
        .resource_by_plural(&resource.group, &resource.version, &resource.plural)
        .ok_or_else(|| ApiError::unsupported(&format!("{} has no schema", resource.group_resource())))?;
    let (manager, now, uid) = (call.manager(), call.now(), call.api.random.uuid());
    let request = Request {
        verb: change.verb,
        resource: meaning,
        subresource: &call.target.subresource,
        manager: &manager,
        namespace: &call.target.namespace,
        name: &call.target.name,
        body: &change.body,
        field_validation: change.mode,
        now: &now,
        uid: &uid,
    };
    let outcome = match (call.target.subresource.as_str(), current) {
        ("scale", Some(current)) => write_scale(current, &request, &schemas, choice),
        _ => write(current, &request, &schemas, choice),
    };
    outcome.map_err(|refusal| {
        let named = match change.verb {
            Verb::Create => {
                change.body.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default()
            }
            _ => call.target.name.as_str(),
        };
        ApiError::refused(resource, named, refusal).into()
    })
}

fn store_new(call: &Call<'_>, object: Value, change: &Change) -> Result<Arc<Stored>, Failure> {
    let resource = &call.resource;
    let object = convert::to_storage(object, resource);
    let text =
        |o: &Value, f| o.get_path(&["metadata", f]).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (namespace, name) = (text(&object, "namespace"), text(&object, "name"));
    let key = object_key(&namespace, &name);
    if change.dry_run {
        if call.api.store.get(&resource.table, &key).is_some() {
            return Err(ApiError::already_exists(resource, &name).into());
        }
        return Ok(Arc::new(Stored::new(object, 0)));
    }
    let generated = text(&change.body, "name").is_empty();
    match call.api.store.create(&resource.table, key, object) {
        Ok(stored) => Ok(stored),
        // Another name is made up, or the apply becomes one to an object that is there.
        Err(_) if generated || change.verb != Verb::Create => Err(Failure::Raced),
        Err(_) => Err(ApiError::already_exists(resource, &name).into()),
    }
}

fn store_changed(
    call: &Call<'_>,
    live: &Arc<Stored>,
    object: Value,
    dry_run: bool,
    removal: bool,
) -> Result<Arc<Stored>, Failure> {
    let resource = &call.resource;
    let object = convert::to_storage(object, resource);
    if dry_run {
        return Ok(Arc::new(Stored::new(object, live.rv)));
    }
    // The last finalizer of an object that is being deleted is gone: so is the object.
    if removal {
        return delete::remove_updated(call, live).ok_or(Failure::Raced);
    }
    match call.api.store.update(&resource.table, &call.key(), live.rv, object) {
        Ok(stored) => {
            if resource.table == "services" {
                let mut network = call.api.network();
                network.release(&live.value);
                network.hold(&stored.value);
            }
            Ok(stored)
        }
        Err(CommitError::Changed | CommitError::Exists | CommitError::Missing) => Err(Failure::Raced),
    }
}

/// Whether an object is marked for deletion and nothing holds it any more.
pub(crate) fn pending_removal(object: &Value) -> bool {
    let metadata = |field| object.get_path(&["metadata", field]);
    let empty = |list: Option<&Value>| list.and_then(Value::as_array).is_none_or(<[Value]>::is_empty);
    metadata("deletionTimestamp").is_some()
        && empty(metadata("finalizers"))
        && metadata("deletionGracePeriodSeconds").and_then(Value::as_i64).unwrap_or_default() == 0
        && (object.get("kind").and_then(Value::as_str) != Some("Namespace")
            || empty(object.get_path(&["spec", "finalizers"])))
}
