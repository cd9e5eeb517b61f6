use super::{ANY, ANY_MAP, GoType, STRING_MAP, Value};
use fairway_value::Str;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A Go map with string keys. Clones share their entries: a write through one is seen by all, as in Go.
#[derive(Clone)]
pub struct Map {
    ty: GoType,
    entries: Option<Rc<RefCell<BTreeMap<Str, Value>>>>,
}

impl Map {
    /// Returns an empty `map[string]interface {}`.
    #[must_use]
    pub fn new() -> Self {
        Self::from_entries(&ANY_MAP, BTreeMap::new())
    }

    /// Returns a map of a type.
    #[must_use]
    pub fn from_entries(ty: GoType, entries: BTreeMap<Str, Value>) -> Self {
        Self { ty, entries: Some(Rc::new(RefCell::new(entries))) }
    }

    /// Returns a nil map of a type: empty, and it takes no entries.
    #[must_use]
    pub fn nil(ty: GoType) -> Self {
        Self { ty, entries: None }
    }

    /// Returns a `map[string]string`.
    #[must_use]
    pub fn of_strings(entries: impl IntoIterator<Item = (Str, Value)>) -> Self {
        Self::from_entries(&STRING_MAP, entries.into_iter().collect())
    }

    /// Returns its Go type.
    #[must_use]
    pub fn go_type(&self) -> GoType {
        self.ty
    }

    /// Returns the type of its values.
    #[must_use]
    pub fn elem_type(&self) -> GoType {
        self.ty.elem.unwrap_or(&ANY)
    }

    /// Returns the same map, entries shared, under another type.
    #[must_use]
    pub fn retyped(&self, ty: GoType) -> Self {
        Self { ty, entries: self.entries.clone() }
    }

    /// Whether this is a nil map.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        self.entries.is_none()
    }

    /// Whether two maps share their entries.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (&self.entries, &other.entries) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Returns an address that is equal for maps that share their entries.
    #[must_use]
    pub fn identity(&self) -> usize {
        self.entries.as_ref().map_or(0, |e| Rc::as_ptr(e).addr())
    }

    /// Returns how many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.as_ref().map_or(0, |e| e.borrow().len())
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value> {
        self.entries.as_ref()?.borrow().get(key).cloned()
    }

    /// Whether there is an entry under a key.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.entries.as_ref().is_some_and(|e| e.borrow().contains_key(key))
    }

    /// Sets the value under a key. False where this is a nil map, which takes none.
    pub fn insert(&self, key: impl Into<Str>, value: impl Into<Value>) -> bool {
        let Some(entries) = &self.entries else { return false };
        entries.borrow_mut().insert(key.into(), value.into());
        true
    }

    /// Removes the entry under a key and returns its value.
    pub fn remove(&self, key: &str) -> Option<Value> {
        self.entries.as_ref()?.borrow_mut().remove(key)
    }

    /// Returns the entries in key order. They are a copy: writes during a walk over them are not seen.
    #[must_use]
    pub fn entries(&self) -> Vec<(Str, Value)> {
        self.entries
            .as_ref()
            .map_or_else(Vec::new, |e| e.borrow().iter().map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    /// Returns the keys in order.
    #[must_use]
    pub fn keys(&self) -> Vec<Str> {
        self.entries.as_ref().map_or_else(Vec::new, |e| e.borrow().keys().cloned().collect())
    }

    /// Calls `each` with the entries in key order, without a copy. `each` must not write to this map.
    pub fn for_each(&self, mut each: impl FnMut(&Str, &Value)) {
        if let Some(entries) = &self.entries {
            for (k, v) in entries.borrow().iter() {
                each(k, v);
            }
        }
    }
}

impl Default for Map {
    fn default() -> Self {
        Self::new()
    }
}

impl FromIterator<(Str, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Str, Value)>>(iter: I) -> Self {
        Self::from_entries(&ANY_MAP, iter.into_iter().collect())
    }
}
