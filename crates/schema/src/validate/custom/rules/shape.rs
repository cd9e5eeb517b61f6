//! How large the values of a schema may be, for what rules over them cost.
//!
//! Source: apiserver 0.36 `pkg/cel/common/schemas.go`, `pkg/cel/limits.go`.

use super::super::{is_resource, values_of};
use super::DEPTH_MAX;
use super::values::escaped;
use crate::validate::fault::{int, list, text};
use fairway_value::{Map, Value};
use std::collections::BTreeMap;

/// Largest request that the server takes, in bytes.
const REQUEST_BYTES_MAX: i64 = 3 << 20;

/// How large the values of a schema may be.
#[derive(Clone, Debug)]
pub(in super::super::super) struct Shape {
    /// Most letters or entries; nought for what has neither.
    most: u64,
    /// Fewest bytes that a value is written in.
    least_bytes: i64,
    inner: Inner,
}

#[derive(Clone, Debug)]
enum Inner {
    None,
    Items(Box<Shape>),
    Values(Box<Shape>),
    Fields(BTreeMap<String, Shape>),
}

/// The keys of maps, which count as empty.
static KEY: Shape = Shape { most: 0, least_bytes: TEXT_BYTES_MIN, inner: Inner::None };

const TEXT_BYTES_MIN: i64 = 2;

impl Shape {
    fn plain(most: i64, least_bytes: i64) -> Self {
        Self { most: u64::try_from(most).unwrap_or(0), least_bytes, inner: Inner::None }
    }

    /// Most letters or entries of what is below: by names of fields, `@items`, `@keys` and `@values`.
    pub fn most_at(&self, path: &[String]) -> Option<u64> {
        let mut at = self;
        for step in path {
            at = match (step.as_str(), &at.inner) {
                ("@items" | "@values", Inner::Items(inner) | Inner::Values(inner)) => inner,
                ("@keys", Inner::Values(_)) => &KEY,
                (name, Inner::Fields(fields)) => fields.get(name)?,
                _ => return None,
            };
        }
        Some(at.most)
    }

    /// How many such values there may be at once in an object.
    pub fn times_max(&self) -> u64 {
        u64::try_from(REQUEST_BYTES_MAX / (self.least_bytes + 1)).unwrap_or(0)
    }
}

/// Returns how large the values of a schema may be; nothing where rules do not see them.
pub(in super::super::super) fn shape_of(schema: &Value, resource: bool, depth: usize) -> Option<Shape> {
    if depth > DEPTH_MAX {
        return None;
    }
    let length = int(schema, "maxLength").map(|n| n.max(0));
    let letters = |least_bytes| {
        // A letter may take four bytes.
        let most = length.map_or(REQUEST_BYTES_MAX - 2, |n| n.saturating_mul(4));
        Shape::plain(most, least_bytes)
    };
    if schema.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true)) {
        return Some(letters(1));
    }
    let inner = |schema: &Value| shape_of(schema, is_resource(schema), depth + 1);
    let least_bytes = TEXT_BYTES_MIN;
    let holding = |most: Option<i64>, fitting: i64, inner: Inner| Shape {
        most: u64::try_from(most.unwrap_or(fitting)).unwrap_or(0),
        least_bytes,
        inner,
    };
    Some(match text(schema, "type") {
        "array" => {
            let items = inner(schema.get("items")?)?;
            let fitting = (REQUEST_BYTES_MAX - 2) / (items.least_bytes + 1);
            holding(int(schema, "maxItems"), fitting, Inner::Items(Box::new(items)))
        }
        "object" => {
            if let Some(values) = values_of(schema).filter(|_| !resource) {
                let values = inner(values)?;
                // With a key in quotes, a colon and a comma.
                let fitting = (REQUEST_BYTES_MAX - 2) / (values.least_bytes + 6);
                return Some(holding(int(schema, "maxProperties"), fitting, Inner::Values(Box::new(values))));
            }
            object(schema, resource, &inner)
        }
        "string" => match text(schema, "format") {
            // Of bytes the length is taken as it is.
            "byte" => Shape::plain(length.unwrap_or(REQUEST_BYTES_MAX - 2), TEXT_BYTES_MIN),
            "duration" => Shape::plain(32, 3),
            "date" => Shape::plain(12, 12),
            "date-time" => Shape::plain(32, 21),
            _ if length.is_none() && !list(schema, "enum").is_empty() => {
                let words = list(schema, "enum").iter().filter_map(Value::as_str);
                let longest = words.map(str::len).max().unwrap_or(0);
                Shape::plain(i64::try_from(longest).unwrap_or(i64::MAX), TEXT_BYTES_MIN)
            }
            _ => letters(TEXT_BYTES_MIN),
        },
        "boolean" => Shape::plain(0, 4),
        "number" | "integer" => Shape::plain(0, 1),
        _ => return None,
    })
}

fn object(schema: &Value, resource: bool, inner: &dyn Fn(&Value) -> Option<Shape>) -> Shape {
    let mut fields = BTreeMap::new();
    let required: Vec<&str> = list(schema, "required").iter().filter_map(Value::as_str).collect();
    let mut least_bytes = 2;
    let free_text = || Shape::plain(REQUEST_BYTES_MAX - 2, TEXT_BYTES_MIN);
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut all: BTreeMap<&str, (Shape, bool)> = BTreeMap::new();
    for (name, property) in properties.into_iter().flat_map(Map::iter) {
        if let Some(shape) = inner(property) {
            let given = property.get("default").is_some_and(|d| !d.is_null());
            all.insert(name, (shape, given));
        }
    }
    if resource {
        let names = ["name", "generateName"].map(|name| (name.to_owned(), free_text()));
        let metadata = Shape { most: 0, least_bytes: 2, inner: Inner::Fields(BTreeMap::from(names)) };
        all.insert("metadata", (metadata, false));
        all.insert("apiVersion", (free_text(), false));
        all.insert("kind", (free_text(), false));
    }
    for (name, (shape, given)) in all {
        if required.contains(&name) && !given {
            least_bytes += i64::try_from(name.len()).unwrap_or(i64::MAX) + shape.least_bytes + 4;
        }
        fields.insert(escaped(name), shape);
    }
    Shape { most: 0, least_bytes, inner: Inner::Fields(fields) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    #[test]
    fn what_has_no_bound_is_bounded_by_the_request() {
        let schema = from_json(
            br#"{"type":"object","properties":{"a":{"type":"array","items":{"type":"object","required":["n","d"],"properties":{
            "n":{"type":"integer"},"d":{"type":"string","default":"x"},"e":{"type":"string","enum":["a","bcd"]}}}},
            "m":{"type":"object","maxProperties":7,"additionalProperties":{"type":"string","maxLength":5}}}}"#,
        );
        let shape = shape_of(&schema.unwrap(), false, 0).unwrap();
        let at = |path: &[&str]| shape.most_at(&path.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        // An entry is `{"n":0}` and a comma at least: of what has a default nothing need be said.
        assert_eq!(at(&["a"]), Some(((3 << 20) - 2) / 9));
        assert_eq!(at(&["a", "@items", "e"]), Some(3));
        assert_eq!((at(&["m"]), at(&["m", "@values"]), at(&["m", "@keys"])), (Some(7), Some(20), Some(0)));
        assert_eq!((at(&[]), at(&["x"]), shape.times_max()), (Some(0), None, (3 << 20) / 3));
    }
}
