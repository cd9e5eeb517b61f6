use super::repositories::require;
use super::respond::{Page, Query, Refusal};
use crate::server::Shared;
use crate::{PullInfo, RepoName, blocking};
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
pub(super) struct NewPull {
    title: String,
    head: String,
    base: String,
}

#[derive(Deserialize)]
pub(super) struct Change {
    title: Option<String>,
    state: Option<String>,
    base: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Labels {
    labels: Vec<String>,
}

pub(super) async fn list(
    State(shared): State<Shared>,
    Path((owner, repo)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::parse(query.as_deref().unwrap_or_default());
    let (name, info) = require(&shared, &owner, &repo).await?;
    let branches = branches(&shared, &name).await?;
    let wanted = |pull: &&PullInfo| match query.get("state").unwrap_or("open") {
        "all" => true,
        "closed" => !pull.open,
        _ => pull.open,
    };
    // GitHub lists the newest first.
    let items = info.pulls.iter().rev().filter(wanted).map(|p| shape(&shared, &name, p, &branches)).collect();
    let url = format!("{}/api/v3/repos/{name}/pulls", shared.base_url);
    Ok(Page::of(&query).cut(items, &url, &query))
}

pub(super) async fn get_one(
    State(shared): State<Shared>,
    Path((owner, repo, number)): Path<(String, String, u64)>,
) -> Result<Json<Value>, Refusal> {
    let (name, info) = require(&shared, &owner, &repo).await?;
    let branches = branches(&shared, &name).await?;
    let pull = info.pulls.iter().find(|p| p.number == number).ok_or_else(Refusal::not_found)?;
    Ok(Json(shape(&shared, &name, pull, &branches)))
}

pub(super) async fn create(
    State(shared): State<Shared>,
    Path((owner, repo)): Path<(String, String)>,
    Json(body): Json<NewPull>,
) -> Result<Response, Refusal> {
    let (name, _) = require(&shared, &owner, &repo).await?;
    let branches = branches(&shared, &name).await?;
    if !branches.contains_key(&body.head) || !branches.contains_key(&body.base) {
        return Err(Refusal::invalid("head and base must be branches of the repository"));
    }
    let pull = PullInfo {
        title: body.title,
        head: body.head,
        base: body.base,
        author: "fairway".to_owned(),
        ..PullInfo::default()
    };
    let (store, wanted) = (shared.store.clone(), name.clone());
    let pull = blocking::run(move || store.open_pull(&wanted, pull)).await?;
    Ok((StatusCode::CREATED, Json(shape(&shared, &name, &pull, &branches))).into_response())
}

pub(super) async fn patch(
    State(shared): State<Shared>,
    Path((owner, repo, number)): Path<(String, String, u64)>,
    Json(body): Json<Change>,
) -> Result<Json<Value>, Refusal> {
    change(&shared, &owner, &repo, number, move |pull| {
        pull.open = body.state.map_or(pull.open, |state| state == "open");
        if let Some(title) = body.title {
            pull.title = title;
        }
        if let Some(base) = body.base {
            pull.base = base;
        }
    })
    .await
}

pub(super) async fn put_labels(
    State(shared): State<Shared>,
    Path((owner, repo, number)): Path<(String, String, u64)>,
    Json(body): Json<Labels>,
) -> Result<Json<Value>, Refusal> {
    let labels = body.labels.iter().map(|name| json!({ "name": name })).collect();
    let _ = change(&shared, &owner, &repo, number, move |pull| pull.labels = body.labels).await?;
    Ok(Json(labels))
}

async fn change(
    shared: &Shared,
    owner: &str,
    repo: &str,
    number: u64,
    edit: impl FnOnce(&mut PullInfo) + Send + 'static,
) -> Result<Json<Value>, Refusal> {
    let (name, _) = require(shared, owner, repo).await?;
    let branches = branches(shared, &name).await?;
    let (store, wanted) = (shared.store.clone(), name.clone());
    let info = blocking::run(move || {
        store.update(&wanted, |info| {
            if let Some(pull) = info.pulls.iter_mut().find(|p| p.number == number) {
                edit(pull);
            }
        })
    })
    .await?;
    let pull = info.pulls.iter().find(|p| p.number == number).ok_or_else(Refusal::not_found)?;
    Ok(Json(shape(shared, &name, pull, &branches)))
}

async fn branches(shared: &Shared, name: &RepoName) -> Result<BTreeMap<String, String>, Refusal> {
    let (store, name) = (shared.store.clone(), name.clone());
    Ok(blocking::run(move || store.branches(&name)).await?.into_iter().collect())
}

fn shape(shared: &Shared, name: &RepoName, pull: &PullInfo, branches: &BTreeMap<String, String>) -> Value {
    let side = |branch: &str| {
        json!({
            "ref": branch,
            "sha": branches.get(branch).cloned().unwrap_or_default(),
            "label": format!("{}:{branch}", name.owner),
        })
    };
    let labels: Vec<Value> = pull.labels.iter().map(|label| json!({ "name": label })).collect();
    json!({
        "number": pull.number,
        "title": pull.title,
        "state": if pull.open { "open" } else { "closed" },
        "draft": false,
        "user": { "login": pull.author },
        "labels": labels,
        "head": side(&pull.head),
        "base": side(&pull.base),
        "html_url": format!("{}/{name}/pull/{}", shared.base_url, pull.number),
    })
}
