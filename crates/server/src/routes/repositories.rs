//! Repositories and credential templates: Secrets of the control namespace, never shown with what they hold.

use crate::CredentialKind;
use crate::auth::Access;
use crate::error::{ApiError, Code};
use crate::state::State;
use crate::wire::{JsonBody, Params, Reply, empty, list as list_of, text};
use axum::extract::{self, Path};
use fairway_value::Value;

/// `GET /api/v1/repositories`.
pub(crate) async fn list(
    extract::State(state): extract::State<State>,
    access: Access,
    params: Params,
) -> Result<Reply, ApiError> {
    let mut repositories = state.engine().repositories().await?;
    repositories.retain(|repo| {
        params.get("repo").is_none_or(|url| url == text(repo, &["repo"])) && may(&access, "get", repo)
    });
    Ok(Reply(list_of("", repositories)))
}

/// `GET /api/v1/repositories/{repo}`: with its connection as it is now.
pub(crate) async fn get(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(url): Path<String>,
) -> Result<Reply, ApiError> {
    let repositories = state.engine().repositories().await?;
    let found = repositories.into_iter().find(|repo| text(repo, &["repo"]) == url);
    let mut repo = found
        .filter(|repo| may(&access, "get", repo))
        .ok_or_else(|| ApiError::new(Code::NotFound, format!("repo '{url}' not found")))?;
    repo.set_path(&["connectionState"], state.engine().check_repository(url).await?);
    Ok(Reply(repo))
}

/// `POST /api/v1/repositories`: a `Repository`; `upsert` replaces one that exists.
pub(crate) async fn create(
    extract::State(state): extract::State<State>,
    access: Access,
    params: Params,
    JsonBody(repo): JsonBody,
) -> Result<Reply, ApiError> {
    let upsert = params.flag("upsert", false)?;
    require(&access, if upsert { "update" } else { "create" }, &repo)?;
    put(&state, CredentialKind::Repository, repo, upsert).await
}

/// `PUT /api/v1/repositories/{repo}`.
pub(crate) async fn update(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(url): Path<String>,
    JsonBody(mut repo): JsonBody,
) -> Result<Reply, ApiError> {
    repo.set_path(&["repo"], url.as_str());
    require(&access, "update", &repo)?;
    put(&state, CredentialKind::Repository, repo, true).await
}

/// `DELETE /api/v1/repositories/{repo}`.
pub(crate) async fn delete(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(url): Path<String>,
) -> Result<Reply, ApiError> {
    let repositories = state.engine().repositories().await?;
    let found = repositories.into_iter().find(|repo| text(repo, &["repo"]) == url);
    let repo = found.ok_or_else(|| ApiError::new(Code::NotFound, format!("repo '{url}' not found")))?;
    require(&access, "delete", &repo)?;
    state.engine().delete_credentials(CredentialKind::Repository, url).await?;
    Ok(empty())
}

/// `POST /api/v1/repositories/{repo}/validate`: asks the repository with the credentials that are kept.
///
/// # Errors
/// Unavailable, with what the repository says. Differs: credentials in the request are not used; add the repository and ask again.
pub(crate) async fn validate(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(url): Path<String>,
) -> Result<Reply, ApiError> {
    access.require("repositories", "create", &url)?;
    let connection = state.engine().check_repository(url).await?;
    match text(&connection, &["status"]) {
        "Successful" => Ok(empty()),
        _ => Err(ApiError::new(Code::Unavailable, text(&connection, &["message"]))),
    }
}

/// `GET /api/v1/repocreds`.
pub(crate) async fn templates(
    extract::State(state): extract::State<State>,
    access: Access,
) -> Result<Reply, ApiError> {
    let mut templates = state.engine().repository_templates().await?;
    templates.retain(|template| access.may("repositories", "get", text(template, &["url"])));
    Ok(Reply(list_of("", templates)))
}

/// `POST /api/v1/repocreds`.
pub(crate) async fn create_template(
    extract::State(state): extract::State<State>,
    access: Access,
    params: Params,
    JsonBody(template): JsonBody,
) -> Result<Reply, ApiError> {
    let upsert = params.flag("upsert", false)?;
    access.require("repositories", if upsert { "update" } else { "create" }, text(&template, &["url"]))?;
    put(&state, CredentialKind::Template, template, upsert).await
}

/// `PUT /api/v1/repocreds/{url}`.
pub(crate) async fn update_template(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(url): Path<String>,
    JsonBody(mut template): JsonBody,
) -> Result<Reply, ApiError> {
    access.require("repositories", "update", &url)?;
    template.set_path(&["url"], url.as_str());
    put(&state, CredentialKind::Template, template, true).await
}

/// `DELETE /api/v1/repocreds/{url}`.
pub(crate) async fn delete_template(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(url): Path<String>,
) -> Result<Reply, ApiError> {
    access.require("repositories", "delete", &url)?;
    state.engine().delete_credentials(CredentialKind::Template, url).await?;
    Ok(empty())
}

async fn put(state: &State, kind: CredentialKind, value: Value, upsert: bool) -> Result<Reply, ApiError> {
    let key = match kind {
        CredentialKind::Repository => "repo",
        CredentialKind::Template => "url",
    };
    if text(&value, &[key]).is_empty() {
        return Err(ApiError::invalid(format!("{key} is missing: the address of the repository")));
    }
    Ok(Reply(state.engine().put_credentials(kind, value, upsert).await?))
}

/// Returns a repository as policies name it: its URL, with its project in front where it belongs to one.
fn object_of(repo: &Value) -> (String, String) {
    let (url, project) = (text(repo, &["repo"]), text(repo, &["project"]));
    if project.is_empty() {
        return (url.to_owned(), String::new());
    }
    (format!("{project}/{url}"), project.to_owned())
}

fn may(access: &Access, action: &str, repo: &Value) -> bool {
    let (object, project) = object_of(repo);
    if project.is_empty() {
        access.may("repositories", action, &object)
    } else {
        access.may_in(&project, "repositories", action, &object)
    }
}

fn require(access: &Access, action: &str, repo: &Value) -> Result<(), ApiError> {
    let (object, project) = object_of(repo);
    access.require_in(&project, "repositories", action, &object)
}
