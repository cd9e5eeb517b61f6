//! What is done with an application: sync, rollback, terminate, and the plan of the next sync.

use crate::Caller;
use crate::auth::Access;
use crate::error::ApiError;
use crate::state::State;
use crate::wire::{JsonBody, Params, Reply, empty};
use axum::Extension;
use axum::extract::{self, Path};
use fairway_value::Value;

/// `POST /api/v1/applications/{name}/sync`.
pub(crate) async fn sync(
    extract::State(state): extract::State<State>,
    access: Access,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    params: Params,
    JsonBody(request): JsonBody,
) -> Result<Reply, ApiError> {
    let (key, app) = access.app("sync", &name, &params.with_body(&request))?;
    if request.get("manifests").and_then(Value::as_array).is_some_and(|m| !m.is_empty()) {
        access.require_app("override", &app)?;
    }
    Ok(Reply(state.engine().sync(key, request, caller).await?))
}

/// `POST /api/v1/applications/{name}/rollback`.
pub(crate) async fn rollback(
    extract::State(state): extract::State<State>,
    access: Access,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    params: Params,
    JsonBody(request): JsonBody,
) -> Result<Reply, ApiError> {
    let (key, _) = access.app("sync", &name, &params.with_body(&request))?;
    Ok(Reply(state.engine().rollback(key, request, caller).await?))
}

/// `DELETE /api/v1/applications/{name}/operation`.
pub(crate) async fn terminate(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let (key, _) = access.app("sync", &name, &params)?;
    state.engine().terminate(key).await?;
    Ok(empty())
}

/// `GET /api/v1/applications/{name}/plan`, Fairway's own.
pub(crate) async fn plan(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let (key, _) = access.app("get", &name, &params)?;
    Ok(Reply(state.engine().plan(key).await?))
}
