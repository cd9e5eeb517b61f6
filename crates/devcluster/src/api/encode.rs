//! Turning stored objects into answers: JSON or YAML; as they are, as tables or as metadata.

use super::convert;
use super::media::{Encoding, Form, MetaVersion, Wanted};
use super::registry::Resource;
use super::status::{ApiResult, to_value};
use super::{Reply, ReplyBody, call::Call};
use crate::store::{Stored, object_json};
use crate::table::Tables;
use bytes::Bytes;
use fairway_value::{HtmlEscape, Value, write_json};
use serde_json::json;
use std::borrow::Cow;

/// Returns an object in the version that the request asks for.
pub(crate) fn in_version<'s>(value: &'s Value, resource: &Resource) -> Cow<'s, Value> {
    if resource.is_storage() {
        Cow::Borrowed(value)
    } else {
        Cow::Owned(convert::to_version(value, resource))
    }
}

/// Returns only `metadata` of an object.
pub(crate) fn partial(value: &Value, version: MetaVersion) -> Value {
    partial_metadata(value, version.api_version())
}

/// Returns only `metadata` of an object, as a `PartialObjectMetadata` of a version of `meta.k8s.io`.
pub(crate) fn partial_metadata(value: &Value, api_version: &str) -> Value {
    let mut out = Value::object();
    out.set_path(&["kind"], "PartialObjectMetadata");
    out.set_path(&["apiVersion"], api_version);
    out.set_path(&["metadata"], value.get("metadata").cloned().unwrap_or_else(Value::object));
    out
}

/// Answers with one object.
pub(crate) fn object(call: &Call<'_>, code: u16, stored: &Stored) -> ApiResult<Reply> {
    let wanted = super::media::negotiate(call.request.accept())?;
    if wanted == Wanted::JSON && call.resource.is_storage() {
        return Ok(Reply::json(code, stored.json()));
    }
    value(call, code, &in_version(&stored.value, &call.resource))
}

/// Answers with an object that is already in the version asked for.
pub(crate) fn value(call: &Call<'_>, code: u16, value: &Value) -> ApiResult<Reply> {
    let wanted = super::media::negotiate(call.request.accept())?;
    Ok(match wanted.form {
        Form::Object => encoded(code, value, wanted.encoding),
        Form::Partial(version) => encoded(code, &partial(value, version), wanted.encoding),
        Form::Table(version) => {
            let rv =
                value.get_path(&["metadata", "resourceVersion"]).and_then(Value::as_str).unwrap_or_default();
            let now = call.api.clock.now_micros();
            let tables = Tables::new(&call.resource, now, call.request.query.text("includeObject"));
            let metadata = if rv.is_empty() { json!({}) } else { json!({ "resourceVersion": rv }) };
            let table =
                tables.table(version.api_version(), &to_value(&metadata), std::iter::once(value), true);
            encoded(code, &table, wanted.encoding)
        }
    })
}

/// Encodes a whole answer.
pub(crate) fn encoded(code: u16, value: &Value, encoding: Encoding) -> Reply {
    match encoding {
        Encoding::Json => Reply::json(code, object_json(value).0),
        Encoding::Yaml => Reply {
            code,
            content_type: "application/yaml".to_owned(),
            warnings: Vec::new(),
            body: ReplyBody::Full(Bytes::from(fairway_yaml::to_string(value))),
        },
    }
}

/// A list to answer with.
pub(crate) struct Page<'p> {
    pub(crate) rv: u64,
    pub(crate) next: String,
    pub(crate) remaining: Option<usize>,
    pub(crate) items: &'p [std::sync::Arc<Stored>],
}

/// Answers with a list.
pub(crate) fn list(call: &Call<'_>, page: &Page<'_>) -> ApiResult<Reply> {
    let wanted = super::media::negotiate(call.request.accept())?;
    let resource = &call.resource;
    let mut metadata = Value::object();
    metadata.set_path(&["resourceVersion"], page.rv.to_string());
    if !page.next.is_empty() {
        metadata.set_path(&["continue"], page.next.as_str());
        if let Some(count) = page.remaining {
            metadata.set_path(&["remainingItemCount"], i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
    let versioned = || page.items.iter().map(|s| in_version(&s.value, resource));
    match wanted.form {
        Form::Object if wanted.encoding == Encoding::Json => {
            Ok(Reply::json(200, list_json(resource, &metadata, page)))
        }
        Form::Object => {
            let items: Value = versioned().map(Cow::into_owned).collect();
            Ok(encoded(
                200,
                &list_value(&resource.list_kind, &resource.api_version(), metadata, items),
                wanted.encoding,
            ))
        }
        Form::Partial(version) => {
            let items: Value = versioned().map(|v| partial(&v, version)).collect();
            let list = list_value("PartialObjectMetadataList", version.api_version(), metadata, items);
            Ok(encoded(200, &list, wanted.encoding))
        }
        Form::Table(version) => {
            let now = call.api.clock.now_micros();
            let tables = Tables::new(resource, now, call.request.query.text("includeObject"));
            let items: Vec<Cow<'_, Value>> = versioned().collect();
            let table = tables.table(version.api_version(), &metadata, items.iter().map(AsRef::as_ref), true);
            Ok(encoded(200, &table, wanted.encoding))
        }
    }
}

fn list_value(kind: &str, api_version: &str, metadata: Value, items: Value) -> Value {
    let mut list = Value::object();
    list.set_path(&["kind"], kind);
    list.set_path(&["apiVersion"], api_version);
    list.set_path(&["metadata"], metadata);
    list.set_path(&["items"], items);
    list
}

/// Puts a list together from the items' own JSON. Items of built-in kinds carry no kind and version of their own.
fn list_json(resource: &Resource, metadata: &Value, page: &Page<'_>) -> Vec<u8> {
    let mut head = String::with_capacity(256);
    head.push_str("{\"kind\":");
    write_json(&Value::from(resource.list_kind.as_str()), HtmlEscape::Yes, &mut head);
    head.push_str(",\"apiVersion\":");
    write_json(&Value::from(resource.api_version()), HtmlEscape::Yes, &mut head);
    head.push_str(",\"metadata\":");
    write_json(metadata, HtmlEscape::Yes, &mut head);
    head.push_str(",\"items\":[");
    let mut out = head.into_bytes();
    for (n, item) in page.items.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        match (resource.is_storage(), resource.custom.is_some()) {
            (true, true) => out.extend_from_slice(&item.json()),
            (true, false) => item.write_list_item(&mut out),
            (false, custom) => {
                let (json, rest) = object_json(&convert::to_version(&item.value, resource));
                if custom {
                    out.extend_from_slice(json.as_bytes());
                } else {
                    out.push(b'{');
                    out.extend_from_slice(&json.as_bytes()[rest..]);
                }
            }
        }
    }
    out.extend_from_slice(b"]}");
    out
}
