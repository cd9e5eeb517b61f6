//! Decoding as Go's `encoding/json` does it: names in any case, `null` as nothing, types exact.

use crate::id::Gvk;
use fairway_value::{Map, Str, Value};
use std::collections::BTreeMap;

/// What can be read from a value.
pub trait Decode: Sized {
    /// Reads one. `path` is where it stands, for messages; strict reading refuses unknown fields, and scalars of another
    /// type where text is wanted.
    fn decode(value: &Value, path: &str, strict: bool) -> Result<Self, String>;
}

impl Decode for Str {
    fn decode(value: &Value, path: &str, strict: bool) -> Result<Self, String> {
        match value {
            Value::String(s) => Ok(s.clone()),
            Value::Null => Ok(Self::new()),
            Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) if !strict => {
                Ok(crate::scalar::text(value).unwrap_or_default())
            }
            other => Err(format!("{path}: expected a string, found {} {}", article(other), quoting(other))),
        }
    }
}

fn article(value: &Value) -> String {
    let name = value.type_name();
    let an = name.starts_with(['a', 'i', 'o']);
    format!("{} {name}", if an { "an" } else { "a" })
}

fn quoting(value: &Value) -> &'static str {
    if crate::scalar::is_scalar(value) { "(put it in quotes)" } else { "" }
}

/// Fields of a map by name.
pub struct Fields<'a> {
    found: BTreeMap<&'static str, &'a Value>,
    path: String,
    strict: bool,
}

impl<'a> Fields<'a> {
    /// Reads a map; nothing is an empty one.
    pub fn new(value: &'a Value, path: &str, known: &[&'static str], strict: bool) -> Result<Self, String> {
        let map = match value {
            Value::Object(map) => Some(map),
            Value::Null => None,
            other => return Err(format!("{}: expected a map, found {}", root(path), article(other))),
        };
        let mut found = BTreeMap::new();
        for (key, value) in map.into_iter().flat_map(Map::iter) {
            let name = known
                .iter()
                .find(|n| **n == key.as_str())
                .or_else(|| known.iter().find(|n| n.eq_ignore_ascii_case(key)));
            match name {
                Some(name) => {
                    found.insert(*name, value);
                }
                None if strict => return Err(format!("{}: unknown field `{key}`", root(path))),
                None => {}
            }
        }
        Ok(Self { found, path: path.to_owned(), strict })
    }

    /// Reads a map and refuses unknown fields.
    pub fn strict(value: &'a Value, path: &str, known: &[&'static str]) -> Result<Self, String> {
        Self::new(value, path, known, true)
    }

    fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Returns the raw value, unless it is missing or `null`.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.found.get(name).copied().filter(|v| !v.is_null())
    }

    /// Reads an optional value.
    pub fn optional<T: Decode>(&self, name: &str) -> Result<Option<T>, String> {
        self.get(name).map(|v| T::decode(v, &self.at(name), self.strict)).transpose()
    }

    /// Reads a text, empty where missing.
    pub fn string(&self, name: &str) -> Result<Str, String> {
        Ok(self.optional(name)?.unwrap_or_default())
    }

    /// Reads a boolean, false where missing.
    pub fn bool(&self, name: &str) -> Result<bool, String> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(b)) => Ok(*b),
            Some(other) => {
                Err(format!("{}: expected true or false, found {}", self.at(name), article(other)))
            }
        }
    }

    /// Reads an integer, 0 where missing.
    pub fn int(&self, name: &str) -> Result<i64, String> {
        match self.get(name) {
            None => Ok(0),
            Some(Value::Int(i)) => Ok(*i),
            Some(other) => Err(format!("{}: expected an integer, found {}", self.at(name), article(other))),
        }
    }

    /// Reads a list, empty where missing.
    pub fn list<T: Decode>(&self, name: &str) -> Result<Vec<T>, String> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                let path = self.at(name);
                let decode = |(n, item)| T::decode(item, &format!("{path}[{n}]"), self.strict);
                items.iter().enumerate().map(decode).collect()
            }
            Some(other) => Err(format!("{}: expected a list, found {}", self.at(name), article(other))),
        }
    }

    /// Returns a map of anything.
    pub fn map(&self, name: &str) -> Result<Option<Value>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(map @ Value::Object(_)) => Ok(Some(map.clone())),
            Some(other) => Err(format!("{}: expected a map, found {}", self.at(name), article(other))),
        }
    }

    /// Reads a map of texts, empty where missing.
    pub fn string_map(&self, name: &str) -> Result<BTreeMap<Str, Str>, String> {
        match self.get(name) {
            None => Ok(BTreeMap::new()),
            Some(Value::Object(map)) => {
                let path = self.at(name);
                let decode = |v: &Value, k: &Str| Str::decode(v, &format!("{path}.{k}"), self.strict);
                map.iter().map(|(k, v)| Ok((k.clone(), decode(v, k)?))).collect()
            }
            Some(other) => Err(format!("{}: expected a map, found {}", self.at(name), article(other))),
        }
    }

    /// Reads `group`, `version` and `kind`.
    pub fn gvk(&self) -> Result<Gvk, String> {
        Ok(Gvk { group: self.string("group")?, version: self.string("version")?, kind: self.string("kind")? })
    }

    /// Whether no field other than those named holds anything.
    pub fn is_empty_but(&self, ignored: &[&str], empty_lists: &[&str]) -> bool {
        self.found.iter().all(|(name, value)| {
            ignored.contains(name)
                || match value {
                    Value::Null => true,
                    Value::String(s) => s.is_empty(),
                    Value::Array(a) => a.is_empty() && empty_lists.contains(name),
                    _ => false,
                }
        })
    }
}

fn root(path: &str) -> &str {
    if path.is_empty() { "kustomization" } else { path }
}
