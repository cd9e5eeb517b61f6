//! What the engine works with: ApplicationSets, repositories, clusters, settings.

use crate::error::{ApiError, Code};
use crate::list::{Selector, project};
use crate::state::State;
use crate::wire::{Params, Reply, list as list_of, text};
use axum::extract::{self, Path};
use fairway_value::Value;

/// `GET /api/v1/applicationsets`, by `projects`, `selector` and `appsetNamespace`.
pub(crate) async fn applicationsets(
    extract::State(state): extract::State<State>,
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
            && selector.matches(set.get_path(&["metadata", "labels"]).and_then(Value::as_object))
    });
    Ok(Reply(list_of("", sets)))
}

/// `GET /api/v1/applicationsets/{name}`.
pub(crate) async fn applicationset(
    extract::State(state): extract::State<State>,
    Path(name): Path<String>,
    params: Params,
) -> Result<Reply, ApiError> {
    let namespace = params.get("appsetNamespace").map_or_else(|| state.engine().namespace(), str::to_owned);
    let sets = state.engine().applicationsets().await?;
    sets.into_iter()
        .find(|set| {
            text(set, &["metadata", "name"]) == name && text(set, &["metadata", "namespace"]) == namespace
        })
        .map(Reply)
        .ok_or_else(|| {
            ApiError::new(Code::NotFound, format!("applicationsets.argoproj.io \"{name}\" not found"))
        })
}

/// `GET /api/v1/repositories`.
pub(crate) async fn repositories(
    extract::State(state): extract::State<State>,
    params: Params,
) -> Result<Reply, ApiError> {
    let mut repositories = state.engine().repositories().await?;
    repositories.retain(|repo| params.get("repo").is_none_or(|url| url == text(repo, &["repo"])));
    Ok(Reply(list_of("", repositories)))
}

/// `GET /api/v1/clusters`.
pub(crate) async fn clusters(
    extract::State(state): extract::State<State>,
    params: Params,
) -> Result<Reply, ApiError> {
    let mut clusters = state.engine().clusters().await?;
    clusters.retain(|cluster| {
        ["server", "name"]
            .iter()
            .all(|field| params.get(field).is_none_or(|wanted| wanted == text(cluster, &[field])))
    });
    Ok(Reply(list_of("", clusters)))
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
