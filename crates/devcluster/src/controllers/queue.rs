use crate::store::Stored;
use fairway_value::Str;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// An object to look at: table and key.
pub(crate) type Item = (Str, Str);

/// What is to be looked at, each object once, and what is to be looked at later. Bounded by the number of objects.
#[derive(Default)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    pub(crate) wake: Notify,
}

#[derive(Default)]
struct Inner {
    order: VecDeque<Item>,
    /// The last state seen of each queued object, where an event brought it.
    queued: HashMap<Item, Option<Arc<Stored>>>,
    /// Items by the time they are due, in microseconds.
    later: BTreeMap<i64, Vec<Item>>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, table: &str, key: &str, last: Option<Arc<Stored>>) {
        let item = (Str::from(table), Str::from(key));
        let mut inner = self.lock();
        if let Some(known) = inner.queued.get_mut(&item) {
            if last.is_some() {
                *known = last;
            }
            return;
        }
        inner.queued.insert(item.clone(), last);
        inner.order.push_back(item);
        drop(inner);
        self.wake.notify_one();
    }

    /// Queues an object for a time.
    pub(crate) fn push_at(&self, due_micros: i64, table: &str, key: &str) {
        let item = (Str::from(table), Str::from(key));
        let mut inner = self.lock();
        let items = inner.later.entry(due_micros).or_default();
        if !items.contains(&item) {
            items.push(item);
        }
        drop(inner);
        self.wake.notify_one();
    }

    pub(crate) fn pop(&self) -> Option<(Item, Option<Arc<Stored>>)> {
        let mut inner = self.lock();
        let item = inner.order.pop_front()?;
        let last = inner.queued.remove(&item).flatten();
        Some((item, last))
    }

    /// Moves what is due into the queue. Returns when the next item is.
    pub(crate) fn release(&self, now_micros: i64) -> Option<i64> {
        loop {
            let mut inner = self.lock();
            let (due, _) = inner.later.first_key_value()?;
            let due = *due;
            if due > now_micros {
                return Some(due);
            }
            let items = inner.later.remove(&due).unwrap_or_default();
            drop(inner);
            for (table, key) in items {
                self.push(&table, &key, None);
            }
        }
    }
}
