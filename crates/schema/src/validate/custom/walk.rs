use fairway_value::Value;

/// Visits a value and everything in it beside its schema; what the schema does not have is passed over. `see` gets the value, its
/// schema and its path.
pub(super) fn walk(value: &Value, schema: &Value, see: &mut dyn FnMut(&Value, &Value, &str)) {
    below(value, schema, "", see);
}

fn below(value: &Value, schema: &Value, field: &str, see: &mut dyn FnMut(&Value, &Value, &str)) {
    see(value, schema, field);
    match value {
        Value::Object(map) => {
            let properties = schema.get("properties");
            let further = super::values_of(schema);
            for (key, inner) in map.iter() {
                if let Some(child) = properties.and_then(|p| p.get(key)) {
                    let dot = if field.is_empty() { "" } else { "." };
                    below(inner, child, &format!("{field}{dot}{key}"), see);
                } else if let Some(child) = further {
                    below(inner, child, &format!("{field}[{key}]"), see);
                }
            }
        }
        Value::Array(items) => {
            let Some(child) = schema.get("items") else { return };
            for (n, inner) in items.iter().enumerate() {
                below(inner, child, &format!("{field}[{n}]"), see);
            }
        }
        _ => {}
    }
}
