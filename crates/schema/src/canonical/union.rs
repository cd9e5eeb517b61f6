//! Parts of a JSON schema that may be of several shapes, which OpenAPI leaves open and Go reads in its own way: each starts to read
//! JSON anew, so a value that does not fit is placed from there on.
//!
//! Source: apiextensions-apiserver 1.36 `pkg/apis/apiextensions/v1/marshal.go`.

use super::{ConvertError, Unknown, convert};
use crate::{Scalar, TypeRef};
use fairway_value::Value;

const PROPS: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

/// Converts a value of a type that may be anything, as OpenAPI has it.
pub(super) fn convert_any(ty: TypeRef<'_>, value: &Value) -> Result<Value, ConvertError> {
    let Some(shape) = ty.name().strip_prefix(PROPS) else { return Ok(value.clone()) };
    let Some(props) = ty.named(PROPS).filter(|_| !shape.is_empty()) else { return Ok(value.clone()) };
    match (shape, value) {
        (_, Value::Object(_)) => {
            convert(props, value, None, &mut Unknown::Decoded).map_err(|e| anew(e, props))
        }
        ("OrArray", Value::Array(items)) if !items.is_empty() => {
            let convert = |item: &Value| convert(props, item, None, &mut Unknown::Decoded);
            items.iter().map(|item| convert(item).map_err(|e| anew(e, props))).collect()
        }
        ("OrBool", Value::Bool(_)) => Ok(value.clone()),
        ("OrBool", Value::Null) => Ok(Value::Null),
        ("OrBool", _) => Err(ConvertError::new("boolean or JSON schema expected")),
        ("OrStringArray", Value::Array(_)) => Ok(value.clone()),
        _ => Ok(Value::Null),
    }
}

/// What the JSON decoder says of a value that does not fit: where it is follows from the schema that was read anew.
fn anew(error: ConvertError, props: TypeRef<'_>) -> ConvertError {
    let Some((json, wanted)) = &error.mismatch else { return error };
    let wanted = match wanted.as_str() {
        "map[string]string" => "map[string]v1.JSONSchemaProps",
        "[]v1.ValidationRule" => "v1.ValidationRules",
        other => other,
    };
    let (_, path) = error.place();
    let message = if path.is_empty() {
        format!("json: cannot unmarshal {json} into Go value of type {wanted}")
    } else {
        let go_struct = props.name().rsplit('.').next().unwrap_or_default();
        format!("json: cannot unmarshal {json} into Go struct field {go_struct}.{path} of type {wanted}")
    };
    ConvertError { message, ..error }
}

/// Whether a value may not fit a part that OpenAPI leaves open.
pub(super) fn is_narrower(ty: TypeRef<'_>) -> bool {
    ty.scalar() == Some(Scalar::Any) && ty.name().starts_with(PROPS)
}
