use super::entries::Entries;
use super::{ANY, ANY_MAP, GoType, STRING_MAP, Value};
use fairway_value::Str;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::AtomicU32;

/// A Go map with string keys. Clones share their entries: a write through one is seen by all, as in Go.
#[derive(Clone)]
pub struct Map {
    ty: GoType,
    entries: Option<Rc<RefCell<Entries>>>,
}

impl Map {
    /// Returns an empty `map[string]interface {}`.
    #[must_use]
    pub fn new() -> Self {
        Self::holding(&ANY_MAP, Entries::default())
    }

    fn holding(ty: GoType, entries: Entries) -> Self {
        Self { ty, entries: Some(Rc::new(RefCell::new(entries))) }
    }

    /// Returns a map of a type. Of entries with one key the last counts.
    #[must_use]
    pub fn from_entries(ty: GoType, entries: impl IntoIterator<Item = (Str, Value)>) -> Self {
        Self::holding(ty, entries.into_iter().collect())
    }

    /// Takes a data tree over, integers apart from floats. It stays shared until something looks into it, level by
    /// level, so that charts pay for those of their values that they use.
    #[must_use]
    pub fn from_data(data: fairway_value::Map) -> Self {
        Self::holding(&ANY_MAP, Entries::Data(data))
    }

    /// Returns the tree that the map was taken from, as long as nothing has looked into it.
    #[must_use]
    pub fn untouched(&self) -> Option<fairway_value::Map> {
        match &*self.entries.as_ref()?.borrow() {
            Entries::Data(data) => Some(data.clone()),
            Entries::Few(_) | Entries::Many(_) => None,
        }
    }

    /// Returns a nil map of a type: empty, and it takes no entries.
    #[must_use]
    pub fn nil(ty: GoType) -> Self {
        Self { ty, entries: None }
    }

    /// Returns a `map[string]string`.
    #[must_use]
    pub fn of_strings(entries: impl IntoIterator<Item = (Str, Value)>) -> Self {
        Self::from_entries(&STRING_MAP, entries)
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
        self.look_up(key, |own| own.get(key).cloned())
    }

    /// Returns the value under a key, looked for first at a place, which is then corrected: who asks maps of one shape
    /// for one key again and again finds it at once.
    pub(crate) fn get_near(&self, key: &str, place: &AtomicU32) -> Option<Value> {
        self.look_up(key, |own| own.get_near(key, place).cloned())
    }

    fn look_up(&self, key: &str, look: impl Fn(&Entries) -> Option<Value>) -> Option<Value> {
        let entries = self.entries.as_ref()?;
        match &*entries.borrow() {
            Entries::Data(data) => {
                let value = data.get(key)?;
                // What can be written to must be the same map each time; the rest needs no place of its own.
                if value.as_object().is_none() && value.as_array().is_none() {
                    return Some(Value::from_data(value));
                }
            }
            own => return look(own),
        }
        look(&self.opened()?.borrow())
    }

    /// Whether there is an entry under a key.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.entries.as_ref().is_some_and(|e| e.borrow().contains_key(key))
    }

    /// Returns the entries as the map's own.
    fn opened(&self) -> Option<&RefCell<Entries>> {
        let entries = self.entries.as_deref()?;
        if matches!(&*entries.borrow(), Entries::Few(_) | Entries::Many(_)) {
            return Some(entries);
        }
        entries.borrow_mut().open();
        Some(entries)
    }

    /// Sets the value under a key. False where this is a nil map, which takes none.
    pub fn insert(&self, key: impl Into<Str>, value: impl Into<Value>) -> bool {
        let Some(entries) = self.opened() else { return false };
        let before = entries.borrow_mut().insert(key.into(), value.into());
        // Let go outside of the borrow: it may hold this map.
        drop(before);
        true
    }

    /// Removes the entry under a key and returns its value.
    pub fn remove(&self, key: &str) -> Option<Value> {
        self.opened()?.borrow_mut().remove(key)
    }

    /// Returns the entries in key order. They are a copy: writes during a walk over them are not seen.
    #[must_use]
    pub fn entries(&self) -> Vec<(Str, Value)> {
        let mut out = Vec::with_capacity(self.len());
        self.for_each(|key, value| out.push((key.clone(), value.clone())));
        out
    }

    /// Returns the keys in order.
    #[must_use]
    pub fn keys(&self) -> Vec<Str> {
        self.entries.as_ref().map_or_else(Vec::new, |e| e.borrow().keys())
    }

    /// Calls `each` with the entries in key order, without a copy. `each` must not write to this map.
    pub fn for_each(&self, each: impl FnMut(&Str, &Value)) {
        if let Some(entries) = self.opened() {
            entries.borrow().for_each(each);
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
        Self::from_entries(&ANY_MAP, iter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    fn tree() -> Map {
        let data = from_json(br#"{"a":{"b":{"c":1}},"l":[{"x":1}],"s":"t"}"#).unwrap();
        Map::from_data(data.as_object().unwrap().clone())
    }

    fn map(value: Option<Value>) -> Map {
        value.as_ref().and_then(Value::as_map).cloned().unwrap()
    }

    #[test]
    fn a_tree_is_shared_until_it_is_looked_into_and_written_through_every_way_to_it() {
        let whole = tree();
        assert_eq!(whole.get("s").and_then(|v| v.as_str().map(|s| s.into_owned())).as_deref(), Some("t"));
        assert!(whole.contains_key("l") && whole.len() == 3 && whole.keys() == ["a", "l", "s"]);
        assert!(whole.untouched().is_some(), "only scalars and keys were asked for");
        let inner = map(whole.get("a"));
        assert!(whole.untouched().is_none() && inner.untouched().is_some());
        inner.insert("new", 1.5);
        assert!(map(whole.get("a")).contains_key("new") && map(whole.get("a")).same(&inner));
        assert_eq!(
            Value::Map(whole).to_json().to_string(),
            r#"{"a":{"b":{"c":1},"new":1.5},"l":[{"x":1}],"s":"t"}"#
        );
    }

    #[test]
    fn a_key_is_found_whatever_place_was_remembered() {
        let many: Vec<String> = (0..60).map(|n| format!("k{n}")).collect();
        let maps = [&["a", "b", "k3"][..], &["k3"], &["a"], &[], &["k3", "z"]].map(|keys| {
            keys.iter().map(|key| ((*key).into(), Value::from(keys.len().to_string()))).collect::<Map>()
        });
        let many: Map = many.iter().map(|key| (key.as_str().into(), "60".into())).collect();
        let (nil, place) = (Map::nil(&ANY_MAP), AtomicU32::new(9));
        let text = |value: Option<Value>| value.and_then(|v| v.as_str().map(|s| s.into_owned()));
        let found = maps
            .iter()
            .chain([&many, &nil])
            .flat_map(|map| [map.get_near("k3", &place), map.get_near("k3", &place)].map(text));
        let expect = [Some("3"), Some("1"), None, None, Some("2"), Some("60"), None];
        let expect = expect.iter().flat_map(|value| [value.map(str::to_owned), value.map(str::to_owned)]);
        assert!(found.eq(expect));
    }

    #[test]
    fn a_map_of_many_entries_is_one_of_few_as_far_as_anyone_sees() {
        let map = Map::new();
        let mut keys: Vec<String> = (0..100).map(|n| format!("k{:02}", n * 37 % 100)).collect();
        for key in &keys {
            map.insert(key.as_str(), Value::from(key.as_str()));
            map.insert(key.as_str(), Value::from(key.as_str()));
        }
        keys.sort();
        assert_eq!(map.keys(), keys);
        for key in &keys[3..] {
            assert_eq!(map.remove(key).and_then(|v| v.as_str().map(|s| s.into_owned())).as_ref(), Some(key));
            assert!(!map.contains_key(key) && map.remove(key).is_none());
        }
        assert_eq!(map.keys(), keys[..3]);
        let last: Map =
            [("b", 1.0), ("a", 2.0), ("b", 3.0)].map(|(k, v)| (k.into(), v.into())).into_iter().collect();
        assert_eq!(Value::Map(last).to_json().to_string(), r#"{"a":2,"b":3}"#);
    }
}
