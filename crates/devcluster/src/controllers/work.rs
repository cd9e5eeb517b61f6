use super::index::Index;
use super::object::{controller, deleting, list, namespace, text};
use super::queue::Queue;
use super::{
    batch, cron, daemon, deployment, endpoints, events, garbage, namespace as spaces, pod, policy, replicas,
    schedule, stateful, storage,
};
use crate::api::{Api, key_of};
use crate::store::{Event, EventKind, Sink, Stored, object_key};
use fairway_value::{Str, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// Items worked on before other tasks get their turn.
const BATCH: usize = 32;

/// What every controller works with.
pub(crate) struct World {
    pub(crate) api: Arc<Api>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) index: Arc<Index>,
    pub(crate) events: events::Recent,
    pods: AtomicU32,
}

impl World {
    /// Returns the time in microseconds.
    pub(crate) fn now(&self) -> i64 {
        self.api.clock.now_micros()
    }

    /// Returns the time as the API writes it.
    pub(crate) fn now_text(&self) -> String {
        crate::api::format_secs(self.now())
    }

    /// Returns the next address of a Pod.
    pub(crate) fn pod_ip(&self) -> String {
        let n = self.pods.fetch_add(1, Ordering::Relaxed) + 2;
        format!("10.244.{}.{}", n / 256 % 256, n % 256)
    }

    /// Returns what an owner controls in a table, by key.
    pub(crate) fn owned(&self, table: &str, owner_uid: &str) -> Vec<Arc<Stored>> {
        self.index
            .owned_by(owner_uid)
            .into_iter()
            .filter(|(t, _)| t == table)
            .filter_map(|(t, key)| self.api.store.get(&t, &key))
            .filter(|o| super::object::controlled_by(&o.value, owner_uid))
            .collect()
    }
}

/// All controllers over one API server.
pub(crate) struct Controllers {
    world: World,
}

impl Controllers {
    pub(crate) fn new(api: &Arc<Api>) -> Self {
        let world = World {
            api: api.clone(),
            queue: Arc::default(),
            index: Arc::default(),
            events: events::Recent::default(),
            pods: AtomicU32::new(0),
        };
        Self { world }
    }

    /// Returns what tells the controllers of every event.
    pub(crate) fn sink(&self) -> Sink {
        let (queue, index) = (self.world.queue.clone(), self.world.index.clone());
        Box::new(move |event: &Arc<Event>| {
            index.note(event);
            hear(&queue, event);
        })
    }

    /// Looks at everything once, as after a restart.
    pub(crate) fn enqueue_all(&self) {
        for table in self.world.api.store.tables() {
            for object in self.world.api.store.list(&table, "").1 {
                let key = key_of(&object.value);
                self.world.index.note_existing(&table, &key, &object.value);
                self.world.queue.push(&table, &key, Some(object));
            }
        }
    }

    /// Works until nothing is left to do now. Returns when the next item is due, in microseconds.
    pub(crate) fn settle(&self) -> Option<i64> {
        loop {
            let next = self.world.queue.release(self.world.now());
            if !self.step() {
                return next;
            }
        }
    }

    fn step(&self) -> bool {
        let Some(((table, key), last)) = self.world.queue.pop() else { return false };
        reconcile(&self.world, &table, &key, last);
        true
    }

    /// Works until the server ends.
    pub(crate) async fn run(self, mut ending: watch::Receiver<bool>) {
        loop {
            let next = self.world.queue.release(self.world.now());
            let busy = (0..BATCH).all(|_| self.step());
            if busy {
                if *ending.borrow() {
                    return;
                }
                tokio::task::yield_now().await;
                continue;
            }
            let wait = next.map_or(Duration::from_secs(3600), |due| {
                Duration::from_micros(u64::try_from(due - self.world.now()).unwrap_or_default())
            });
            tokio::select! {
                () = self.world.queue.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
                _ = ending.wait_for(|end| *end) => return,
            }
        }
    }
}

/// Queues what an event may concern: the object, its controlling owner, its namespace if that is waiting for it to go.
fn hear(queue: &Queue, event: &Arc<Event>) {
    // Nobody owns Events; they are looked at for their end alone.
    if event.table == "events" {
        match event.kind {
            EventKind::Added => queue.push("events", &event.key, None),
            EventKind::Modified => {}
            EventKind::Deleted => queue.push("namespaces", namespace(&event.object.value), None),
        }
        return;
    }
    queue.push(&event.table, &event.key, Some(event.object.clone()));
    let object = &event.object.value;
    for state in [Some(&event.object), event.prev.as_ref()].into_iter().flatten() {
        if let Some(owner) = controller(&state.value)
            && let Some(table) = owner_table(owner)
        {
            queue.push(table, &object_key(namespace(object), text(owner, "name")), None);
        }
    }
    // An owner whose finalizer waits for this object is looked at when it goes.
    if event.kind == EventKind::Deleted {
        // By its uid: another object may have taken its name before anybody looks.
        queue.push("#gone", super::object::uid(object), None);
        for owner in list(object, "metadata.ownerReferences") {
            let parts =
                [text(owner, "apiVersion"), text(owner, "kind"), namespace(object), text(owner, "name")];
            queue.push("#owner", &parts.join("|"), None);
        }
        if !namespace(object).is_empty() {
            queue.push("namespaces", namespace(object), None);
        }
    }
}

/// Returns the table of an owner of a built-in kind that some controller here looks after.
fn owner_table(owner: &Value) -> Option<&'static str> {
    match (text(owner, "apiVersion"), text(owner, "kind")) {
        ("apps/v1", "ReplicaSet") => Some("replicasets.apps"),
        ("apps/v1", "Deployment") => Some("deployments.apps"),
        ("apps/v1", "StatefulSet") => Some("statefulsets.apps"),
        ("apps/v1", "DaemonSet") => Some("daemonsets.apps"),
        ("batch/v1", "Job") => Some("jobs.batch"),
        ("batch/v1", "CronJob") => Some("cronjobs.batch"),
        ("v1", "ReplicationController") => Some("replicationcontrollers"),
        _ => None,
    }
}

fn reconcile(world: &World, table: &str, key: &str, last: Option<Arc<Stored>>) {
    match table {
        "#owner" => return garbage::owner_may_go(world, key),
        "#gone" => return garbage::owner_gone(world, key),
        _ => {}
    }
    let live = world.api.store.get(table, key);
    if table == "events" {
        if let Some(live) = live {
            events::expire(world, key, &live.value);
        }
        return;
    }
    if let Some(live) = &live {
        garbage::collect(world, table, key, &live.value);
    }
    let Some(object) = world.api.store.get(table, key).or(last) else { return };
    let gone = world.api.store.get(table, key).is_none();
    policy::counted(world, table, namespace(&object.value));
    // Pods matter to others even when they are gone.
    match table {
        "pods" => {
            if !gone {
                pod::reconcile(world, &object.value);
            }
            endpoints::pod_changed(world, &object.value, gone);
            policy::pod_changed(world, &object.value);
            return;
        }
        "persistentvolumeclaims" if gone => return storage::claim_gone(world, &object.value),
        "serviceaccounts" if gone => {
            return world.queue.push("namespaces", namespace(&object.value), None);
        }
        _ if gone => return,
        _ => {}
    }
    let object = &object.value;
    if deleting(object) && !matches!(table, "namespaces" | "persistentvolumeclaims" | "persistentvolumes") {
        return;
    }
    match table {
        "namespaces" => spaces::reconcile(world, object),
        "replicasets.apps" | "replicationcontrollers" => replicas::reconcile(world, table, object),
        "deployments.apps" => deployment::reconcile(world, object),
        "statefulsets.apps" => stateful::reconcile(world, object),
        "daemonsets.apps" => daemon::reconcile(world, object),
        "jobs.batch" => batch::reconcile(world, object),
        "cronjobs.batch" => cron::reconcile(world, object),
        "nodes" => schedule::node_changed(world),
        "services" => endpoints::reconcile(world, object),
        "ingresses.networking.k8s.io" => endpoints::ingress(world, object),
        "persistentvolumeclaims" => storage::claim(world, object),
        "persistentvolumes" => storage::volume(world, object),
        "poddisruptionbudgets.policy" => policy::budget(world, object),
        "horizontalpodautoscalers.autoscaling" => policy::autoscaler(world, object),
        "resourcequotas" => policy::quota(world, object),
        _ => {}
    }
}

/// Puts a table's name and an object's key together for a request.
pub(crate) fn collection(group_version: &str, namespace: &str, plural: &str) -> Str {
    let root = if group_version.contains('/') { "/apis" } else { "/api" };
    format!("{root}/{group_version}/namespaces/{namespace}/{plural}").into()
}
