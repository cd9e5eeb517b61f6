//! Every route in one place.

use crate::auth::{require_session, security_headers};
use crate::error::{ApiError, Code};
use crate::routes::{
    accounts, actions, applications, badge, inventory, logs, objects, openapi, operations, projects,
    repositories, resources, session, stream, system,
};
use crate::state::State;
use crate::{BODY_BYTES_MAX, Config, SharedEngine, WEBHOOK_BYTES_MAX, assets};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post, put};
use tower_http::compression::CompressionLayer;

/// A login's body; nothing longer is a user name and a password.
const LOGIN_BYTES_MAX: usize = 8 * 1024;

/// Returns the whole HTTP service: API, streams, webhook, metrics and dashboard.
///
/// Serve it with `axum::serve` on a listener that the caller binds. Set [`Config::stop`] when it is to end, so that open event
/// streams do not hold a graceful shutdown up.
pub fn router(engine: SharedEngine, config: Config) -> Router {
    let state = State::new(engine, config);
    let guarded = api().layer(CompressionLayer::new().gzip(true)).merge(streams());
    let guarded = if state.open_metrics { guarded } else { guarded.merge(metrics(&state)) };
    let guarded = guarded
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .route_layer(from_fn_with_state(state.clone(), require_session));
    let mut open = Router::new()
        .route("/api/version", get(system::version))
        .route("/api/v1/session", post(session::create).layer(DefaultBodyLimit::max(LOGIN_BYTES_MAX)))
        .route("/api/webhook", post(system::webhook).layer(DefaultBodyLimit::max(WEBHOOK_BYTES_MAX)))
        .merge(health(&state));
    if state.open_metrics {
        open = open.merge(metrics(&state));
    }
    guarded
        .merge(open)
        .fallback(assets::serve)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(state.clone(), security_headers))
        .with_state(state)
}

/// Returns a service with `/metrics`, `/healthz` and `/readyz` alone and without a session, for a port of their own
/// that only the monitoring system reaches.
pub fn metrics_router(engine: SharedEngine) -> Router {
    let no_store = |mut response: Response| async move {
        response.headers_mut().insert("cache-control", axum::http::HeaderValue::from_static("no-store"));
        response
    };
    Router::new()
        .route("/metrics", get(system::metrics))
        .route("/healthz", get(system::healthz))
        .route("/readyz", get(system::readyz))
        .layer(map_response(no_store))
        .with_state(engine)
}

fn health(state: &State) -> Router<State> {
    Router::new()
        .route("/healthz", get(system::healthz))
        .route("/readyz", get(system::readyz))
        .with_state(state.engine.clone())
}

fn metrics(state: &State) -> Router<State> {
    Router::new().route("/metrics", get(system::metrics)).with_state(state.engine.clone())
}

fn streams() -> Router<State> {
    Router::new()
        .route("/api/v1/stream/applications", get(stream::applications))
        .route("/api/v1/stream/applications/{name}/resource-tree", get(stream::resource_tree))
        .route("/api/v1/applications/{name}/logs", get(logs::of_application))
        .route("/api/v1/applications/{name}/pods/{pod}/logs", get(logs::of_pod))
}

fn api() -> Router<State> {
    let app = "/api/v1/applications/{name}";
    let below = |rest: &str| format!("{app}/{rest}");
    let mut router = Router::new()
        .route("/api/v1/applications", get(applications::list).post(applications::create))
        .route(
            app,
            get(applications::get)
                .put(applications::update)
                .patch(applications::patch)
                .delete(applications::delete),
        )
        .route(&below("spec"), put(applications::update_spec))
        .route(&below("sync"), post(operations::sync))
        .route(&below("rollback"), post(operations::rollback))
        .route(&below("operation"), delete(operations::terminate))
        .route(&below("plan"), get(operations::plan))
        .route(&below("resource-tree"), get(objects::resource_tree))
        .route(&below("managed-resources"), get(objects::managed_resources))
        .route(&below("manifests"), get(objects::manifests))
        .route(&below("resource"), get(objects::resource).post(resources::patch).delete(resources::delete))
        .route(&below("resource/actions"), get(actions::list).post(actions::run))
        .route(&below("resource/actions/v2"), post(actions::run_v2))
        .route(&below("events"), get(objects::events))
        .route(&below("revisions/{revision}/metadata"), get(objects::revision_metadata))
        .route(&below("revisions/{revision}/chartdetails"), get(objects::chart_details))
        .route(&below("syncwindows"), get(objects::sync_windows))
        .route("/api/v1/projects", get(projects::list).post(projects::create))
        .route("/api/v1/projects/{name}", get(projects::get).put(projects::update).delete(projects::delete))
        .route("/api/v1/projects/{name}/detailed", get(projects::detailed))
        .route("/api/v1/projects/{name}/roles/{role}/token", post(projects::create_token))
        .route("/api/v1/projects/{name}/roles/{role}/token/{iat}", delete(projects::delete_token))
        .route(
            "/api/v1/applicationsets",
            get(inventory::applicationsets).post(inventory::create_applicationset),
        )
        .route(
            "/api/v1/applicationsets/{name}",
            get(inventory::applicationset).delete(inventory::delete_applicationset),
        )
        .route("/api/v1/repositories", get(repositories::list).post(repositories::create))
        .route(
            "/api/v1/repositories/{repo}",
            get(repositories::get).put(repositories::update).delete(repositories::delete),
        )
        .route("/api/v1/repositories/{repo}/validate", post(repositories::validate))
        .route("/api/v1/repocreds", get(repositories::templates).post(repositories::create_template))
        .route(
            "/api/v1/repocreds/{url}",
            put(repositories::update_template).delete(repositories::delete_template),
        )
        .route("/api/v1/clusters", get(inventory::clusters))
        .route("/api/v1/clusters/{id}", get(inventory::cluster))
        .route("/api/v1/account", get(accounts::list))
        .route("/api/v1/account/password", put(accounts::update_password))
        .route("/api/v1/account/can-i/{resource}/{action}/{*object}", get(accounts::can_i))
        .route("/api/v1/account/{name}", get(accounts::get))
        .route("/api/v1/account/{name}/token", post(accounts::create_token))
        .route("/api/v1/account/{name}/token/{id}", delete(accounts::delete_token))
        .route("/api/v1/settings", get(inventory::settings))
        .route("/api/v1/session", delete(session::delete))
        .route("/api/v1/session/userinfo", get(session::userinfo))
        .route("/api/badge", get(badge::badge))
        .route("/api/openapi.json", get(openapi::document));
    for path in UNSUPPORTED {
        router = router.route(path, any(unsupported));
    }
    router
}

/// Paths of Argo CD's API that are known and not answered yet: 501 tells a client more than 404.
const UNSUPPORTED: &[&str] = &[
    "/api/v1/applications/manifestsWithFiles",
    "/api/v1/applications/{name}/links",
    "/api/v1/applications/{name}/resource/links",
    "/api/v1/applications/{name}/revisions/{revision}/ocimetadata",
    "/api/v1/applications/{name}/server-side-diff",
    "/api/v1/applicationsets/generate",
    "/api/v1/certificates",
    "/api/v1/gpgkeys",
    "/api/v1/notifications/{*rest}",
    "/api/v1/stream/applicationsets",
    "/api/v1/write-repositories",
];

async fn unsupported() -> ApiError {
    ApiError::new(Code::Unimplemented, "unsupported: this part of Argo CD's API")
}

async fn method_not_allowed() -> Response {
    // As grpc-gateway v1, which answers a known path with the wrong method so.
    let error = ApiError::new(Code::Unimplemented, "Method Not Allowed");
    let mut response = error.into_response();
    *response.status_mut() = axum::http::StatusCode::METHOD_NOT_ALLOWED;
    response
}
