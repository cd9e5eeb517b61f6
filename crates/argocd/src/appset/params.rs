use fairway_core::{Map, Str, Value};

/// Most parameters that a nested one flattens into.
const FLAT_MAX: usize = 10_000;

/// Returns what Go's `%v` prints for a value that its JSON decoder gave.
pub(crate) fn go_text(value: &Value) -> Str {
    match value {
        Value::String(s) => s.clone(),
        Value::Null => "<nil>".into(),
        other => fairway_template::fmt::sprint_v(&fairway_template::Value::from_json(other)).into(),
    }
}

/// Flattens nested parameters to dotted names with texts. Lists of texts stay one value where `keep_texts` is set:
/// Go's `[]string` is no `[]any`.
pub(crate) fn flatten(params: &Map, keep_texts: bool) -> Map {
    let mut out = Map::new();
    for (key, value) in params.iter() {
        flatten_into(key, value, keep_texts, &mut out);
    }
    out
}

fn flatten_into(path: &str, value: &Value, keep_texts: bool, out: &mut Map) {
    if out.len() >= FLAT_MAX {
        return;
    }
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter() {
                flatten_into(&format!("{path}.{key}"), value, keep_texts, out);
            }
        }
        Value::Array(list) if keep_texts && list.iter().all(|v| v.as_str().is_some()) => {
            out.insert(path, go_text(value));
        }
        Value::Array(list) => {
            for (n, value) in list.iter().enumerate() {
                flatten_into(&format!("{path}.{n}"), value, keep_texts, out);
            }
        }
        leaf => {
            out.insert(path, go_text(leaf));
        }
    }
}
