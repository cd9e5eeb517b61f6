//! What an application consists of: tree, managed resources, manifests, live objects, events, revisions.

use crate::ResourceId;
use crate::auth::Access;
use crate::error::ApiError;
use crate::state::State;
use crate::wire::{Params, Reply, items_or_null, object, text};
use axum::extract::{self, Path};
use fairway_value::{HtmlEscape, Value, to_json};

/// `GET /api/v1/applications/{name}/resource-tree`.
pub(crate) async fn resource_tree(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let (key, _) = access.app("get", &name, &params)?;
    Ok(Reply(state.engine().resource_tree(key).await?))
}

/// `GET /api/v1/applications/{name}/managed-resources`, narrowed by `group`, `kind`, `namespace`, `name` and `version`.
pub(crate) async fn managed_resources(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let (key, _) = access.app("get", &name, &params)?;
    let mut items = state.engine().managed_resources(key).await?;
    items.retain(|item| {
        ["group", "kind", "namespace", "name"]
            .iter()
            .all(|field| params.get(field).is_none_or(|wanted| wanted == text(item, &[field])))
    });
    Ok(Reply(object([("items", items_or_null(items))])))
}

/// `GET /api/v1/applications/{name}/manifests`.
pub(crate) async fn manifests(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let (key, _) = access.app("get", &name, &params)?;
    Ok(Reply(state.engine().manifests(key, params.get("revision").map(str::to_owned)).await?))
}

/// `GET /api/v1/applications/{name}/resource`: `{manifest}`, the live object as JSON in a string.
pub(crate) async fn resource(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let (key, _) = access.app("get", &name, &params)?;
    let id = resource_id(&params, "namespace")
        .ok_or_else(|| ApiError::invalid("resourceName and kind are needed"))?;
    let live = state.engine().resource(key, id).await?;
    Ok(Reply(object([("manifest", Value::from(to_json(&live, HtmlEscape::No)))])))
}

/// `GET /api/v1/applications/{name}/events`: those of the Application, or of one resource.
pub(crate) async fn events(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let (key, _) = access.app("get", &name, &params)?;
    let mut list = state.engine().events(key, resource_id(&params, "resourceNamespace")).await?;
    if let Some(uid) = params.get("resourceUID") {
        let items = list.get("items").and_then(Value::as_array).unwrap_or_default();
        let of_uid = items.iter().filter(|event| {
            let involved = text(event, &["involvedObject", "uid"]);
            involved.is_empty() || involved == uid
        });
        list.set_path(&["items"], of_uid.cloned().collect::<Value>());
    }
    Ok(Reply(list))
}

/// Returns the resource of a query, where it names one. Argo CD's events query has no kind: the engine then goes by the name.
pub(super) fn resource_id(params: &Params, namespace: &str) -> Option<ResourceId> {
    let field = |key: &str| params.get(key).unwrap_or_default().to_owned();
    let name = params.get("resourceName")?.to_owned();
    if namespace == "namespace" && params.get("kind").is_none() {
        return None;
    }
    Some(ResourceId {
        group: field("group"),
        version: field("version"),
        kind: field("kind"),
        namespace: field(namespace),
        name,
    })
}

/// `GET /api/v1/applications/{name}/revisions/{revision}/metadata`.
pub(crate) async fn revision_metadata(
    extract::State(state): extract::State<State>,
    access: Access,
    Path((name, revision)): Path<(String, String)>,
    params: Params,
) -> Result<Reply, ApiError> {
    let (key, _) = access.app("get", &name, &params)?;
    let source = params.count("sourceIndex")?.unwrap_or(0);
    Ok(Reply(state.engine().revision_metadata(key, revision, source).await?))
}

/// `GET /api/v1/applications/{name}/revisions/{revision}/chartdetails`.
pub(crate) async fn chart_details(
    extract::State(state): extract::State<State>,
    access: Access,
    Path((name, revision)): Path<(String, String)>,
    params: Params,
) -> Result<Reply, ApiError> {
    let (key, _) = access.app("get", &name, &params)?;
    let source = params.count("sourceIndex")?.unwrap_or(0);
    Ok(Reply(state.engine().chart_details(key, revision, source).await?))
}

/// `GET /api/v1/applications/{name}/syncwindows`.
pub(crate) async fn sync_windows(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let (key, _) = access.app("get", &name, &params)?;
    Ok(Reply(state.engine().sync_windows(key).await?))
}
