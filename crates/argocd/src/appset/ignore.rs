use fairway_core::{Object, Str, Value};
use fairway_value::parse_pointer;

/// One step of a path.
#[derive(Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
    /// `[]`: every element.
    Each,
}

/// What of an Application an ApplicationSet leaves to others: `spec.ignoreApplicationDifferences`.
#[derive(Debug, Default)]
pub(crate) struct IgnoredPaths {
    paths: Vec<Vec<Step>>,
}

impl IgnoredPaths {
    /// Reads the rules that apply to an Application.
    ///
    /// # Errors
    /// A path that cannot be followed here: the Application had better stay as it is.
    pub fn of(appset: &Object, application: &str) -> Result<Self, String> {
        let rules =
            appset.value().get_path(&["spec", "ignoreApplicationDifferences"]).and_then(Value::as_array);
        let mut out = Self::default();
        for rule in rules.unwrap_or_default() {
            let name = rule.get("name").and_then(Value::as_str).unwrap_or_default();
            if !name.is_empty() && name != application {
                continue;
            }
            for pointer in texts(rule, "jsonPointers") {
                let tokens = parse_pointer(&pointer)
                    .ok_or_else(|| format!("ignoreApplicationDifferences: {pointer:?} is no JSON pointer"))?;
                out.paths.push(tokens.iter().map(|t| step(t)).collect());
            }
            for expression in texts(rule, "jqPathExpressions") {
                let path = jq_path(&expression).ok_or_else(|| {
                    format!(
                        "unsupported: ignoreApplicationDifferences.jqPathExpressions {expression:?}: only paths such \
                         as .spec.sources[].targetRevision"
                    )
                })?;
                out.paths.push(path);
            }
        }
        Ok(out)
    }

    /// Removes what the paths name.
    pub fn remove_from(&self, value: &mut Value) {
        for path in &self.paths {
            remove(value, path);
        }
    }
}

fn texts(rule: &Value, key: &str) -> Vec<Str> {
    let list = rule.get(key).and_then(Value::as_array).unwrap_or_default();
    list.iter().filter_map(|v| v.as_str().map(Str::from)).collect()
}

fn step(token: &str) -> Step {
    token.parse().map_or_else(|_| Step::Key(token.to_owned()), Step::Index)
}

/// Reads the plain paths of jq: `.a.b`, `.a["b"]`, `.a[0]`, `.a[]`.
fn jq_path(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.trim().strip_prefix('.')?;
    let mut out = Vec::new();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (inside, after) = inner.split_once(']')?;
            out.push(match inside.trim() {
                "" => Step::Each,
                quoted if quoted.starts_with('"') => {
                    Step::Key(quoted.strip_prefix('"')?.strip_suffix('"')?.to_owned())
                }
                number => Step::Index(number.parse().ok()?),
            });
            rest = after;
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            out.push(Step::Key(rest[..end].to_owned()));
            rest = &rest[end..];
        }
    }
    (!out.is_empty()).then_some(out)
}

fn remove(value: &mut Value, path: &[Step]) {
    let Some((first, rest)) = path.split_first() else { return };
    match (value, first) {
        (Value::Object(map), Step::Key(key)) if rest.is_empty() => {
            map.remove(key);
        }
        (Value::Object(map), Step::Key(key)) => {
            if let Some(below) = map.get_mut(key) {
                remove(below, rest);
            }
        }
        (Value::Object(map), Step::Index(key)) => {
            let key = key.to_string();
            match map.get_mut(&key) {
                Some(below) if !rest.is_empty() => remove(below, rest),
                _ => {
                    map.remove(&key);
                }
            }
        }
        (Value::Array(list), Step::Index(at)) if *at < list.len() => {
            if rest.is_empty() {
                list.remove(*at);
            } else {
                remove(&mut list.make_mut()[*at], rest);
            }
        }
        (Value::Array(list), Step::Each) => {
            if rest.is_empty() {
                list.clear();
            } else {
                list.make_mut().iter_mut().for_each(|item| remove(item, rest));
            }
        }
        _ => {}
    }
}
