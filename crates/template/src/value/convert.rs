use super::{List, Map, Value};
use fairway_value::Value as Data;

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

    /// Returns the tree that Go's JSON encoder would write: byte slices as base64, nil slices and maps as null.
    ///
    /// Infinities and NaN, which the encoder refuses, come out as floats; [`Value::json_error`] tells.
    #[must_use]
    pub fn to_json(&self) -> Data {
        match self {
            Self::Missing | Self::Nil => Data::Null,
            Self::Bool(b) => Data::Bool(*b),
            Self::Int(_, i) => Data::Int(*i),
            Self::Uint(_, u) => Data::from(*u),
            Self::Float(f) => Data::Float(*f),
            Self::Complex(_) => Data::Null,
            Self::Str(s) => Data::String(s.clone()),
            Self::RawStr(b) => Data::from(go_lossy(b)),
            Self::Bytes(b) => {
                use base64::Engine as _;
                Data::from(base64::engine::general_purpose::STANDARD.encode(b))
            }
            Self::List(l) if l.is_nil() => Data::Null,
            Self::List(l) => l.items().iter().map(Self::to_json).collect(),
            Self::Map(m) if m.is_nil() => Data::Null,
            Self::Map(m) => {
                let mut out = Vec::with_capacity(m.len());
                m.for_each(|k, v| out.push((k.clone(), v.to_json())));
                out.into_iter().collect()
            }
            Self::Object(o) => o.to_json(),
        }
    }

    /// Returns why Go's JSON encoder would refuse this value: a number or a type that JSON has no form for, or
    /// nesting too deep to walk.
    #[must_use]
    pub fn json_error(&self) -> Option<String> {
        self.json_error_at(0)
    }

    fn json_error_at(&self, depth: usize) -> Option<String> {
        if depth > fairway_value::DEPTH_MAX {
            return Some(format!("nesting exceeds the limit of {} levels", fairway_value::DEPTH_MAX));
        }
        match self {
            Self::Float(f) if !f.is_finite() => {
                Some(format!("json: unsupported value: {}", crate::fmt::float_text(*f)))
            }
            Self::Complex(_) => Some("json: unsupported type: complex128".to_owned()),
            Self::List(l) => l.items().iter().find_map(|i| i.json_error_at(depth + 1)),
            Self::Map(m) => {
                let mut found = None;
                m.for_each(|_, v| {
                    if found.is_none() {
                        found = v.json_error_at(depth + 1);
                    }
                });
                found
            }
            _ => None,
        }
    }
}

/// Replaces each byte that is no UTF-8 by one U+FFFD, as Go does; Rust's lossy reading joins some.
pub(crate) fn go_lossy(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for _ in chunk.invalid() {
            out.push('\u{fffd}');
        }
    }
    out
}

/// Makes a string of bytes, in place where they are UTF-8.
pub(crate) fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|e| go_lossy(e.as_bytes()))
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
        Data::Object(map) => {
            Value::Map(map.iter().map(|(k, v)| (k.clone(), from(v, numbers))).collect::<Map>())
        }
    }
}
