use super::{branches, contents, pulls, repositories};
use crate::Fault;
use crate::server::Shared;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};

/// Largest body of an API request: a file of a template as base64.
const BODY_BYTES_MAX: usize = 16 << 20;

/// Builds everything below `/api/v3`.
pub(crate) fn router(shared: Shared) -> Router<Shared> {
    Router::new()
        .route("/", get(|| async { axum::Json(serde_json::json!({})) }))
        .route("/orgs/{org}/repos", get(repositories::list).post(repositories::create))
        .route("/users/{org}/repos", get(repositories::list))
        .route(
            "/repos/{owner}/{repo}",
            get(repositories::get_one).patch(repositories::patch).delete(repositories::delete),
        )
        .route("/repos/{owner}/{repo}/topics", get(repositories::topics).put(repositories::put_topics))
        .route("/repos/{owner}/{repo}/generate", post(repositories::generate))
        .route("/repos/{owner}/{repo}/branches", get(branches::list))
        .route("/repos/{owner}/{repo}/branches/{*branch}", get(branches::get_one))
        .route("/repos/{owner}/{repo}/commits/{*revision}", get(branches::commit))
        .route("/repos/{owner}/{repo}/git/trees/{*tree}", get(contents::tree))
        .route("/repos/{owner}/{repo}/contents", get(contents::root))
        .route("/repos/{owner}/{repo}/contents/", get(contents::root))
        .route("/repos/{owner}/{repo}/contents/{*path}", get(contents::get_one).put(contents::put_file))
        .route("/repos/{owner}/{repo}/pulls", get(pulls::list).post(pulls::create))
        .route("/repos/{owner}/{repo}/pulls/{number}", get(pulls::get_one).patch(pulls::patch))
        .route("/repos/{owner}/{repo}/issues/{number}/labels", put(pulls::put_labels))
        .fallback(|| async { super::respond::Refusal::not_found() })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(shared, misbehave))
}

async fn misbehave(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    match shared.faults.api() {
        Fault::None | Fault::EmptyLists => next.run(request).await,
        Fault::Status(code) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            super::respond::Refusal(status, "switched to fail".to_owned()).into_response()
        }
        Fault::Hang => std::future::pending().await,
    }
}
