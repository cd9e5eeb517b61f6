use crate::SyncReport;
use fairway_core::{BoxFuture, ClusterWriter, Health, LiveView, Object};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Says whether a live object is well; nothing where its kind has no health.
pub trait Judge: Send + Sync {
    /// Judges one object.
    fn health(&self, object: &Object) -> Option<Health>;
}

/// What the one who started a sync wants of it now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    #[default]
    Run,
    /// End it: what runs is finished, hooks that run are deleted, nothing new is begun. The words are shown.
    Terminate(String),
}

/// Puts a report on record, and ends when that has been done.
pub type Record = Box<dyn Fn(&SyncReport) -> BoxFuture<'static, ()> + Send + Sync>;

/// What a sync works with.
pub struct ApplyContext {
    /// Writes.
    pub writer: Arc<dyn ClusterWriter>,
    /// Looks.
    pub view: Arc<dyn LiveView>,
    /// Judges.
    pub judge: Arc<dyn Judge>,
    /// Wakes whenever a live object of the App has changed.
    pub changes: watch::Receiver<u64>,
    /// Whether the server is expected to refuse an object; it is asked before anything is written.
    pub is_suspect: Box<dyn Fn(&Object) -> bool + Send + Sync>,
    /// What is wanted of the sync.
    pub control: watch::Receiver<Control>,
    /// Longest time for the whole sync; nothing for no limit.
    pub deadline: Option<Duration>,
    /// Told whenever the report has changed.
    pub progress: Box<dyn Fn(&SyncReport) + Send + Sync>,
    /// Told what must be on record before the sync goes on, so that one that is cut off is taken up where it was: before hooks
    /// run, and before those that have run are deleted.
    pub record: Record,
}
