use super::{ConvertError, Unknown, convert};
use crate::time::canonical_time;
use crate::{Scalar, TypeRef};
use fairway_value::{Map, Value};

/// Whether a Go type can hold a value, as apimachinery's unstructured converter finds: [`canonicalize`](super::canonicalize)
/// without its result, in a small part of the time. `managedFields` are not looked at.
///
/// # Errors
/// A value that the type cannot hold, in the converter's words.
pub fn fits(value: &Value, ty: TypeRef<'_>) -> Result<(), ConvertError> {
    if at_sight(value, ty) { Ok(()) } else { misfit(value, ty) }
}

/// Whether a text is a time as objects hold them: RFC 3339.
#[must_use]
pub fn is_time(text: &str) -> bool {
    !text.is_empty() && canonical_time(text).is_ok()
}

/// Whether a value fits; false may also mean that a closer look is needed. Answers for nearly every object.
#[inline]
fn at_sight(value: &Value, ty: TypeRef<'_>) -> bool {
    match value {
        Value::Object(entries) => map_at_sight(entries, ty),
        Value::Array(items) => match ty.list_def().map(|l| ty.at(l.item)) {
            Some(item) => items.iter().all(|inner| at_sight(inner, item)) && !super::union::is_narrower(ty),
            None => false,
        },
        scalar => {
            let kind = ty.scalar();
            scalar_at_sight(scalar, kind) && (kind != Some(Scalar::Any) || !super::union::is_narrower(ty))
        }
    }
}

fn map_at_sight(entries: &Map, ty: TypeRef<'_>) -> bool {
    let Some(map) = ty.map_def() else { return false };
    if map.fields.is_empty() {
        let Some(element) = map.element.map(|id| ty.at(id)) else { return true };
        if super::union::is_narrower(ty) {
            return false;
        }
        if element.scalar() == Some(Scalar::String) {
            return entries.values().all(|inner| matches!(inner, Value::String(_) | Value::Null));
        }
        return entries.values().all(|inner| at_sight(inner, element));
    }
    // Both are ordered by name.
    let mut fields = map.fields.iter();
    let mut rest = fields.as_slice();
    for (key, inner) in entries.iter() {
        let key = key.as_str();
        let element = match fields.find(|f| is_same(f.name.as_bytes(), key.as_bytes())) {
            Some(field) => {
                rest = fields.as_slice();
                Some(field.ty)
            }
            None => {
                fields = rest.iter();
                map.element
            }
        };
        if let Some(element) = element
            && key != "managedFields"
            && !at_sight(inner, ty.at(element))
        {
            return false;
        }
    }
    true
}

/// Whether two names are the same: most that are not differ in their length or last byte, which spares a call.
#[inline]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.last() == other.last() && one == other
}

#[inline]
fn scalar_at_sight(value: &Value, scalar: Option<Scalar>) -> bool {
    match (scalar, value) {
        (_, Value::Null)
        | (Some(Scalar::String | Scalar::IntOrString | Scalar::Any), Value::String(_))
        | (Some(Scalar::Int32 | Scalar::Int64 | Scalar::Number | Scalar::Any), Value::Int(_))
        | (Some(Scalar::Bool | Scalar::Any), Value::Bool(_)) => true,
        (Some(Scalar::Quantity), Value::String(text)) => is_plain_quantity(text.as_bytes()),
        (Some(Scalar::Time), Value::String(text)) => is_plain_time(text.as_bytes()),
        (Some(Scalar::IntOrString), Value::Int(number)) => i32::try_from(*number).is_ok(),
        _ => false,
    }
}

/// Whether a text is a number with at most one of the common suffixes.
fn is_plain_quantity(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    (1..=15).contains(&digits)
        && matches!(&text[digits..], b"" | b"m" | b"k" | b"M" | b"G" | b"Ki" | b"Mi" | b"Gi" | b"Ti")
}

/// Whether a text is a time as the API server writes it, on a day that each month has.
fn is_plain_time(text: &[u8]) -> bool {
    let &[a, b, c, d, b'-', e, f, b'-', g, h, b'T', i, j, b':', k, l, b':', m, n, b'Z'] = text else {
        return false;
    };
    let pairs = [(a, b, 99), (c, d, 99), (e, f, 12), (g, h, 28), (i, j, 23), (k, l, 59), (m, n, 59)];
    let is_day = (e, f) != (b'0', b'0') && (g, h) != (b'0', b'0');
    let within = |(tens, ones, max): (u8, u8, u8)| {
        tens.is_ascii_digit() && ones.is_ascii_digit() && (tens - b'0') * 10 + (ones - b'0') <= max
    };
    is_day && pairs.into_iter().all(within)
}

/// Looks closer: returns the first value that does not fit.
fn misfit(value: &Value, ty: TypeRef<'_>) -> Result<(), ConvertError> {
    if value.is_null() {
        return Ok(());
    }
    if ty.is_any() {
        return super::union::convert_any(ty, value).map(drop);
    }
    match (value, ty.map_def(), ty.list_def()) {
        (Value::Object(entries), Some(map), _) => {
            for (key, inner) in entries.iter() {
                let element = map.field(key).map(|f| f.ty).or(map.element);
                if let Some(element) = element.filter(|_| key != "managedFields") {
                    misfit(inner, ty.at(element))?;
                }
            }
            Ok(())
        }
        (Value::Array(items), _, Some(list)) => {
            items.iter().try_for_each(|inner| misfit(inner, ty.at(list.item)))
        }
        (Value::String(text), ..)
            if text.is_empty() && matches!(ty.scalar(), Some(Scalar::Time | Scalar::MicroTime)) =>
        {
            let why = "parsing time \"\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"2006\"";
            Err(ConvertError::new(why))
        }
        (other, ..) => convert(ty, other, None, &mut Unknown::Decoded).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Schemas;

    fn check(pod: &str, expect: &str) {
        let value = fairway_value::from_json(pod.as_bytes()).unwrap();
        let ty = Schemas::builtin().type_of("v1", "Pod").unwrap();
        let said = fits(&value, ty).map_or_else(|why| why.to_string(), |()| "fits".to_owned());
        assert_eq!(said, expect, "{pod}");
        assert_eq!(misfit(&value, ty).is_ok(), expect == "fits", "{pod}");
    }

    #[test]
    fn what_the_converter_refuses_does_not_fit() {
        check(
            r#"{"metadata":{"creationTimestamp":"2024-02-29T01:02:03Z"},"spec":{"nodeName":null}}"#,
            "fits",
        );
        check(r#"{"metadata":{"labels":{"a":"b"},"managedFields":5},"unknown":[1],"status":{}}"#, "fits");
        check(r#"{"spec":{"containers":[{"resources":{"limits":{"cpu":"1.5","memory":"64Mi"}}}]}}"#, "fits");
        check(r#"{"spec":{"terminationGracePeriodSeconds":30.0}}"#, "fits");
        check(r#"{"metadata":{"labels":{"a":1}}}"#, "cannot convert int64 to string");
        check(r#"{"spec":{"containers":{}}}"#, "cannot restore slice from map");
        check(r#"{"spec":"x"}"#, "cannot restore struct from: string");
        let time = "parsing time \"2024-02-30T01:02:03Z\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \
                    \"2024-02-30T01:02:03Z\" as \"2006\"";
        check(r#"{"metadata":{"creationTimestamp":"2024-02-30T01:02:03Z"}}"#, time);
    }

    #[test]
    fn plain_times_and_quantities_are_times_and_quantities() {
        for text in
            ["2024-01-28T23:59:59Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-01-01T24:00:00Z"]
        {
            assert_eq!(is_plain_time(text.as_bytes()), is_time(text), "{text}");
        }
        for text in ["1", "100m", "64Mi", "", "1x", "1 "] {
            let parsed = crate::quantity::Quantity::parse(text).is_ok();
            assert_eq!(is_plain_quantity(text.as_bytes()), parsed, "{text:?}");
        }
    }
}
