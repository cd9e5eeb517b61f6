//! Schemas that stand in comments: `containers: # {"type":"array",…}`, or above the field, as kyaml reads them.

use crate::openapi::Schema;
use fairway_value::{Str, Value, from_json};
use std::collections::HashMap;

/// Most lines of a text that are looked at.
const LINES_MAX: usize = 200_000;
/// The step into the elements of a list.
const ELEMENTS: &str = "-";

/// The schemas at and below one place.
#[derive(Clone, Debug, Default)]
pub struct Comments {
    schema: Option<Schema>,
    fields: HashMap<Str, Comments>,
}

impl Comments {
    /// Reads the comments of texts in block style; the first text's come first. Nothing where there are none.
    pub fn read(texts: &[&str]) -> Option<Self> {
        let mut root = Self::default();
        for text in texts.iter().filter(|t| t.contains("# {")) {
            root.add(text);
        }
        (!root.fields.is_empty()).then_some(root)
    }

    /// Returns what is known of a field.
    pub fn field(&self, name: &str) -> Option<&Self> {
        self.fields.get(name)
    }

    /// Returns what is known of the elements of a list.
    pub fn elements(&self) -> Option<&Self> {
        self.fields.get(ELEMENTS)
    }

    /// Returns the schema of the place itself.
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    fn add(&mut self, text: &str) {
        let mut path: Vec<(usize, Str)> = Vec::new();
        let mut above: Option<Schema> = None;
        for line in text.lines().take(LINES_MAX) {
            let mut rest = line.trim_start();
            let mut indent = line.len() - rest.len();
            if let Some(comment) = rest.strip_prefix('#') {
                above = schema_of(comment).or(above);
                continue;
            }
            while let Some(inner) = rest.strip_prefix("- ") {
                path.retain(|(at, key)| *at < indent || (*at == indent && key != ELEMENTS));
                path.push((indent, ELEMENTS.into()));
                let inner = inner.trim_start();
                indent += rest.len() - inner.len();
                rest = inner;
            }
            let Some((key, value)) = rest.split_once(':').filter(|(k, _)| !k.contains([' ', '#', '{']))
            else {
                above = None;
                continue;
            };
            path.retain(|(at, _)| *at < indent);
            path.push((indent, key.trim_matches(['"', '\'']).into()));
            let beside = value.trim_start().strip_prefix('#').and_then(schema_of);
            if let Some(schema) = beside.or(above.take()) {
                let mut at = &mut *self;
                for (_, step) in &path {
                    at = at.fields.entry(step.clone()).or_default();
                }
                at.schema.get_or_insert(schema);
            }
        }
    }
}

fn schema_of(comment: &str) -> Option<Schema> {
    let comment = comment.trim();
    if !comment.starts_with('{') {
        return None;
    }
    let value = from_json(comment.as_bytes()).ok()?;
    matches!(value, Value::Object(_)).then(|| Schema::from_comment(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_found_beside_and_above_fields() {
        let text = "a: # {\"type\":\"array\"}\n- b:\n    # {\"type\":\"array\"}\n    c: 1\n  d: 2 # {}\ne: # {no json\n";
        let comments = Comments::read(&[text]).unwrap();
        let a = comments.field("a").unwrap();
        assert!(a.schema().is_some());
        let b = a.elements().and_then(|e| e.field("b")).unwrap();
        assert!(b.schema().is_none() && b.field("c").unwrap().schema().is_some());
        assert!(comments.field("e").is_none());
        assert!(Comments::read(&["a: 1 # note"]).is_none());
    }
}
