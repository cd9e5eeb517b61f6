//! The keywords that look at a value alone, not at what is in it.

use super::check::{At, Outcome};
use super::document::Draft;
use super::format;
use super::number::{equal, is_multiple};
use super::report::{Fault, count, joined, number, quote, quoted};
use fairway_value::{Map, Value};

/// The keywords that look at values of every type; the first that is broken hides all others.
pub(super) fn whole_value(schema: &Map, at: At<'_>) -> Option<Fault> {
    let draft = at.document.draft;
    let fault = |message: String| Some(Fault::new(at.path, message));
    if let Some(types) = schema.get("type") {
        let named: Vec<&str> = match types {
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        if let Err(why) = of_type(at.value, &named) {
            return fault(why);
        }
    }
    let is_simple = |value: &Value| !matches!(value, Value::Array(_) | Value::Object(_));
    if let Some(wanted) = schema.get("const").filter(|w| draft >= Draft::Six && !equal(w, at.value)) {
        return fault(if is_simple(wanted) {
            format!("value must be {}", shown(wanted))
        } else {
            "'const' failed".to_owned()
        });
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array)
        && !choices.iter().any(|choice| equal(choice, at.value))
    {
        let all = || joined(choices.iter().map(shown));
        return fault(match choices {
            _ if !choices.iter().all(is_simple) => "'enum' failed".to_owned(),
            [one] => format!("value must be {}", shown(one)),
            _ => format!("value must be one of {}", all()),
        });
    }
    // Since 2019 a format only informs.
    let format = schema.get("format").and_then(Value::as_str).filter(|_| draft <= Draft::Seven)?;
    fault(of_format(at.value.as_str()?, format).err()?)
}

/// Holds a text to a format.
pub(super) fn of_format(text: &str, format: &str) -> Result<(), String> {
    format::check(format, text).map_err(|why| format!("{} is not valid {format}: {why}", quote(text)))
}

/// Says that a text does not match a pattern.
pub(super) fn unmatched(text: &str, pattern: &str) -> String {
    format!("{} does not match pattern {}", quote(text), quote(pattern))
}

/// Holds a value to types; those of no known name count for nothing.
pub(super) fn of_type(value: &Value, names: &[&str]) -> Result<(), String> {
    let mut wanted = TYPES.into_iter().filter(|name| names.contains(name)).peekable();
    if wanted.peek().is_none() || wanted.clone().any(|name| is_type(value, name)) {
        return Ok(());
    }
    Err(format!("got {}, want {}", type_of(value), wanted.collect::<Vec<_>>().join(" or ")))
}

/// Holds a value to several texts.
pub(super) fn is_one_of(value: &Value, choices: &[&str]) -> Result<(), String> {
    match value.as_str().is_some_and(|text| choices.contains(&text)) {
        true => Ok(()),
        false => Err(format!("value must be one of {}", quoted(choices))),
    }
}

/// The keywords for texts.
pub(super) fn string(schema: &Map, text: &str, at: At<'_>, out: &mut Outcome) -> Result<(), String> {
    if schema.contains_key("minLength") || schema.contains_key("maxLength") {
        sizes(schema, ["minLength", "maxLength"], text.chars().count(), at.path, out);
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
        && !at.document.matches(pattern, text)?
    {
        out.fault(at.path, unmatched(text, pattern));
    }
    Ok(())
}

/// The keywords for the least and the most of what there may be.
pub(super) fn sizes(schema: &Map, [least, most]: [&str; 2], got: usize, path: &str, out: &mut Outcome) {
    let fault = |key: &str, want| format!("{key}: got {}, want {}", count(got), count(want));
    if let Some(min) = limit(schema, least).filter(|min| got < *min) {
        out.fault(path, fault(least, min));
    }
    if let Some(max) = limit(schema, most).filter(|max| got > *max) {
        out.fault(path, fault(most, max));
    }
}

/// The keywords for numbers.
pub(super) fn numeric(schema: &Map, found: f64, path: &str, out: &mut Outcome) {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    // In the fourth draft a boolean says that the bound itself is outside.
    let bounds = |key: &str, strict: &str| match schema.get(strict) {
        Some(Value::Bool(true)) => (None, bound(key)),
        _ => (bound(key), bound(strict)),
    };
    let (least, above) = bounds("minimum", "exclusiveMinimum");
    let (most, below) = bounds("maximum", "exclusiveMaximum");
    let mut fault = |key: &str, want: Option<f64>, holds: fn(f64, f64) -> bool| {
        if let Some(want) = want.filter(|want| !holds(found, *want)) {
            out.fault(path, format!("{key}: got {}, want {}", number(found), number(want)));
        }
    };
    fault("minimum", least, |found, want| found >= want);
    fault("maximum", most, |found, want| found <= want);
    fault("exclusiveMinimum", above, |found, want| found > want);
    fault("exclusiveMaximum", below, |found, want| found < want);
    fault("multipleOf", bound("multipleOf").filter(|step| *step > 0.0), is_multiple);
}

/// Returns the names of a list that a map lacks.
pub(super) fn missing<'k>(wanted: Option<&'k Value>, map: &Map) -> Vec<&'k str> {
    let names = wanted.and_then(Value::as_array).unwrap_or_default().iter().filter_map(Value::as_str);
    names.filter(|key| !map.contains_key(key)).collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(s) => quote(s),
        Value::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}

/// Returns a limit, which is a whole number.
pub(super) fn limit(schema: &Map, key: &str) -> Option<usize> {
    let value = schema.get(key)?;
    let whole = value.as_f64().filter(|f| f.fract() == 0.0 && (0.0..9e15).contains(f));
    // A whole number below 2^53 is what it is.
    whole.and_then(|f| format!("{f:.0}").parse().ok())
}

/// The types, in the order in which they are told.
const TYPES: [&str; 7] = ["null", "boolean", "number", "integer", "string", "array", "object"];

fn is_type(value: &Value, name: &str) -> bool {
    match (value, name) {
        (Value::Int(_) | Value::Uint(_), "integer") => true,
        (Value::Float(f), "integer") => f.fract() == 0.0,
        _ => type_of(value) == name,
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
