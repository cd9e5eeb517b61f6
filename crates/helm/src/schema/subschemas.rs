//! Where schemas lie in schemas.

use super::document::Draft;
use fairway_value::{Map, Value, parse_pointer, push_pointer_token};

/// How schemas lie in the value of a keyword.
#[derive(Clone, Copy)]
enum Shape {
    One,
    List,
    OneOrList,
    ByName,
}

/// The keywords that hold schemas, the first draft that knows them, and whether those say anything of values where they
/// stand.
const KEYWORDS: [(&str, Draft, Shape, bool); 22] = [
    ("allOf", Draft::Four, Shape::List, true),
    ("anyOf", Draft::Four, Shape::List, true),
    ("oneOf", Draft::Four, Shape::List, true),
    ("not", Draft::Four, Shape::One, true),
    ("items", Draft::Four, Shape::OneOrList, true),
    ("additionalItems", Draft::Four, Shape::One, true),
    ("properties", Draft::Four, Shape::ByName, true),
    ("patternProperties", Draft::Four, Shape::ByName, true),
    ("additionalProperties", Draft::Four, Shape::One, true),
    ("dependencies", Draft::Four, Shape::ByName, true),
    ("definitions", Draft::Four, Shape::ByName, false),
    ("contains", Draft::Six, Shape::One, true),
    ("propertyNames", Draft::Six, Shape::One, true),
    ("if", Draft::Seven, Shape::One, true),
    ("then", Draft::Seven, Shape::One, true),
    ("else", Draft::Seven, Shape::One, true),
    ("$defs", Draft::Y2019, Shape::ByName, false),
    ("dependentSchemas", Draft::Y2019, Shape::ByName, true),
    ("unevaluatedItems", Draft::Y2019, Shape::One, true),
    ("unevaluatedProperties", Draft::Y2019, Shape::One, true),
    ("contentSchema", Draft::Y2019, Shape::One, false),
    ("prefixItems", Draft::Y2020, Shape::List, true),
];

fn shape(keyword: &str, draft: Draft) -> Option<(Shape, bool)> {
    let (.., shape, speaks) =
        KEYWORDS.iter().find(|(name, first, ..)| *name == keyword && *first <= draft)?;
    Some((*shape, *speaks))
}

/// A schema inside another.
pub(super) struct Inner<'v> {
    pub schema: &'v Value,
    keyword: &'v str,
    below: Below<'v>,
    /// Whether it says anything of values where it stands.
    pub speaks: bool,
}

enum Below<'v> {
    Nothing,
    Item(usize),
    Key(&'v str),
}

impl Inner<'_> {
    /// Writes the way to it behind its surroundings' JSON pointer.
    pub(super) fn point(&self, pointer: &mut String) {
        push_pointer_token(pointer, self.keyword);
        match self.below {
            Below::Nothing => {}
            Below::Item(n) => push_pointer_token(pointer, &n.to_string()),
            Below::Key(key) => push_pointer_token(pointer, key),
        }
    }
}

/// Returns the schemas that lie in a schema.
pub(super) fn subschemas(schema: &Map, draft: Draft) -> Vec<Inner<'_>> {
    let mut all = Vec::new();
    for (keyword, value) in schema.iter() {
        let Some((shape, speaks)) = shape(keyword, draft) else { continue };
        let speaks = speaks
            && match keyword.as_str() {
                "then" | "else" => schema.contains_key("if"),
                "additionalItems" => {
                    draft < Draft::Y2020 && matches!(schema.get("items"), Some(Value::Array(_)))
                }
                _ => true,
            };
        let inner = |schema, below| Inner { schema, keyword: keyword.as_str(), below, speaks };
        match (shape, value) {
            (Shape::One, schema) | (Shape::OneOrList, schema @ Value::Object(_)) => {
                all.push(inner(schema, Below::Nothing));
            }
            (Shape::List | Shape::OneOrList, Value::Array(list)) => {
                all.extend(list.iter().enumerate().map(|(n, schema)| inner(schema, Below::Item(n))));
            }
            (Shape::ByName, Value::Object(map)) => {
                all.extend(map.iter().map(|(key, schema)| inner(schema, Below::Key(key))));
            }
            _ => {}
        }
    }
    all
}

/// Whether a JSON pointer leads to where a draft has schemas.
pub(super) fn is_subschema(pointer: &str, root: &Value, draft: Draft) -> bool {
    let tokens = parse_pointer(pointer).unwrap_or_default();
    let mut tokens = tokens.iter();
    let mut schema = root;
    while let Some(keyword) = tokens.next() {
        let value = schema.get(keyword);
        let (Some((shape, _)), Some(value)) = (shape(keyword, draft), value) else { return false };
        let inner = match (shape, value) {
            (Shape::One, value) | (Shape::OneOrList, value @ Value::Object(_)) => Some(value),
            (Shape::List | Shape::OneOrList, Value::Array(list)) => {
                tokens.next().and_then(|n| n.parse::<usize>().ok()).and_then(|n| list.get(n))
            }
            (Shape::ByName, value) => tokens.next().and_then(|key| value.get(key)),
            _ => None,
        };
        match inner {
            Some(inner) => schema = inner,
            None => return false,
        }
    }
    true
}
