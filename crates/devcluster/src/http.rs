//! The API over HTTP/1.1 and HTTP/2 without TLS, on loopback.

use crate::api::{Api, ApiError, Reply, ReplyBody, Request};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, header};
use futures::stream;
use std::sync::Arc;
use tokio::sync::watch;

/// Largest request body, as the kube-apiserver's bound for JSON.
pub(crate) const BODY_BYTES_MAX: usize = 3 << 20;

/// What every request needs.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) api: Arc<Api>,
    /// Turns true when the server ends: watches end with it.
    pub(crate) ending: watch::Receiver<bool>,
}

/// Builds the service.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new().fallback(move |request: axum::extract::Request| {
        let shared = shared.clone();
        async move { answer(&shared, request).await }
    })
}

async fn answer(shared: &Shared, request: axum::extract::Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let uri = parts.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
    let head = parts.method == axum::http::Method::HEAD;
    let reply = match axum::body::to_bytes(body, BODY_BYTES_MAX).await {
        Ok(body) => {
            let request = Request::new(parts.method, &uri, parts.headers, body);
            shared.api.handle(&request)
        }
        Err(_) => Reply::error(&ApiError::too_large(BODY_BYTES_MAX)),
    };
    respond(reply, head, shared.ending.clone())
}

fn respond(reply: Reply, head: bool, ending: watch::Receiver<bool>) -> Response<Body> {
    let body = match reply.body {
        ReplyBody::Full(_) if head => Body::empty(),
        ReplyBody::Full(bytes) => Body::from(bytes),
        ReplyBody::Watch(watch) => {
            let chunks = stream::unfold((watch, ending), |(mut watch, mut ending)| async move {
                let chunk = tokio::select! {
                    chunk = watch.next() => chunk,
                    _ = ending.wait_for(|end| *end) => None,
                }?;
                Some((Ok::<Bytes, std::convert::Infallible>(chunk), (watch, ending)))
            });
            Body::from_stream(chunks)
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&reply.content_type) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    for text in &reply.warnings {
        if let Ok(value) = HeaderValue::from_str(&warning(text)) {
            headers.append(header::WARNING, value);
        }
    }
    response
}

/// Writes the `Warning` header: code 299, no agent, the quoted text.
fn warning(text: &str) -> String {
    let quoted: String = text
        .chars()
        .filter(|c| !c.is_control())
        .flat_map(|c| if matches!(c, '"' | '\\') { vec!['\\', c] } else { vec![c] })
        .collect();
    format!("299 - \"{quoted}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_quoted() {
        assert_eq!(warning("unknown field \"a\""), "299 - \"unknown field \\\"a\\\"\"");
    }
}
