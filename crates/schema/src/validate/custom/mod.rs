//! Custom resources against their structural schema, in the words of kube-openapi's validator.

mod embedded;
mod format;
mod lists;
mod object;
mod pattern;
mod rules;
mod schema;
mod verdict;
mod walk;

pub(crate) use format::{fits as fits_text_format, is_text as is_text_format};
pub(super) use object::{check, check_default};
pub(crate) use pattern::compiled as compiled_pattern;
pub(crate) use rules::Rules;
pub(super) use rules::definition as rules_of;

use fairway_value::Value;

/// Whether the values of a schema are whole objects inside another.
pub(super) fn is_resource(schema: &Value) -> bool {
    schema.get("x-kubernetes-embedded-resource") == Some(&Value::Bool(true))
}

/// The schema of the entries of a map.
fn values_of(schema: &Value) -> Option<&Value> {
    schema.get("additionalProperties").filter(|v| v.as_object().is_some())
}
