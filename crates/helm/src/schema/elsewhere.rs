use super::document::{Document, Draft, Target, join, without_fragment};
use super::meta::Definition;
use fairway_template::go::{Address, quote};
use fairway_value::{Value, from_json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Most documents that one validation may fetch.
const DOCUMENTS_MAX: usize = 100;

/// Fetches the schemas that a chart's schema names by http and https addresses.
pub trait SchemaSource: Send + Sync {
    /// Returns what an address serves, which has no fragment.
    ///
    /// # Errors
    /// Anything but a success, in words that name the reason.
    fn schema(&self, address: &str) -> Result<Arc<[u8]>, String>;
}

/// What one validation knows of documents other than the chart's own.
pub(super) struct Documents<'s> {
    source: Option<&'s dyn SchemaSource>,
    loaded: HashMap<String, Result<Value, String>>,
    documents: HashMap<String, Arc<Document>>,
}

impl<'s> Documents<'s> {
    pub(super) fn new(source: Option<&'s dyn SchemaSource>) -> Self {
        Self { source, loaded: HashMap::new(), documents: HashMap::new() }
    }

    /// Whether nothing has been asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.loaded.is_empty()
    }

    /// Returns the version of a document, which `$schema` names or the meta-schema there; the newest where none does.
    pub(super) fn draft(&mut self, root: &Value, address: &str) -> Result<Draft, String> {
        let (mut root, mut address) = (root.clone(), address.to_owned());
        let mut known = HashSet::new();
        while let Some(name) = root.get("$schema").and_then(Value::as_str) {
            let name = without_fragment(name);
            if let Some(draft) = Draft::named(name) {
                return Ok(draft);
            }
            if name == address {
                return Err(format!("draft {name:?} is not supported"));
            }
            if let Err(why) = Address::parse(name) {
                return Err(format!("invalid $schema in {}: {why}", quote(&format!("{address}#"))));
            }
            if !known.insert(name.to_owned()) {
                return Err(format!("cycle in resolving $schema in {name:?}"));
            }
            address = name.to_owned();
            root = self.load(&address)?;
        }
        Ok(Draft::Y2020)
    }

    /// Finds what a reference names in a document, as the library of Helm 3 with Helm's loaders.
    pub(super) fn resolve(
        &mut self,
        reference: &str,
        base: &str,
        from: &Arc<Document>,
    ) -> Result<Target, String> {
        let uri = join(base, reference);
        let resource = without_fragment(&uri);
        if from.has(resource) {
            return from.find(&uri).map(Target::Schema);
        }
        if let Some(draft) = Draft::named(resource) {
            let fragment = uri.get(resource.len() + 1..).unwrap_or_default();
            return Definition::named(draft, fragment).map(Target::Meta);
        }
        self.document(resource)?.find(&uri).map(Target::Schema)
    }

    /// Returns the document that lies at an address, which is a schema.
    fn document(&mut self, address: &str) -> Result<Arc<Document>, String> {
        if let Some(known) = self.documents.get(address) {
            return Ok(Arc::clone(known));
        }
        let root = self.load(address)?;
        let draft = self.draft(&root, address)?;
        let document = Arc::new(Document::new(root, address, draft)?);
        document.hold_to_meta_schema(&document.root, "")?;
        self.documents.insert(address.to_owned(), Arc::clone(&document));
        Ok(document)
    }

    fn load(&mut self, address: &str) -> Result<Value, String> {
        if let Some(known) = self.loaded.get(address) {
            return known.clone();
        }
        if self.loaded.len() >= DOCUMENTS_MAX {
            return Err(format!("the schema names more than the limit of {DOCUMENTS_MAX} others"));
        }
        let fetched = match (address.split_once(':').map(|(scheme, _)| scheme), self.source) {
            (Some("http" | "https"), Some(source)) => source
                .schema(address)
                .and_then(|text| from_json(&text).map_err(|e| e.to_string()))
                .map_err(|why| format!("failing loading {address:?}: {why}")),
            (Some("http" | "https"), None) => {
                Err(format!("unsupported: schema {address}: nothing is fetched here"))
            }
            // Helm warns of a URN that it cannot resolve and lets everything pass.
            (Some("urn"), _) => Ok(Value::Bool(true)),
            (Some("file"), _) => Err(format!("unsupported: schema {address} from outside the chart")),
            _ => Err(format!("failing loading {address:?}: no URLLoader registered for {address:?}")),
        };
        self.loaded.insert(address.to_owned(), fetched.clone());
        fetched
    }
}

#[cfg(test)]
mod tests {
    use super::SchemaSource;
    use crate::schema::Schema;
    use crate::schema::report;
    use fairway_value::from_json;
    use std::sync::Arc;

    /// Serves two documents that name each other.
    struct Shelf;

    impl SchemaSource for Shelf {
        fn schema(&self, address: &str) -> Result<Arc<[u8]>, String> {
            let text: &str = match address {
                "https://x/a/one.json" => {
                    r##"{"definitions":{"name":{"$ref":"two.json#/definitions/short"}},
                        "properties":{"again":{"$ref":"#"},"name":{"$ref":"#/definitions/name"}}}"##
                }
                "https://x/a/two.json" => {
                    r#"{"$schema":"http://json-schema.org/draft-07/schema#",
                        "definitions":{"short":{"format":"ipv4","maxLength":8}}}"#
                }
                "https://x/list" => "[",
                "https://x/wrong" => {
                    r#"{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"b":{"required":true}}}"#
                }
                "https://x/mine" => r#"{"$schema":"http://json-schema.org/draft-06/schema#"}"#,
                "https://x/circle" => r#"{"$schema":"https://x/round"}"#,
                "https://x/round" => r#"{"$schema":"https://x/circle"}"#,
                _ => return Err("no such schema".to_owned()),
            };
            Ok(text.as_bytes().into())
        }
    }

    fn faults(schema: &str, value: &str) -> String {
        let schema = Schema::new(schema.as_bytes().into());
        let value = from_json(value.as_bytes()).unwrap();
        schema.faults(&value, Some(&Shelf)).map_or_else(|why| why, |faults| report::text(&faults))
    }

    #[test]
    fn references_lead_through_documents_of_their_own_drafts() {
        let schema = r#"{"properties":{"a":{"$ref":"https://x/a/one.json"},"f":{"format":"ipv4"}}}"#;
        assert_eq!(faults(schema, r#"{"a":{"name":"1.1.1.1"},"f":"no address"}"#), "");
        assert_eq!(
            faults(schema, r#"{"a":{"again":{"name":"10.10.10.10"}}}"#),
            "- at '/a/again/name': maxLength: got 11, want 8"
        );
        assert_eq!(
            faults(schema, r#"{"a":{"name":"n"}}"#),
            "- at '/a/name': 'n' is not valid ipv4: expected four decimals"
        );
    }

    #[test]
    fn what_cannot_be_had_is_an_error_whether_or_not_values_reach_it() {
        let refer =
            |reference: &str| faults(&format!(r#"{{"properties":{{"a":{{"$ref":"{reference}"}}}}}}"#), "{}");
        assert_eq!(refer("https://x/none#/b"), "failing loading \"https://x/none\": no such schema");
        assert!(refer("https://x/list").starts_with("failing loading \"https://x/list\": "));
        assert_eq!(refer("/d"), "unsupported: schema file:///d from outside the chart");
        assert_eq!(refer("#/b"), "json-pointer in \"file:///values.schema.json#/b\" not found");
        assert_eq!(
            refer("#b"),
            "anchor in \"file:///values.schema.json#b\" not found in schema \"file:///values.schema.json\""
        );
        // What nothing can lead to is not asked for.
        assert_eq!(faults(r#"{"$defs":{"a":{"$ref":"https://x/none"}}}"#, "{}"), "");
        assert_eq!(refer("urn:example:anything"), "");
    }

    #[test]
    fn documents_elsewhere_are_held_to_their_own_meta_schemas() {
        let schema = r#"{"properties":{"a":{"$ref":"https://x/wrong"}}}"#;
        assert_eq!(
            faults(schema, "{}"),
            "\"https://x/wrong#\" is not valid against metaschema: jsonschema validation failed with 'http://json-schema.org/draft-04/schema#'\n- at '/properties/b/required': got boolean, want array"
        );
    }

    #[test]
    fn a_meta_schema_of_somebodys_own_is_read_for_its_draft() {
        let schema = r#"{"$schema":"https://x/mine","properties":{"a":{"format":"ipv4"}}}"#;
        assert_eq!(
            faults(schema, r#"{"a":"n"}"#),
            "- at '/a': 'n' is not valid ipv4: expected four decimals"
        );
        let fails = [
            ("https://x/none", "failing loading \"https://x/none\": no such schema"),
            ("draft-07", "failing loading \"draft-07\": no URLLoader registered for \"draft-07\""),
            ("https://x/circle", "cycle in resolving $schema in \"https://x/circle\""),
            (
                "%zz",
                "invalid $schema in \"file:///values.schema.json#\": parse \"%zz\": invalid URL escape \"%zz\"",
            ),
        ];
        for (name, why) in fails {
            assert_eq!(faults(&format!(r#"{{"$schema":"{name}"}}"#), "{}"), why);
        }
    }

    /// Serves one text at every address.
    struct Everywhere(&'static str);

    impl SchemaSource for Everywhere {
        fn schema(&self, _address: &str) -> Result<Arc<[u8]>, String> {
            Ok(self.0.as_bytes().into())
        }
    }

    #[test]
    fn a_meta_schema_elsewhere_may_change_its_draft() {
        let text = r#"{"$schema":"https://x/mine","format":"ipv4"}"#;
        let schema = Schema::new(text.as_bytes().into());
        let value = "no address".into();
        let six = Everywhere(r#"{"$schema":"http://json-schema.org/draft-06/schema#"}"#);
        assert!(schema.validate(&value, Some(&six)).is_err());
        assert_eq!(schema.validate(&value, Some(&Everywhere("{}"))), Ok(()));
        assert!(schema.validate(&value, Some(&six)).is_err());
    }
}
