use bytes::Bytes;
use fairway_value::{HtmlEscape, Value, write_json};
use std::sync::OnceLock;

/// One version of an object as it is stored. Serialised at most once.
pub(crate) struct Stored {
    /// The object in its storage version, `metadata.resourceVersion` included.
    pub(crate) value: Value,
    /// The resource version.
    pub(crate) rv: u64,
    body: OnceLock<Body>,
}

struct Body {
    json: Bytes,
    /// Where the fields after `kind` and `apiVersion` start: list items leave those two out.
    rest: usize,
}

impl Stored {
    pub(crate) fn new(value: Value, rv: u64) -> Self {
        Self { value, rv, body: OnceLock::new() }
    }

    fn body(&self) -> &Body {
        self.body.get_or_init(|| {
            let (json, rest) = object_json(&self.value);
            Body { json: Bytes::from(json), rest }
        })
    }

    /// Returns the object as JSON, `kind` and `apiVersion` first.
    pub(crate) fn json(&self) -> Bytes {
        self.body().json.clone()
    }

    /// Appends the object as an item of a list of its kind, without `kind` and `apiVersion`.
    pub(crate) fn write_list_item(&self, out: &mut Vec<u8>) {
        let body = self.body();
        out.push(b'{');
        out.extend_from_slice(&body.json[body.rest..]);
    }
}

/// Writes an object with `kind` and `apiVersion` first; returns the text and where the other fields start.
pub(crate) fn object_json(value: &Value) -> (String, usize) {
    let mut out = String::with_capacity(1024);
    out.push('{');
    let Some(map) = value.as_object() else {
        out.clear();
        write_json(value, HtmlEscape::Yes, &mut out);
        return (out, 1);
    };
    for key in ["kind", "apiVersion"] {
        if let Some(field) = map.get(key) {
            push_field(key, field, &mut out);
        }
    }
    let rest = out.len();
    let at_start = rest;
    for key in ["metadata"] {
        if let Some(field) = map.get(key) {
            push_field(key, field, &mut out);
        }
    }
    for (key, field) in map.iter().filter(|(k, _)| !matches!(k.as_str(), "kind" | "apiVersion" | "metadata"))
    {
        push_field(key, field, &mut out);
    }
    if out.ends_with(',') && (out.len() > at_start || rest > 1) {
        out.pop();
    }
    out.push('}');
    // With nothing after the first two fields the comma is gone, and an item is `{` + `}`.
    let rest = rest.min(out.len() - 1);
    (out, rest)
}

fn push_field(key: &str, field: &Value, out: &mut String) {
    write_json(&Value::from(key), HtmlEscape::Yes, out);
    out.push(':');
    write_json(field, HtmlEscape::Yes, out);
    out.push(',');
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    #[test]
    fn list_items_leave_kind_and_version_out() {
        for (text, item) in [
            (
                r#"{"kind":"A","apiVersion":"v1","metadata":{"name":"x"},"data":{}}"#,
                r#"{"metadata":{"name":"x"},"data":{}}"#,
            ),
            (r#"{"kind":"A","apiVersion":"v1"}"#, "{}"),
        ] {
            let stored = Stored::new(from_json(text.as_bytes()).unwrap(), 1);
            assert_eq!(stored.json(), text);
            let mut out = Vec::new();
            stored.write_list_item(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), item);
        }
    }
}
