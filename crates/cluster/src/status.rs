use fairway_core::{ApiError, ApiErrorKind};
use fairway_value::{Value, from_json};

/// Turns a refusal into what callers act on. The message stays the server's own.
pub(crate) fn from_answer(status: u16, body: &[u8]) -> ApiError {
    let parsed = from_json(body).ok().filter(|v| v.get("kind").and_then(Value::as_str) == Some("Status"));
    let field = |name: &str| parsed.as_ref().and_then(|v| v.get(name)).and_then(Value::as_str).unwrap_or("");
    let reason = field("reason");
    let message = match field("message") {
        "" => {
            let text = String::from_utf8_lossy(&body[..body.len().min(300)]).trim().to_owned();
            if text.is_empty() { format!("the server answered {status}") } else { text }
        }
        text => text.to_owned(),
    };
    ApiError::new(kind(status, reason, &message), status, message)
}

fn kind(status: u16, reason: &str, message: &str) -> ApiErrorKind {
    // Admission has no reason of its own: webhooks answer with any status, policies with Invalid or Forbidden.
    let denied = (message.contains("admission webhook") && message.contains("denied the request"))
        || (message.contains("ValidatingAdmissionPolicy '") && message.contains("denied request"));
    if denied {
        return ApiErrorKind::Denied;
    }
    match (status, reason) {
        (404, _) if message.contains("could not find the requested resource") || reason.is_empty() => {
            ApiErrorKind::UnknownKind
        }
        (404, _) => ApiErrorKind::NotFound,
        (409, "AlreadyExists") => ApiErrorKind::AlreadyExists,
        (409, _) => ApiErrorKind::Conflict,
        (410, _) => ApiErrorKind::Gone,
        (422, _) => ApiErrorKind::Invalid,
        (401 | 403, _) => ApiErrorKind::Forbidden,
        (429 | 503, _) => ApiErrorKind::TooManyRequests,
        // An apply of a field that the schema lacks answers 500 without a reason.
        (500, "") if message.contains("field not declared in schema") || message.contains(".spec") => {
            ApiErrorKind::Invalid
        }
        (500.., _) => ApiErrorKind::Server,
        _ => ApiErrorKind::BadRequest,
    }
}

/// Turns a failure below HTTP into what callers act on.
pub(crate) fn from_kube(error: &kube::Error) -> ApiError {
    ApiError::new(ApiErrorKind::Unreachable, 0, fairway_core::with_causes(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, reason: &str, message: &str) -> ApiErrorKind {
        let body = format!(r#"{{"kind":"Status","reason":"{reason}","message":"{message}"}}"#);
        from_answer(status, body.as_bytes()).kind
    }

    #[test]
    fn a_policy_denial_is_told_from_an_invalid_object() {
        assert_eq!(
            check(422, "Invalid", "Deployment.apps x is invalid: spec.replicas"),
            ApiErrorKind::Invalid
        );
        assert_eq!(
            check(
                422,
                "Invalid",
                "x is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"
            ),
            ApiErrorKind::Denied
        );
    }

    #[test]
    fn a_missing_object_is_told_from_a_missing_kind() {
        assert_eq!(check(404, "NotFound", "pods x not found"), ApiErrorKind::NotFound);
        assert_eq!(
            check(404, "NotFound", "the server could not find the requested resource"),
            ApiErrorKind::UnknownKind
        );
        assert_eq!(from_answer(404, b"404 page not found").kind, ApiErrorKind::UnknownKind);
    }
}
