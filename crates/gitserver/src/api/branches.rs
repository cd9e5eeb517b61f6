use super::repositories::require;
use super::respond::{Page, Query, Refusal};
use crate::blocking;
use crate::server::Shared;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use serde_json::{Value, json};

pub(super) async fn list(
    State(shared): State<Shared>,
    Path((owner, repo)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref().unwrap_or_default());
    let (name, _) = require(&shared, &owner, &repo).await?;
    let url = format!("{}/api/v3/repos/{name}/branches", shared.base_url);
    let store = shared.store.clone();
    let branches = blocking::run(move || store.branches(&name)).await?;
    let items = branches.iter().map(|(branch, sha)| shape(branch, sha)).collect();
    Ok(Page::of(&query).cut(items, &url, &query))
}

pub(super) async fn get_one(
    State(shared): State<Shared>,
    Path((owner, repo, branch)): Path<(String, String, String)>,
) -> Result<Json<Value>, Refusal> {
    let (name, _) = require(&shared, &owner, &repo).await?;
    let store = shared.store.clone();
    let branches = blocking::run(move || store.branches(&name)).await?;
    let found = branches.iter().find(|(name, _)| *name == branch);
    found.map(|(branch, sha)| Json(shape(branch, sha))).ok_or_else(Refusal::not_found)
}

pub(super) async fn commit(
    State(shared): State<Shared>,
    Path((owner, repo, revision)): Path<(String, String, String)>,
) -> Result<Json<Value>, Refusal> {
    let (name, _) = require(&shared, &owner, &repo).await?;
    let (store, wanted) = (shared.store.clone(), name.clone());
    let found = blocking::run(move || {
        let Some(sha) = store.commit_of(&wanted, &revision)? else { return Ok(None) };
        Ok(store.commit_info(&wanted, &sha)?.map(|info| (sha, info)))
    });
    let Some((sha, (message, author, email, _))) = found.await? else { return Err(Refusal::not_found()) };
    Ok(Json(json!({
        "sha": sha,
        "commit": { "message": message.trim_end(), "author": { "name": author, "email": email } },
    })))
}

fn shape(branch: &str, sha: &str) -> Value {
    json!({ "name": branch, "commit": { "sha": sha }, "protected": false })
}
