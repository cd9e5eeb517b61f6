use crate::GitServerError;
use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Most items of a page, as GitHub's.
const PER_PAGE_MAX: usize = 100;

/// An answer that is no success.
pub(super) struct Refusal(pub StatusCode, pub String);

impl Refusal {
    pub(super) fn not_found() -> Self {
        Self(StatusCode::NOT_FOUND, "Not Found".to_owned())
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, message.into())
    }
}

impl From<GitServerError> for Refusal {
    fn from(error: GitServerError) -> Self {
        let status = match &error {
            GitServerError::NotFound { .. } => return Self::not_found(),
            GitServerError::Name { .. } | GitServerError::Exists { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            GitServerError::Listen { .. }
            | GitServerError::NotLoopback { .. }
            | GitServerError::Git { .. }
            | GitServerError::Io { .. }
            | GitServerError::Program { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({
            "message": self.1,
            "documentation_url": "https://docs.github.com/rest",
            "status": self.0.as_u16().to_string(),
        });
        (self.0, Json(body)).into_response()
    }
}

/// Which page of a list is wanted.
pub(super) struct Page {
    number: usize,
    size: usize,
}

impl Page {
    /// Reads `page` and `per_page`; GitHub takes 30 a page, 100 at most.
    pub(super) fn of(query: &Query) -> Self {
        let number = |key: &str| query.get(key).and_then(|v| v.parse::<usize>().ok()).filter(|n| *n > 0);
        Self { number: number("page").unwrap_or(1), size: number("per_page").unwrap_or(30).min(PER_PAGE_MAX) }
    }

    /// Cuts the page out of a whole list and adds GitHub's `Link` header.
    pub(super) fn cut(&self, items: Vec<Value>, url: &str, query: &Query) -> Response {
        let last = items.len().div_ceil(self.size).max(1);
        let start = (self.number - 1).saturating_mul(self.size);
        let page: Vec<Value> = items.into_iter().skip(start).take(self.size).collect();
        let mut links = Vec::new();
        let mut link = |number: usize, relation: &str| {
            links.push(format!("<{url}?{}>; rel=\"{relation}\"", query.with_page(number)));
        };
        if self.number > 1 {
            link(self.number - 1, "prev");
            link(1, "first");
        }
        if self.number < last {
            link(self.number + 1, "next");
            link(last, "last");
        }
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(&links.join(", "))
            && !links.is_empty()
        {
            headers.insert(header::LINK, value);
        }
        (headers, Json(Value::Array(page))).into_response()
    }
}

/// The parameters of a URL.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let decode = |part: &str| percent_decode(&part.replace('+', " "));
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(key), decode(value))
                })
                .collect(),
        )
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    fn with_page(&self, number: usize) -> String {
        let kept = self.0.iter().filter(|(key, _)| key != "page");
        let mut parts: Vec<String> =
            kept.map(|(key, value)| format!("{}={}", percent_encode(key), percent_encode(value))).collect();
        parts.push(format!("page={number}"));
        parts.join("&")
    }
}

/// Decodes `%XX`; what is malformed stays as it is.
pub(super) fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match code.filter(|_| first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
