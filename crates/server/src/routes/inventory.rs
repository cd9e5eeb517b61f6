//! What the engine works with: ApplicationSets, clusters, settings.

use crate::auth::Access;
use crate::error::{ApiError, Code};
use crate::list::{Selector, project};
use crate::state::State;
use crate::wire::{JsonBody, Params, Reply, empty, list as list_of, text};
use axum::extract::{self, Path};
use fairway_value::Value;

/// `GET /api/v1/applicationsets`, by `projects`, `selector` and `appsetNamespace`.
pub(crate) async fn applicationsets(
    extract::State(state): extract::State<State>,
    access: Access,
    params: Params,
) -> Result<Reply, ApiError> {
    let selector = Selector::parse(params.get("selector").unwrap_or_default())
        .map_err(|error| ApiError::invalid(format!("error parsing the selector: {error}")))?;
    let projects: Vec<&str> = params.all("projects").collect();
    let mut sets = state.engine().applicationsets().await?;
    sets.retain(|set| {
        let template = set.get_path(&["spec", "template"]).cloned().unwrap_or_default();
        (projects.is_empty() || projects.contains(&project(&template)))
            && params.get("appsetNamespace").is_none_or(|ns| ns == text(set, &["metadata", "namespace"]))
            && require_set(&access, "get", set).is_ok()
            && selector.matches(set.get_path(&["metadata", "labels"]).and_then(Value::as_object))
    });
    Ok(Reply(list_of("", sets)))
}

/// `GET /api/v1/applicationsets/{name}`.
pub(crate) async fn applicationset(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    Ok(Reply(find_set(&state, &access, &name, &params).await?))
}

/// `POST /api/v1/applicationsets`: an ApplicationSet; `upsert` replaces one that exists.
pub(crate) async fn create_applicationset(
    extract::State(state): extract::State<State>,
    access: Access,
    params: Params,
    JsonBody(mut set): JsonBody,
) -> Result<Reply, ApiError> {
    let upsert = params.flag("upsert", false)?;
    if text(&set, &["metadata", "name"]).is_empty() {
        return Err(ApiError::invalid("metadata.name is missing"));
    }
    if text(&set, &["metadata", "namespace"]).is_empty() {
        set.set_path(&["metadata", "namespace"], state.engine().namespace());
    }
    require_set(&access, if upsert { "update" } else { "create" }, &set)?;
    Ok(Reply(state.engine().put_applicationset(set, upsert).await?))
}

/// `DELETE /api/v1/applicationsets/{name}`.
pub(crate) async fn delete_applicationset(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(name): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let set = find_set(&state, &access, &name, &params).await?;
    require_set(&access, "delete", &set)?;
    let namespace = text(&set, &["metadata", "namespace"]).to_owned();
    state.engine().delete_applicationset(namespace, name).await?;
    Ok(empty())
}

/// Returns an ApplicationSet as policies name it: the project of its template, and its name.
fn set_object(set: &Value) -> (String, String) {
    let template = set.get_path(&["spec", "template"]).cloned().unwrap_or_default();
    let project = project(&template).to_owned();
    let object = format!("{project}/{}", text(set, &["metadata", "name"]));
    (project, object)
}

fn require_set(access: &Access, action: &str, set: &Value) -> Result<(), ApiError> {
    let (project, object) = set_object(set);
    access.require_in(&project, "applicationsets", action, &object)
}

async fn find_set(state: &State, access: &Access, name: &str, params: &Params) -> Result<Value, ApiError> {
    let namespace = params.get("appsetNamespace").map_or_else(|| state.engine().namespace(), str::to_owned);
    let sets = state.engine().applicationsets().await?;
    sets.into_iter()
        .find(|set| {
            text(set, &["metadata", "name"]) == name && text(set, &["metadata", "namespace"]) == namespace
        })
        .filter(|set| require_set(access, "get", set).is_ok())
        .ok_or_else(|| {
            ApiError::new(Code::NotFound, format!("applicationsets.argoproj.io \"{name}\" not found"))
        })
}

/// `GET /api/v1/clusters`.
pub(crate) async fn clusters(
    extract::State(state): extract::State<State>,
    access: Access,
    params: Params,
) -> Result<Reply, ApiError> {
    let mut clusters = state.engine().clusters().await?;
    clusters.retain(|cluster| {
        may_see_cluster(&access, cluster)
            && ["server", "name"]
                .iter()
                .all(|field| params.get(field).is_none_or(|wanted| wanted == text(cluster, &[field])))
    });
    Ok(Reply(list_of("", clusters)))
}

/// `GET /api/v1/clusters/{id}`: by server, or by name with `id.type=name`.
pub(crate) async fn cluster(
    extract::State(state): extract::State<State>,
    access: Access,
    Path(id): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let field = match params.get("id.type") {
        Some("name" | "name_escaped") => "name",
        _ => "server",
    };
    let clusters = state.engine().clusters().await?;
    let found = clusters.into_iter().find(|c| text(c, &[field]) == id && may_see_cluster(&access, c));
    // Which clusters there are is not told to whom may not see them.
    found.map(Reply).ok_or_else(ApiError::permission_denied)
}

fn may_see_cluster(access: &Access, cluster: &Value) -> bool {
    let (server, project) = (text(cluster, &["server"]), text(cluster, &["project"]));
    if project.is_empty() {
        access.may("clusters", "get", server)
    } else {
        access.may_in(project, "clusters", "get", &format!("{project}/{server}"))
    }
}

/// `GET /api/v1/settings`: the engine's over the defaults.
pub(crate) async fn settings(extract::State(state): extract::State<State>) -> Reply {
    let mut settings = Value::object();
    for (key, value) in [
        ("appLabelKey", Value::from("app.kubernetes.io/instance")),
        ("trackingMethod", Value::from("annotation")),
        ("controllerNamespace", Value::from(state.engine().namespace())),
        ("statusBadgeEnabled", Value::from(true)),
        ("execEnabled", Value::from(false)),
        ("hydratorEnabled", Value::from(false)),
        ("userLoginsDisabled", Value::from(false)),
        ("appsInAnyNamespaceEnabled", Value::from(true)),
        ("syncWithReplaceAllowed", Value::from(true)),
    ] {
        settings.set_path(&[key], value);
    }
    if let Some(own) = state.engine().settings().as_object() {
        for (key, value) in own.iter() {
            settings.set_path(&[key.as_str()], value.clone());
        }
    }
    Reply(settings)
}
