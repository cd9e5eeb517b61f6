//! Holds values against `values.schema.json`.

use crate::Error;
use crate::tree::Node;
use fairway_template::{Map, Value};

/// Validates the values of a chart and its subcharts, as Helm 3's `ValidateAgainstSchema`.
pub(crate) fn validate(root: &Node<'_>, values: &Map) -> Result<(), Error> {
    let mut faults = String::new();
    check(root, values, &mut faults);
    if faults.is_empty() { Ok(()) } else { Err(Error::Schema(faults)) }
}

fn check(node: &Node<'_>, values: &Map, faults: &mut String) {
    for child in &node.children {
        match values.get(&child.name) {
            Some(Value::Map(own)) => check(child, &own, faults),
            None | Some(Value::Nil) => {}
            Some(other) => faults.push_str(&format!(
                "{}:\ninvalid type for values: expected object (map), got {}\n",
                child.name,
                other.go_type().name
            )),
        }
    }
}
