//! Apps whose sync failed for something that another brings: they go on as soon as it is there, and not only when their back-off is
//! over. The attempt counts as any other.

use fairway_apply::{Lack, SyncReport};
use fairway_core::{AppId, LiveView, ObjectKey, Str};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// What Apps wait for. An App is in it between a failed attempt and the next one.
#[derive(Default)]
pub(crate) struct Lacking(Mutex<BTreeMap<AppId, BTreeSet<Lack>>>);

impl Lacking {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<AppId, BTreeSet<Lack>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of what an attempt failed for. One that failed for something else too waits for its time.
    pub fn note(&self, app: &AppId, report: &SyncReport) {
        let failed: Vec<_> = report.results.iter().filter(|r| r.has_failed()).collect();
        let lacks: BTreeSet<Lack> = failed.iter().filter_map(|r| r.lacks.clone()).collect();
        let others = failed.iter().any(|r| r.lacks.is_none() && !r.is_consequence);
        if lacks.is_empty() || others {
            self.forget(app);
        } else {
            self.lock().insert(app.clone(), lacks);
        }
    }

    /// The next attempt begins, or the App is gone.
    pub fn forget(&self, app: &AppId) {
        self.lock().remove(app);
    }

    /// Whether everything that an App's last attempt failed for is there now.
    pub fn is_over(&self, app: &AppId, view: &dyn LiveView) -> bool {
        let is_there = |lack: &Lack| match lack {
            Lack::Namespace(name) => {
                let found = view.get(&ObjectKey::new("", "Namespace", "", name.clone()));
                found.is_some_and(|n| n.deletion_timestamp().is_none())
            }
            Lack::Kind(gvk) => view.serves(gvk),
        };
        self.lock().get(app).is_some_and(|lacks| lacks.iter().all(is_there))
    }

    /// Returns the Apps that wait for a namespace.
    pub fn of_namespace(&self, name: &str) -> Vec<AppId> {
        let lack = Lack::Namespace(Str::from(name));
        self.lock().iter().filter(|(_, lacks)| lacks.contains(&lack)).map(|(app, _)| app.clone()).collect()
    }

    /// Returns the Apps that wait for a kind.
    pub fn of_kinds(&self) -> Vec<AppId> {
        let waits = |lacks: &BTreeSet<Lack>| lacks.iter().any(|l| matches!(l, Lack::Kind(_)));
        self.lock().iter().filter(|(_, lacks)| waits(lacks)).map(|(app, _)| app.clone()).collect()
    }
}
