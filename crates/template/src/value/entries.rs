use super::Value;
use fairway_value::Str;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

/// What a map holds, by key.
pub(super) enum Entries {
    /// A data tree that nothing has looked into yet.
    Data(fairway_value::Map),
    /// In order of the keys. Nearly all maps of charts are small, and a list is smaller and faster than a tree.
    Few(Vec<(Str, Value)>),
    Many(BTreeMap<Str, Value>),
}

/// Most entries of a list, so that an entry more moves few others.
const FEW_MAX: usize = 48;

/// Most entries among which a key is looked for in turn.
const IN_TURN_MAX: usize = 8;

fn position(entries: &[(Str, Value)], key: &str) -> Option<usize> {
    if entries.len() <= IN_TURN_MAX {
        return entries.iter().position(|(k, _)| k.as_str() == key);
    }
    entries.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok()
}

impl Entries {
    /// Makes a data tree entries of our own, one level deep.
    pub fn open(&mut self) {
        if let Self::Data(data) = self {
            let data = std::mem::take(data);
            *self = data.iter().map(|(key, value)| (key.clone(), Value::from_data(value))).collect();
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Data(data) => data.len(),
            Self::Few(list) => list.len(),
            Self::Many(tree) => tree.len(),
        }
    }

    pub fn contains_key(&self, key: &str) -> bool {
        match self {
            Self::Data(data) => data.contains_key(key),
            own => own.get(key).is_some(),
        }
    }

    pub fn keys(&self) -> Vec<Str> {
        match self {
            Self::Data(data) => data.keys().cloned().collect(),
            Self::Few(list) => list.iter().map(|(key, _)| key.clone()).collect(),
            Self::Many(tree) => tree.keys().cloned().collect(),
        }
    }

    /// Returns a value of opened entries.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Data(_) => None,
            Self::Few(list) => position(list, key).map(|at| &list[at].1),
            Self::Many(tree) => tree.get(key),
        }
    }

    /// Returns a value of opened entries, looked for first at a place that is then corrected.
    pub fn get_near(&self, key: &str, place: &AtomicU32) -> Option<&Value> {
        let Self::Few(list) = self else { return self.get(key) };
        let near = list.get(place.load(Ordering::Relaxed) as usize).filter(|(k, _)| k.as_str() == key);
        if let Some((_, value)) = near {
            return Some(value);
        }
        let at = position(list, key)?;
        place.store(u32::try_from(at).unwrap_or(0), Ordering::Relaxed);
        Some(&list[at].1)
    }

    /// Sets a value of opened entries and returns the one that was there.
    pub fn insert(&mut self, key: Str, value: Value) -> Option<Value> {
        match self {
            Self::Data(_) => None,
            Self::Few(list) => match list.binary_search_by(|(k, _)| k.cmp(&key)) {
                Ok(at) => Some(std::mem::replace(&mut list[at].1, value)),
                Err(at) => {
                    list.insert(at, (key, value));
                    if list.len() > FEW_MAX {
                        *self = Self::Many(std::mem::take(list).into_iter().collect());
                    }
                    None
                }
            },
            Self::Many(tree) => tree.insert(key, value),
        }
    }

    /// Removes a value of opened entries.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        match self {
            Self::Data(_) => None,
            Self::Few(list) => position(list, key).map(|at| list.remove(at).1),
            Self::Many(tree) => tree.remove(key),
        }
    }

    /// Goes through opened entries in key order.
    pub fn for_each(&self, mut each: impl FnMut(&Str, &Value)) {
        match self {
            Self::Data(_) => {}
            Self::Few(list) => list.iter().for_each(|(key, value)| each(key, value)),
            Self::Many(tree) => tree.iter().for_each(|(key, value)| each(key, value)),
        }
    }
}

impl Default for Entries {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl FromIterator<(Str, Value)> for Entries {
    /// Of entries with one key the last counts.
    fn from_iter<I: IntoIterator<Item = (Str, Value)>>(iter: I) -> Self {
        let list: Vec<(Str, Value)> = iter.into_iter().collect();
        let in_order = list.is_sorted_by(|a, b| a.0 < b.0);
        if list.len() > FEW_MAX {
            return Self::Many(list.into_iter().collect());
        }
        if in_order {
            return Self::Few(list);
        }
        let mut entries = Self::default();
        for (key, value) in list {
            entries.insert(key, value);
        }
        entries
    }
}
