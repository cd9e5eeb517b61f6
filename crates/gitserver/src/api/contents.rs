use super::repositories::require;
use super::respond::{Query, Refusal};
use crate::content::{Content, Entry};
use crate::server::Shared;
use crate::tree_build::NewFile;
use crate::{RepoName, blocking};
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gix::objs::tree::EntryKind;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub(super) struct NewContent {
    message: String,
    content: String,
    branch: Option<String>,
    sha: Option<String>,
}

pub(super) async fn root(
    state: State<Shared>,
    Path((owner, repo)): Path<(String, String)>,
    query: RawQuery,
) -> Result<Json<Value>, Refusal> {
    get_one(state, Path((owner, repo, String::new())), query).await
}

pub(super) async fn get_one(
    State(shared): State<Shared>,
    Path((owner, repo, path)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refusal> {
    let query = Query::parse(query.as_deref().unwrap_or_default());
    let (name, info) = require(&shared, &owner, &repo).await?;
    let revision = query.get("ref").unwrap_or(&info.default_branch).to_owned();
    let path = path.trim_matches('/').to_owned();
    let (store, wanted, looked) = (shared.store.clone(), name.clone(), path.clone());
    let found = blocking::run(move || store.content(&wanted, &revision, &looked)).await?;
    match found {
        Some(Content::File(sha, bytes)) => Ok(Json(file_shape(&path, &sha, &bytes))),
        Some(Content::Dir(entries)) => Ok(Json(entries.iter().map(entry_shape).collect())),
        None => Err(Refusal::not_found()),
    }
}

pub(super) async fn put_file(
    State(shared): State<Shared>,
    Path((owner, repo, path)): Path<(String, String, String)>,
    Json(body): Json<NewContent>,
) -> Result<Response, Refusal> {
    let (name, info) = require(&shared, &owner, &repo).await?;
    let path = fairway_core::normalize_path(&path).map_err(|e| Refusal::invalid(e.to_string()))?;
    let packed: String = body.content.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(packed).map_err(|_| Refusal::invalid("content is not base64"))?;
    let branch = body.branch.unwrap_or(info.default_branch);
    let before = current_sha(&shared, &name, &branch, &path).await?;
    // GitHub wants the id of what is replaced, so that two writers do not lose each other's change.
    if before != body.sha {
        let message = match (before, body.sha) {
            (Some(_), None) => "\"sha\" wasn't supplied".to_owned(),
            (now, Some(given)) => format!("{path} is at {} but expected {given}", now.unwrap_or_default()),
            (None, None) => "the file is not there".to_owned(),
        };
        return Err(Refusal(StatusCode::CONFLICT, message));
    }
    let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let (store, file) =
        (shared.store.clone(), NewFile { path: path.clone(), kind: EntryKind::Blob, bytes: bytes.clone() });
    let (wanted, to) = (name.clone(), branch.clone());
    let commit = blocking::run(move || store.commit_to(&wanted, &to, &[file], &[], &body.message)).await?;
    let sha = current_sha(&shared, &name, &branch, &path).await?.unwrap_or_default();
    let body = json!({ "content": file_shape(&path, &sha, &bytes), "commit": { "sha": commit } });
    Ok((status, Json(body)).into_response())
}

async fn current_sha(
    shared: &Shared,
    name: &RepoName,
    branch: &str,
    path: &str,
) -> Result<Option<String>, Refusal> {
    let (store, name, branch, path) =
        (shared.store.clone(), name.clone(), branch.to_owned(), path.to_owned());
    match blocking::run(move || store.content(&name, &branch, &path)).await? {
        Some(Content::File(sha, _)) => Ok(Some(sha)),
        Some(Content::Dir(_)) => Err(Refusal::invalid("the path is a directory")),
        None => Ok(None),
    }
}

pub(super) async fn tree(
    State(shared): State<Shared>,
    Path((owner, repo, tree)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refusal> {
    let query = Query::parse(query.as_deref().unwrap_or_default());
    // As GitHub: any value of the parameter counts.
    let recursive = query.get("recursive").is_some();
    let (name, _) = require(&shared, &owner, &repo).await?;
    let store = shared.store.clone();
    let found = blocking::run(move || store.tree(&name, &tree, recursive)).await?;
    let Some((sha, entries, truncated)) = found else { return Err(Refusal::not_found()) };
    let items: Vec<Value> = entries
        .iter()
        .map(|e| json!({ "path": e.path, "mode": e.mode, "type": e.kind, "sha": e.sha, "size": e.size }))
        .collect();
    Ok(Json(json!({ "sha": sha, "tree": items, "truncated": truncated })))
}

fn file_shape(path: &str, sha: &str, bytes: &[u8]) -> Value {
    json!({
        "type": "file",
        "encoding": "base64",
        "size": bytes.len(),
        "name": path.rsplit('/').next().unwrap_or(path),
        "path": path,
        "content": STANDARD.encode(bytes),
        "sha": sha,
    })
}

fn entry_shape(entry: &Entry) -> Value {
    let kind = match (entry.kind, entry.mode.as_str()) {
        ("tree", _) => "dir",
        ("commit", _) => "submodule",
        (_, "120000") => "symlink",
        _ => "file",
    };
    json!({
        "type": kind,
        "size": entry.size.unwrap_or(0),
        "name": entry.path.rsplit('/').next().unwrap_or(&entry.path),
        "path": entry.path,
        "sha": entry.sha,
    })
}
