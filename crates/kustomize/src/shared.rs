//! Entries that kustomize holds once: labels and annotations that one transformer made in several fields of an object are
//! one node there, so that who changes one of them later changes all.

use crate::field::{first_present, visit_present};
use crate::resource::Resource;
use crate::scalar::is_scalar;
use fairway_value::{Str, Value};
use std::sync::Arc;

/// A path to a map, split.
pub type Path = Arc<[Str]>;

/// One entry that stands in several maps.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    key: Str,
    maps: Vec<Path>,
}

fn entry<'v>(object: &'v Value, map: &[Str], key: &str) -> Option<&'v Value> {
    first_present(object, map)?.get(key)
}

/// Whether a patch sets the entry itself, rather than a map that it is in.
fn sets_entry(patch: &Value, map: &[Str], key: &str) -> bool {
    let mut at = patch;
    for part in map {
        match at.get(part) {
            Some(next) if at.get("$patch").is_none() => at = next,
            _ => return false,
        }
    }
    at.get("$patch").is_none() && at.get(key).is_some_and(is_scalar)
}

impl Resource {
    /// Notes that one entry was made in several maps.
    pub fn share(&mut self, key: &Str, maps: Vec<Path>) {
        if maps.len() > 1 {
            self.shared.push(Shared { key: key.clone(), maps });
        }
    }

    /// Gives the entries that are one with that of `map` the value that it has now.
    pub fn follow(&mut self, map: &[Str], key: &str) {
        let groups: Vec<Shared> = self
            .shared
            .iter()
            .filter(|s| s.key == key && s.maps.iter().any(|m| **m == *map))
            .cloned()
            .collect();
        for group in groups {
            if let Some(value) = entry(&self.value, map, key).cloned() {
                self.set_all(&group, &value);
            }
        }
    }

    fn set_all(&mut self, group: &Shared, value: &Value) {
        for map in &group.maps {
            visit_present(&mut self.value, map, &mut |field| {
                if let Value::Object(entries) = field
                    && let Some(entry) = entries.get_mut(&group.key)
                {
                    entry.clone_from(value);
                }
            });
        }
    }

    /// Changes the object and then makes the entries that are one follow the one that changed. With a patch only what it
    /// sets itself counts: what it replaces as a whole is another node.
    pub fn keep_shared<T>(&mut self, patch: Option<&Value>, change: impl FnOnce(&mut Self) -> T) -> T {
        if self.shared.is_empty() {
            return change(self);
        }
        let before: Vec<Vec<Option<Value>>> = self
            .shared
            .iter()
            .map(|s| s.maps.iter().map(|m| entry(&self.value, m, &s.key).cloned()).collect())
            .collect();
        let out = change(self);
        let groups = std::mem::take(&mut self.shared);
        for (mut group, old) in groups.into_iter().zip(before) {
            let changed = group.maps.iter().zip(&old).find_map(|(map, old)| {
                let new = entry(&self.value, map, &group.key)?;
                let by_patch = patch.is_none_or(|p| sets_entry(p, map, &group.key));
                (Some(new) != old.as_ref() && by_patch && is_scalar(new)).then(|| new.clone())
            });
            group.maps.retain(|map| entry(&self.value, map, &group.key).is_some());
            if let Some(value) = changed {
                self.set_all(&group, &value);
            }
            if group.maps.len() > 1 {
                self.shared.push(group);
            }
        }
        out
    }

    /// Forgets that the object's own annotations are one with others: kustomize has written them anew.
    pub fn part_annotations(&mut self) {
        for group in &mut self.shared {
            group.maps.retain(|map| map.iter().ne(["metadata", "annotations"]));
        }
        self.shared.retain(|group| group.maps.len() > 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> Resource {
        let text = br#"{"metadata":{"labels":{"a":"x"}},"spec":{"list":[{"labels":{"a":"x"}}]}}"#;
        let mut object = Resource::new(fairway_value::from_json(text).unwrap());
        let path = |p: &[&str]| p.iter().map(|s| Str::from(*s)).collect::<Path>();
        object.share(&"a".into(), vec![path(&["metadata", "labels"]), path(&["spec", "list", "labels"])]);
        object
    }

    #[test]
    fn one_entry_changed_changes_those_that_are_one_with_it() {
        let mut object = object();
        object.keep_shared(None, |o| o.value.set_path(&["metadata", "labels", "a"], "y"));
        assert_eq!(
            object.value.to_string(),
            r#"{"metadata":{"labels":{"a":"y"}},"spec":{"list":[{"labels":{"a":"y"}}]}}"#
        );
    }

    #[test]
    fn a_map_replaced_as_a_whole_parts_from_the_others() {
        let mut object = object();
        let patch =
            fairway_value::from_json(br#"{"metadata":{"labels":{"$patch":"replace","a":"y"}}}"#).unwrap();
        object.keep_shared(Some(&patch), |o| o.value.set_path(&["metadata", "labels", "a"], "y"));
        assert_eq!(
            object.value.to_string(),
            r#"{"metadata":{"labels":{"a":"y"}},"spec":{"list":[{"labels":{"a":"x"}}]}}"#
        );
    }
}
