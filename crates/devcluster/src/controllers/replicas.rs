//! ReplicaSets and ReplicationControllers: as many Pods as are asked for.

use super::events::{normal, warning};
use super::object::{
    deleting, generate_name, generation, get, is_active, is_ready, key, name, namespace, number, pod_from,
    text, uid,
};
use super::work::{World, collection};
use crate::api::{CONTROLLER, Part, set_condition};
use crate::store::Stored;
use fairway_value::Value;
use std::sync::Arc;

/// Most Pods made in one go, as the controller manager's burst.
const BURST: i64 = 500;
/// When Pods that were refused are tried again: about where the controller manager's back-off settles.
const RETRY_MICROS: i64 = 10_000_000;

/// Makes or deletes Pods and counts them.
pub(crate) fn reconcile(world: &World, table: &str, set: &Value) {
    let wanted = number(set, "spec.replicas").unwrap_or(1);
    let pods: Vec<Arc<Stored>> =
        world.owned("pods", uid(set)).into_iter().filter(|p| is_active(&p.value)).collect();
    let have = i64::try_from(pods.len()).unwrap_or(i64::MAX);
    let mut failure = None;
    if have < wanted {
        failure = make(world, table, set, (wanted - have).min(BURST));
        if failure.is_some() {
            world.queue.push_at(world.now() + RETRY_MICROS, table, &key(set));
        }
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
            let message = format!("Deleted pod: {}", name(&pod.value));
            normal(world, set, source(table), "SuccessfulDelete", message);
        }
    }
    count(world, table, set, failure);
}

fn source(table: &str) -> &'static str {
    if table == "replicationcontrollers" { "replication-controller" } else { "replicaset-controller" }
}

fn make(world: &World, table: &str, set: &Value, count: i64) -> Option<String> {
    let template = get(set, "spec.template")?;
    let mut pod = pod_from(set, template, &[]);
    let path = collection("v1", namespace(set), "pods");
    for _ in 0..count {
        let made = generate_name(&mut pod, &format!("{}-", name(set)), &world.api.random);
        match world.api.make(&path, &pod) {
            Ok(()) => normal(world, set, source(table), "SuccessfulCreate", format!("Created pod: {made}")),
            Err((_, why)) => {
                warning(world, set, source(table), "FailedCreate", format!("Error creating: {why}"));
                return Some(why);
            }
        }
    }
    None
}

fn count(world: &World, table: &str, set: &Value, failure: Option<String>) {
    let pods: Vec<Arc<Stored>> =
        world.owned("pods", uid(set)).into_iter().filter(|p| is_active(&p.value)).collect();
    let all = i64::try_from(pods.len()).unwrap_or(i64::MAX);
    let ready = i64::try_from(pods.iter().filter(|p| is_ready(&p.value)).count()).unwrap_or(i64::MAX);
    let going = world.owned("pods", uid(set)).iter().filter(|p| deleting(&p.value)).count();
    let going = i64::try_from(going).unwrap_or(i64::MAX);
    let now = world.now_text();
    world.api.change(table, &key(set), CONTROLLER, Part::Status, |o| {
        o.set_path(&["status", "replicas"], all);
        for (field, value) in
            [("fullyLabeledReplicas", all), ("readyReplicas", ready), ("availableReplicas", ready)]
        {
            put_count(o, field, value);
        }
        o.set_path(&["status", "terminatingReplicas"], going);
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
