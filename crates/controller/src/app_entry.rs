//! What the engine remembers of one App between two passes.

use crate::compare::{Compared, VerdictCache};
use crate::desired::Target;
use crate::ledger::Ledger;
use crate::queue::Level;
use crate::snapshot::Snapshot;
use fairway_apply::{Control, SyncReport};
use fairway_argocd::OperationState;
use fairway_core::{App, Live, Operation, Str};
use fairway_value::Value;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the engine remembers of one App. Losing it costs work and nothing else: truth is in Git and in Kubernetes.
pub struct AppEntry {
    changes: watch::Sender<u64>,
    intent: Mutex<Intent>,
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

/// The Application without what the engine writes itself.
#[derive(Default)]
struct Intent {
    last: Option<Value>,
    /// What `last` says about repositories, once somebody has asked.
    repositories: Option<Arc<[Str]>>,
}

/// What the API shows of an App beside its Application object.
#[derive(Clone, Default)]
pub struct AppView {
    /// What it wants.
    pub target: Option<Arc<Target>>,
    /// How it stands.
    pub compared: Option<Arc<Compared>>,
}

/// What a pass works with.
#[derive(Default)]
pub(crate) struct Memory {
    pub target: Option<(TargetKey, Arc<Target>)>,
    pub verdicts: VerdictCache,
    pub running: Option<RunningSync>,
    pub failures: u32,
    /// The Application that all this is of: another may come under its name.
    pub uid: Str,
    /// When desired and live were last compared.
    pub reconciled_at: String,
    /// How often hooks of its deletion have failed: the next attempt takes them as Git has them by then.
    pub deletion_failures: u32,
    /// When that attempt is due.
    pub deletion_due: Option<tokio::time::Instant>,
}

/// What a target depends on.
pub(crate) struct TargetKey {
    pub app: App,
    pub revisions: Vec<Str>,
    pub kinds: Arc<[Str]>,
    pub settings: Arc<Snapshot>,
}

impl TargetKey {
    /// Whether everything but the revisions is as it was. Kinds and settings are the same allocation where nothing in
    /// them has changed.
    pub fn holds_for(&self, app: &App, kinds: &Arc<[Str]>, settings: &Arc<Snapshot>) -> bool {
        Arc::ptr_eq(&self.kinds, kinds) && Arc::ptr_eq(&self.settings, settings) && self.app == *app
    }
}

/// A sync that is under way.
pub(crate) struct RunningSync {
    pub operation: Operation,
    pub revisions: Vec<Str>,
    /// The sources as the Application had them when it began.
    pub sources: Vec<Value>,
    pub state: OperationState,
    pub control: watch::Sender<Control>,
    pub ledger: Arc<Ledger>,
    pub task: JoinHandle<SyncReport>,
    /// Revision that has overtaken this sync, if one has.
    pub superseded: bool,
    /// Whether everything was synced, so that it makes history.
    pub is_full: bool,
    /// Whether the plan has hooks.
    pub has_hooks: bool,
    /// When it began.
    pub began: tokio::time::Instant,
    /// Whether the Application tells of it.
    pub shown: bool,
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
        let mut known = self.intent.lock().unwrap_or_else(PoisonError::into_inner);
        if known.last.as_ref() == Some(&intent) {
            return None;
        }
        let level = match object.annotation(fairway_argocd::ANNOTATION_REFRESH) {
            Some("hard") => Level::Hard,
            _ => Level::Source,
        };
        *known = Intent { last: Some(intent), repositories: None };
        Some(level)
    }

    /// Returns the repositories that the App uses, as it writes them; read anew only once its intent has changed.
    pub(crate) fn repositories(&self, read: impl FnOnce() -> Arc<[Str]>) -> Arc<[Str]> {
        let mut known = self.intent.lock().unwrap_or_else(PoisonError::into_inner);
        known.repositories.get_or_insert_with(read).clone()
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
