//! Comparing what a server says with a recording that holds placeholders.

use serde_json::Value;
use std::collections::BTreeMap;

/// What the placeholders of a record stand for.
#[derive(Clone, Default)]
pub struct Names(pub BTreeMap<String, String>);

/// How much of an object a recording gives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it, less what every recording leaves out.
    Whole,
    /// Parts: what is not there was not looked at, lists of other lengths are extracts.
    Parts,
}

/// Fields that recordings leave out.
const LEFT_OUT: &[&str] = &["creationTimestamp", "managedFields", "selfLink"];

/// Puts a recording's wildcards for times and addresses into a message that has real ones, where the recording has any.
pub fn with_wildcards(got: &str, recorded: &str) -> String {
    if !(recorded.contains("<time>") || recorded.contains("<clusterIP>")) {
        return got.to_owned();
    }
    let word = |word: &str| {
        let time = word.len() == 20 && word.ends_with('Z') && word.as_bytes().get(10) == Some(&b'T');
        match word {
            _ if time => "<time>".to_owned(),
            _ if word.starts_with("10.96.") => "<clusterIP>".to_owned(),
            other => other.to_owned(),
        }
    };
    got.split('"').map(word).collect::<Vec<_>>().join("\"")
}

impl Names {
    /// Puts what is known in place of placeholders.
    pub fn fill(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for (name, value) in &self.0 {
            out = out.replace(name, value);
        }
        out
    }

    fn bind(&mut self, name: &str, value: &str) -> bool {
        match self.0.get(name) {
            Some(known) => known == value,
            None => {
                self.0.insert(name.to_owned(), value.to_owned());
                true
            }
        }
    }

    /// Says where versions are not in the order of their names. With `busy` other writes fell between them in the
    /// recording, so that two may be one here.
    pub fn disorder(&self, busy: bool) -> Option<String> {
        let mut versions: Vec<(u64, u64)> = Vec::new();
        for (name, value) in &self.0 {
            let number =
                name.strip_prefix("<rv").and_then(|n| n.strip_suffix('>')).and_then(|n| n.parse().ok());
            if let (Some(number), Ok(value)) = (number, value.parse()) {
                versions.push((number, value));
            }
        }
        versions.sort_unstable();
        versions
            .windows(2)
            .find(|w| w[0].1 > w[1].1 || (w[0].1 == w[1].1 && !busy))
            .map(|w| format!("<rv{}> is not before <rv{}>", w[0].0, w[1].0))
    }
}

/// Says where an answer differs from a recording. Placeholders that are seen for the first time are bound.
pub fn differ(
    expected: &Value,
    actual: &Value,
    extent: Extent,
    names: &mut Names,
    at: &str,
) -> Option<String> {
    match (expected, actual) {
        (Value::Object(e), Value::Object(a)) => {
            for (key, value) in e {
                let here = format!("{at}.{key}");
                let Some(other) = a.get(key) else { return Some(format!("{here}: missing {value}")) };
                let found = if key == "items" && named_only(value) {
                    names_of(value, other, &here)
                } else {
                    differ(value, other, extent, names, &here)
                };
                if found.is_some() {
                    return found;
                }
            }
            if extent == Extent::Parts {
                return None;
            }
            a.keys()
                .find(|k| !e.contains_key(*k) && !LEFT_OUT.contains(&k.as_str()))
                .map(|k| format!("{at}.{k}: unexpected {}", a[k]))
        }
        (Value::Array(e), Value::Array(a)) if e.len() == a.len() => e
            .iter()
            .zip(a)
            .enumerate()
            .find_map(|(n, (x, y))| differ(x, y, extent, names, &format!("{at}[{n}]"))),
        (Value::Array(e), Value::Array(a)) if extent == Extent::Parts && e.len() < a.len() => {
            extract(e, a, names, at)
        }
        (Value::String(e), _) => text(e, actual, names, at),
        _ if expected == actual => None,
        _ => Some(format!("{at}: expected {expected}, got {actual}")),
    }
}

/// Every entry of an extract is found, in its order.
fn extract(expected: &[Value], actual: &[Value], names: &mut Names, at: &str) -> Option<String> {
    let mut rest = actual.iter();
    for entry in expected {
        let found = rest.any(|a| {
            let mut trial = names.clone();
            let same = differ(entry, a, Extent::Parts, &mut trial, at).is_none();
            if same {
                *names = trial;
            }
            same
        });
        if !found {
            return Some(format!("{at}: no {entry}"));
        }
    }
    None
}

fn named_only(items: &Value) -> bool {
    items.as_array().is_some_and(|i| i.iter().all(Value::is_string) && !i.is_empty())
}

fn names_of(expected: &Value, actual: &Value, at: &str) -> Option<String> {
    let found: Vec<&str> =
        actual.as_array().into_iter().flatten().filter_map(|i| i["metadata"]["name"].as_str()).collect();
    let wanted: Vec<&str> = expected.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    (found != wanted).then(|| format!("{at}: expected {wanted:?}, got {found:?}"))
}

fn text(expected: &str, actual: &Value, names: &mut Names, at: &str) -> Option<String> {
    let shown = actual.as_str();
    let wrong = || Some(format!("{at}: expected {expected:?}, got {actual}"));
    match (expected, shown) {
        (
            "<time>" | "<hash>" | "<server>" | "<yaml>" | "<pem>" | "<v>" | "<random>" | "<clusterIP>",
            Some(_),
        ) => None,
        ("<nodePort>", None) if actual.is_number() => None,
        (_, Some(s)) if is_placeholder(expected) => {
            if names.bind(expected, s) {
                None
            } else {
                wrong()
            }
        }
        (_, Some(s)) => {
            let filled = names.fill(expected);
            // A hash inside a longer text.
            match filled.split_once("<hash>") {
                Some((head, tail)) if s.starts_with(head) && s.ends_with(tail) => None,
                _ if filled == s => None,
                _ => wrong(),
            }
        }
        (_, None) => wrong(),
    }
}

fn is_placeholder(text: &str) -> bool {
    let inner = text.strip_prefix('<').and_then(|t| t.strip_suffix('>'));
    inner.is_some_and(|i| {
        ["rv", "uid", "continue"].iter().any(|p| {
            i.strip_prefix(p).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        })
    })
}
