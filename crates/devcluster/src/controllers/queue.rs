use crate::api::Api;
use crate::store::{Event, Sink};
use fairway_value::Str;
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, watch};

/// An object to look at: table and key.
pub(crate) type Item = (Str, Str);

/// What is to be looked at, each object once. Bounded by the number of objects.
#[derive(Default)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    wake: Notify,
}

#[derive(Default)]
struct Inner {
    order: VecDeque<Item>,
    queued: HashSet<Item>,
}

impl Queue {
    pub(crate) fn push(&self, table: &str, key: &str) {
        let item = (Str::from(table), Str::from(key));
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.queued.insert(item.clone()) {
            inner.order.push_back(item);
            drop(inner);
            self.wake.notify_one();
        }
    }

    pub(crate) fn pop(&self) -> Option<Item> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let item = inner.order.pop_front()?;
        inner.queued.remove(&item);
        Some(item)
    }
}

/// All controllers over one API server.
pub(crate) struct Controllers {
    api: Arc<Api>,
    queue: Arc<Queue>,
}

impl Controllers {
    pub(crate) fn new(api: &Arc<Api>) -> Self {
        Self { api: api.clone(), queue: Arc::default() }
    }

    /// Returns what tells the controllers of every event.
    pub(crate) fn sink(&self) -> Sink {
        let queue = self.queue.clone();
        Box::new(move |event: &Arc<Event>| queue.push(&event.table, &event.key))
    }

    /// Looks at everything once, as after a restart.
    pub(crate) fn enqueue_all(&self) {
        for table in self.api.store.tables() {
            for object in self.api.store.list(&table, "").1 {
                self.queue.push(&table, &crate::api::key_of(&object.value));
            }
        }
    }

    /// Works until the server ends.
    pub(crate) async fn run(self, mut ending: watch::Receiver<bool>) {
        loop {
            while let Some(_item) = self.queue.pop() {}
            tokio::select! {
                () = self.queue.wake.notified() => {}
                _ = ending.wait_for(|end| *end) => return,
            }
        }
    }
}
