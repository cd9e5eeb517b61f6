use super::log::Log;
use super::{Event, EventKind, Start, Stored, Watch, WatchError};
use fairway_value::{Str, Value};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::watch;

/// Events kept for each resource. A watcher further behind gets 410 and lists again; at 1,200 writes a second to one
/// resource this is seven seconds, and the kube-apiserver's cache holds 100 to 102,400.
const HISTORY_MAX: usize = 8192;

/// Why a write did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommitError {
    /// There is an object under that key.
    Exists,
    /// There is no object under that key.
    Missing,
    /// The object is at another version than expected.
    Changed,
}

/// Called with every event, under the store's lock: it must be quick and must not call the store.
pub(crate) type Sink = Box<dyn Fn(&Arc<Event>) + Send + Sync>;

/// All objects of the cluster. Writes are serialised by one lock, and each takes the next resource version.
pub(crate) struct Store {
    inner: Mutex<Inner>,
    sinks: OnceLock<Vec<Sink>>,
}

/// What a commit does to one object.
enum Change {
    Put(Value),
    Delete(Option<Value>),
}

pub(super) struct Inner {
    pub(super) rv: u64,
    pub(super) tables: HashMap<Str, Table>,
    pub(super) log: Option<Log>,
}

pub(super) struct Table {
    pub(super) objects: BTreeMap<Str, Arc<Stored>>,
    pub(super) history: VecDeque<Arc<Event>>,
    /// The version of the newest event that is no longer in `history`.
    pub(super) oldest: u64,
    pub(super) notify: watch::Sender<u64>,
}

impl Table {
    pub(super) fn new(oldest: u64) -> Self {
        Self { objects: BTreeMap::new(), history: VecDeque::new(), oldest, notify: watch::Sender::new(0) }
    }
}

impl Inner {
    fn table(&mut self, name: &str) -> &mut Table {
        if !self.tables.contains_key(name) {
            // A table nobody has written to has lost no history since the server started.
            self.tables.insert(name.into(), Table::new(0));
        }
        self.tables.get_mut(name).expect("because it was inserted on the line above")
    }
}

/// Builds the key of an object: `namespace/name`, or `name` beside the namespaces, in etcd's order.
pub(crate) fn object_key(namespace: &str, name: &str) -> Str {
    if namespace.is_empty() {
        return name.into();
    }
    let mut key = Str::from(namespace);
    key.push('/');
    key.push_str(name);
    key
}

impl Store {
    pub(super) fn from_inner(inner: Inner) -> Self {
        Self { inner: Mutex::new(inner), sinks: OnceLock::new() }
    }

    /// Returns an empty store that keeps nothing on disk.
    pub(crate) fn in_memory() -> Self {
        Self::from_inner(Inner { rv: 1, tables: HashMap::new(), log: None })
    }

    /// Sets who hears of every event. Only the first call counts.
    pub(crate) fn set_sinks(&self, sinks: Vec<Sink>) {
        // Set once at start; a second call would be a second server on one store, which nothing does.
        let _ = self.sinks.set(sinks);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the newest resource version.
    pub(crate) fn version(&self) -> u64 {
        self.lock().rv
    }

    /// Returns one object.
    pub(crate) fn get(&self, table: &str, key: &str) -> Option<Arc<Stored>> {
        self.lock().tables.get(table)?.objects.get(key).cloned()
    }

    /// Returns the newest version and the objects whose key starts with `prefix`, in key order.
    pub(crate) fn list(&self, table: &str, prefix: &str) -> (u64, Vec<Arc<Stored>>) {
        let inner = self.lock();
        let items = inner.tables.get(table).map(|t| range(&t.objects, prefix)).unwrap_or_default();
        (inner.rv, items)
    }

    /// Returns the objects as they were at a version. Nothing where that history is gone.
    pub(crate) fn list_at(&self, table: &str, prefix: &str, rv: u64) -> Option<Vec<Arc<Stored>>> {
        let inner = self.lock();
        let Some(table) = inner.tables.get(table) else { return Some(Vec::new()) };
        if rv < table.oldest {
            return None;
        }
        let mut then: BTreeMap<Str, Arc<Stored>> =
            range_keys(&table.objects, prefix).map(|(k, v)| (k.clone(), v.clone())).collect();
        for event in table.history.iter().rev().take_while(|e| e.rv > rv) {
            if !event.key.starts_with(prefix) {
                continue;
            }
            match &event.prev {
                Some(prev) => then.insert(event.key.clone(), prev.clone()),
                None => then.remove(&event.key),
            };
        }
        Some(then.into_values().collect())
    }

    /// Returns the names of the tables that hold objects.
    pub(crate) fn tables(&self) -> Vec<Str> {
        let mut names: Vec<Str> = self
            .lock()
            .tables
            .iter()
            .filter(|(_, t)| !t.objects.is_empty())
            .map(|(n, _)| n.clone())
            .collect();
        names.sort();
        names
    }

    /// Stores a new object.
    pub(crate) fn create(&self, table: &str, key: Str, value: Value) -> Result<Arc<Stored>, CommitError> {
        let mut inner = self.lock();
        if inner.table(table).objects.contains_key(&key) {
            return Err(CommitError::Exists);
        }
        Ok(self.commit(&mut inner, table, key, Change::Put(value)))
    }

    /// Replaces an object that is still at a version.
    pub(crate) fn update(
        &self,
        table: &str,
        key: &str,
        expected: u64,
        value: Value,
    ) -> Result<Arc<Stored>, CommitError> {
        let mut inner = self.lock();
        self.expect_version(&mut inner, table, key, expected)?;
        Ok(self.commit(&mut inner, table, key.into(), Change::Put(value)))
    }

    /// Removes an object that is still at a version; returns its last state under the deletion's version: `last`, or
    /// the state that is stored.
    pub(crate) fn delete(
        &self,
        table: &str,
        key: &str,
        expected: u64,
        last: Option<Value>,
    ) -> Result<Arc<Stored>, CommitError> {
        let mut inner = self.lock();
        self.expect_version(&mut inner, table, key, expected)?;
        Ok(self.commit(&mut inner, table, key.into(), Change::Delete(last)))
    }

    #[expect(clippy::unused_self, reason = "reads as a check of this store")]
    fn expect_version(
        &self,
        inner: &mut Inner,
        table: &str,
        key: &str,
        expected: u64,
    ) -> Result<(), CommitError> {
        match inner.table(table).objects.get(key) {
            None => Err(CommitError::Missing),
            Some(live) if live.rv != expected => Err(CommitError::Changed),
            Some(_) => Ok(()),
        }
    }

    fn commit(&self, inner: &mut Inner, table: &str, key: Str, change: Change) -> Arc<Stored> {
        inner.rv += 1;
        let rv = inner.rv;
        let at = inner.table(table);
        let prev = at.objects.get(&key).cloned();
        let (kind, mut value) = match (change, &prev) {
            (Change::Put(v), None) => (EventKind::Added, v),
            (Change::Put(v), Some(_)) => (EventKind::Modified, v),
            (Change::Delete(Some(last)), _) => (EventKind::Deleted, last),
            (Change::Delete(None), Some(prev)) => (EventKind::Deleted, prev.value.clone()),
            (Change::Delete(None), None) => (EventKind::Deleted, Value::object()),
        };
        value.set_path(&["metadata", "resourceVersion"], rv.to_string());
        let object = Arc::new(Stored::new(value, rv));
        if kind == EventKind::Deleted {
            at.objects.remove(&key);
        } else {
            at.objects.insert(key.clone(), object.clone());
        }
        let event = Arc::new(Event::new(kind, table.into(), key, object.clone(), prev));
        if at.history.len() >= HISTORY_MAX
            && let Some(gone) = at.history.pop_front()
        {
            at.oldest = gone.rv;
        }
        at.history.push_back(event.clone());
        if let Some(log) = &mut inner.log {
            log.append(&event);
        }
        for sink in self.sinks.get().into_iter().flatten() {
            sink(&event);
        }
        inner.table(table).notify.send_replace(rv);
        self.compact_log(inner);
        object
    }

    /// Forgets the history, as etcd's compaction does: watches and lists at older versions get 410.
    pub(crate) fn compact(&self) {
        let mut inner = self.lock();
        let rv = inner.rv;
        for table in inner.tables.values_mut() {
            table.history.clear();
            table.oldest = rv;
        }
    }

    /// Opens a watch on the objects whose key starts with `prefix` (or is `prefix`, with `exact`).
    pub(crate) fn watch(
        self: &Arc<Self>,
        table: &str,
        prefix: &str,
        start: Start,
    ) -> Result<Watch, WatchError> {
        let mut inner = self.lock();
        let rv = inner.rv;
        let at = inner.table(table);
        let notified = at.notify.subscribe();
        let (cursor, initial) = match start {
            Start::Now => (rv, range(&at.objects, prefix)),
            Start::After(from) if from < at.oldest => {
                return Err(WatchError::Expired { asked: from, oldest: at.oldest });
            }
            Start::After(from) => (from, Vec::new()),
        };
        Ok(Watch::new(self.clone(), table.into(), prefix.into(), cursor, initial, rv, notified))
    }

    /// Returns the events after a version and the newest version.
    pub(super) fn events_after(
        &self,
        table: &str,
        prefix: &str,
        cursor: u64,
    ) -> Result<(Vec<Arc<Event>>, u64), WatchError> {
        let inner = self.lock();
        let Some(at) = inner.tables.get(table) else { return Ok((Vec::new(), inner.rv)) };
        if cursor < at.oldest {
            return Err(WatchError::Expired { asked: cursor, oldest: at.oldest });
        }
        let from = at.history.partition_point(|e| e.rv <= cursor);
        let events = at.history.range(from..).filter(|e| e.key.starts_with(prefix)).cloned().collect();
        Ok((events, inner.rv))
    }
}

fn range_keys<'m>(
    objects: &'m BTreeMap<Str, Arc<Stored>>,
    prefix: &'m str,
) -> impl Iterator<Item = (&'m Str, &'m Arc<Stored>)> {
    objects
        .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
        .take_while(move |(k, _)| k.starts_with(prefix))
}

fn range(objects: &BTreeMap<Str, Arc<Stored>>, prefix: &str) -> Vec<Arc<Stored>> {
    range_keys(objects, prefix).map(|(_, v)| v.clone()).collect()
}
