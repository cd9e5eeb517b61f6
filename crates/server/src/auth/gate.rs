//! The gate in front of the API, and the headers on every answer.

use super::COOKIE;
use crate::Caller;
use crate::error::ApiError;
use crate::state::State;
use axum::extract::{self, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Lets a request pass that carries a valid session: `Authorization: Bearer`, else the cookie.
///
/// A request that changes something and is proven by the cookie alone must come from the dashboard's own pages, so that
/// another site cannot send it in the user's name.
pub(crate) async fn require_session(
    extract::State(state): extract::State<State>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let headers = request.headers();
    let (token, by_cookie) = match bearer(headers) {
        Some(token) => (token, false),
        None => (cookie(headers).ok_or_else(|| ApiError::unauthenticated("no session information"))?, true),
    };
    let session = state
        .tokens
        .check(token)
        .map_err(|why| ApiError::unauthenticated(format!("invalid session: {why}")))?;
    super::access::is_current(&state, &session)
        .map_err(|why| ApiError::unauthenticated(format!("invalid session: {why}")))?;
    if by_cookie && !request.method().is_safe() && !same_site(headers) {
        return Err(ApiError::permission_denied());
    }
    if has_foreign_body(&request) {
        return Ok((StatusCode::UNSUPPORTED_MEDIA_TYPE, "Invalid content type").into_response());
    }
    request.extensions_mut().insert(Caller { username: session.username.clone() });
    request.extensions_mut().insert(session);
    Ok(next.run(request).await)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == COOKIE && !value.is_empty())
        .map(|(_, value)| value)
}

/// Whether a browser says that the request comes from this origin. Clients that are no browser send neither header.
fn same_site(headers: &HeaderMap) -> bool {
    let value = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = value(HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    match (value(header::ORIGIN), value(header::HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => {
            origin.split_once("://").is_some_and(|(_, o)| o.eq_ignore_ascii_case(host))
        }
        (Some(_), None) => false,
    }
}

/// Whether a body comes as something else than JSON, which Argo CD refuses (`server.api.content.types`). Differs: a request
/// without a body needs no content type.
pub(crate) fn has_foreign_body(request: &Request) -> bool {
    let headers = request.headers();
    let has_body = headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|mime| mime.trim().eq_ignore_ascii_case("application/json"));
    !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) && has_body && !is_json
}

/// What the dashboard may load: its own files and nothing else; no page may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
                      manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Puts the security headers on an answer.
pub(crate) async fn security_headers(
    extract::State(state): extract::State<State>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    if state.https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}
