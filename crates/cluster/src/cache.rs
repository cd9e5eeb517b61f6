use crate::discovery::ResourceTable;
use fairway_core::{AppId, GroupKind, Gvk, Live, LiveView, Object, ObjectKey, Scope};
use fairway_value::{Dictionary, Packed, Str, Value};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use tokio::sync::mpsc;

/// What objects mean to the one who owns the cache.
pub trait CacheRules: Send + Sync {
    /// Returns the App whose tracking mark an object carries.
    fn owner(&self, object: &Object) -> Option<AppId>;
    /// Whether an object without an owner is kept whole. Data of other Secrets and ConfigMaps is dropped.
    fn keeps_data(&self, object: &Object) -> bool;
    /// Whether a kind is watched.
    fn watches(&self, gvk: &Gvk) -> bool;
}

/// Whether an object came, changed or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It came or changed.
    Upsert,
    /// It went.
    Delete,
}

/// A change in the cluster.
#[derive(Clone, Debug)]
pub struct ClusterEvent {
    /// The object.
    pub key: ObjectKey,
    /// What happened.
    pub kind: EventKind,
    /// The App that the object, or one of its owners, belongs to.
    pub app: Option<AppId>,
    /// The object as it is now, or was last.
    pub object: Arc<Live>,
    /// Whether something other than bookkeeping changed (managedFields and resourceVersion do not count).
    pub material: bool,
}

/// How much the cache holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Objects held.
    pub objects: usize,
    /// Kinds watched.
    pub kinds: usize,
}

/// An object at rest. It is unpacked for whoever asks, and shared as long as somebody holds it.
struct Entry {
    packed: Packed,
    held: Mutex<Weak<Live>>,
    uid: Str,
    owners: Box<[Str]>,
    app: Option<AppId>,
    version: u64,
}

impl Entry {
    fn new(live: &Arc<Live>, app: Option<AppId>, version: u64, words: &Dictionary) -> Self {
        Self {
            packed: words.pack(live.value()),
            held: Mutex::new(Arc::downgrade(live)),
            uid: Str::from(live.uid()),
            owners: owner_uids(live).map(Str::from).collect(),
            app,
            version,
        }
    }

    fn live(&self, words: &Dictionary) -> Arc<Live> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(live) = held.upgrade() {
            return live;
        }
        let live = Arc::new(Live(Object::new(words.unpack(&self.packed))));
        *held = Arc::downgrade(&live);
        live
    }
}

#[derive(Default)]
struct State {
    objects: HashMap<ObjectKey, Entry>,
    by_kind: HashMap<GroupKind, BTreeSet<ObjectKey>>,
    by_uid: HashMap<Str, ObjectKey>,
    children: HashMap<Str, BTreeSet<ObjectKey>>,
    by_app: HashMap<AppId, BTreeSet<ObjectKey>>,
    /// Versions at which objects went, so that a late answer does not bring them back.
    gone: HashMap<ObjectKey, u64>,
    /// What the packed objects share.
    words: Dictionary,
}

/// How many deletions are remembered. Answers arrive seconds late at worst; this is minutes of heavy pruning.
const GONE_MAX: usize = 8192;

/// Longest chain of owners that is followed: Deployment, ReplicaSet, Pod is three.
const OWNER_DEPTH_MAX: usize = 8;

/// What is known of a cluster.
pub struct Cache {
    rules: Arc<dyn CacheRules>,
    state: RwLock<State>,
    table: RwLock<Table>,
    kinds: tokio::sync::watch::Sender<()>,
    events: mpsc::UnboundedSender<ClusterEvent>,
}

struct Table {
    resources: Arc<ResourceTable>,
    api_versions: Arc<[Str]>,
}

impl Cache {
    /// Builds an empty cache. Events are sent to the receiver returned; it must be drained, and its reader coalesces.
    #[must_use]
    pub fn new(rules: Arc<dyn CacheRules>) -> (Self, mpsc::UnboundedReceiver<ClusterEvent>) {
        let (events, receiver) = mpsc::unbounded_channel();
        let table = Table { resources: Arc::default(), api_versions: Arc::from([]) };
        let kinds = tokio::sync::watch::Sender::new(());
        (Self { rules, state: RwLock::default(), table: RwLock::new(table), kinds, events }, receiver)
    }

    /// Returns the rules.
    #[must_use]
    pub fn rules(&self) -> &dyn CacheRules {
        &*self.rules
    }

    /// Takes a new discovery result.
    pub(crate) fn set_table(&self, resources: ResourceTable) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let api_versions = resources.api_versions();
        // The same list stays the same allocation: what was made with it is recognised by that.
        let others = *table.api_versions != *api_versions;
        if others {
            table.api_versions = api_versions.into();
        }
        table.resources = Arc::new(resources);
        drop(table);
        if others {
            self.kinds.send_replace(());
        }
    }

    /// Returns a receiver that wakes when the cluster serves other kinds than before.
    #[must_use]
    pub fn watch_kinds(&self) -> tokio::sync::watch::Receiver<()> {
        self.kinds.subscribe()
    }

    /// Returns what the cluster serves.
    #[must_use]
    pub fn table(&self) -> Arc<ResourceTable> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).resources.clone()
    }

    /// Returns how much is held.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        let state = self.read();
        CacheStats { objects: state.objects.len(), kinds: state.by_kind.len() }
    }

    /// Returns the objects of a kind in key order.
    #[must_use]
    pub fn of_kind(&self, kind: &GroupKind) -> Vec<Arc<Live>> {
        let state = self.read();
        let keys = state.by_kind.get(kind).into_iter().flatten();
        keys.filter_map(|k| state.live(k)).collect()
    }

    /// Returns the objects of a namespace that nothing owns, in no order. This looks at every object.
    #[must_use]
    pub fn top_level_in(&self, namespace: &str) -> Vec<Arc<Live>> {
        let state = self.read();
        let found =
            state.objects.iter().filter(|(key, entry)| key.namespace == namespace && entry.owners.is_empty());
        found.map(|(_, entry)| entry.live(&state.words)).collect()
    }

    /// Returns the App that an object, or one of its owners, belongs to.
    #[must_use]
    pub fn app_of(&self, key: &ObjectKey) -> Option<AppId> {
        let state = self.read();
        state.app_of(state.objects.get(key)?)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in an object as the server has it. Older than what is known is passed over.
    pub(crate) fn upsert(&self, object: Object) {
        let key = object.key();
        let version = object.resource_version().parse().unwrap_or(0);
        let app = self.rules.owner(&object);
        let keep = app.is_some() || self.rules.keeps_data(&object);
        let live = Arc::new(Live(if keep { object } else { trimmed(object) }));
        let mut state = self.write();
        if state.gone.get(&key).is_some_and(|gone| *gone >= version) {
            return;
        }
        let old = state.objects.get(&key);
        if old.is_some_and(|o| o.version >= version && version != 0 && o.uid == live.uid()) {
            return;
        }
        let material = old.is_none_or(|o| differs(&o.live(&state.words), &live));
        state.remove(&key);
        let entry = Entry::new(&live, app, version, &state.words);
        state.insert(key.clone(), entry);
        let app = state.objects.get(&key).and_then(|e| state.app_of(e));
        drop(state);
        // The receiver lives as long as the engine; at shutdown nobody needs the event.
        let _ = self.events.send(ClusterEvent { key, kind: EventKind::Upsert, app, object: live, material });
    }

    /// Takes note that an object is gone, at the version of its deletion.
    pub(crate) fn delete(&self, key: &ObjectKey, version: u64) {
        let mut state = self.write();
        if state.objects.get(key).is_none_or(|e| e.version > version) {
            return;
        }
        let app = state.objects.get(key).and_then(|e| state.app_of(e));
        let Some(entry) = state.remove(key) else { return };
        let object = entry.live(&state.words);
        if state.gone.len() >= GONE_MAX {
            state.gone.clear();
        }
        state.gone.insert(key.clone(), version);
        drop(state);
        let _ = self.events.send(ClusterEvent {
            key: key.clone(),
            kind: EventKind::Delete,
            app,
            object,
            material: true,
        });
    }

    /// Takes a whole list of a kind: what is not in it and not newer than it is gone.
    pub(crate) fn replace_kind(&self, kind: &GroupKind, objects: Vec<Object>, version: u64) {
        let listed: BTreeSet<ObjectKey> = objects.iter().map(Object::key).collect();
        let lost: Vec<ObjectKey> = {
            let state = self.read();
            state.by_kind.get(kind).into_iter().flatten().filter(|k| !listed.contains(*k)).cloned().collect()
        };
        for key in lost {
            self.delete(&key, version);
        }
        for object in objects {
            self.upsert(object);
        }
    }

    /// Forgets a kind that the cluster no longer serves.
    pub(crate) fn forget_kind(&self, kind: &GroupKind) {
        self.replace_kind(kind, Vec::new(), u64::MAX);
        self.write().gone.retain(|key, _| key.group_kind() != *kind);
    }
}

impl State {
    fn live(&self, key: &ObjectKey) -> Option<Arc<Live>> {
        self.objects.get(key).map(|entry| entry.live(&self.words))
    }

    fn insert(&mut self, key: ObjectKey, entry: Entry) {
        for owner in &entry.owners {
            self.children.entry(owner.clone()).or_default().insert(key.clone());
        }
        if !entry.uid.is_empty() {
            self.by_uid.insert(entry.uid.clone(), key.clone());
        }
        if let Some(app) = &entry.app {
            self.by_app.entry(app.clone()).or_default().insert(key.clone());
        }
        self.by_kind.entry(key.group_kind()).or_default().insert(key.clone());
        self.objects.insert(key, entry);
    }

    fn remove(&mut self, key: &ObjectKey) -> Option<Entry> {
        let entry = self.objects.remove(key)?;
        for owner in &entry.owners {
            if let Some(set) = self.children.get_mut(owner) {
                set.remove(key);
                if set.is_empty() {
                    self.children.remove(owner);
                }
            }
        }
        self.by_uid.remove(&entry.uid);
        if let Some(set) = entry.app.as_ref().and_then(|app| self.by_app.get_mut(app)) {
            set.remove(key);
        }
        if let Some(set) = self.by_kind.get_mut(&key.group_kind()) {
            set.remove(key);
        }
        Some(entry)
    }

    fn app_of(&self, entry: &Entry) -> Option<AppId> {
        let mut at = entry;
        for _ in 0..OWNER_DEPTH_MAX {
            if at.app.is_some() {
                return at.app.clone();
            }
            let owner = at.owners.iter().find_map(|uid| self.by_uid.get(uid))?;
            at = self.objects.get(owner)?;
        }
        None
    }
}

fn owner_uids(object: &Object) -> impl Iterator<Item = &str> {
    let owners = object.value().get_path(&["metadata", "ownerReferences"]).and_then(Value::as_array);
    owners.unwrap_or_default().iter().filter_map(|o| o.get("uid")?.as_str())
}

/// Drops what neither the tree nor health needs.
fn trimmed(mut object: Object) -> Object {
    let value = object.value_mut();
    value.remove_path(&["metadata", "managedFields"]);
    if let Some(map) = value.as_object_mut() {
        map.remove("data");
        map.remove("binaryData");
        map.remove("stringData");
    }
    value.remove_path(&["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"]);
    object
}

/// Whether two states of an object differ in more than bookkeeping.
fn differs(a: &Object, b: &Object) -> bool {
    let strip = |o: &Object| {
        let mut value = o.value().clone();
        value.remove_path(&["metadata", "managedFields"]);
        value.remove_path(&["metadata", "resourceVersion"]);
        value
    };
    strip(a) != strip(b)
}

impl LiveView for Cache {
    fn get(&self, key: &ObjectKey) -> Option<Arc<Live>> {
        self.read().live(key)
    }

    fn tracked_by(&self, app: &AppId) -> Vec<Arc<Live>> {
        let state = self.read();
        let keys = state.by_app.get(app).into_iter().flatten();
        keys.filter_map(|k| state.live(k)).collect()
    }

    fn children(&self, owner_uid: &str) -> Vec<Arc<Live>> {
        let state = self.read();
        let keys = state.children.get(owner_uid).into_iter().flatten();
        keys.filter_map(|k| state.live(k)).collect()
    }

    fn scope(&self, kind: &GroupKind) -> Option<Scope> {
        self.table().scope(kind)
    }

    fn serves(&self, gvk: &Gvk) -> bool {
        self.table().by_gvk(gvk).is_some()
    }

    fn kube_version(&self) -> Str {
        self.table().kube_version.clone()
    }

    fn api_versions(&self) -> Arc<[Str]> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).api_versions.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    struct ByLabel;

    impl CacheRules for ByLabel {
        fn owner(&self, object: &Object) -> Option<AppId> {
            object.label("app").map(|name| AppId::new("argocd", name))
        }
        fn keeps_data(&self, _: &Object) -> bool {
            false
        }
        fn watches(&self, _: &Gvk) -> bool {
            true
        }
    }

    fn rules() -> Arc<dyn CacheRules> {
        Arc::new(ByLabel)
    }

    fn object(kind: &str, name: &str, version: u64, more: &str) -> Object {
        let text = format!(
            r#"{{"apiVersion":"v1","kind":"{kind}","metadata":{{"name":"{name}","uid":"u-{name}","resourceVersion":"{version}"{more}}},"data":{{"k":"v"}}}}"#
        );
        Object::new(from_json(text.as_bytes()).unwrap())
    }

    #[test]
    fn a_child_belongs_to_the_app_of_its_root() {
        let (cache, mut events) = Cache::new(rules());
        cache.upsert(object("Root", "r", 1, r#","labels":{"app":"a"}"#));
        cache.upsert(object("Mid", "m", 2, r#","ownerReferences":[{"uid":"u-r"}]"#));
        cache.upsert(object("Leaf", "l", 3, r#","ownerReferences":[{"uid":"u-m"}]"#));
        let mut seen = Vec::new();
        while let Ok(event) = events.try_recv() {
            seen.push(event.app.map(|a| a.name.to_string()));
        }
        assert_eq!(seen, [Some("a".to_owned()), Some("a".to_owned()), Some("a".to_owned())]);
        assert_eq!(cache.children("u-m").len(), 1);
        assert_eq!(cache.tracked_by(&AppId::new("argocd", "a")).len(), 1);
    }

    #[test]
    fn an_older_state_and_a_late_answer_are_passed_over() {
        let (cache, _events) = Cache::new(rules());
        let key = ObjectKey::new("", "Root", "", "r");
        cache.upsert(object("Root", "r", 5, ""));
        cache.upsert(object("Root", "r", 4, ""));
        assert_eq!(cache.get(&key).unwrap().resource_version(), "5");
        cache.delete(&key, 6);
        cache.upsert(object("Root", "r", 5, ""));
        assert!(cache.get(&key).is_none());
        cache.upsert(object("Root", "r", 7, ""));
        assert!(cache.get(&key).is_some());
    }

    #[test]
    fn data_of_objects_that_nobody_owns_is_not_kept() {
        let (cache, _events) = Cache::new(rules());
        cache.upsert(object("Secret", "foreign", 1, ""));
        cache.upsert(object("Secret", "ours", 1, r#","labels":{"app":"a"}"#));
        let has_data = |name: &str| {
            cache.get(&ObjectKey::new("", "Secret", "", name)).unwrap().value().get("data").is_some()
        };
        assert!(!has_data("foreign"));
        assert!(has_data("ours"));
    }

    #[test]
    fn a_list_takes_away_what_it_does_not_hold() {
        let (cache, _events) = Cache::new(rules());
        cache.upsert(object("Root", "a", 1, ""));
        cache.upsert(object("Root", "late", 9, ""));
        cache.replace_kind(&GroupKind::new("", "Root"), vec![object("Root", "b", 2, "")], 5);
        let names: Vec<_> =
            cache.of_kind(&GroupKind::new("", "Root")).iter().map(|o| o.name().to_owned()).collect();
        assert_eq!(names, ["b", "late"]);
    }
}
