//! Applications themselves: list, get, create, update, patch, delete.

use crate::auth::Access;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::list::{Filter, Page, facets, sort};
use crate::state::State;
use crate::wire::{JsonBody, Params, Reply, empty, items_or_null, object, text};
use crate::{AppKey, Cascade, PatchKind, RefreshKind};
use axum::extract::{self, Path};
use fairway_value::{Value, from_json};

/// `GET /api/v1/applications`.
pub(crate) async fn list(
    extract::State(state): extract::State<State>,
    access: Access,
    params: Params,
) -> Result<Reply, ApiError> {
    let (filter, page) = (Filter::parse(&params)?, Page::parse(&params)?);
    if let (Some(kind), Some(name)) = (refresh_kind(&params), params.get("name")) {
        let (key, _) = access.app("get", name, &params)?;
        state.engine().refresh(key, kind).await?;
    }
    let mut all = state.engine().applications();
    all.items.retain(|app| access.sees(app));
    let stats = params.flag("stats", false)?.then(|| facets(&all.items, &filter));
    let mut items: Vec<Value> = all.items.into_iter().filter(|app| filter.matches(app)).collect();
    sort(&mut items, params.get("sort"))?;
    let next = page.cut(&mut items);
    let mut metadata = Value::object();
    if !all.resource_version.is_empty() {
        metadata.set_path(&["resourceVersion"], all.resource_version.as_str());
    }
    if let Some((token, left)) = next {
        metadata.set_path(&["continue"], token.as_str());
        metadata.set_path(&["remainingItemCount"], i64::try_from(left).unwrap_or(i64::MAX));
    }
    let mut reply = object([("metadata", metadata), ("items", items_or_null(items))]);
    if let Some(fields) = params.get("fields").and_then(Fields::parse) {
        reply = fields.apply(&reply);
    }
    if let Some(stats) = stats {
        reply.set_path(&["stats"], stats);
    }
    Ok(Reply(reply))
}

/// `GET /api/v1/applications/{name}`; `refresh=normal|hard` compares first.
pub(crate) async fn get(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let (key, mut app) = access.app("get", &name, &params)?;
    if let Some(kind) = refresh_kind(&params) {
        app = state.engine().refresh(key, kind).await?;
    }
    Ok(Reply(match params.get("fields").and_then(Fields::parse) {
        Some(fields) => fields.apply(&app),
        None => app,
    }))
}

fn refresh_kind(params: &Params) -> Option<RefreshKind> {
    // Whatever is not `hard` is normal, as Argo CD `server/application` `Get`.
    params.get("refresh").map(|kind| if kind == "hard" { RefreshKind::Hard } else { RefreshKind::Normal })
}

/// `POST /api/v1/applications`.
pub(crate) async fn create(
    extract::State(state): extract::State<State>,
    access: Access,
    params: Params,
    JsonBody(app): JsonBody,
) -> Result<Reply, ApiError> {
    let (upsert, validate) = (params.flag("upsert", false)?, params.flag("validate", true)?);
    let app = complete(&state, app, None)?.1;
    access.require_app("create", &app)?;
    if upsert && state.engine().application(&key_of(&app)).is_some() {
        access.require_app("update", &app)?;
    }
    Ok(Reply(state.engine().create_application(app, upsert, validate).await?))
}

/// `PUT /api/v1/applications/{name}`.
pub(crate) async fn update(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
    JsonBody(app): JsonBody,
) -> Result<Reply, ApiError> {
    let validate = params.flag("validate", true)?;
    let (key, app) = complete(&state, app, Some(&name))?;
    access.require_app("update", &app)?;
    access.app("update", &key.name, &params.with("appNamespace", &key.namespace))?;
    Ok(Reply(state.engine().update_application(key, app, validate).await?))
}

/// `PUT /api/v1/applications/{name}/spec`: the body is the spec, and so is the answer.
pub(crate) async fn update_spec(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
    JsonBody(spec): JsonBody,
) -> Result<Reply, ApiError> {
    let validate = params.flag("validate", true)?;
    let (key, mut app) = access.app("update", &name, &params)?;
    app.set_path(&["spec"], spec);
    let app = state.engine().update_application(key, app, validate).await?;
    Ok(Reply(app.get("spec").cloned().unwrap_or_else(Value::object)))
}

/// `PATCH /api/v1/applications/{name}`: `{patch, patchType}`, the patch being JSON in a string.
pub(crate) async fn patch(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
    JsonBody(body): JsonBody,
) -> Result<Reply, ApiError> {
    let kind = match text(&body, &["patchType"]) {
        "merge" => PatchKind::Merge,
        "json" | "" => PatchKind::Json,
        other => return Err(ApiError::invalid(format!("Patch type '{other}' is not supported"))),
    };
    let patch = from_json(text(&body, &["patch"]).as_bytes())
        .map_err(|error| ApiError::invalid(format!("the patch cannot be read: {error}")))?;
    let (key, before) = access.app("update", &name, &params.with_body(&body))?;
    moves_to_permitted_project(&access, kind, &before, &patch)?;
    Ok(Reply(state.engine().patch_application(key, kind, patch).await?))
}

/// `DELETE /api/v1/applications/{name}`.
pub(crate) async fn delete(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let cascade = match (params.flag("cascade", true)?, params.get("propagationPolicy")) {
        (false, None) => Cascade::Orphan,
        (false, Some(_)) => {
            return Err(ApiError::invalid("cannot set propagation policy when cascading is disabled"));
        }
        (true, None | Some("foreground")) => Cascade::Foreground,
        (true, Some("background")) => Cascade::Background,
        (true, Some(other)) => return Err(ApiError::invalid(format!("invalid propagation policy: {other}"))),
    };
    let (key, _) = access.app("delete", &name, &params)?;
    state.engine().delete_application(key, cascade).await?;
    Ok(empty())
}

/// An application that changes its project needs the right to be changed in the new one too.
fn moves_to_permitted_project(
    access: &Access,
    kind: PatchKind,
    before: &Value,
    patch: &Value,
) -> Result<(), ApiError> {
    let moved: Vec<&str> = match kind {
        PatchKind::Merge => {
            patch.get_path(&["spec", "project"]).and_then(Value::as_str).into_iter().collect()
        }
        PatchKind::Json => {
            let changes = patch.as_array().unwrap_or_default();
            let all = changes.iter().filter(|change| "/spec/project".starts_with(text(change, &["path"])));
            all.filter_map(|c| c.get("value"))
                .filter_map(|v| v.as_str().or(v.get("project")?.as_str()))
                .collect()
        }
    };
    for to in moved {
        let mut after = before.clone();
        after.set_path(&["spec", "project"], to);
        access.require_app("update", &after)?;
    }
    Ok(())
}

fn key_of(app: &Value) -> AppKey {
    let field = |name| text(app, &["metadata", name]).to_owned();
    AppKey { namespace: field("namespace"), name: field("name") }
}

/// Fills in what a body may leave out, and refuses one whose name is missing or not the path's.
fn complete(state: &State, mut app: Value, path: Option<&str>) -> Result<(AppKey, Value), ApiError> {
    let name = text(&app, &["metadata", "name"]).to_owned();
    if name.is_empty() {
        return Err(ApiError::invalid("metadata.name is missing"));
    }
    if path.is_some_and(|path| path != name) {
        return Err(ApiError::invalid(format!(
            "metadata.name is {name:?}, which is not the application in the path"
        )));
    }
    if text(&app, &["metadata", "namespace"]).is_empty() {
        app.set_path(&["metadata", "namespace"], state.engine().namespace());
    }
    for (field, value) in [("apiVersion", "argoproj.io/v1alpha1"), ("kind", "Application")] {
        let given = text(&app, &[field]);
        if !given.is_empty() && given != value {
            return Err(ApiError::invalid(format!("{field} is {given:?}, want {value:?}")));
        }
        app.set_path(&[field], value);
    }
    if !matches!(app.get("spec"), Some(Value::Object(_))) {
        return Err(ApiError::invalid("spec is missing"));
    }
    let namespace = text(&app, &["metadata", "namespace"]).to_owned();
    Ok((AppKey { namespace, name }, app))
}
