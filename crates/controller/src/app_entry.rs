//! What the engine remembers of one App between two passes.

use crate::compare::{Compared, VerdictCache};
use crate::desired::Target;
use crate::queue::Level;
use fairway_apply::{Control, SyncReport};
use fairway_argocd::OperationState;
use fairway_core::{AppSource, Live, Operation, Str};
use fairway_plan::SyncPlan;
use fairway_value::Value;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the engine remembers of one App. Losing it costs work and nothing else: truth is in Git and in Kubernetes.
pub struct AppEntry {
    changes: watch::Sender<u64>,
    intent: Mutex<Option<Value>>,
    view: Mutex<AppView>,
    /// What a pass works with; held while one runs.
    pub(crate) memory: tokio::sync::Mutex<Memory>,
}

impl Default for AppEntry {
    fn default() -> Self {
        Self {
            changes: watch::Sender::new(0),
            intent: Mutex::default(),
            view: Mutex::default(),
            memory: tokio::sync::Mutex::default(),
        }
    }
}

/// What the API shows of an App beside its Application object.
#[derive(Clone, Default)]
pub struct AppView {
    /// What it wants.
    pub target: Option<Arc<Target>>,
    /// How it stands.
    pub compared: Option<Arc<Compared>>,
    /// What a sync would do.
    pub plan: Option<Arc<SyncPlan>>,
}

/// What a pass works with.
#[derive(Default)]
pub(crate) struct Memory {
    pub target: Option<(TargetKey, Arc<Target>)>,
    pub verdicts: VerdictCache,
    pub running: Option<RunningSync>,
    pub failures: u32,
    /// When desired and live were last compared.
    pub reconciled_at: String,
}

/// What a target depends on.
#[derive(Clone, PartialEq)]
pub(crate) struct TargetKey {
    pub sources: Vec<AppSource>,
    pub revisions: Vec<Str>,
    pub destination: fairway_core::Destination,
    pub kinds: Arc<[Str]>,
}

/// A sync that is under way.
pub(crate) struct RunningSync {
    pub operation: Operation,
    pub revisions: Vec<Str>,
    pub state: OperationState,
    pub control: watch::Sender<Control>,
    pub report: Arc<Mutex<SyncReport>>,
    pub task: JoinHandle<SyncReport>,
    /// Revision that has overtaken this sync, if one has.
    pub superseded: bool,
    /// Whether everything was synced, so that it makes history.
    pub is_full: bool,
}

impl Drop for RunningSync {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl AppEntry {
    /// Says that a live object of the App has changed.
    pub(crate) fn bump(&self) {
        self.changes.send_modify(|n| *n += 1);
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Compares what people or generators want with what was seen last; says how thoroughly to look, if at all.
    pub(crate) fn intent_changed(&self, object: &Live) -> Option<Level> {
        let mut intent = object.value().clone();
        if let Some(map) = intent.as_object_mut() {
            map.remove("status");
        }
        for path in [
            &["metadata", "managedFields"][..],
            &["metadata", "resourceVersion"],
            &["metadata", "generation"],
        ] {
            intent.remove_path(path);
        }
        let mut last = self.intent.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref() == Some(&intent) {
            return None;
        }
        let level = match object.annotation(fairway_argocd::ANNOTATION_REFRESH) {
            Some("hard") => Level::Hard,
            _ => Level::Source,
        };
        *last = Some(intent);
        Some(level)
    }

    /// Returns what the API shows.
    #[must_use]
    pub fn view(&self) -> AppView {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_view(&self, change: impl FnOnce(&mut AppView)) {
        change(&mut self.view.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
