use super::{ANY_SLICE, GoType, INT_SLICE, STRING_SLICE, Value};
use std::rc::Rc;

/// A Go slice: a typed window on a shared store. A nil slice is empty and is told apart where JSON is written.
#[derive(Clone)]
pub struct List {
    ty: GoType,
    store: Option<Rc<Vec<Value>>>,
    start: usize,
    len: usize,
}

impl List {
    /// Returns a slice of a type.
    #[must_use]
    pub fn new(ty: GoType, items: Vec<Value>) -> Self {
        let len = items.len();
        Self { ty, store: Some(Rc::new(items)), start: 0, len }
    }

    /// Returns a nil slice of a type.
    #[must_use]
    pub fn nil(ty: GoType) -> Self {
        Self { ty, store: None, start: 0, len: 0 }
    }

    /// Returns its Go type.
    #[must_use]
    pub fn go_type(&self) -> GoType {
        self.ty
    }

    /// Whether this is a nil slice.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        self.store.is_none()
    }

    /// Returns its items.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        self.store.as_ref().map_or(&[], |s| &s[self.start..self.start + self.len])
    }

    /// Returns how many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns how far a slice of this one may reach, as Go's `cap`.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.store.as_ref().map_or(0, |s| s.len() - self.start)
    }

    /// Returns the window `from..to`, which may reach up to the capacity. The caller has checked the bounds.
    #[must_use]
    pub fn slice(&self, from: usize, to: usize) -> Self {
        let to = to.min(self.capacity());
        let from = from.min(to);
        Self { ty: self.ty, store: self.store.clone(), start: self.start + from, len: to - from }
    }

    /// Returns the same slice under another type.
    #[must_use]
    pub fn retyped(&self, ty: GoType) -> Self {
        Self { ty, ..self.clone() }
    }
}

impl From<Vec<Value>> for List {
    fn from(items: Vec<Value>) -> Self {
        Self::new(&ANY_SLICE, items)
    }
}

impl From<Vec<String>> for List {
    fn from(items: Vec<String>) -> Self {
        Self::new(&STRING_SLICE, items.into_iter().map(Value::from).collect())
    }
}

impl From<Vec<i64>> for List {
    fn from(items: Vec<i64>) -> Self {
        Self::new(&INT_SLICE, items.into_iter().map(Value::int).collect())
    }
}
