use fairway_core::{Map, Str, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What reading a tree found besides values.
#[derive(Default)]
pub(crate) struct Notes {
    /// Paths of fields that have no effect here.
    pub unsupported: Vec<String>,
    /// Fields of a wrong type.
    pub invalid: Vec<String>,
}

/// Reads the fields of one map and remembers which were asked for, so that the rest can be reported.
pub(crate) struct Fields<'v, 'n> {
    map: Option<&'v Map>,
    path: String,
    read: Vec<&'static str>,
    notes: &'n RefCell<Notes>,
}

impl<'v, 'n> Fields<'v, 'n> {
    /// Reads from `value`, which `path` names in messages.
    pub fn new(value: Option<&'v Value>, path: impl Into<String>, notes: &'n RefCell<Notes>) -> Self {
        let path = path.into();
        if let Some(value) = value.filter(|v| !v.is_null() && v.as_object().is_none()) {
            let message = format!("{path}: expected an object, found {}", value.type_name());
            notes.borrow_mut().invalid.push(message);
        }
        Self { map: value.and_then(Value::as_object), path, read: Vec::new(), notes }
    }

    /// Whether the map is there.
    pub fn is_present(&self) -> bool {
        self.map.is_some()
    }

    /// Returns the path of a field.
    pub fn path_of(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// Returns a field as it is; nothing where it is missing or null.
    pub fn value(&mut self, key: &'static str) -> Option<&'v Value> {
        self.read.push(key);
        self.map?.get(key).filter(|v| !v.is_null())
    }

    fn wrong(&self, key: &str, wanted: &str, found: &Value) {
        let message = format!("{}: expected {wanted}, found {}", self.path_of(key), found.type_name());
        self.notes.borrow_mut().invalid.push(message);
    }

    fn typed<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        read: impl Fn(&'v Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(key)?;
        let out = read(value);
        if out.is_none() {
            self.wrong(key, wanted, value);
        }
        out
    }

    /// Returns a string, empty where missing.
    pub fn text(&mut self, key: &'static str) -> Str {
        self.typed(key, "a string", |v| v.as_str().map(Str::from)).unwrap_or_default()
    }

    /// Returns a boolean, if it is there.
    pub fn opt_bool(&mut self, key: &'static str) -> Option<bool> {
        self.typed(key, "a boolean", Value::as_bool)
    }

    /// Returns a boolean, false where missing.
    pub fn bool(&mut self, key: &'static str) -> bool {
        self.opt_bool(key).unwrap_or_default()
    }

    /// Returns an integer, if it is there.
    pub fn int(&mut self, key: &'static str) -> Option<i64> {
        self.typed(key, "an integer", Value::as_i64)
    }

    /// Returns a list of strings, empty where missing.
    pub fn texts(&mut self, key: &'static str) -> Vec<Str> {
        let strings = |v: &Value| -> Option<Vec<Str>> {
            v.as_array()?.iter().map(|item| item.as_str().map(Str::from)).collect()
        };
        self.typed(key, "a list of strings", strings).unwrap_or_default()
    }

    /// Returns a map of strings, empty where missing.
    pub fn text_map(&mut self, key: &'static str) -> BTreeMap<Str, Str> {
        let strings = |v: &Value| -> Option<BTreeMap<Str, Str>> {
            v.as_object()?.iter().map(|(k, v)| Some((k.clone(), v.as_str()?.into()))).collect()
        };
        self.typed(key, "a map of strings", strings).unwrap_or_default()
    }

    /// Returns the reader of a map below; it reads as empty where there is none.
    pub fn object(&mut self, key: &'static str) -> Fields<'v, 'n> {
        let value = self.value(key);
        Fields::new(value, self.path_of(key), self.notes)
    }

    /// Returns readers of the maps in a list.
    pub fn objects(&mut self, key: &'static str) -> Vec<Fields<'v, 'n>> {
        let items = self.typed(key, "a list", Value::as_array).unwrap_or_default();
        let path = self.path_of(key);
        items
            .iter()
            .enumerate()
            .map(|(n, v)| Fields::new(Some(v), format!("{path}[{n}]"), self.notes))
            .collect()
    }

    /// Reads a field that means nothing to a sync, such as text for people.
    pub fn informative(&mut self, key: &'static str) {
        self.read.push(key);
    }

    /// Reports a field that is there and says something, but has no effect here.
    pub fn unsupported(&mut self, key: &'static str) {
        let says_something = |v: &Value| match v {
            Value::Null | Value::Bool(false) => false,
            Value::String(s) => !s.is_empty(),
            Value::Array(a) => !a.is_empty(),
            Value::Bool(true) | Value::Int(_) | Value::Uint(_) | Value::Float(_) | Value::Object(_) => true,
        };
        if self.value(key).is_some_and(says_something) {
            let path = self.path_of(key);
            self.notes.borrow_mut().unsupported.push(path);
        }
    }

    /// Reports every field that was not asked for.
    pub fn done(self) {
        for key in self.map.into_iter().flat_map(Map::keys) {
            if !self.read.contains(&key.as_str()) {
                self.notes.borrow_mut().unsupported.push(self.path_of(key));
            }
        }
    }
}
