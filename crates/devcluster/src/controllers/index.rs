use super::object::{list, text};
use crate::store::{Event, EventKind};
use fairway_value::{Str, Value};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which objects name which owner, by the owner's uid.
#[derive(Default)]
pub(crate) struct Index {
    owned: Mutex<HashMap<Str, BTreeSet<(Str, Str)>>>,
}

fn owners(object: &Value) -> impl Iterator<Item = Str> {
    list(object, "metadata.ownerReferences").iter().map(|o| Str::from(text(o, "uid")))
}

impl Index {
    fn lock(&self) -> MutexGuard<'_, HashMap<Str, BTreeSet<(Str, Str)>>> {
        self.owned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an event's owners.
    pub(crate) fn note(&self, event: &Event) {
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
