use super::super::{is_resource, values_of};
use super::unordered::Unordered;
use crate::expression::{Moment, RESERVED, SharedList, SharedMap, Span};
use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt,
};
use cel::common::value::Val;
use fairway_value::Value;
use std::collections::HashMap;

/// Returns the value as rules see it: numbers as their schema has them, fields under names that the language can say, and of a
/// resource's metadata the name alone.
pub(super) fn seen(value: &Value, schema: Option<&Value>, resource: bool) -> Box<dyn Val> {
    let of = |key: &str| schema.and_then(|s| s.get(key));
    let word = |key: &str| of(key).and_then(Value::as_str).unwrap_or_default();
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(b) => Box::new(CelBool::from(*b)),
        Value::Int(_) if word("type") == "number" => {
            Box::new(CelDouble::from(value.as_f64().unwrap_or_default()))
        }
        Value::Int(i) => Box::new(CelInt::from(*i)),
        Value::Uint(u) => Box::new(CelUInt::from(*u)),
        Value::Float(f) => match value.as_i64() {
            Some(whole) if word("type") == "integer" => Box::new(CelInt::from(whole)),
            _ => Box::new(CelDouble::from(*f)),
        },
        Value::String(s) => {
            let format = if word("type") == "string" { word("format") } else { "" };
            formatted(s, format).unwrap_or_else(|| Box::new(CelString::from(s.to_string())))
        }
        Value::Array(items) => {
            let inner = of("items");
            let items = items.iter().map(|v| seen(v, inner, inner.is_some_and(is_resource)));
            match Unordered::of(items.collect(), schema) {
                Ok(unordered) => Box::new(unordered),
                Err(items) => Box::new(SharedList::from(CelList::from(items))),
            }
        }
        Value::Object(map) => {
            let properties = of("properties");
            let further = schema.and_then(values_of);
            let mut out: HashMap<CelMapKey<'static>, Box<dyn Val>> = HashMap::with_capacity(map.len());
            // Fields that are null are taken for fields that are not there; entries of maps are null.
            let absent = |inner: &Value| inner.is_null() && (properties.is_some() || resource);
            for (key, inner) in map.iter().filter(|(_, inner)| !absent(inner)) {
                let declared = properties.and_then(|p| p.get(key));
                let (name, value) = match (resource, key.as_str(), declared) {
                    (true, "metadata", _) => ("metadata".to_owned(), name_alone(inner)),
                    (true, "apiVersion" | "kind", _) => (key.to_string(), seen(inner, None, false)),
                    (_, _, Some(schema)) => (escaped(key), seen(inner, declared, is_resource(schema))),
                    (_, _, None) => (key.to_string(), seen(inner, further, further.is_some_and(is_resource))),
                };
                out.insert(CelMapKey::from(name), value);
            }
            Box::new(SharedMap::from(CelMap::from(out)))
        }
    }
}

/// What rules see of a text of a format that is more than a text; nothing where the text is not of the format.
fn formatted(text: &str, format: &str) -> Option<Box<dyn Val>> {
    Some(match format {
        "duration" => Box::new(Span::parse(text).or_else(|| Span::parse_words(text))?),
        "date" => Box::new(Moment::of_day(text)?),
        "date-time" => Box::new(Moment::parse(text)?),
        "byte" => Box::new(CelBytes::from(crate::base64::decode(text).ok()?)),
        _ => return None,
    })
}

fn name_alone(metadata: &Value) -> Box<dyn Val> {
    let mut kept = Value::object();
    for key in ["name", "generateName"] {
        if let Some(name) = metadata.get(key) {
            kept.set_path(&[key], name.clone());
        }
    }
    seen(&kept, None, false)
}

/// The name under which a rule reaches a field: reserved words stand between underscores.
pub(super) fn escaped(name: &str) -> String {
    if RESERVED.contains(&name) {
        return format!("__{name}__");
    }
    name.replace("__", "__underscores__")
        .replace('.', "__dot__")
        .replace('-', "__dash__")
        .replace('/', "__slash__")
}
