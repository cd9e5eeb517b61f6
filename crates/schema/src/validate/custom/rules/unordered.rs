//! Lists of type `set` and `map`, which are the same in any order.
//!
//! Source: apiserver 0.36 `pkg/cel/common/valuesunstructured.go`.

use super::values::escaped;
use crate::validate::fault::{list, text};
use cel::ExecutionError;
use cel::common::traits::{Adder, Container, Indexer, Iterable, Sizer, Zeroer};
use cel::common::types::{CelList, CelMap, CelMapKey, LIST_TYPE, Type};
use cel::common::value::{Builtin, BuiltinRef, CowVal, Val};
use fairway_value::Value;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// A list whose entries are told apart by what they are, or by some of their fields.
#[derive(Clone, Debug)]
pub(super) struct Unordered<'v> {
    entries: Arc<CelList<'v>>,
    /// The fields; nothing where entries are told apart by the whole.
    fields: Option<Arc<[String]>>,
}

/// What an entry is told apart by, printed.
type Mark = Vec<Option<String>>;

impl Unordered<'static> {
    /// A list as its schema has it; nothing where the order of its entries counts.
    pub fn of(entries: Vec<Box<dyn Val>>, schema: Option<&Value>) -> Result<Self, Vec<Box<dyn Val>>> {
        let fields = match schema.map(|schema| text(schema, "x-kubernetes-list-type")) {
            Some("set") => None,
            Some("map") => {
                let keys = schema.map(|s| list(s, "x-kubernetes-list-map-keys")).unwrap_or_default();
                // The server looks for fields by the names that rules say, so it finds none that is said otherwise.
                let found = |key: &&str| escaped(key) == *key;
                Some(keys.iter().filter_map(Value::as_str).filter(found).map(str::to_owned).collect())
            }
            _ => return Err(entries),
        };
        Ok(Self { entries: Arc::new(CelList::from(entries)), fields })
    }
}

impl<'v> Unordered<'v> {
    fn mark(&self, entry: &dyn Val) -> Mark {
        let Some(fields) = &self.fields else { return vec![Some(format!("{entry:?}"))] };
        let Some(map) = entry.downcast_ref::<CelMap<'_>>() else { return Vec::new() };
        let of = |field: &String| {
            let found = map.inner().iter().find(|(key, _)| is(key, field));
            found.map(|(_, value)| format!("{value:?}"))
        };
        fields.iter().map(of).collect()
    }

    fn by_mark(&self) -> HashMap<Mark, &(dyn Val + 'v)> {
        self.entries.inner().iter().map(|entry| (self.mark(entry.as_ref()), entry.as_ref())).collect()
    }
}

fn is(key: &CelMapKey<'_>, field: &str) -> bool {
    matches!(key, CelMapKey::String(text) if text.inner() == field)
}

impl<'x> Adder for Unordered<'x> {
    /// The entries of both: what the right side has too is kept where the left side has it.
    fn add<'b, 'v>(&'b self, rhs: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let Some(other) = rhs.as_iterable() else {
            let kinds = vec!["list".to_owned(), rhs.get_type().name().to_owned()];
            return Err(ExecutionError::no_such_overload("_+_", kinds));
        };
        let mut all: Vec<Box<dyn Val + 'v>> =
            self.entries.inner().iter().map(|e| e.clone_as_boxed()).collect();
        let mut places: HashMap<Mark, usize> =
            all.iter().enumerate().map(|(n, entry)| (self.mark(entry.as_ref()), n)).collect();
        let mut others = other.iter();
        while let Some(entry) = others.next() {
            match places.entry(self.mark(entry)) {
                Entry::Occupied(place) => {
                    if let Some(at) = all.get_mut(*place.get()).filter(|_| self.fields.is_some()) {
                        *at = entry.clone_as_boxed();
                    }
                }
                Entry::Vacant(place) => {
                    place.insert(all.len());
                    all.push(entry.clone_as_boxed());
                }
            }
        }
        Ok(CowVal::owned(Unordered { entries: Arc::new(CelList::from(all)), fields: self.fields.clone() }))
    }
}

impl<'x> Val for Unordered<'x> {
    fn get_type(&self) -> &Type {
        &LIST_TYPE
    }
    fn cel_type() -> &'static Type {
        &LIST_TYPE
    }
    fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }
    fn as_container(&self) -> Option<&dyn Container> {
        self.entries.as_container()
    }
    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        self.entries.as_indexer()
    }
    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        self.entries.as_iterable()
    }
    fn as_sizer(&self) -> Option<&dyn Sizer> {
        self.entries.as_sizer()
    }
    fn as_zeroer(&self) -> Option<&dyn Zeroer> {
        self.entries.as_zeroer()
    }
    fn into_indexer<'v>(self: Box<Self>) -> Option<Box<dyn Indexer + 'v>>
    where
        Self: 'v,
    {
        Some(Box::new((*self.entries).clone()))
    }
    fn equals(&self, other: &dyn Val) -> bool {
        let Some(other) = other.downcast_ref::<CelList<'_>>() else { return false };
        if other.inner().len() != self.entries.inner().len() {
            return false;
        }
        let own = self.by_mark();
        other.inner().iter().all(|entry| {
            own.get(&self.mark(entry.as_ref()))
                .is_some_and(|found| self.fields.is_none() || found.equals(entry.as_ref()))
        })
    }
    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(self.clone())
    }
    fn as_builtin<'b, 'v>(&'b self) -> BuiltinRef<'b, 'v>
    where
        Self: 'v,
    {
        BuiltinRef::List(&self.entries)
    }
    fn into_builtin<'v>(self: Box<Self>) -> Option<Builtin<'v>>
    where
        Self: 'v,
    {
        Some(Builtin::List((*self.entries).clone()))
    }
}
