use super::MergeError;
use crate::managed::equal;
use fairway_value::{Value, parse_pointer};

/// How many operations a patch may have: the API server's limit.
const OPERATIONS_MAX: usize = 10_000;

/// Applies a JSON patch (RFC 6902) as the API server's library (`json-patch.v4`) does: a key that an object lacks may be replaced,
/// is copied as null, and tests equal to null; indices may count from the end (`-1`).
///
/// # Errors
/// Malformed operations, paths that are missing, tests that fail; in the library's words.
pub fn json_patch(original: &Value, patch: &Value) -> Result<Value, MergeError> {
    let Value::Array(operations) = patch else {
        return Err(MergeError(
            "json: cannot unmarshal object into Go value of type jsonpatch.Patch".to_owned(),
        ));
    };
    if operations.len() > OPERATIONS_MAX {
        return Err(MergeError(format!(
            "The allowed maximum operations in a JSON patch is {OPERATIONS_MAX}, got {}",
            operations.len()
        )));
    }
    let mut document = original.clone();
    for operation in operations {
        let text = |key: &str| operation.get(key).and_then(Value::as_str);
        let Some(path) = text("path") else {
            return Err(MergeError("operation missing path field: missing value".to_owned()));
        };
        let value = || operation.get("value").cloned().unwrap_or_default();
        let from = || text("from").ok_or_else(|| MergeError("unable to decode from field".to_owned()));
        match text("op").unwrap_or("unknown") {
            "add" => set(&mut document, path, value(), "add", true)?,
            "replace" => {
                if !path.is_empty() {
                    get(&document, path, "replace")?;
                }
                set(&mut document, path, value(), "replace", false)?;
            }
            "remove" => {
                remove(&mut document, path)
                    .ok_or_else(|| missing("remove", path, "Unable to remove nonexistent key"))?;
            }
            "move" => {
                let from = from()?;
                let taken =
                    remove(&mut document, from).ok_or_else(|| missing("move", from, "missing key"))?;
                set(&mut document, path, taken, "move", true)?;
            }
            "copy" => {
                let from = from()?;
                let taken = get(&document, from, "copy")?.cloned().unwrap_or_default();
                set(&mut document, path, taken, "copy", true)?;
            }
            "test" => {
                let found = if path.is_empty() { Some(&document) } else { get(&document, path, "test")? };
                if !equal(&found.cloned().unwrap_or_default(), &value()) {
                    return Err(MergeError(format!("testing value {path} failed: test failed")));
                }
            }
            other => return Err(MergeError(format!("Unexpected kind: {other}"))),
        }
    }
    Ok(document)
}

fn missing(operation: &str, path: &str, why: &str) -> MergeError {
    match why {
        "missing key" => MergeError(format!(
            "{operation} operation does not apply: doc is missing key: {path}: missing value"
        )),
        why => {
            MergeError(format!("{operation} operation does not apply: doc is missing path: {path}: {why}"))
        }
    }
}

fn index(token: &str, len: usize) -> Option<usize> {
    if let Some(back) = token.strip_prefix('-').and_then(|n| n.parse::<usize>().ok()) {
        return len.checked_sub(back);
    }
    token.parse().ok()
}

/// Returns what an object has under the last part of a path, or the entry of a list.
fn get<'v>(document: &'v Value, path: &str, operation: &str) -> Result<Option<&'v Value>, MergeError> {
    let absent = || missing(operation, path, "missing value");
    let tokens = parse_pointer(path).ok_or_else(absent)?;
    let (last, parents) = tokens.split_last().ok_or_else(absent)?;
    let entry = |items: &'v [Value], token: &str| items.get(index(token, items.len())?);
    let parent = parents.iter().try_fold(document, |at, token| match at {
        Value::Object(map) => map.get(token),
        Value::Array(items) => entry(items, token),
        _ => None,
    });
    match parent.ok_or_else(absent)? {
        Value::Object(map) => Ok(map.get(last)),
        Value::Array(items) => entry(items, last).map(Some).ok_or_else(absent),
        _ => Err(absent()),
    }
}

fn parent<'v>(document: &'v mut Value, tokens: &[std::borrow::Cow<'_, str>]) -> Option<&'v mut Value> {
    tokens.iter().try_fold(document, |at, token| match at {
        Value::Object(map) => map.get_mut(token),
        Value::Array(items) => {
            let at = index(token, items.len())?;
            items.make_mut().get_mut(at)
        }
        _ => None,
    })
}

fn set(
    document: &mut Value,
    path: &str,
    value: Value,
    operation: &str,
    insert: bool,
) -> Result<(), MergeError> {
    let missing_path = || {
        MergeError(format!(
            "{operation} operation does not apply: doc is missing path: {path:?}: missing value"
        ))
    };
    let tokens = parse_pointer(path).ok_or_else(missing_path)?;
    let Some((last, parents)) = tokens.split_last() else {
        *document = value;
        return Ok(());
    };
    match parent(document, parents).ok_or_else(missing_path)? {
        Value::Object(map) => {
            map.insert(last.as_ref(), value);
        }
        Value::Array(items) if insert => {
            let at = if last == "-" { Some(items.len()) } else { index(last, items.len() + 1) };
            let at = at.filter(|at| *at <= items.len()).ok_or_else(|| {
                MergeError(format!("{operation} operation does not apply: Unable to access invalid index: {last}: invalid index referenced"))
            })?;
            items.insert(at, value);
        }
        Value::Array(items) => {
            let at = index(last, items.len()).ok_or_else(missing_path)?;
            *items.make_mut().get_mut(at).ok_or_else(missing_path)? = value;
        }
        _ => return Err(missing_path()),
    }
    Ok(())
}

fn remove(document: &mut Value, path: &str) -> Option<Value> {
    let tokens = parse_pointer(path)?;
    let (last, parents) = tokens.split_last()?;
    match parent(document, parents)? {
        Value::Object(map) => map.remove(last),
        Value::Array(items) => {
            let at = index(last, items.len()).filter(|at| *at < items.len())?;
            Some(items.remove(at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    fn json(text: &str) -> Value {
        from_json(text.as_bytes()).unwrap()
    }

    #[test]
    fn operations_apply_in_order() {
        let patch = r#"[{"op":"add","path":"/a/-","value":3},{"op":"remove","path":"/a/-2"},
            {"op":"replace","path":"/b~1c","value":{"x":null}},{"op":"test","path":"/none","value":null},
            {"op":"copy","from":"/a/0","path":"/d"},{"op":"move","from":"/d","path":"/a/0"}]"#;
        let out = json_patch(&json(r#"{"a":[1,2],"b/c":1}"#), &json(patch)).unwrap();
        assert_eq!(out, json(r#"{"a":[1,1,3],"b/c":{"x":null}}"#));
        let patch = r#"[{"op":"replace","path":"/x","value":1},{"op":"copy","from":"/none","path":"/y"},{"op":"test","path":"/y","value":null},
            {"op":"test","path":"","value":{"a":[1],"x":1,"y":null}}]"#;
        let out = json_patch(&json(r#"{"a":[1]}"#), &json(patch)).unwrap();
        assert_eq!(out, json(r#"{"a":[1],"x":1,"y":null}"#));
        for bad in [
            r#"[{"op":"replace","path":"/x/y","value":1}]"#,
            r#"[{"op":"replace","path":"/a/1","value":1}]"#,
            r#"[{"op":"copy","from":"/x/y","path":"/z"}]"#,
            r#"[{"op":"copy","from":"","path":"/z"}]"#,
            r#"[{"op":"move","from":"/x","path":"/z"}]"#,
            r#"[{"op":"remove","path":"/x"}]"#,
            r#"[{"op":"test","path":"/a","value":1}]"#,
            r#"[{"op":"test","path":"/x/y","value":null}]"#,
            r#"[{"op":"test","path":"/a/1","value":null}]"#,
            r#"[{"op":"add","path":"/x/y","value":1}]"#,
            r#"[{"op":"add","path":"/a/9","value":1}]"#,
            r#"[{"op":"frob","path":"/a"}]"#,
        ] {
            assert!(json_patch(&json(r#"{"a":[1]}"#), &json(bad)).is_err(), "{bad}");
        }
    }
}
