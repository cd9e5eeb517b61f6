//! Holds values against `values.schema.json`: JSON Schema drafts 4, 6, 7, 2019-09 and 2020-12, as the library that
//! Helm 3 uses (santhosh-tekuri/jsonschema v6) reads them, with its words.
//!
//! Differs: schemas are not held against their own meta-schema, and nothing is fetched from the network; a reference
//! into it is an error where values reach it.

mod check;
mod document;
mod format;
mod report;

pub use document::Schema;

use crate::Error;
use crate::tree::Node;
use fairway_template::{Map, Value};

/// Validates the values of a chart and its subcharts, as Helm 3's `ValidateAgainstSchema`.
pub(crate) fn validate(root: &Node<'_>, values: &Map) -> Result<(), Error> {
    let mut faults = String::new();
    chart(root, values, &mut faults);
    if faults.is_empty() { Ok(()) } else { Err(Error::Schema(faults)) }
}

fn chart(node: &Node<'_>, values: &Map, faults: &mut String) {
    if let Some(schema) = &node.chart.schema
        && let Err(text) = schema.validate(&Value::Map(values.clone()).to_json())
    {
        faults.push_str(&format!("{}:\n{text}\n", node.name));
    }
    for child in &node.children {
        match values.get(&child.name) {
            Some(Value::Map(own)) => chart(child, &own, faults),
            None | Some(Value::Nil) => {}
            Some(other) => faults.push_str(&format!(
                "{}:\ninvalid type for values: expected object (map), got {}\n",
                child.name,
                other.go_type().name
            )),
        }
    }
}
