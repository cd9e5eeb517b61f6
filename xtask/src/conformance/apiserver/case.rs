//! Reading the recordings and comparing with them.

use fairway_schema::strategy::Chooser;
use fairway_value::{Str, Value, from_json};
use std::path::Path;

/// The time that stands for any time in the recordings.
pub const NOW: &str = "1970-01-01T00:00:00Z";

/// The uid of every object; shown as `<uid>`.
pub const UID: &str = "11111111-2222-3333-4444-555555555555";
const RANDOM: &str = "zzzzz";
const ANY_IP: &str = "10.96.255.254";

/// Puts the recordings' placeholders in the place of what was chosen.
pub fn shown(object: &Value) -> Value {
    let text =
        object.to_string().replace(UID, "<uid>").replace(RANDOM, "<random>").replace(ANY_IP, "<clusterIP>");
    from_json(text.as_bytes()).unwrap_or_default()
}

/// Reads a file of one JSON object a line.
pub fn read(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| from_json(line.as_bytes()).ok()).collect()
}

pub fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Says where two values first differ; nothing where they are the same.
pub fn difference(expected: &Value, actual: &Value) -> Option<String> {
    let mut at = String::new();
    differ(expected, actual, &mut at)
}

fn differ(expected: &Value, actual: &Value, at: &mut String) -> Option<String> {
    let len = at.len();
    match (expected, actual) {
        (Value::Object(e), Value::Object(a)) => {
            for (key, value) in e.iter() {
                at.push_str(&format!(".{key}"));
                let found = match a.get(key) {
                    Some(other) => differ(value, other, at),
                    None => Some(format!("{at}: missing {value}")),
                };
                if found.is_some() {
                    return found;
                }
                at.truncate(len);
            }
            a.keys()
                .find(|k| !e.contains_key(k))
                .map(|k| format!("{at}.{k}: unexpected {}", a.get(k).unwrap_or(&Value::Null)))
        }
        (Value::Array(e), Value::Array(a)) if e.len() == a.len() => {
            for (n, (value, other)) in e.iter().zip(a.iter()).enumerate() {
                at.push_str(&format!("[{n}]"));
                let found = differ(value, other, at);
                if found.is_some() {
                    return found;
                }
                at.truncate(len);
            }
            None
        }
        _ if expected == actual => None,
        // Chosen by the server.
        (Value::String(s), a) if matches!(s.as_str(), "<nodePort>" | "<clusterIP>") && !a.is_null() => None,
        (e, a) if e.as_f64().is_some() && e.as_f64() == a.as_f64() => None,
        _ => Some(format!("{at}: expected {expected}, got {actual}")),
    }
}

/// Chooses what the recordings write in place of what the server chose.
#[derive(Default)]
pub struct Placeholders {
    chosen: i64,
}

impl Chooser for Placeholders {
    fn cluster_ip(&mut self, asked: Option<&str>) -> Result<Value, String> {
        Ok(Value::from(asked.unwrap_or(ANY_IP)))
    }
    fn node_port(&mut self) -> Result<Value, String> {
        self.chosen += 1;
        Ok(Value::from(30_000 + self.chosen))
    }
    fn families(&self) -> Option<&[&str]> {
        Some(&["IPv4"])
    }
    fn suffix(&mut self) -> Str {
        Str::from(RANDOM)
    }
    fn now(&self) -> Str {
        Str::from(NOW)
    }
    fn priority(&self, _: &str) -> Option<(i64, Str)> {
        None
    }
}
