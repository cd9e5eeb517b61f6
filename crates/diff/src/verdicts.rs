use fairway_core::{ObjectKey, Str};
use std::collections::HashMap;

/// A verdict, and what it was found from.
#[derive(Clone, Debug)]
pub struct Known<V> {
    /// Hash of the desired object.
    pub desired: u64,
    /// Hash of the options compared with.
    pub options: u64,
    /// `metadata.resourceVersion` of the live object; empty where there was none.
    pub version: Str,
    /// What was found.
    pub verdict: V,
}

/// Verdicts that hold as long as neither side has changed.
#[derive(Clone, Debug)]
pub struct Verdicts<V> {
    known: HashMap<ObjectKey, Known<V>>,
}

impl<V> Default for Verdicts<V> {
    fn default() -> Self {
        Self { known: HashMap::new() }
    }
}

impl<V> Verdicts<V> {
    /// Returns the verdict on an object, if desired, options and live object are those that it was found from.
    #[must_use]
    pub fn get(&self, key: &ObjectKey, desired: u64, options: u64, version: &str) -> Option<&V> {
        let known = self.known.get(key)?;
        let same = known.desired == desired && known.options == options && known.version == version;
        same.then_some(&known.verdict)
    }

    /// Keeps a verdict in place of an older one.
    pub fn keep(&mut self, key: ObjectKey, known: Known<V>) {
        self.known.insert(key, known);
    }

    /// Drops what is known of an object.
    pub fn forget(&mut self, key: &ObjectKey) {
        self.known.remove(key);
    }

    /// Returns what is known of an object for writing.
    pub fn get_mut(&mut self, key: &ObjectKey) -> Option<&mut Known<V>> {
        self.known.get_mut(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_holds_until_one_side_changes() {
        let key = ObjectKey::new("", "ConfigMap", "n", "a");
        let mut verdicts = Verdicts::default();
        verdicts.keep(key.clone(), Known { desired: 1, options: 2, version: "3".into(), verdict: "same" });
        assert_eq!(verdicts.get(&key, 1, 2, "3"), Some(&"same"));
        for (desired, options, version) in [(0, 2, "3"), (1, 0, "3"), (1, 2, "4")] {
            assert_eq!(verdicts.get(&key, desired, options, version), None);
        }
    }
}
