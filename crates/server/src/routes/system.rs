//! What monitoring and Git hosts ask for.

use crate::error::ApiError;
use crate::state::State;
use crate::wire::{Reply, empty, object};
use crate::{SharedEngine, WebhookRequest};
use axum::body::Bytes;
use axum::extract;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fairway_value::Value;

/// `GET /api/version`, in `VersionMessage`'s fields.
pub(crate) async fn version(extract::State(state): extract::State<State>) -> Reply {
    let version = state.engine().version();
    Reply(object([
        ("Version", Value::from(version.version)),
        ("GitCommit", Value::from(version.git_commit)),
        ("HelmVersion", Value::from(version.helm)),
        ("KustomizeVersion", Value::from(version.kustomize)),
        ("Platform", Value::from(format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH))),
    ]))
}

/// `POST /api/webhook`. The engine tells the hosts apart and checks their signatures.
pub(crate) async fn webhook(
    extract::State(state): extract::State<State>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Reply, ApiError> {
    let headers = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    state.engine().webhook(WebhookRequest { headers, body: body.into() }).await?;
    Ok(empty())
}

/// `GET /metrics`.
pub(crate) async fn metrics(extract::State(engine): extract::State<SharedEngine>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], engine.metrics()).into_response()
}

/// `GET /healthz`: the process serves.
pub(crate) async fn healthz() -> &'static str {
    "ok"
}

/// `GET /readyz`: the engine has read its state and can act.
pub(crate) async fn readyz(extract::State(engine): extract::State<SharedEngine>) -> Response {
    match engine.ready() {
        Ok(()) => "ok".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why).into_response(),
    }
}
