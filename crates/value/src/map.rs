use crate::{Str, Value};
use ecow::EcoVec;

/// A map from strings to values, ordered by key bytes, sharing its storage until it is written to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    entries: EcoVec<(Str, Value)>,
}

impl Map {
    /// Returns an empty map.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns how many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether two maps are surely the same because they share their storage.
    #[must_use]
    pub fn shares(&self, other: &Self) -> bool {
        std::ptr::eq(self.entries.as_slice(), other.entries.as_slice())
    }

    /// Most entries among which one is looked for in turn: comparing lengths first is faster there than halving.
    const FEW: usize = 12;

    /// Returns the place of a key that is there.
    fn position(&self, key: &str) -> Option<usize> {
        if self.entries.len() > Self::FEW {
            return self.find(key).ok();
        }
        self.entries.iter().position(|(k, _)| k.as_str() == key)
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(k, _)| k.as_str().cmp(key))
    }

    /// Returns the value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let at = self.position(key)?;
        self.entries.get(at).map(|(_, v)| v)
    }

    /// Returns the value under a key for writing.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let at = self.position(key)?;
        self.entries.make_mut().get_mut(at).map(|(_, v)| v)
    }

    /// Whether there is an entry under a key.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Sets the value under a key and returns the one that was there.
    pub fn insert(&mut self, key: impl Into<Str>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        match self.find(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.entries.make_mut()[at].1, value)),
            Err(at) => {
                self.entries.insert(at, (key, value));
                None
            }
        }
    }

    /// Returns the value under a key for writing, made `null` where it is missing.
    pub fn entry_or_null(&mut self, key: &str) -> &mut Value {
        let at = match self.position(key).map_or_else(|| self.find(key), Ok) {
            Ok(at) => at,
            Err(at) => {
                self.entries.insert(at, (key.into(), Value::Null));
                at
            }
        };
        &mut self.entries.make_mut()[at].1
    }

    /// Removes the entry under a key and returns its value.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.position(key)?;
        Some(self.entries.remove(at).1)
    }

    /// Keeps the entries for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Value) -> bool) {
        self.entries.retain(|(k, v)| keep(k, v));
    }

    /// Iterates in key order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Str, &Value)> + ExactSizeIterator {
        self.entries.iter().map(|(k, v)| (k, v))
    }

    /// Iterates in key order with values for writing.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Str, &mut Value)> {
        self.entries.make_mut().iter_mut().map(|(k, v)| (&*k, v))
    }

    /// Iterates over the keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Str> + ExactSizeIterator {
        self.entries.iter().map(|(k, _)| k)
    }

    /// Iterates over the values in key order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator {
        self.entries.iter().map(|(_, v)| v)
    }

    /// Iterates over the values in key order for writing.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.entries.make_mut().iter_mut().map(|(_, v)| v)
    }
}

impl FromIterator<(Str, Value)> for Map {
    /// Of entries with one key the last wins.
    fn from_iter<I: IntoIterator<Item = (Str, Value)>>(iter: I) -> Self {
        let mut entries: EcoVec<(Str, Value)> = iter.into_iter().collect();
        if !entries.is_sorted_by(|a, b| a.0 < b.0) {
            // A stable sort keeps equal keys in the order given, so that the last of them can be kept.
            entries.make_mut().sort_by(|a, b| a.0.cmp(&b.0));
            if entries.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                let mut unique: EcoVec<(Str, Value)> = EcoVec::with_capacity(entries.len());
                for entry in entries {
                    match unique.make_mut().last_mut() {
                        Some(last) if last.0 == entry.0 => *last = entry,
                        _ => unique.push(entry),
                    }
                }
                entries = unique;
            }
        }
        Self { entries }
    }
}

impl IntoIterator for Map {
    type Item = (Str, Value);
    type IntoIter = ecow::vec::IntoIter<(Str, Value)>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl Extend<(Str, Value)> for Map {
    fn extend<I: IntoIterator<Item = (Str, Value)>>(&mut self, iter: I) {
        for (k, v) in iter {
            self.insert(k, v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_equal_keys_wins_and_order_is_by_bytes() {
        let map: Map = [("b", 1_i64), ("a", 2), ("B", 3), ("b", 4)]
            .into_iter()
            .map(|(k, v)| (Str::from(k), Value::from(v)))
            .collect();
        let seen: Vec<_> = map.iter().map(|(k, v)| (k.as_str(), v.as_i64())).collect();
        assert_eq!(seen, [("B", Some(3)), ("a", Some(2)), ("b", Some(4))]);
    }

    #[test]
    fn a_clone_does_not_see_later_writes() {
        let mut map = Map::new();
        map.insert("a", 1_i64);
        let before = map.clone();
        map.insert("a", 2_i64);
        assert_eq!(before.get("a"), Some(&Value::Int(1)));
    }
}
