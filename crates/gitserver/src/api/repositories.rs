use super::respond::{Page, Query, Refusal};
use crate::server::Shared;
use crate::tree_build::NewFile;
use crate::{Fault, GitServerError, RepoName, RepositoryInfo, Store, blocking};
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

/// Most topics of a repository, as GitHub's.
const TOPICS_MAX: usize = 20;

#[derive(Deserialize)]
pub(super) struct NewRepo {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    is_template: bool,
    #[serde(default)]
    auto_init: bool,
}

#[derive(Deserialize)]
pub(super) struct Generate {
    owner: String,
    name: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
pub(super) struct Change {
    description: Option<String>,
    archived: Option<bool>,
    is_template: Option<bool>,
    default_branch: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Topics {
    names: Vec<String>,
}

pub(super) async fn list(
    State(shared): State<Shared>,
    Path(org): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref().unwrap_or_default());
    let store = shared.store.clone();
    let mut found = blocking::run(move || store.list()).await?;
    found.retain(|(name, _)| name.owner == org);
    // An organisation is a folder: one whose last repository was deleted is still there, and empty.
    let folder = RepoName::new(&org, "x").map_err(|_| Refusal::not_found())?;
    if found.is_empty() && !shared.store.path(&folder).with_file_name("").is_dir() {
        return Err(Refusal::not_found());
    }
    if shared.faults.api() == Fault::EmptyLists {
        found.clear();
    }
    // GitHub's default order: when they were made.
    found.sort_by_key(|(_, info)| info.id);
    let items = found.iter().map(|(name, info)| shape(&shared, name, info)).collect();
    let url = format!("{}/api/v3/orgs/{org}/repos", shared.base_url);
    Ok(Page::of(&query).cut(items, &url, &query))
}

pub(super) async fn get_one(
    State(shared): State<Shared>,
    Path((owner, repo)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let (name, info) = require(&shared, &owner, &repo).await?;
    Ok(Json(shape(&shared, &name, &info)))
}

pub(super) async fn create(
    State(shared): State<Shared>,
    Path(org): Path<String>,
    Json(body): Json<NewRepo>,
) -> Result<Response, Refusal> {
    let name = RepoName::new(&org, &body.name)?;
    let files = if body.auto_init {
        let bytes = format!("# {}\n", body.name).into_bytes();
        vec![NewFile { path: "README.md".to_owned(), kind: gix::objs::tree::EntryKind::Blob, bytes }]
    } else {
        Vec::new()
    };
    let info = RepositoryInfo {
        description: body.description,
        is_template: body.is_template,
        ..RepositoryInfo::default()
    };
    created(&shared, name, move |store, name| store.create_with(name, &files, "Initial commit", info)).await
}

pub(super) async fn generate(
    State(shared): State<Shared>,
    Path((owner, repo)): Path<(String, String)>,
    Json(body): Json<Generate>,
) -> Result<Response, Refusal> {
    let (template, info) = require(&shared, &owner, &repo).await?;
    if !info.is_template {
        return Err(Refusal::invalid(format!("{template} is not a template repository")));
    }
    let name = RepoName::new(&body.owner, &body.name)?;
    let branch = info.default_branch;
    created(&shared, name, move |store, name| {
        let files = store.files(&template, &branch)?;
        let info = RepositoryInfo { description: body.description, ..RepositoryInfo::default() };
        store.create_with(name, &files, "Initial commit", info)
    })
    .await
}

async fn created(
    shared: &Shared,
    name: RepoName,
    make: impl FnOnce(&Store, &RepoName) -> Result<RepositoryInfo, GitServerError> + Send + 'static,
) -> Result<Response, Refusal> {
    let (store, wanted) = (shared.store.clone(), name.clone());
    let info = blocking::run(move || make(&store, &wanted)).await?;
    Ok((StatusCode::CREATED, Json(shape(shared, &name, &info))).into_response())
}

pub(super) async fn patch(
    State(shared): State<Shared>,
    Path((owner, repo)): Path<(String, String)>,
    Json(body): Json<Change>,
) -> Result<Json<Value>, Refusal> {
    let (name, _) = require(&shared, &owner, &repo).await?;
    let (store, wanted) = (shared.store.clone(), name.clone());
    let info = blocking::run(move || {
        if let Some(branch) = &body.default_branch {
            store.set_head(&wanted, branch)?;
        }
        store.update(&wanted, |info| {
            if let Some(description) = body.description {
                info.description = description;
            }
            info.archived = body.archived.unwrap_or(info.archived);
            info.is_template = body.is_template.unwrap_or(info.is_template);
            if let Some(branch) = body.default_branch {
                info.default_branch = branch;
            }
        })
    })
    .await?;
    Ok(Json(shape(&shared, &name, &info)))
}

pub(super) async fn delete(
    State(shared): State<Shared>,
    Path((owner, repo)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let (name, _) = require(&shared, &owner, &repo).await?;
    let store = shared.store.clone();
    blocking::run(move || store.delete(&name)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn topics(
    State(shared): State<Shared>,
    Path((owner, repo)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let (_, info) = require(&shared, &owner, &repo).await?;
    Ok(Json(json!({ "names": info.topics })))
}

pub(super) async fn put_topics(
    State(shared): State<Shared>,
    Path((owner, repo)): Path<(String, String)>,
    Json(body): Json<Topics>,
) -> Result<Json<Value>, Refusal> {
    let (name, _) = require(&shared, &owner, &repo).await?;
    let fits = |topic: &String| {
        let bytes = topic.as_bytes();
        (1..=50).contains(&bytes.len())
            && bytes[0].is_ascii_alphanumeric()
            && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
    };
    if body.names.len() > TOPICS_MAX || !body.names.iter().all(fits) {
        return Err(Refusal::invalid(format!(
            "at most {TOPICS_MAX} topics; each of a-z, 0-9 and -, beginning with a letter or digit, at most 50 long"
        )));
    }
    let (store, names) = (shared.store.clone(), body.names.clone());
    blocking::run(move || store.set_topics(&name, names)).await?;
    Ok(Json(json!({ "names": body.names })))
}

/// Finds a repository.
pub(super) async fn require(
    shared: &Shared,
    owner: &str,
    repo: &str,
) -> Result<(RepoName, RepositoryInfo), Refusal> {
    let name = RepoName::new(owner, repo).map_err(|_| Refusal::not_found())?;
    let (store, wanted) = (shared.store.clone(), name.clone());
    match blocking::run(move || store.get(&wanted)).await? {
        Some(info) => Ok((name, info)),
        None => Err(Refusal::not_found()),
    }
}

fn shape(shared: &Shared, name: &RepoName, info: &RepositoryInfo) -> Value {
    let base = &shared.base_url;
    let ssh_base = base.replacen("http://", "ssh://git@", 1);
    json!({
        "id": info.id,
        "node_id": format!("R_{}", info.id),
        "name": name.name,
        "full_name": name.to_string(),
        "private": false,
        "owner": { "login": name.owner, "id": 1, "type": "Organization" },
        "html_url": format!("{base}/{name}"),
        "url": format!("{base}/api/v3/repos/{name}"),
        "clone_url": format!("{base}/{name}.git"),
        "ssh_url": format!("{ssh_base}/{name}.git"),
        "description": info.description,
        "fork": false,
        "archived": info.archived,
        "disabled": false,
        "is_template": info.is_template,
        "default_branch": info.default_branch,
        "topics": info.topics,
        "visibility": "public",
    })
}
