use super::{List, Map, Value};
use fairway_value::Value as Data;
use fairway_yaml::lossy_text;

/// How integers of a data tree come into templates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbers {
    Apart,
    Floats,
}

impl Value {
    /// Takes a data tree over with integers as `int64` and the rest as `float64`: what Helm's `--set` gives.
    #[must_use]
    pub fn from_data(data: &Data) -> Self {
        from(data, Numbers::Apart)
    }

    /// Takes a data tree over with every number as `float64`: what Go's JSON decoder, and with it values files and
    /// `fromYaml`, give.
    #[must_use]
    pub fn from_json(data: &Data) -> Self {
        from(data, Numbers::Floats)
    }

    /// Returns the tree that Go's JSON encoder would write: byte slices as base64, nil slices and maps as null. What it
    /// would refuse comes out as null; [`Value::checked_json`] says so instead.
    #[must_use]
    pub fn to_json(&self) -> Data {
        Encoder::new().encode(self, 0)
    }

    /// Returns the tree that Go's JSON encoder would write.
    ///
    /// # Errors
    /// A number or a type that JSON has no form for, or more values or deeper nesting than the limits allow: a map can
    /// hold itself.
    pub fn checked_json(&self) -> Result<Data, String> {
        let mut encoder = Encoder::new();
        let data = encoder.encode(self, 0);
        encoder.error.map_or(Ok(data), Err)
    }

    /// Returns the tree that go-yaml v3 would write, to which a nil slice is an empty one.
    pub(crate) fn yaml_v3(&self) -> Result<Data, String> {
        let mut encoder = Encoder { nil_as_empty: true, ..Encoder::new() };
        let data = encoder.encode(self, 0);
        encoder.error.map_or(Ok(data), Err)
    }
}

/// Most values that are written as one JSON document.
pub(super) const JSON_VALUES_MAX: usize = 10_000_000;

pub(super) fn too_much() -> String {
    let max = fairway_value::DEPTH_MAX;
    format!("json: exceeds the limit of {JSON_VALUES_MAX} values or {max} levels")
}

/// Counts the values of a tree that is written as it is.
///
/// # Errors
/// There are more than are left, or deeper ones than the limit.
pub(crate) fn count(map: &fairway_value::Map, depth: usize, left: &mut usize) -> Result<(), String> {
    *left = left.checked_sub(map.len()).ok_or_else(too_much)?;
    if depth >= fairway_value::DEPTH_MAX {
        return Err(too_much());
    }
    map.values().try_for_each(|value| count_value(value, depth + 1, left))
}

fn count_value(value: &Data, depth: usize, left: &mut usize) -> Result<(), String> {
    match value {
        Data::Object(map) => count(map, depth, left),
        Data::Array(list) => {
            *left = left.checked_sub(list.len()).ok_or_else(too_much)?;
            if depth >= fairway_value::DEPTH_MAX {
                return Err(too_much());
            }
            list.iter().try_for_each(|item| count_value(item, depth + 1, left))
        }
        Data::Float(f) if !f.is_finite() => {
            Err(format!("json: unsupported value: {}", crate::fmt::float_text(*f)))
        }
        _ => Ok(()),
    }
}

struct Encoder {
    left: usize,
    error: Option<String>,
    /// Whether nil slices and maps come out empty rather than null.
    nil_as_empty: bool,
}

impl Encoder {
    fn new() -> Self {
        Self { left: JSON_VALUES_MAX, error: None, nil_as_empty: false }
    }

    fn fail(&mut self, message: String) -> Data {
        // What follows is of no use any more.
        self.left = 0;
        self.error.get_or_insert(message);
        Data::Null
    }

    fn encode(&mut self, value: &Value, depth: usize) -> Data {
        if self.left == 0 || depth > fairway_value::DEPTH_MAX {
            return self.fail(too_much());
        }
        self.left -= 1;
        match value {
            Value::Missing | Value::Nil => Data::Null,
            Value::Bool(b) => Data::Bool(*b),
            Value::Int(_, i) => Data::Int(*i),
            Value::Uint(_, u) => Data::from(*u),
            Value::Float(f) if f.is_finite() => Data::Float(*f),
            Value::Float(f) => self.fail(format!("json: unsupported value: {}", crate::fmt::float_text(*f))),
            Value::Complex(_) => self.fail("json: unsupported type: complex128".to_owned()),
            Value::Str(s) => Data::String(s.clone()),
            Value::RawStr(b) => Data::from(lossy_text(b).as_ref()),
            Value::Bytes(b) => {
                use base64::Engine as _;
                Data::from(base64::engine::general_purpose::STANDARD.encode(b))
            }
            Value::List(l) if l.is_nil() && !self.nil_as_empty => Data::Null,
            Value::List(l) => l.items().iter().map(|i| self.encode(i, depth + 1)).collect(),
            Value::Map(m) if m.is_nil() && !self.nil_as_empty => Data::Null,
            Value::Map(m) => {
                if let Some(data) = m.untouched() {
                    return match count(&data, depth, &mut self.left) {
                        Ok(()) => Data::Object(data),
                        Err(message) => self.fail(message),
                    };
                }
                let mut out = Vec::with_capacity(m.len());
                m.for_each(|k, v| out.push((k.clone(), self.encode(v, depth + 1))));
                out.into_iter().collect()
            }
            Value::Object(o) => o.to_json(),
        }
    }
}

/// Makes a string of bytes, in place where they are UTF-8.
pub(crate) fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|e| lossy_text(e.as_bytes()).into_owned())
}

fn from(data: &Data, numbers: Numbers) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "Go's JSON decoder makes floats of integers and loses the same"
    )]
    match data {
        Data::Null => Value::Nil,
        Data::Bool(b) => Value::Bool(*b),
        Data::Int(i) if numbers == Numbers::Apart => Value::int64(*i),
        Data::Int(i) => Value::Float(*i as f64),
        Data::Uint(u) => Value::Float(*u as f64),
        Data::Float(f) => Value::Float(*f),
        Data::String(s) => Value::Str(s.clone()),
        Data::Array(list) => {
            Value::List(List::from(list.iter().map(|i| from(i, numbers)).collect::<Vec<_>>()))
        }
        Data::Object(map) if numbers == Numbers::Apart => Value::Map(Map::from_data(map.clone())),
        Data::Object(map) => {
            Value::Map(map.iter().map(|(k, v)| (k.clone(), from(v, numbers))).collect::<Map>())
        }
    }
}
