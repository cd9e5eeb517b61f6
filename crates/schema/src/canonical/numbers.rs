use super::ConvertError;
use crate::{Scalar, Schemas, TypeRef};
use fairway_value::Value;

/// Refuses whole numbers that their fields cannot hold: reading JSON does, where Go's converter cuts them off.
pub(crate) fn check_numbers(object: &Value, schemas: &Schemas) -> Result<(), ConvertError> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    match schemas.resource(text("apiVersion"), text("kind")) {
        Some(resource) if !resource.custom => {
            match schemas.type_of(&resource.api_version(), &resource.kind) {
                Some(ty) => check_number(ty, object, 0),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn check_number(ty: TypeRef<'_>, value: &Value, depth: usize) -> Result<(), ConvertError> {
    if depth > fairway_value::DEPTH_MAX || ty.is_any() {
        return Ok(());
    }
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter() {
                let Some(field) = ty.field(key) else { continue };
                check_number(field.ty, inner, depth + 1).map_err(|mut error| {
                    if error.go_struct.is_empty() {
                        ty.name().rsplit('.').next().unwrap_or_default().clone_into(&mut error.go_struct);
                    }
                    error.path.push(key.to_string());
                    error
                })?;
            }
            Ok(())
        }
        Value::Array(items) => {
            let Some(item) = ty.items().filter(|_| ty.is_list()) else { return Ok(()) };
            items.iter().try_for_each(|inner| check_number(item, inner, depth + 1))
        }
        Value::Int(number) if ty.scalar() == Some(Scalar::Int32) && i32::try_from(*number).is_err() => {
            Err(ConvertError {
                mismatch: Some((format!("number {number}"), "int32".to_owned())),
                ..ConvertError::new("")
            })
        }
        _ => Ok(()),
    }
}
