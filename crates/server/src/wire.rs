//! Query strings and bodies in, JSON out.

use crate::error::{ApiError, Code};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::{HeaderValue, StatusCode, header, request::Parts};
use axum::response::{IntoResponse, Response};
use fairway_value::{HtmlEscape, Map, Value, from_json, to_json};

/// A query string with repeated keys kept, as Go's `url.Values`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Returns the first non-empty value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, v)| k == key && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// Returns every non-empty value of a key.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(k, v)| k == key && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// Returns the parameters with one key set where it is not.
    pub(crate) fn with(&self, key: &str, value: &str) -> Self {
        let mut pairs = self.0.clone();
        if self.get(key).is_none() {
            pairs.push((key.to_owned(), value.to_owned()));
        }
        Self(pairs)
    }

    /// Returns the parameters with those that Argo CD's clients send in a request's body instead.
    pub(crate) fn with_body(&self, body: &Value) -> Self {
        ["appNamespace", "project"]
            .iter()
            .fold(self.clone(), |params, key| params.with(key, text(body, &[key])))
    }

    /// Returns a flag, written as Go's `strconv.ParseBool` reads it.
    pub(crate) fn flag(&self, key: &str, default: bool) -> Result<bool, ApiError> {
        match self.get(key) {
            None => Ok(default),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
            Some(other) => Err(ApiError::invalid(format!("{key} is {other:?}; write true or false"))),
        }
    }

    /// Returns a count.
    pub(crate) fn count(&self, key: &str) -> Result<Option<usize>, ApiError> {
        self.get(key)
            .map(|text| {
                text.parse()
                    .map_err(|_| ApiError::invalid(format!("{key} is {text:?}; write a whole number")))
            })
            .transpose()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map(|Query(pairs)| Self(pairs))
            .map_err(|_| ApiError::invalid("the query string cannot be read"))
    }
}

/// A JSON body. An empty one is an empty object, as grpc-gateway takes it.
pub(crate) struct JsonBody(pub(crate) Value);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            let text = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                format!("the body is larger than {} bytes", crate::BODY_BYTES_MAX)
            } else {
                "the body could not be read".to_owned()
            };
            ApiError::invalid(text)
        })?;
        if bytes.is_empty() {
            return Ok(Self(Value::object()));
        }
        let value = from_json(&bytes).map_err(|error| ApiError::invalid(error.to_string()))?;
        match value {
            Value::Object(_) => Ok(Self(value)),
            other => {
                Err(ApiError::invalid(format!("the body is {}, an object is needed", other.type_name())))
            }
        }
    }
}

/// A JSON body of any type.
pub(crate) struct AnyJson(pub(crate) Value);

impl<S: Send + Sync> FromRequest<S> for AnyJson {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| ApiError::invalid("the body could not be read, or is too large"))?;
        from_json(&bytes).map(Self).map_err(|error| ApiError::invalid(error.to_string()))
    }
}

/// A value as a JSON response that no cache keeps.
pub(crate) struct Reply(pub(crate) Value);

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(to_json(&self.0, HtmlEscape::No)));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// The empty object, which Argo CD answers where there is nothing to say.
pub(crate) fn empty() -> Reply {
    Reply(Value::object())
}

/// Returns an object of some entries.
pub(crate) fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let mut map = Map::new();
    for (key, value) in entries {
        map.insert(key, value);
    }
    Value::Object(map)
}

/// Returns Argo CD's list: `items` is null where there is none.
pub(crate) fn list(resource_version: &str, items: Vec<Value>) -> Value {
    let mut metadata = Value::object();
    if !resource_version.is_empty() {
        metadata.set_path(&["resourceVersion"], resource_version);
    }
    object([("metadata", metadata), ("items", items_or_null(items))])
}

/// Returns an array, or null for an empty one.
pub(crate) fn items_or_null(items: Vec<Value>) -> Value {
    if items.is_empty() { Value::Null } else { Value::from(items) }
}

/// Returns the string at a path, or the empty one.
pub(crate) fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    value.get_path(path).and_then(Value::as_str).unwrap_or_default()
}

/// The answer to a path that is not there, in grpc-gateway's words.
pub(crate) fn no_such_path() -> ApiError {
    ApiError::new(Code::NotFound, "Not Found")
}
