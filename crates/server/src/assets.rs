//! The dashboard's files, built into the binary by this crate's build script.

use crate::error::ApiError;
use crate::wire::no_such_path;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

/// One file.
struct Asset {
    /// Its path below the root, such as `assets/index-B1c2.js`.
    path: &'static str,
    mime: &'static str,
    etag: &'static str,
    /// Whether the path names the content, so that a browser never needs to ask again.
    immutable: bool,
    plain: &'static [u8],
    /// The same compressed, where that is smaller.
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Whether the binary holds the dashboard. Without it, where it was built without Node, a plain status page stands in.
pub const HAS_DASHBOARD: bool = DASHBOARD;

/// Answers what no route does: a file, the dashboard's page for its own paths, or 404.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") || !matches!(method, Method::GET | Method::HEAD) {
        return no_such_path().into_response();
    }
    let asset = find(path).or_else(|| is_page(path).then(|| find("index.html")).flatten());
    asset.map_or_else(|| ApiError::into_response(no_such_path()), |asset| respond(asset, &headers))
}

/// Whether a path is one of the dashboard's pages: they have no extension in their last part. An application's name may have a dot.
fn is_page(path: &str) -> bool {
    path.starts_with("applications/") || !path.rsplit('/').next().is_some_and(|last| last.contains('.'))
}

fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok().and_then(|at| ASSETS.get(at))
}

fn respond(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let value =
        |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let known =
        value(header::IF_NONE_MATCH).split(',').any(|tag| tag.trim().trim_start_matches("W/") == asset.etag);
    let gzip = asset.gzip.filter(|_| accepts_gzip(value(header::ACCEPT_ENCODING)));
    let (status, body) = match (known, gzip) {
        (true, _) => (StatusCode::NOT_MODIFIED, Body::empty()),
        (false, Some(gzip)) => (StatusCode::OK, Body::from(gzip)),
        (false, None) => (StatusCode::OK, Body::from(asset.plain)),
    };
    let caching = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = (status, body).into_response();
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.mime));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    out.insert(header::ETAG, HeaderValue::from_static(asset.etag));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if gzip.is_some() && !known {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn accepts_gzip(accept: &str) -> bool {
    accept.split(',').any(|part| {
        let (coding, quality) = part.split_once(';').unwrap_or((part, ""));
        matches!(coding.trim(), "gzip" | "*")
            && quality.trim().replace(' ', "").trim_end_matches(['0', '.']) != "q="
    })
}
