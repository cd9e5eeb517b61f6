//! AppProjects.

use crate::error::{ApiError, Code};
use crate::state::State;
use crate::wire::{JsonBody, Params, Reply, empty, list as list_of, text};
use axum::extract::{self, Path};
use fairway_value::Value;

/// `GET /api/v1/projects`.
pub(crate) async fn list(
    extract::State(state): extract::State<State>,
    params: Params,
) -> Result<Reply, ApiError> {
    let mut projects = state.engine().projects().await?;
    projects
        .retain(|project| params.get("name").is_none_or(|name| name == text(project, &["metadata", "name"])));
    Ok(Reply(list_of("", projects)))
}

/// `GET /api/v1/projects/{name}`.
pub(crate) async fn get(
    extract::State(state): extract::State<State>,
    Path(name): Path<String>,
) -> Result<Reply, ApiError> {
    let projects = state.engine().projects().await?;
    projects
        .into_iter()
        .find(|project| text(project, &["metadata", "name"]) == name)
        .map(Reply)
        .ok_or_else(|| ApiError::new(Code::NotFound, format!("appprojects.argoproj.io \"{name}\" not found")))
}

/// `POST /api/v1/projects`: `{project, upsert}`.
pub(crate) async fn create(
    extract::State(state): extract::State<State>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let upsert = body.get("upsert").and_then(Value::as_bool).unwrap_or(false);
    put(&state, body, None, upsert).await
}

/// `PUT /api/v1/projects/{name}`: `{project}`.
pub(crate) async fn update(
    extract::State(state): extract::State<State>,
    Path(name): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    put(&state, body, Some(name), true).await
}

async fn put(state: &State, mut body: Value, path: Option<String>, upsert: bool) -> Result<Reply, ApiError> {
    let mut project =
        body.remove_path(&["project"]).ok_or_else(|| ApiError::invalid("project is missing"))?;
    let name = text(&project, &["metadata", "name"]);
    if name.is_empty() || path.is_some_and(|path| path != name) {
        return Err(ApiError::invalid("project.metadata.name is missing or not the project in the path"));
    }
    project.set_path(&["apiVersion"], "argoproj.io/v1alpha1");
    project.set_path(&["kind"], "AppProject");
    Ok(Reply(state.engine().put_project(project, upsert).await?))
}

/// `DELETE /api/v1/projects/{name}`.
pub(crate) async fn delete(
    extract::State(state): extract::State<State>,
    Path(name): Path<String>,
) -> Result<Reply, ApiError> {
    state.engine().delete_project(name).await?;
    Ok(empty())
}
