use super::{Event, Store, Stored};
use fairway_value::Str;
use std::sync::Arc;
use tokio::sync::watch;

/// From where a watch starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// All objects as they are, then what changes.
    Now,
    /// What changed after a resource version.
    After(u64),
}

/// Why a watch cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WatchError {
    /// The history after that version is gone.
    Expired {
        /// The version asked for.
        asked: u64,
        /// The oldest version that can be asked for.
        oldest: u64,
    },
}

/// A place in the history of one table. It holds no queue: events stay in the table's bounded history, and a watcher
/// that falls behind it is told so.
pub(crate) struct Watch {
    store: Arc<Store>,
    table: Str,
    prefix: Str,
    cursor: u64,
    /// The objects at the start, for [`Start::Now`].
    pub(crate) initial: Vec<Arc<Stored>>,
    /// The newest version when the watch was opened.
    pub(crate) opened_at: u64,
    notified: watch::Receiver<u64>,
}

impl Watch {
    pub(super) fn new(
        store: Arc<Store>,
        table: Str,
        prefix: Str,
        cursor: u64,
        initial: Vec<Arc<Stored>>,
        opened_at: u64,
        notified: watch::Receiver<u64>,
    ) -> Self {
        Self { store, table, prefix, cursor, initial, opened_at, notified }
    }

    /// Takes the events since the last call, and the version up to which nothing is missing.
    pub(crate) fn take(&mut self) -> Result<(Vec<Arc<Event>>, u64), WatchError> {
        self.notified.mark_unchanged();
        let (events, rv) = self.store.events_after(&self.table, &self.prefix, self.cursor)?;
        self.cursor = self.cursor.max(rv);
        Ok((events, rv))
    }

    /// Waits until something was written to the table.
    pub(crate) async fn changed(&mut self) {
        // The sender lives in the store that `self` holds, so it cannot be gone.
        let _ = self.notified.changed().await;
    }
}
