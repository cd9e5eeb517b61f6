//! Values that are no maps and no lists, as Go reads them.

use super::{ConvertError, go_kind};
use crate::Scalar;
use crate::quantity::Quantity;
use crate::time::{canonical_micro_time, canonical_time};
use fairway_value::Value;

fn error<T>(message: String) -> Result<T, ConvertError> {
    Err(ConvertError::new(message))
}

#[expect(clippy::cast_possible_truncation, reason = "Go's converter cuts integers off in the same way")]
pub(super) fn convert_scalar(scalar: Scalar, value: &Value) -> Result<Value, ConvertError> {
    let mismatch = |to: &str| ConvertError::mismatched(value, to);
    Ok(match (scalar, value) {
        (Scalar::Any, _) | (_, Value::Null) => value.clone(),
        (Scalar::String, Value::String(_)) | (Scalar::Bool, Value::Bool(_)) => value.clone(),
        (Scalar::Int32, Value::Int(i)) => Value::Int(i64::from(*i as i32)),
        (Scalar::Int64, Value::Int(_)) => value.clone(),
        (Scalar::Int32 | Scalar::Int64, Value::Float(f)) if f.fract() == 0.0 => Value::Int(*f as i64),
        (Scalar::Number, Value::Int(_) | Value::Uint(_) | Value::Float(_)) => value.clone(),
        (Scalar::IntOrString, Value::Int(i)) => match i32::try_from(*i) {
            Ok(_) => value.clone(),
            Err(_) => return error(format!("json: cannot unmarshal number {i} into Go value of type int32")),
        },
        (Scalar::IntOrString, Value::String(_)) => value.clone(),
        (Scalar::Quantity, Value::String(s)) => match Quantity::parse(s.trim()) {
            Ok(quantity) => Value::from(quantity.to_string()),
            Err(why) => return error(why.to_string()),
        },
        (Scalar::Quantity, Value::Int(_) | Value::Uint(_) | Value::Float(_)) => {
            match Quantity::parse(&value.to_string()) {
                Ok(quantity) => Value::from(quantity.to_string()),
                Err(why) => return error(why.to_string()),
            }
        }
        (Scalar::Quantity, other) => {
            // Quantities are read from whatever JSON stands there.
            match Quantity::parse(&other.to_string()) {
                Ok(quantity) => Value::from(quantity.to_string()),
                Err(why) => return error(why.to_string()),
            }
        }
        (Scalar::Time, Value::String(s)) => canonical_time(s).map_err(ConvertError::new)?,
        (Scalar::MicroTime, Value::String(s)) => canonical_micro_time(s).map_err(ConvertError::new)?,
        (Scalar::Bytes, Value::String(s)) => match crate::base64::decode(s) {
            Ok(bytes) => Value::from(crate::base64::encode(&bytes)),
            Err(at) => {
                return error(format!("error decoding from json: illegal base64 data at input byte {at}"));
            }
        },
        // Go reads bytes from a list of numbers too.
        (Scalar::Bytes, Value::Array(items)) => {
            let byte = |item: &Value| match item {
                Value::Null => Ok(0),
                Value::Int(n) => u8::try_from(*n).map_err(|_| ConvertError::mismatched(item, "uint8")),
                other => Err(ConvertError::mismatched(other, "uint8")),
            };
            let bytes: Vec<u8> = items.iter().map(byte).collect::<Result<_, _>>()?;
            Value::from(crate::base64::encode(&bytes))
        }
        (Scalar::String, _) => return Err(mismatch("string")),
        (Scalar::Bytes, _) => return error(format!("cannot restore slice from {}", go_kind(value))),
        (Scalar::Bool, _) => return Err(mismatch("bool")),
        (Scalar::IntOrString, other) => {
            let json = match other {
                Value::Float(_) => format!("number {other}"),
                _ => ConvertError::mismatched(other, "").mismatch.map(|(json, _)| json).unwrap_or_default(),
            };
            return error(format!("json: cannot unmarshal {json} into Go value of type int32"));
        }
        (Scalar::Int32, _) => return Err(mismatch("int32")),
        (Scalar::Int64, _) => return Err(mismatch("int64")),
        (Scalar::Number, _) => return Err(mismatch("float64")),
        (Scalar::Time | Scalar::MicroTime, _) => return Err(mismatch("time.Time")),
    })
}
