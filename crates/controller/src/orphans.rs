//! Objects in an App's namespace that no App has, as AppProjects may ask for them.

use crate::clusters::Place;
use crate::compare::Compared;
use fairway_argocd::Project;
use fairway_core::{AppId, Condition, ConditionKind, Live, LiveView, ObjectKey, Str};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most orphans that are looked at, and the deepest level below one.
const ORPHANS_MAX: usize = 20_000;
const DEPTH_MAX: usize = 16;

/// Which Apps look after the orphans of which namespace: an object that no App has concerns them.
#[derive(Default)]
pub(crate) struct OrphanWatch(Mutex<BTreeMap<AppId, Watched>>);

/// The orphans that one App looks after.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The App's project, which asks for it.
    pub project: Str,
    /// Where they are; empty where the App has no namespace.
    pub namespace: Str,
    /// How many there were when the App was last compared.
    pub count: usize,
}

impl OrphanWatch {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<AppId, Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what an App looks after, if anything.
    pub fn set(&self, app: &AppId, watched: Option<Watched>) {
        match watched {
            Some(watched) => self.lock().insert(app.clone(), watched),
            None => self.lock().remove(app),
        };
    }

    /// Returns the Apps that look after a namespace.
    pub fn of(&self, namespace: &str) -> Vec<AppId> {
        let watched = self.lock();
        let of_it = watched.iter().filter(|(_, of)| of.namespace == namespace && !of.namespace.is_empty());
        of_it.map(|(app, _)| app.clone()).collect()
    }

    /// Returns what all Apps look after.
    pub fn all(&self) -> BTreeMap<AppId, Watched> {
        self.lock().clone()
    }
}

/// An object that no App has, and what owns it.
pub(crate) struct Orphan {
    pub live: Arc<Live>,
    pub owner: Option<Arc<Live>>,
}

/// Returns the orphans of the App's namespace with everything that they own, in key order; none where the project does not ask.
/// `is_app` says whether an App that an object is marked with exists.
///
/// As Argo CD 3 `controller/appcontroller.go` `getResourceTree`.
pub(crate) fn orphans(
    project: &Project,
    place: &Place,
    namespace: &str,
    compared: &Compared,
    is_app: &dyn Fn(&AppId) -> bool,
) -> Vec<Orphan> {
    let mut out = Vec::new();
    if project.warns_of_orphans().is_none() || namespace.is_empty() {
        return out;
    }
    let cache = place.cluster.cache();
    let ours: HashSet<&ObjectKey> =
        compared.live.keys().chain(compared.objects.iter().map(|o| &o.key)).collect();
    for live in cache.top_level_in(namespace) {
        let key = live.key();
        if project.counts_as_orphan(&key) && !ours.contains(&key) {
            add(live, None, place, is_app, 0, &mut out);
        }
    }
    out.sort_by_key(|o| o.live.key());
    out
}

fn add(
    live: Arc<Live>,
    owner: Option<Arc<Live>>,
    place: &Place,
    is_app: &dyn Fn(&AppId) -> bool,
    depth: usize,
    out: &mut Vec<Orphan>,
) {
    let cache = place.cluster.cache();
    if out.len() >= ORPHANS_MAX || depth > DEPTH_MAX || cache.app_of(&live.key()).is_some_and(|a| is_app(&a))
    {
        return;
    }
    out.push(Orphan { live: live.clone(), owner });
    for child in LiveView::children(&**cache, live.uid()) {
        add(child, Some(live.clone()), place, is_app, depth + 1, out);
    }
}

/// The condition that an App shows while its namespace has orphans.
pub(crate) fn warning(project: &Project, orphans: &[Orphan]) -> Option<Condition> {
    let count = orphans.len();
    (count > 0 && project.warns_of_orphans() == Some(true)).then(|| {
        let words = format!("Application has {count} orphaned resources");
        Condition::new(ConditionKind::OrphanedResourceWarning, words)
    })
}
