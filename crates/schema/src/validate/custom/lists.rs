use super::super::fault::{Faults, list, show, text};
use crate::managed::equal;
use fairway_value::Value;

/// Sets must not hold a value twice, maps no key.
pub(super) fn check(object: &Value, schema: &Value, faults: &mut Faults) {
    walk(object, schema, "", faults);
}

fn walk(value: &Value, schema: &Value, field: &str, faults: &mut Faults) {
    let join = |key: &str| if field.is_empty() { key.to_owned() } else { format!("{field}.{key}") };
    match value {
        Value::Object(map) => {
            let further = schema.get("additionalProperties").filter(|v| v.as_object().is_some());
            for (key, inner) in map.iter() {
                if let Some(child) = schema.get("properties").and_then(|p| p.get(key)) {
                    walk(inner, child, &join(key), faults);
                }
                if let Some(child) = further {
                    walk(inner, child, &format!("{field}[{key}]"), faults);
                }
            }
        }
        Value::Array(items) => {
            duplicates(items, schema, field, faults);
            if let Some(child) = schema.get("items") {
                for (n, item) in items.iter().enumerate() {
                    walk(item, child, &format!("{field}[{n}]"), faults);
                }
            }
        }
        _ => {}
    }
}

/// Reports the second of equal entries; a third is not reported again.
fn duplicates(items: &[Value], schema: &Value, field: &str, faults: &mut Faults) {
    let keys: Vec<&str> =
        list(schema, "x-kubernetes-list-map-keys").iter().filter_map(Value::as_str).collect();
    let name = |item: &Value| -> Option<Value> {
        match text(schema, "x-kubernetes-list-type") {
            "set" => Some(item.clone()),
            "map" => Some(keys.iter().filter_map(|k| Some((*k, item.get(k)?.clone()))).collect()),
            _ => None,
        }
    };
    let wrong = items.iter().position(|item| !item.is_null() && item.as_object().is_none());
    if let Some(at) = wrong.filter(|_| text(schema, "x-kubernetes-list-type") == "map") {
        let why = "must be an object for an array of list-type map";
        return faults.invalid(format!("{field}[{at}]"), show(items.get(at)), why);
    }
    let mut seen: Vec<(Value, usize)> = Vec::new();
    for (n, item) in items.iter().enumerate() {
        let Some(name) = name(item) else { return };
        match seen.iter_mut().find(|(s, _)| equal(s, &name)) {
            Some((_, times)) => {
                *times += 1;
                if *times == 2 {
                    faults.duplicate(format!("{field}[{n}]"), show(Some(&name)));
                }
            }
            None => seen.push((name, 1)),
        }
    }
}
