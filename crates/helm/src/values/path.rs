use fairway_template::{Map, Value};

/// Returns the table at a path of keys joined by dots.
pub(crate) fn table(values: &Map, path: &str) -> Option<Map> {
    let mut at = values.clone();
    for key in path.split('.') {
        at = match at.get(key) {
            Some(Value::Map(map)) => map,
            _ => return None,
        };
    }
    Some(at)
}

/// What stands at a path.
pub(crate) enum Lookup {
    /// A boolean.
    Bool(bool),
    /// Something else that is no table.
    Other,
    /// Nothing, or a table.
    Missing,
}

/// Looks for a boolean at a path of keys joined by dots.
pub(crate) fn lookup(values: &Map, path: &str) -> Lookup {
    let (parent, key) = match path.rsplit_once('.') {
        Some((parent, key)) => (table(values, parent), key),
        None => (Some(values.clone()), path),
    };
    match parent.and_then(|p| p.get(key)) {
        Some(Value::Bool(b)) => Lookup::Bool(b),
        Some(Value::Map(_)) | None => Lookup::Missing,
        Some(_) => Lookup::Other,
    }
}
