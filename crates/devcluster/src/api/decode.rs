//! Request bodies: parsing, kinds, unknown and duplicate fields.

use super::call::Call;
use super::gojson;
use super::media::{self, Encoding};
use super::protobuf;
use super::status::{ApiError, ApiResult};
use fairway_value::{Value, from_json};

/// Cuts a body down for a message, as apiserver's `summarizeData` does.
fn summary(body: &[u8]) -> String {
    const MAX: usize = 30;
    match body {
        [] => "<empty>".to_owned(),
        [b'{', ..] if body.len() > MAX => format!("{} ...", String::from_utf8_lossy(&body[..MAX])),
        [b'{', ..] => String::from_utf8_lossy(body).into_owned(),
        _ => {
            let hex: String = body.iter().take(MAX).map(|b| format!("{b:02x}")).collect();
            if body.len() > MAX { format!("0x{hex} ...") } else { format!("0x{hex}") }
        }
    }
}

/// Reads the request's body as an object of the resource's kind (or of a subresource's, with `kind`).
///
/// # Errors
/// Text that is no document; another kind or version; fields that do not fit.
pub(crate) fn object(call: &Call<'_>, kind: &str, api_version: &str) -> ApiResult<Value> {
    let body = &call.request.body;
    let content_type = call.request.header("content-type");
    if media::is_protobuf(content_type) {
        let mut value = protobuf::object(body).map_err(ApiError::bad_request)?;
        check_kind(&mut value, kind, api_version)?;
        return Ok(value);
    }
    let encoding = media::body_encoding(content_type)?;
    let unrecognized = |why: String| {
        ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse error: {why} ({})",
            summary(body)
        ))
    };
    // A JSON body that is YAML is read as YAML, as the server's recognising decoder does.
    let looks_json = body.iter().find(|b| !b.is_ascii_whitespace()).is_none_or(|b| *b == b'{');
    let mut value = if encoding == Encoding::Json && looks_json {
        from_json(body).map_err(|_| unrecognized(gojson::syntax_error(body)))?
    } else {
        let text = std::str::from_utf8(body).map_err(|_| unrecognized("invalid UTF-8".to_owned()))?;
        fairway_yaml::parse(text).map_err(|e| unrecognized(e.to_string()))?
    };
    if value.as_object().is_none() {
        let found = value.type_name();
        return Err(unrecognized(format!(
            "json: cannot unmarshal {found} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
        )));
    }
    check_kind(&mut value, kind, api_version)?;
    Ok(value)
}

fn check_kind(value: &mut Value, kind: &str, api_version: &str) -> ApiResult<()> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (own_kind, own_version) = (text("kind"), text("apiVersion"));
    let version = |av: &str| av.rsplit('/').next().unwrap_or_default().to_owned();
    if own_kind.is_empty() {
        value.set_path(&["kind"], kind);
    }
    if own_version.is_empty() {
        value.set_path(&["apiVersion"], api_version);
    }
    if !own_version.is_empty() && own_version != api_version {
        let named = if own_kind.is_empty() { kind } else { &own_kind };
        return Err(ApiError::bad_request(format!(
            "{named} in version {:?} cannot be handled as a {kind}: no kind {named:?} is registered for version {own_version:?} in scheme \"pkg/runtime/scheme.go:111\"",
            version(&own_version)
        )));
    }
    if !own_kind.is_empty() && own_kind != kind {
        let (group, v) = api_version.split_once('/').unwrap_or(("core", api_version));
        let package = group.split('.').next().unwrap_or_default();
        return Err(ApiError::bad_request(format!(
            "{own_kind} in version {v:?} cannot be handled as a {kind}: converting ({v}.{own_kind}) to ({package}.{kind}): unknown conversion"
        )));
    }
    Ok(())
}

/// Reads the body of a patch.
///
/// # Errors
/// Text that is no document.
pub(crate) fn patch(call: &Call<'_>, apply: bool) -> ApiResult<Value> {
    let body = &call.request.body;
    match from_json(body) {
        Ok(value) => Ok(value),
        Err(_) if apply => {
            let text = std::str::from_utf8(body)
                .map_err(|_| ApiError::bad_request("error decoding YAML: invalid UTF-8"))?;
            fairway_yaml::parse(text).map_err(|e| ApiError::bad_request(format!("error decoding YAML: {e}")))
        }
        Err(_) => Err(ApiError::bad_request(format!("error decoding patch: {}", gojson::syntax_error(body)))),
    }
}

/// Most unknown fields that are told; the server stops at 100 too.
const STRICT_MAX: usize = 100;

/// Collects keys that come twice in one object of a JSON text.
pub(crate) fn duplicates(raw: &[u8], out: &mut Vec<String>) {
    struct Keys<'o> {
        path: String,
        out: &'o mut Vec<String>,
    }
    impl<'de> serde::de::DeserializeSeed<'de> for Keys<'_> {
        type Value = ();
        fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
            from.deserialize_any(self)
        }
    }
    impl<'de> serde::de::Visitor<'de> for Keys<'_> {
        type Value = ();
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("JSON")
        }
        fn visit_bool<E>(self, _: bool) -> Result<(), E> {
            Ok(())
        }
        fn visit_i64<E>(self, _: i64) -> Result<(), E> {
            Ok(())
        }
        fn visit_u64<E>(self, _: u64) -> Result<(), E> {
            Ok(())
        }
        fn visit_f64<E>(self, _: f64) -> Result<(), E> {
            Ok(())
        }
        fn visit_str<E>(self, _: &str) -> Result<(), E> {
            Ok(())
        }
        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
            let mut n = 0;
            while seq
                .next_element_seed(Keys { path: format!("{}[{n}]", self.path), out: &mut *self.out })?
                .is_some()
            {
                n += 1;
            }
            Ok(())
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            let mut seen = std::collections::HashSet::new();
            while let Some(key) = map.next_key::<String>()? {
                let path = if self.path.is_empty() { key.clone() } else { format!("{}.{key}", self.path) };
                if !seen.insert(key) && self.out.len() < STRICT_MAX {
                    self.out.push(format!("duplicate field {path:?}"));
                }
                map.next_value_seed(Keys { path, out: &mut *self.out })?;
            }
            Ok(())
        }
    }
    let mut from = serde_json::Deserializer::from_slice(raw);
    // The text has been parsed before; what is no JSON was refused then.
    let _ = serde::de::DeserializeSeed::deserialize(Keys { path: String::new(), out }, &mut from);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_come_twice_are_named_with_their_path() {
        let mut out = Vec::new();
        duplicates(br#"{"a":1,"b":[{"c":1,"c":2}],"a":3}"#, &mut out);
        assert_eq!(out, ["duplicate field \"b[0].c\"", "duplicate field \"a\""]);
    }

    #[test]
    fn bodies_are_cut_for_messages() {
        assert_eq!(summary(b""), "<empty>");
        assert_eq!(summary(b"{bad json"), "{bad json");
        assert_eq!(summary(b"ab"), "0x6162");
    }
}
