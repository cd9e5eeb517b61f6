//! The hash in the names of generated objects.

use crate::scalar::field_text;
use fairway_value::{HtmlEscape, Map, Value, write_json};
use sha2::{Digest, Sha256};

/// Returns the suffix for a ConfigMap or Secret.
///
/// # Errors
/// Another kind: kustomize hashes its own parser's state there, line numbers and all.
pub fn name_suffix(object: &Value) -> Result<String, String> {
    let kind = field_text(object, "kind");
    let mut hashed = Map::new();
    hashed.insert("kind", kind.clone());
    // kustomize means to put the name in, looks it up under a key that never is there, and so puts in nothing.
    hashed.insert("name", "");
    hashed.insert("data", part(object, "data"));
    let more = match kind.as_str() {
        "ConfigMap" => "binaryData",
        "Secret" => {
            hashed.insert("type", part(object, "type"));
            "stringData"
        }
        other => return Err(format!("unsupported: a name suffix with a hash for kind {other}")),
    };
    if let Some(Value::Object(map)) = object.get(more) {
        hashed.insert(more, map.clone());
    }
    let mut json = String::new();
    write_json(&Value::Object(hashed), HtmlEscape::Yes, &mut json);
    Ok(encode(&Sha256::digest(json.as_bytes())))
}

fn part(object: &Value, key: &str) -> Value {
    match object.get(key) {
        None => Value::from(""),
        Some(Value::Null) => Value::from("null"),
        Some(Value::Array(_)) => Value::Null,
        Some(map @ Value::Object(_)) => map.clone(),
        Some(scalar) => crate::scalar::text(scalar).map_or(Value::Null, Value::from),
    }
}

/// Writes the first ten hexadecimal digits with those replaced that could make words.
fn encode(digest: &[u8]) -> String {
    let digits = digest.iter().take(5).flat_map(|b| [b >> 4, b & 15]);
    digits
        .map(|d| match d {
            0 => 'g',
            1 => 'h',
            3 => 'k',
            10 => 'm',
            14 => 't',
            other => char::from_digit(u32::from(other), 16).unwrap_or('g'),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashes_are_those_of_kustomize() {
        let config_map =
            fairway_value::from_json(br#"{"kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":"1"}}"#)
                .unwrap();
        let other_name =
            fairway_value::from_json(br#"{"kind":"ConfigMap","metadata":{"name":"y"},"data":{"a":"1"}}"#)
                .unwrap();
        assert_eq!(name_suffix(&config_map).unwrap(), name_suffix(&other_name).unwrap());
        let secret = fairway_value::from_json(br#"{"kind":"Secret","type":"Opaque","data":{}}"#).unwrap();
        assert_eq!(name_suffix(&secret).unwrap().len(), 10);
        assert!(name_suffix(&fairway_value::from_json(br#"{"kind":"Pod"}"#).unwrap()).is_err());
    }
}
