use super::super::fault::{Faults, list, show, text};
use super::walk::walk;
use crate::managed::equal;
use fairway_value::Value;

/// Sets must not hold a value twice, maps no key.
pub(super) fn check(object: &Value, schema: &Value, faults: &mut Faults) {
    walk(object, schema, &mut |value, schema, field| {
        if let Value::Array(items) = value {
            duplicates(items, schema, field, faults);
        }
    });
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
