//! What types and fields are for, in the API's own words: for `kubectl explain`. They are unpacked when somebody asks and kept by
//! nobody, since they are larger than all else that is known of the types.

use flate2::read::ZlibDecoder;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Read as _;

/// By type, then by field; the type's own under the empty name. Made by `cargo xtask schema --server`.
const PACKED: &[u8] = include_bytes!("../../data/descriptions.json.zlib");

type Texts = BTreeMap<String, BTreeMap<String, String>>;

fn unpacked() -> Texts {
    let mut text = Vec::new();
    let read = ZlibDecoder::new(PACKED).read_to_end(&mut text);
    read.expect("because the data is packed by our own tool, and a test unpacks it");
    serde_json::from_slice(&text).expect("because the data is written by our own tool, and a test reads it")
}

/// Adds descriptions to the named schemas of a document that have none.
pub(crate) fn describe(schemas: &mut BTreeMap<String, Value>) {
    let texts = unpacked();
    for (name, schema) in schemas {
        let Some(texts) = texts.get(name) else { continue };
        let Some(schema) = schema.as_object_mut() else { continue };
        if let Some(own) = texts.get("") {
            put(schema, own);
        }
        let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { continue };
        for (field, property) in properties {
            if let (Some(text), Some(property)) = (texts.get(field), property.as_object_mut()) {
                put(property, text);
            }
        }
    }
}

fn put(of: &mut Map<String, Value>, text: &str) {
    of.entry("description").or_insert_with(|| json!(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_fields_are_described_and_own_words_stay() {
        let name = "io.k8s.api.core.v1.Service".to_owned();
        let schema =
            json!({ "type": "object", "properties": { "spec": {}, "kind": { "description": "mine" } } });
        let mut schemas = BTreeMap::from([(name.clone(), schema)]);
        describe(&mut schemas);
        let service = &schemas[&name];
        assert!(service["description"].as_str().unwrap().starts_with("Service is a named abstraction"));
        assert!(
            service["properties"]["spec"]["description"].as_str().unwrap().contains("behavior of a service")
        );
        assert_eq!(service["properties"]["kind"]["description"], "mine");
    }
}
