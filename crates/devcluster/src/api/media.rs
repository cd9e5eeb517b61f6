//! Which form a client wants and sends.

use super::status::{ApiError, ApiResult};

/// How the answer is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Yaml,
}

/// What the answer is turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The object as it is.
    Object,
    /// `Table` of `meta.k8s.io/v1` or `v1beta1`.
    Table(MetaVersion),
    /// `PartialObjectMetadata`, or its list.
    Partial(MetaVersion),
}

/// Version of `meta.k8s.io`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetaVersion {
    V1,
    V1beta1,
}

impl MetaVersion {
    pub(crate) fn api_version(self) -> &'static str {
        match self {
            Self::V1 => "meta.k8s.io/v1",
            Self::V1beta1 => "meta.k8s.io/v1beta1",
        }
    }
}

/// The answer's encoding and form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) encoding: Encoding,
    pub(crate) form: Form,
}

impl Wanted {
    pub(crate) const JSON: Self = Self { encoding: Encoding::Json, form: Form::Object };
}

const TYPES: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// One clause of an Accept header: type, parameters.
fn clauses(accept: &str) -> impl Iterator<Item = (&str, Vec<(&str, &str)>)> {
    accept.split(',').map(|clause| {
        let mut parts = clause.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        (
            kind,
            parts
                .filter_map(|p| p.split_once('='))
                .map(|(k, v)| (k.trim(), v.trim().trim_matches('"')))
                .collect(),
        )
    })
}

/// Chooses the answer's form. Protobuf is skipped: clients that offer JSON beside it get JSON.
pub(crate) fn negotiate(accept: Option<&str>) -> ApiResult<Wanted> {
    let Some(accept) = accept.filter(|a| !a.trim().is_empty()) else { return Ok(Wanted::JSON) };
    let mut known_type = false;
    for (kind, params) in clauses(accept) {
        let encoding = match kind {
            "application/json" | "*/*" | "application/*" => Encoding::Json,
            "application/yaml" => Encoding::Yaml,
            _ => continue,
        };
        known_type = true;
        let param = |name: &str| params.iter().find(|(k, _)| *k == name).map(|(_, v)| *v);
        let Some(target) = param("as") else { return Ok(Wanted { encoding, form: Form::Object }) };
        if param("g").is_some_and(|g| g != "meta.k8s.io") {
            continue;
        }
        let version = match param("v") {
            Some("v1") => MetaVersion::V1,
            Some("v1beta1") => MetaVersion::V1beta1,
            _ => continue,
        };
        let form = match target {
            "Table" => Form::Table(version),
            "PartialObjectMetadata" | "PartialObjectMetadataList" => Form::Partial(version),
            _ => continue,
        };
        return Ok(Wanted { encoding, form });
    }
    if known_type {
        return Err(ApiError::not_acceptable(
            &format!("only the following media types are accepted: {TYPES}"),
            false,
        ));
    }
    Err(ApiError::not_acceptable(&format!("406: Not Acceptable\n\nAvailable representations: {TYPES}"), true))
}

/// Whether the client asks for aggregated discovery, and in which version.
pub(crate) fn aggregated(accept: Option<&str>) -> Option<&'static str> {
    for (kind, params) in clauses(accept?) {
        let param = |name: &str| params.iter().find(|(k, _)| *k == name).map(|(_, v)| *v);
        if kind == "application/json" {
            match (param("g"), param("v"), param("as")) {
                (Some("apidiscovery.k8s.io"), Some("v2"), Some("APIGroupDiscoveryList")) => {
                    return Some("v2");
                }
                (Some("apidiscovery.k8s.io"), Some("v2beta1"), Some("APIGroupDiscoveryList")) => {
                    return Some("v2beta1");
                }
                (None, None, None) => return None,
                _ => {}
            }
        }
    }
    None
}

/// Whether a body is JSON by its first letter, whatever its type says.
pub(crate) fn body_encoding_loose(call: &super::call::Call<'_>) -> Encoding {
    match call.request.body.iter().find(|b| !b.is_ascii_whitespace()) {
        Some(b'{' | b'[') | None => Encoding::Json,
        Some(_) => Encoding::Yaml,
    }
}

/// Whether a request's body is a protobuf message.
pub(crate) fn is_protobuf(content_type: Option<&str>) -> bool {
    content_type.and_then(|t| t.split(';').next()).map(str::trim)
        == Some("application/vnd.kubernetes.protobuf")
}

/// The form of a request's body that is text.
pub(crate) fn body_encoding(content_type: Option<&str>) -> ApiResult<Encoding> {
    let kind = content_type.unwrap_or("").split(';').next().unwrap_or_default().trim();
    match kind {
        "" | "application/json" => Ok(Encoding::Json),
        "application/yaml" => Ok(Encoding::Yaml),
        _ => Err(ApiError::unsupported_media(
            &format!(
                "the body of the request was in an unknown format - accepted media types include: {TYPES}"
            ),
            false,
        )),
    }
}
