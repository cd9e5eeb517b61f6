//! JSON patches with the semantics of the Go library that kustomize uses (evanphx v4): negative indices count from the
//! end, `replace` of a missing key sets it, a missing value tests equal to `null`.

use fairway_value::{Value, parse_pointer};

/// Most operations of one patch.
const OPERATIONS_MAX: usize = 10_000;
/// Most values that the copies of one patch may make.
const COPIED_MAX: usize = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Add,
    Remove,
    Replace,
    Move,
    Copy,
    Test,
}

#[derive(Clone, Debug)]
struct Operation {
    kind: Kind,
    path: String,
    from: String,
    value: Option<Value>,
}

/// A parsed patch.
#[derive(Clone, Debug)]
pub struct JsonPatch {
    operations: Vec<Operation>,
}

impl JsonPatch {
    /// Reads a list of operations.
    ///
    /// # Errors
    /// Anything else.
    pub fn from_value(value: &Value) -> Result<Self, String> {
        let list = value.as_array().ok_or("a JSON patch is a list of operations")?;
        if list.len() > OPERATIONS_MAX {
            return Err(format!("more than {OPERATIONS_MAX} operations"));
        }
        list.iter()
            .enumerate()
            .map(|(n, v)| operation(v).map_err(|e| format!("operation {n}: {e}")))
            .collect::<Result<_, _>>()
            .map(|operations| Self { operations })
    }

    /// Whether there is no operation.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Applies the operations in order.
    ///
    /// # Errors
    /// An operation that does not apply, by its number and path.
    pub fn apply(&self, document: &mut Value) -> Result<(), String> {
        let mut copied = 0;
        for (n, operation) in self.operations.iter().enumerate() {
            operation.apply(document, &mut copied).map_err(|e| {
                format!("JSON patch operation {n} ({:?} {}): {e}", operation.kind, operation.path)
            })?;
        }
        Ok(())
    }
}

fn operation(value: &Value) -> Result<Operation, String> {
    value.as_object().ok_or_else(|| format!("expected a map, found {}", value.type_name()))?;
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let kind = match text("op") {
        Some("add") => Kind::Add,
        Some("remove") => Kind::Remove,
        Some("replace") => Kind::Replace,
        Some("move") => Kind::Move,
        Some("copy") => Kind::Copy,
        Some("test") => Kind::Test,
        other => return Err(format!("unexpected op `{}`", other.unwrap_or("unknown"))),
    };
    let path = text("path").ok_or("the path is missing")?.to_owned();
    let from = match (kind, text("from")) {
        (Kind::Move | Kind::Copy, None) => return Err("from is missing".to_owned()),
        (_, from) => from.unwrap_or_default().to_owned(),
    };
    Ok(Operation { kind, path, from, value: value.get("value").cloned() })
}

/// The map or list that a pointer's last token is in, with that token.
fn parent<'d>(document: &'d mut Value, pointer: &str) -> Result<(&'d mut Value, String), String> {
    let missing = || format!("the document is missing the path \"{pointer}\"");
    let tokens = parse_pointer(pointer).ok_or_else(missing)?;
    let (last, before) = tokens.split_last().ok_or_else(missing)?;
    let mut at = document;
    for token in before {
        at = match at {
            Value::Object(map) => map.get_mut(token).ok_or_else(missing)?,
            Value::Array(list) => {
                let n = index(token, list.len()).map_err(|_| missing())?;
                list.make_mut().get_mut(n).ok_or_else(missing)?
            }
            _ => return Err(missing()),
        };
    }
    match at {
        Value::Object(_) | Value::Array(_) => Ok((at, last.to_string())),
        _ => Err(missing()),
    }
}

/// Reads an index below `len`; a negative one counts from the end.
fn index(token: &str, len: usize) -> Result<usize, String> {
    let n: i64 = token.parse().map_err(|_| format!("`{token}` is no list index"))?;
    let invalid = || format!("list index {n} is out of range (length {len})");
    let at = if n < 0 { i64::try_from(len).unwrap_or(i64::MAX) + n } else { n };
    usize::try_from(at).ok().filter(|at| *at < len).ok_or_else(invalid)
}

fn get(container: &Value, key: &str) -> Result<Option<Value>, String> {
    match container {
        Value::Object(map) => Ok(map.get(key).cloned()),
        Value::Array(list) => index(key, list.len()).map(|n| list.get(n).cloned()),
        _ => Ok(None),
    }
}

fn add(container: &mut Value, key: &str, value: Value) -> Result<(), String> {
    match container {
        Value::Object(map) => {
            map.insert(key, value);
        }
        Value::Array(list) if key == "-" => list.push(value),
        Value::Array(list) => {
            let n = index(key, list.len() + 1)?;
            list.insert(n, value);
        }
        _ => {}
    }
    Ok(())
}

fn remove(container: &mut Value, key: &str) -> Result<(), String> {
    match container {
        Value::Object(map) => {
            map.remove(key).ok_or_else(|| format!("unable to remove nonexistent key: {key}"))?;
        }
        Value::Array(list) => {
            let n = index(key, list.len())?;
            list.remove(n);
        }
        _ => {}
    }
    Ok(())
}

impl Operation {
    fn apply(&self, document: &mut Value, copied: &mut usize) -> Result<(), String> {
        let value = || self.value.clone().unwrap_or_default();
        if self.path.is_empty() && matches!(self.kind, Kind::Replace | Kind::Test) {
            return match self.kind {
                Kind::Replace if matches!(value(), Value::Object(_) | Value::Array(_)) => {
                    *document = value();
                    Ok(())
                }
                Kind::Replace => Err("the value must be a map or a list".to_owned()),
                _ if *document == value() => Ok(()),
                _ => Err("the test failed".to_owned()),
            };
        }
        match self.kind {
            Kind::Add => {
                let (at, key) = parent(document, &self.path)?;
                add(at, &key, value())
            }
            Kind::Remove => {
                let (at, key) = parent(document, &self.path)?;
                remove(at, &key)
            }
            Kind::Replace => {
                let (at, key) = parent(document, &self.path)?;
                match at {
                    Value::Array(list) => {
                        let n = index(&key, list.len())?;
                        list.make_mut()[n] = value();
                        Ok(())
                    }
                    map => add(map, &key, value()),
                }
            }
            Kind::Move => {
                let (at, key) = parent(document, &self.from)?;
                let moved = get(at, &key)?.unwrap_or_default();
                remove(at, &key)?;
                let (at, key) = parent(document, &self.path)?;
                add(at, &key, moved)
            }
            Kind::Copy => {
                let (at, key) = parent(document, &self.from)?;
                let source = get(at, &key)?.unwrap_or_default();
                *copied = copied.saturating_add(count(&source));
                if *copied > COPIED_MAX {
                    return Err(format!("the copies make more than {COPIED_MAX} values"));
                }
                let (at, key) = parent(document, &self.path)?;
                add(at, &key, source)
            }
            Kind::Test => {
                let (at, key) = parent(document, &self.path)?;
                let found = get(at, &key)?.unwrap_or_default();
                if found == value() { Ok(()) } else { Err("the test failed".to_owned()) }
            }
        }
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.iter().map(count).sum::<usize>() + 1,
        Value::Object(map) => map.values().map(count).sum::<usize>() + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(document: &str, patch: &str) -> Result<String, String> {
        let json = |t: &str| fairway_value::from_json(t.as_bytes()).unwrap();
        let mut document = json(document);
        JsonPatch::from_value(&json(patch))?.apply(&mut document)?;
        Ok(document.to_string())
    }

    #[test]
    fn indices_may_be_negative_and_missing_keys_may_be_replaced() {
        assert_eq!(
            apply(r#"{"a":[1,2,3]}"#, r#"[{"op":"replace","path":"/a/-1","value":9}]"#).unwrap(),
            r#"{"a":[1,2,9]}"#
        );
        assert_eq!(
            apply(r#"{"a":[1]}"#, r#"[{"op":"add","path":"/a/-1","value":9}]"#).unwrap(),
            r#"{"a":[1,9]}"#
        );
        assert_eq!(apply("{}", r#"[{"op":"replace","path":"/b","value":1}]"#).unwrap(), r#"{"b":1}"#);
        assert_eq!(apply("{}", r#"[{"op":"test","path":"/b","value":null}]"#).unwrap(), "{}");
    }

    #[test]
    fn what_does_not_apply_says_which_operation() {
        let error =
            apply("{}", r#"[{"op":"add","path":"/a","value":1},{"op":"remove","path":"/x/y"}]"#).unwrap_err();
        assert!(error.contains("operation 1") && error.contains("/x/y"), "{error}");
        assert!(apply(r#"{"a":[1]}"#, r#"[{"op":"add","path":"/a/3","value":1}]"#).is_err());
        assert!(apply("{}", r#"[{"op":"remove","path":"/a"}]"#).is_err());
        assert!(apply("{}", r#"[{"op":"merge","path":"/a"}]"#).is_err());
    }

    #[test]
    fn copies_that_explode_are_stopped() {
        let doubling = r#"{"op":"copy","from":"/a","path":"/a/-"}"#;
        let patch = format!("[{}]", vec![doubling; 40].join(","));
        assert!(apply(r#"{"a":[1]}"#, &patch).unwrap_err().contains("copies"));
    }
}
