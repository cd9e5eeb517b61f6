//! Reads typed fields out of parsed YAML as sigs.k8s.io/yaml decodes into Go structs.

use crate::Error;
use fairway_value::{Map, Value};

/// A mapping with the name of the file and the Go type that errors speak of.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    map: &'a Map,
    file: &'a str,
    go_type: &'static str,
}

impl<'a> Fields<'a> {
    /// Takes a document; `null` has no fields.
    pub(crate) fn of(value: &'a Value, file: &'a str, go_type: &'static str) -> Result<Self, Error> {
        static EMPTY: std::sync::LazyLock<Map> = std::sync::LazyLock::new(Map::new);
        match value {
            Value::Object(map) => Ok(Self { map, file, go_type }),
            Value::Null => Ok(Self { map: &EMPTY, file, go_type }),
            other => Err(Error::Shape {
                file: file.to_owned(),
                why: format!(
                    "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type chart.{go_type}",
                    go_kind(other)
                ),
            }),
        }
    }

    /// Returns a field by its name, or by one that differs in case only, as `encoding/json` does.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        let exact = self.map.get(name);
        exact.or_else(|| self.map.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v))
    }

    fn wrong(&self, name: &str, value: &Value, want: &str) -> Error {
        Error::Shape {
            file: self.file.to_owned(),
            why: format!(
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go struct field {}.{name} of \
                 type {want}",
                go_kind(value),
                self.go_type
            ),
        }
    }

    /// Returns a string; numbers and booleans are written out.
    pub(crate) fn string(&self, name: &str) -> Result<String, Error> {
        let Some(value) = self.get(name) else { return Ok(String::new()) };
        scalar_text(value).ok_or_else(|| self.wrong(name, value, "string"))
    }

    pub(crate) fn bool(&self, name: &str) -> Result<bool, Error> {
        match self.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(b)) => Ok(*b),
            Some(other) => Err(self.wrong(name, other, "bool")),
        }
    }

    pub(crate) fn list(&self, name: &str, go_type: &str) -> Result<&'a [Value], Error> {
        match self.get(name) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(other) => Err(self.wrong(name, other, go_type)),
        }
    }

    pub(crate) fn strings(&self, name: &str) -> Result<Vec<String>, Error> {
        let list = self.list(name, "[]string")?;
        list.iter().map(|v| scalar_text(v).ok_or_else(|| self.wrong(name, v, "string"))).collect()
    }

    pub(crate) fn string_map(&self, name: &str) -> Result<Vec<(String, String)>, Error> {
        match self.get(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Object(map)) => map
                .iter()
                .map(|(k, v)| {
                    let text = scalar_text(v).ok_or_else(|| self.wrong(name, v, "string"))?;
                    Ok((k.to_string(), text))
                })
                .collect(),
            Some(other) => Err(self.wrong(name, other, "map[string]string")),
        }
    }
}

fn scalar_text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => String::new(),
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Uint(u) => u.to_string(),
        Value::Float(f) => fairway_yaml::format_g32(*f),
        Value::String(s) => s.to_string(),
        Value::Array(_) | Value::Object(_) => return None,
    })
}

/// What Go's JSON decoder calls a value.
pub(crate) fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
