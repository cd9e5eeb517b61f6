//! ReplicaSets and ReplicationControllers: as many Pods as are asked for.

use super::object::{
    generation, get, is_active, is_ready, key, name, namespace, number, pod_from, text, uid,
};
use super::work::{World, collection};
use crate::api::{CONTROLLER, Part, set_condition};
use crate::store::Stored;
use fairway_value::Value;
use std::sync::Arc;

/// Most Pods made in one go, as the controller manager's burst.
const BURST: i64 = 500;

/// Makes or deletes Pods and counts them.
pub(crate) fn reconcile(world: &World, table: &str, set: &Value) {
    let wanted = number(set, "spec.replicas").unwrap_or(1);
    let pods: Vec<Arc<Stored>> =
        world.owned("pods", uid(set)).into_iter().filter(|p| is_active(&p.value)).collect();
    let have = i64::try_from(pods.len()).unwrap_or(i64::MAX);
    let mut failure = None;
    if have < wanted {
        failure = make(world, set, (wanted - have).min(BURST));
    } else if have > wanted {
        // Those that are not ready go first, then the youngest.
        let mut ranked: Vec<&Arc<Stored>> = pods.iter().collect();
        ranked.sort_by_key(|p| {
            (is_ready(&p.value), text(&p.value, "metadata.creationTimestamp").to_owned(), p.rv)
        });
        let young_last = ranked
            .iter()
            .filter(|p| !is_ready(&p.value))
            .chain(ranked.iter().rev().filter(|p| is_ready(&p.value)));
        let count = usize::try_from(have - wanted).unwrap_or_default();
        for pod in young_last.take(count) {
            world.api.dispose("pods", namespace(&pod.value), name(&pod.value), "Background");
        }
    }
    count(world, table, set, failure);
}

fn make(world: &World, set: &Value, count: i64) -> Option<String> {
    let template = get(set, "spec.template")?;
    let mut pod = pod_from(set, template, &[]);
    pod.set_path(&["metadata", "generateName"], format!("{}-", name(set)));
    let path = collection("v1", namespace(set), "pods");
    for _ in 0..count {
        if let Err((_, why)) = world.api.make(&path, &pod) {
            return Some(why);
        }
    }
    None
}

fn count(world: &World, table: &str, set: &Value, failure: Option<String>) {
    let pods: Vec<Arc<Stored>> =
        world.owned("pods", uid(set)).into_iter().filter(|p| is_active(&p.value)).collect();
    let all = i64::try_from(pods.len()).unwrap_or(i64::MAX);
    let ready = i64::try_from(pods.iter().filter(|p| is_ready(&p.value)).count()).unwrap_or(i64::MAX);
    let now = world.now_text();
    world.api.change(table, &key(set), CONTROLLER, Part::Status, |o| {
        o.set_path(&["status", "replicas"], all);
        for (field, value) in
            [("fullyLabeledReplicas", all), ("readyReplicas", ready), ("availableReplicas", ready)]
        {
            put_count(o, field, value);
        }
        o.set_path(&["status", "observedGeneration"], generation(o));
        match &failure {
            Some(why) => set_condition(o, "ReplicaFailure", "True", "FailedCreate", why, &now),
            None => {
                o.remove_path(&["status", "conditions"]);
            }
        }
    });
}

/// Writes a count; zero is left out, as the server's types leave it out.
pub(crate) fn put_count(object: &mut Value, field: &str, value: i64) {
    if value == 0 {
        object.remove_path(&["status", field]);
    } else {
        object.set_path(&["status", field], value);
    }
}
