use crate::Map;

/// A string that is stored inline up to 15 bytes and shared when longer.
pub type Str = ecow::EcoString;

/// A list of values that shares its storage until it is written to.
pub type Array = ecow::EcoVec<Value>;

/// A JSON-like value. Integers, unsigned integers beyond `i64` and floats stay apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer that fits `i64`.
    Int(i64),
    /// An integer above `i64::MAX`.
    Uint(u64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// A string.
    String(Str),
    /// A list.
    Array(Array),
    /// A map ordered by key bytes.
    Object(Map),
}

impl Value {
    /// Returns an empty map.
    #[must_use]
    pub fn object() -> Self {
        Self::Object(Map::new())
    }

    /// Returns an empty list.
    #[must_use]
    pub fn array() -> Self {
        Self::Array(Array::new())
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns the string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(s) => Some(s),
            _ => None,
        }
    }

    /// Returns the boolean, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// Returns the number as `i64` if it is an integer that fits, or a float without a fraction that fits.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked on the line before")]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(i) => Some(*i),
            Self::Float(f) if f.fract() == 0.0 && f.abs() < 9.0e18 => Some(*f as i64),
            _ => None,
        }
    }

    /// Returns the number as `f64`, if it is one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the caller asks for a float")]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(i) => Some(*i as f64),
            Self::Uint(u) => Some(*u as f64),
            Self::Float(f) => Some(*f),
            _ => None,
        }
    }

    /// Returns the list, if it is one.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(a) => Some(a),
            _ => None,
        }
    }

    /// Returns the list for writing, if it is one.
    pub fn as_array_mut(&mut self) -> Option<&mut Array> {
        match self {
            Self::Array(a) => Some(a),
            _ => None,
        }
    }

    /// Returns the map, if it is one.
    #[must_use]
    pub fn as_object(&self) -> Option<&Map> {
        match self {
            Self::Object(m) => Some(m),
            _ => None,
        }
    }

    /// Returns the map for writing, if it is one.
    pub fn as_object_mut(&mut self) -> Option<&mut Map> {
        match self {
            Self::Object(m) => Some(m),
            _ => None,
        }
    }

    /// Returns the entry of a map; nothing where this is no map or has no such key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_object()?.get(key)
    }

    /// Returns the entry of a map for writing.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.as_object_mut()?.get_mut(key)
    }

    /// Follows map keys from here: `get_path(&["metadata", "name"])`.
    #[must_use]
    pub fn get_path(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(self, |at, key| at.get(key))
    }

    /// Follows map keys from here for writing, without making what is missing.
    pub fn get_path_mut(&mut self, path: &[&str]) -> Option<&mut Value> {
        path.iter().try_fold(self, |at, key| at.get_mut(key))
    }

    /// Sets the value under a path of map keys and makes the maps that are missing or `null` on the way.
    ///
    /// Returns false, and changes nothing below it, where something other than a map is in the way.
    pub fn set_path(&mut self, path: &[&str], value: impl Into<Value>) -> bool {
        let mut at = self;
        for key in path {
            if at.is_null() {
                *at = Value::object();
            }
            let Some(map) = at.as_object_mut() else { return false };
            at = map.entry_or_null(key);
        }
        *at = value.into();
        true
    }

    /// Removes the value under a path of map keys and returns it.
    pub fn remove_path(&mut self, path: &[&str]) -> Option<Value> {
        let (last, parents) = path.split_last()?;
        self.get_path_mut(parents)?.as_object_mut()?.remove(last)
    }

    /// Returns the JSON type's name for error messages: `null`, `boolean`, `integer`, `number`, `string`, `array`,
    /// `object`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::Uint(_) => "integer",
            Self::Float(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::String(s.into())
    }
}
impl From<String> for Value {
    fn from(s: String) -> Self {
        Self::String(s.into())
    }
}
impl From<Str> for Value {
    fn from(s: Str) -> Self {
        Self::String(s)
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl From<i64> for Value {
    fn from(i: i64) -> Self {
        Self::Int(i)
    }
}
impl From<u64> for Value {
    fn from(u: u64) -> Self {
        i64::try_from(u).map_or(Self::Uint(u), Self::Int)
    }
}
impl From<f64> for Value {
    fn from(f: f64) -> Self {
        Self::Float(f)
    }
}
impl From<Map> for Value {
    fn from(m: Map) -> Self {
        Self::Object(m)
    }
}
impl From<Array> for Value {
    fn from(a: Array) -> Self {
        Self::Array(a)
    }
}
impl From<Vec<Value>> for Value {
    fn from(a: Vec<Value>) -> Self {
        Self::Array(a.into_iter().collect())
    }
}
impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(iter: I) -> Self {
        Self::Array(iter.into_iter().collect())
    }
}
impl<K: Into<Str>> FromIterator<(K, Value)> for Value {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(iter: I) -> Self {
        Self::Object(iter.into_iter().map(|(k, v)| (k.into(), v)).collect())
    }
}
