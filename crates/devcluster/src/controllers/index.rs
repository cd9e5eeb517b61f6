use super::object::{get, list, text};
use crate::store::{Event, EventKind};
use fairway_value::{Map, Str, Value};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which objects name which owner, by the owner's uid; Pods by label, and Services by a label that they select.
#[derive(Default)]
pub(crate) struct Index {
    owned: Mutex<HashMap<Str, BTreeSet<(Str, Str)>>>,
    labelled: Mutex<HashMap<String, BTreeSet<Str>>>,
}

/// Returns under what an object is found by label: all of a Pod's labels, the first one that a Service selects.
fn terms(table: &str, object: &Value) -> Vec<String> {
    let (labels, most) = match table {
        "pods" => (get(object, "metadata.labels"), usize::MAX),
        "services" => (get(object, "spec.selector"), 1),
        _ => return Vec::new(),
    };
    let place = text(object, "metadata.namespace");
    let labels = labels.and_then(Value::as_object);
    labels.into_iter().flat_map(Map::iter).take(most).map(|(k, v)| term(table, place, k, v)).collect()
}

fn term(table: &str, namespace: &str, key: &str, value: &Value) -> String {
    format!("{table}/{namespace}/{key}={}", value.as_str().unwrap_or_default())
}

fn owners(object: &Value) -> impl Iterator<Item = Str> {
    list(object, "metadata.ownerReferences").iter().map(|o| Str::from(text(o, "uid")))
}

impl Index {
    fn lock(&self) -> MutexGuard<'_, HashMap<Str, BTreeSet<(Str, Str)>>> {
        self.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn labels(&self) -> MutexGuard<'_, HashMap<String, BTreeSet<Str>>> {
        self.labelled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_labels(&self, table: &str, key: &Str, before: Option<&Value>, now: Option<&Value>) {
        let before = before.map(|o| terms(table, o)).unwrap_or_default();
        let now = now.map(|o| terms(table, o)).unwrap_or_default();
        if before == now {
            return;
        }
        let mut labelled = self.labels();
        for term in before.iter().filter(|t| !now.contains(t)) {
            if let Some(keys) = labelled.get_mut(term) {
                keys.remove(key);
                if keys.is_empty() {
                    labelled.remove(term);
                }
            }
        }
        for term in now {
            labelled.entry(term).or_default().insert(key.clone());
        }
    }

    /// Returns the keys of the Pods that may match a plain selector: those with its first label.
    pub(crate) fn pods_like(&self, namespace: &str, selector: &Map) -> Vec<Str> {
        let Some((key, value)) = selector.iter().next() else { return Vec::new() };
        let found = self.labels().get(&term("pods", namespace, key, value)).cloned();
        found.into_iter().flatten().collect()
    }

    /// Returns the keys of the Services that may select a Pod: those whose first label it has.
    pub(crate) fn services_like(&self, pod: &Value) -> Vec<Str> {
        let labelled = self.labels();
        let labels = get(pod, "metadata.labels").and_then(Value::as_object);
        let place = text(pod, "metadata.namespace");
        labels
            .into_iter()
            .flat_map(Map::iter)
            .filter_map(|(k, v)| labelled.get(&term("services", place, k, v)))
            .flatten()
            .cloned()
            .collect()
    }

    /// Notes an event's owners and labels.
    pub(crate) fn note(&self, event: &Event) {
        let now = (event.kind != EventKind::Deleted).then_some(&event.object.value);
        self.note_labels(&event.table, &event.key, event.prev.as_ref().map(|p| &p.value), now);
        let before = event.prev.as_ref().map(|p| owners(&p.value).collect::<Vec<_>>()).unwrap_or_default();
        let now: Vec<Str> =
            if event.kind == EventKind::Deleted { Vec::new() } else { owners(&event.object.value).collect() };
        if before == now {
            return;
        }
        let entry = (event.table.clone(), event.key.clone());
        let mut owned = self.lock();
        for uid in before.iter().filter(|u| !now.contains(u)) {
            if let Some(entries) = owned.get_mut(uid) {
                entries.remove(&entry);
                if entries.is_empty() {
                    owned.remove(uid);
                }
            }
        }
        for uid in now {
            owned.entry(uid).or_default().insert(entry.clone());
        }
    }

    /// Notes an object that was there before anybody listened.
    pub(crate) fn note_existing(&self, table: &str, key: &str, object: &Value) {
        self.note_labels(table, &key.into(), None, Some(object));
        let mut owned = self.lock();
        for uid in owners(object) {
            owned.entry(uid).or_default().insert((table.into(), key.into()));
        }
    }

    /// Returns what names an owner, ordered by table and key.
    pub(crate) fn owned_by(&self, uid: &str) -> Vec<(Str, Str)> {
        self.lock().get(uid).map(|e| e.iter().cloned().collect()).unwrap_or_default()
    }
}
