//! Holds values against `values.schema.json`: JSON Schema drafts 4, 6, 7, 2019-09 and 2020-12, as the library that
//! Helm 3 uses (santhosh-tekuri/jsonschema v6) reads them, with its words.
//!
//! A schema is first held against the meta-schema of its draft, and what it refers to must be there, whether or not the
//! values reach it. Differs: a meta-schema of somebody's own is read for the draft that it names, not for its rules.

mod check;
mod compile;
mod document;
mod elsewhere;
mod format;
mod keywords;
mod meta;
mod number;
mod place;
mod report;
mod steps;
mod subschemas;

pub use document::Schema;
pub use elsewhere::SchemaSource;

use crate::Error;
use crate::tree::Node;
use fairway_template::{Map, Value};

/// Validates the values of a chart and its subcharts, as Helm 3's `ValidateAgainstSchema`. `user` are the values that
/// the release was given, before those of charts: errors tell the two apart.
pub(crate) fn validate(
    root: &Node<'_>,
    values: &Map,
    user: &fairway_value::Map,
    elsewhere: Option<&dyn SchemaSource>,
) -> Result<(), Error> {
    let mut report = Report { user, elsewhere, faults: String::new(), places: Vec::new() };
    report.chart(&mut vec![root], values);
    if report.faults.is_empty() {
        return Ok(());
    }
    let context = report.context();
    Err(Error::Schema { faults: report.faults, context })
}

/// Validates values against one schema, as Helm's `ValidateAgainstSingleSchema`, and says what is wrong.
pub(crate) fn validate_single(
    schema: &Schema,
    values: &fairway_value::Value,
    elsewhere: Option<&dyn SchemaSource>,
) -> Option<String> {
    match schema.faults(values, elsewhere) {
        Ok(faults) if faults.is_empty() => None,
        Ok(faults) => Some(report::text(&faults)),
        Err(why) => Some(why),
    }
}

/// What is wrong with the values of a chart and its subcharts.
struct Report<'u> {
    user: &'u fairway_value::Map,
    elsewhere: Option<&'u dyn SchemaSource>,
    faults: String,
    places: Vec<String>,
}

impl Report<'_> {
    fn chart(&mut self, charts: &mut Vec<&Node<'_>>, values: &Map) {
        let Some(node) = charts.last().copied() else { return };
        // Helm writes the next chart's name behind a fault of a schema itself.
        if !self.faults.is_empty() && !self.faults.ends_with('\n') {
            self.faults.push('\n');
        }
        if let Some(schema) = &node.chart.schema {
            let json = Value::Map(values.clone()).to_json();
            match schema.faults(&json, self.elsewhere) {
                Ok(faults) if faults.is_empty() => {}
                Ok(faults) => {
                    self.faults.push_str(&format!("{}:\n{}\n", node.name, report::text(&faults)));
                    self.places.extend(place::places(charts, self.user, &json, &faults));
                }
                Err(why) => self.faults.push_str(&format!("{}:\n{why}", node.name)),
            }
        }
        for child in &node.children {
            match values.get(&child.name) {
                Some(Value::Map(own)) => {
                    let mut below = charts.clone();
                    below.push(child);
                    self.chart(&mut below, &own);
                }
                None | Some(Value::Nil) => {}
                Some(other) => self.faults.push_str(&format!(
                    "{}:\ninvalid type for values: expected object (map), got {}\n",
                    child.name,
                    other.go_type().name
                )),
            }
        }
    }

    fn context(&self) -> String {
        self.places.iter().map(|place| format!("\n  {place}")).collect()
    }
}
