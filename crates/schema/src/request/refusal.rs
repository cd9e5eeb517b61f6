use crate::Resource;
use crate::validate::Cause;

/// Why a request is refused: the parts of the `Status` that the server answers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub code: u16,
    /// `reason`; empty where the server gives none.
    pub reason: &'static str,
    /// `message`.
    pub message: String,
    /// `details.causes`.
    pub causes: Vec<Cause>,
    /// Whether `details` names the object's kind and name.
    pub names_object: bool,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl Refusal {
    /// 400: the request makes no sense.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self {
            code: 400,
            reason: "BadRequest",
            message: message.into(),
            causes: Vec::new(),
            names_object: false,
        }
    }

    /// 500 without a reason: what the server takes for its own fault.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self { code: 500, reason: "", message: message.into(), causes: Vec::new(), names_object: false }
    }

    /// 404: no such object.
    #[must_use]
    pub fn not_found(resource: &Resource, name: &str) -> Self {
        Self {
            code: 404,
            reason: "NotFound",
            message: format!("{} {name:?} not found", qualified(resource)),
            causes: Vec::new(),
            names_object: true,
        }
    }

    /// 409: an object of that name exists.
    #[must_use]
    pub fn already_exists(resource: &Resource, name: &str) -> Self {
        Self {
            code: 409,
            reason: "AlreadyExists",
            message: format!("{} {name:?} already exists", qualified(resource)),
            causes: Vec::new(),
            names_object: true,
        }
    }

    /// 409: the object is not in the version that the request expects.
    #[must_use]
    pub fn conflict(resource: &Resource, name: &str, why: &str) -> Self {
        Self {
            code: 409,
            reason: "Conflict",
            message: format!("Operation cannot be fulfilled on {} {name:?}: {why}", qualified(resource)),
            causes: Vec::new(),
            names_object: true,
        }
    }

    /// 403: an admission plugin forbids it.
    #[must_use]
    pub fn forbidden(resource: &Resource, name: &str, why: &str) -> Self {
        Self {
            code: 403,
            reason: "Forbidden",
            message: format!("{} {name:?} is forbidden: {why}", qualified(resource)),
            causes: Vec::new(),
            names_object: true,
        }
    }

    /// 422: fields are wrong.
    #[must_use]
    pub fn invalid(resource: &Resource, name: &str, causes: Vec<Cause>) -> Self {
        let mut parts: Vec<String> = Vec::with_capacity(causes.len());
        for cause in &causes {
            let part = if cause.field.is_empty() {
                cause.message.clone()
            } else {
                format!("{}: {}", cause.field, cause.message)
            };
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        let what = match parts.as_slice() {
            [only] => only.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let kind = if resource.group.is_empty() {
            resource.kind.to_string()
        } else {
            format!("{}.{}", resource.kind, resource.group)
        };
        let message = format!("{kind} {} is invalid: {what}", crate::managed::quote(name));
        Self { code: 422, reason: "Invalid", message, causes, names_object: true }
    }
}

/// `deployments.apps`, as messages name a resource.
pub(super) fn qualified(resource: &Resource) -> String {
    if resource.group.is_empty() {
        resource.plural.to_string()
    } else {
        format!("{}.{}", resource.plural, resource.group)
    }
}
