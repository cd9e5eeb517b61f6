use super::document::{Document, Target, join, without_fragment};
use std::collections::HashMap;
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

/// The documents of one validation: the chart's own, and what it names elsewhere.
pub(super) struct Documents<'s> {
    own: Arc<Document>,
    source: Option<&'s dyn SchemaSource>,
    fetched: HashMap<String, Result<Arc<Document>, String>>,
}

impl<'s> Documents<'s> {
    pub(super) fn new(own: Arc<Document>, source: Option<&'s dyn SchemaSource>) -> Self {
        Self { own, source, fetched: HashMap::new() }
    }

    pub(super) fn own(&self) -> &Arc<Document> {
        &self.own
    }

    /// Finds the schema that a reference names in a document, as the library of Helm 3 with Helm's loaders.
    pub(super) fn resolve(
        &mut self,
        reference: &str,
        base: &str,
        from: &Arc<Document>,
    ) -> Result<Target, String> {
        let uri = join(base, reference);
        let resource = without_fragment(&uri);
        if let Some(document) = [from, &self.own].into_iter().find(|d| d.has(resource)) {
            return document.find(&uri);
        }
        let scheme = resource.split(':').next().unwrap_or_default();
        match scheme {
            "http" | "https" => self.fetch(resource)?.find(&uri),
            // Helm warns of a URN that it cannot resolve and lets everything pass.
            "urn" => Ok(Target { schema: true.into(), base: base.to_owned(), document: Arc::clone(from) }),
            _ => Err(format!("unsupported: schema {resource} from outside the chart")),
        }
    }

    fn fetch(&mut self, address: &str) -> Result<Arc<Document>, String> {
        if let Some(known) = self.fetched.get(address) {
            return known.clone();
        }
        let Some(source) = self.source else {
            return Err(format!("unsupported: schema {address}: nothing is fetched here"));
        };
        if self.fetched.len() >= DOCUMENTS_MAX {
            return Err(format!("the schema names more than the limit of {DOCUMENTS_MAX} others"));
        }
        let document = source
            .schema(address)
            .and_then(|text| Document::parse(&text, address))
            .map(Arc::new)
            .map_err(|why| format!("failing loading {address:?}: {why}"));
        self.fetched.insert(address.to_owned(), document.clone());
        document
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
    fn what_cannot_be_had_is_an_error_where_values_reach_it() {
        let schema = r#"{"properties":{"a":{"$ref":"https://x/none#/b"},"b":{"$ref":"https://x/list"},"c":{"$ref":"/d"}}}"#;
        assert_eq!(faults(schema, "{}"), "");
        assert_eq!(faults(schema, r#"{"a":1}"#), "failing loading \"https://x/none\": no such schema");
        assert!(faults(schema, r#"{"b":1}"#).starts_with("failing loading \"https://x/list\": "));
        assert_eq!(faults(schema, r#"{"c":1}"#), "unsupported: schema file:///d from outside the chart");
    }
}
