//! The API server's refusals: `Status` objects with its reasons, messages and details.

use super::registry::Resource;
use fairway_schema::request::Refusal;
use fairway_schema::validate::Cause;
use fairway_value::Value;
use serde_json::json;

/// A refusal. `reason` is empty where the server gives none (plain errors become 500).
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) details: Option<serde_json::Value>,
    /// Continue token for an inconsistent rest of a list (410).
    pub(crate) continue_token: Option<String>,
    /// Answered as `text/plain`, for paths that no API serves.
    pub(crate) plain: bool,
}

pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None, continue_token: None, plain: false }
    }

    fn with(mut self, details: serde_json::Value) -> Self {
        self.details = Some(details);
        self
    }

    /// No API serves that path.
    pub(crate) fn no_page() -> Self {
        Self { plain: true, ..Self::new(404, "NotFound", "404 page not found\n") }
    }

    /// The group and version are served, the resource is not.
    pub(crate) fn no_resource() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource").with(json!({}))
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
            .with(json!({}))
    }

    pub(crate) fn not_found(resource: &Resource, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} {name:?} not found", resource.group_resource())).with(details(
            name,
            &resource.group,
            &resource.plural,
        ))
    }

    pub(crate) fn already_exists(resource: &Resource, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{} {name:?} already exists", resource.group_resource()))
            .with(details(name, &resource.group, &resource.plural))
    }

    /// An update was made from an old version.
    pub(crate) fn stale(resource: &Resource, name: &str) -> Self {
        let message =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(&resource.group_resource(), &resource.group, &resource.plural, name, message)
    }

    /// A conflict with details under a kind or resource name.
    pub(crate) fn conflict(named: &str, group: &str, kind: &str, name: &str, why: &str) -> Self {
        Self::new(409, "Conflict", format!("Operation cannot be fulfilled on {named} {name:?}: {why}"))
            .with(details(name, group, kind))
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// An error that the server does not classify: 500 without a reason.
    pub(crate) fn plain_internal(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    /// `Internal error occurred: …`, with its cause.
    pub(crate) fn internal(message: &str) -> Self {
        Self::new(500, "InternalError", format!("Internal error occurred: {message}"))
            .with(json!({ "causes": [{ "message": message }] }))
    }

    /// Something this server does not do.
    pub(crate) fn unsupported(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("unsupported: {what}"))
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// A user may not do this.
    pub(crate) fn forbidden_user(message: String, details: serde_json::Value) -> Self {
        Self::new(403, "Forbidden", message).with(details)
    }

    /// Admission refuses an object.
    pub(crate) fn forbidden(resource: &Resource, name: &str, why: &str) -> Self {
        Self::new(403, "Forbidden", format!("{} {name:?} is forbidden: {why}", resource.group_resource()))
            .with(details(name, &resource.group, &resource.plural))
    }

    /// A policy refuses an object: 422 `Invalid`, or the reason the policy names.
    pub(crate) fn denied(resource: &Resource, name: &str, reason: &str, why: &str) -> Self {
        let (code, reason) = match reason {
            "Unauthorized" => (401, "Unauthorized"),
            "Forbidden" => (403, "Forbidden"),
            "RequestEntityTooLarge" => (413, "RequestEntityTooLarge"),
            _ => (422, "Invalid"),
        };
        let mut details = details(name, &resource.group, &resource.plural);
        details["causes"] = json!([{ "message": why }]);
        Self::new(code, reason, format!("{} {name:?} is forbidden: {why}", resource.group_resource()))
            .with(details)
    }

    pub(crate) fn invalid(group: &str, kind: &str, name: &str, causes: &[Cause]) -> Self {
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let mut texts: Vec<String> = Vec::new();
        for cause in causes {
            let text = cause_text(cause);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let text = match texts.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let mut details = details(name, group, kind);
        details["causes"] = causes
            .iter()
            .map(|c| json!({ "reason": c.reason, "message": c.message, "field": c.field }))
            .collect();
        Self::new(422, "Invalid", format!("{qualified} {name:?} is invalid: {text}")).with(details)
    }

    /// What the schema's request handling refuses.
    pub(crate) fn refused(resource: &Resource, name: &str, refusal: Refusal) -> Self {
        let mut error = Self::new(refusal.code, refusal.reason, refusal.message);
        let mut details = if refusal.names_object {
            let kind = if refusal.reason == "Invalid" { &resource.kind } else { &resource.plural };
            details(name, &resource.group, kind)
        } else {
            json!({})
        };
        if !refusal.causes.is_empty() {
            details["causes"] = refusal
                .causes
                .iter()
                .map(|c| json!({ "reason": c.reason, "message": c.message, "field": c.field }))
                .collect();
        }
        let bare = details.as_object().is_some_and(serde_json::Map::is_empty);
        if !bare || refusal.code == 415 || (refusal.code == 422 && refusal.reason == "Invalid") {
            error.details = Some(details);
        }
        error
    }

    pub(crate) fn not_acceptable(message: &str, details: bool) -> Self {
        let error = Self::new(406, "NotAcceptable", message);
        if details { error.with(json!({})) } else { error }
    }

    pub(crate) fn unsupported_media(message: &str, details: bool) -> Self {
        let error = Self::new(415, "UnsupportedMediaType", message);
        if details { error.with(json!({})) } else { error }
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {limit}"))
    }

    pub(crate) fn too_many_requests(message: &str, causes: serde_json::Value) -> Self {
        Self::new(429, "TooManyRequests", message).with(json!({ "causes": causes }))
    }

    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// A resource version that does not exist yet.
    pub(crate) fn too_new(asked: u64, current: u64) -> Self {
        Self::new(504, "Timeout", format!("Timeout: Too large resource version: {asked}, current: {current}"))
            .with(json!({ "causes": [{ "reason": "ResourceVersionTooLarge", "message": "Too large resource version" }],
                "retryAfterSeconds": 1 }))
    }

    /// Adds a cause to the details.
    pub(crate) fn with_cause(mut self, reason: &str, message: &str, field: &str) -> Self {
        let details = self.details.get_or_insert_with(|| json!({}));
        details["causes"] = json!([{ "reason": reason, "message": message, "field": field }]);
        self
    }

    /// Returns the `Status` object.
    pub(crate) fn status(&self) -> serde_json::Value {
        let mut metadata = json!({});
        if let Some(token) = &self.continue_token {
            metadata["continue"] = json!(token);
        }
        let mut status = json!({ "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure",
            "message": self.message });
        if !self.reason.is_empty() {
            status["reason"] = json!(self.reason);
        }
        if let Some(details) = &self.details {
            status["details"] = details.clone();
        }
        status["code"] = json!(self.code);
        status
    }
}

/// A success without an object.
pub(crate) fn success(resource: &Resource, name: &str, uid: &str) -> serde_json::Value {
    let mut details = details(name, &resource.group, &resource.plural);
    details["uid"] = json!(uid);
    json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details })
}

fn details(name: &str, group: &str, kind: &str) -> serde_json::Value {
    let mut out = json!({});
    if !name.is_empty() {
        out["name"] = json!(name);
    }
    if !group.is_empty() {
        out["group"] = json!(group);
    }
    out["kind"] = json!(kind);
    out
}

fn cause_text(cause: &Cause) -> String {
    if cause.field.is_empty() { cause.message.clone() } else { format!("{}: {}", cause.field, cause.message) }
}

/// Turns a small JSON document into a [`Value`].
pub(crate) fn to_value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(b) => Value::Bool(*b),
        serde_json::Value::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(i), _) => Value::Int(i),
            (None, Some(u)) => Value::Uint(u),
            (None, None) => Value::Float(n.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(s) => Value::from(s.as_str()),
        serde_json::Value::Array(list) => list.iter().map(to_value).collect(),
        serde_json::Value::Object(map) => map.iter().map(|(k, v)| (k.as_str(), to_value(v))).collect(),
    }
}
