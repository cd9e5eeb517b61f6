//! Login, logout, and who one is.

use crate::auth::{COOKIE, Session, find_account, has_foreign_body};
use crate::error::ApiError;
use crate::state::State;
use crate::wire::{JsonBody, Reply, empty, object, text};
use axum::Extension;
use axum::extract::{self, FromRequest, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fairway_value::Value;

/// `POST /api/v1/session`: `{username, password}` → `{token}`, which is also set as the cookie.
pub(crate) async fn create(
    extract::State(state): extract::State<State>,
    request: Request,
) -> Result<Response, ApiError> {
    if has_foreign_body(&request) {
        return Ok((StatusCode::UNSUPPORTED_MEDIA_TYPE, "Invalid content type").into_response());
    }
    let JsonBody(body) = JsonBody::from_request(request, &state).await?;
    if !text(&body, &["token"]).is_empty() {
        return Err(ApiError::unauthenticated("token-based session creation no longer supported"));
    }
    let account = find_account(&state.engine().access(), text(&body, &["username"]));
    let username = state.login.check(account.as_ref(), text(&body, &["password"])).await?;
    let token = state.tokens.issue(&username, &state.next_token_id());
    let cookie = cookie(&state, &token, state.session.as_secs());
    Ok(with_cookie(Reply(object([("token", Value::from(token))])), &cookie))
}

/// `DELETE /api/v1/session`: the token proves nothing from now on.
pub(crate) async fn delete(
    extract::State(state): extract::State<State>,
    Extension(session): Extension<Session>,
) -> Response {
    state.tokens.revoke(&session);
    with_cookie(empty(), &cookie(&state, "", 0))
}

/// `GET /api/v1/session/userinfo`.
pub(crate) async fn userinfo(Extension(session): Extension<Session>) -> Reply {
    Reply(object([
        ("loggedIn", Value::from(true)),
        ("username", Value::from(session.username)),
        ("iss", Value::from("argocd")),
    ]))
}

/// No script can read it, no other site's request carries it.
fn cookie(state: &State, token: &str, seconds: u64) -> String {
    let secure = if state.https { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

fn with_cookie(reply: Reply, cookie: &str) -> Response {
    let mut response = reply.into_response();
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}
