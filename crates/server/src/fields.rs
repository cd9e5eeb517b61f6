//! `?fields=`: which parts of an answer are wanted.

use fairway_value::{Map, Value};
use std::collections::BTreeMap;

/// The longest field list that is read, bytes; more than that is no list a client writes.
const FIELDS_BYTES_MAX: usize = 8 * 1024;

/// A selection of fields, as Argo CD's `pkg/apiclient/application/forwarder_overwrite.go`: dotted paths, comma separated, arrays
/// passed through; a leading `-` turns the whole list into an exclusion. Differs: any path works, not a fixed table of them.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    tree: Node,
    exclude: bool,
}

#[derive(Debug, Default)]
struct Node {
    /// Whether a path ends here.
    whole: bool,
    children: BTreeMap<String, Node>,
}

impl Fields {
    /// Reads a selection; `None` where nothing is selected.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (exclude, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if text.is_empty() || text.len() > FIELDS_BYTES_MAX {
            return None;
        }
        let mut tree = Node::default();
        for path in text.split(',').filter(|path| !path.is_empty()) {
            let mut node = &mut tree;
            for part in path.split('.') {
                node = node.children.entry(part.to_owned()).or_default();
            }
            node.whole = true;
        }
        Some(Self { tree, exclude })
    }

    /// Returns what is selected of a value.
    pub(crate) fn apply(&self, value: &Value) -> Value {
        if self.exclude {
            without(&self.tree, value)
        } else {
            only(&self.tree, value).unwrap_or_else(Value::object)
        }
    }
}

fn only(node: &Node, value: &Value) -> Option<Value> {
    if node.whole {
        return Some(value.clone());
    }
    match value {
        Value::Object(map) => {
            let mut kept = Map::new();
            for (key, child) in &node.children {
                if let Some(value) = map.get(key).and_then(|value| only(child, value)) {
                    kept.insert(key.as_str(), value);
                }
            }
            Some(Value::Object(kept))
        }
        Value::Array(items) => Some(items.iter().filter_map(|item| only(node, item)).collect()),
        Value::Null => Some(Value::Null),
        _ => None,
    }
}

fn without(node: &Node, value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut kept = Map::new();
            for (key, value) in map.iter() {
                match node.children.get(key.as_str()) {
                    Some(child) if child.whole => {}
                    Some(child) => drop(kept.insert(key.clone(), without(child, value))),
                    None => drop(kept.insert(key.clone(), value.clone())),
                }
            }
            Value::Object(kept)
        }
        Value::Array(items) => items.iter().map(|item| without(node, item)).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::{HtmlEscape, from_json, to_json};

    const LIST: &str = r#"{"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"a","uid":"u"},"status":{"health":{"status":"Healthy"},"resources":[1]}}]}"#;

    fn check(fields: &str, expect: &str) {
        let value = from_json(LIST.as_bytes()).unwrap();
        let got = Fields::parse(fields).map_or(value.clone(), |fields| fields.apply(&value));
        assert_eq!(to_json(&got, HtmlEscape::No), expect);
    }

    #[test]
    fn selects_through_arrays() {
        check(
            "items.metadata.name,items.status.health",
            r#"{"items":[{"metadata":{"name":"a"},"status":{"health":{"status":"Healthy"}}}]}"#,
        );
    }

    #[test]
    fn an_ancestor_covers_its_descendants() {
        check("metadata,metadata.resourceVersion", r#"{"metadata":{"resourceVersion":"7"}}"#);
    }

    #[test]
    fn a_leading_minus_excludes_every_path() {
        check(
            "-items.status,items.metadata.uid",
            r#"{"items":[{"metadata":{"name":"a"}}],"metadata":{"resourceVersion":"7"}}"#,
        );
    }

    #[test]
    fn no_field_is_no_selection() {
        assert!(Fields::parse("").is_none());
        assert!(Fields::parse("-").is_none());
    }

    #[test]
    fn a_null_list_stays_null() {
        let value = from_json(br#"{"items":null}"#).unwrap();
        assert_eq!(Fields::parse("items.metadata").unwrap().apply(&value), value);
    }
}
