//! `/openapi/v2` and `/openapi/v3`.

use super::call::{Reply, Request};
use super::server::Api;
use super::status::{ApiError, ApiResult};

/// Answers a path under `/openapi`. Nothing for other paths.
pub(crate) fn answer(api: &Api, request: &Request) -> Option<ApiResult<Reply>> {
    let _ = api;
    request.path.starts_with("/openapi/").then(|| Err(ApiError::unsupported("OpenAPI")))
}
