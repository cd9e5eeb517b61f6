//! DaemonSets: one Pod on the one node.

use super::events::{normal, warning};
use super::object::{
    deleting, generate_name, generation, get, is_ready, key, name, namespace, pod_from, template_hash, text,
    uid,
};
use super::replicas::put_count;
use super::revisions;
use super::work::{World, collection};
use crate::api::{CONTROLLER, Part};
use crate::seed::NODE;
use fairway_value::{Map, Value};

const SOURCE: &str = "daemonset-controller";
const REVISION: &str = "controller-revision-hash";

/// Makes the node's Pod, or replaces one of an old template.
pub(crate) fn reconcile(world: &World, set: &Value) {
    let Some(template) = get(set, "spec.template") else { return };
    let hash = template_hash(template);
    revisions::current(world, set, REVISION);
    let fits = fits(world, template);
    let pods = world.owned("pods", uid(set));
    let of_now = |p: &Value| label(p) == Some(&hash);
    let rolling = text(set, "spec.updateStrategy.type") != "OnDelete";
    let mut present = false;
    for pod in pods.iter().filter(|p| !deleting(&p.value)) {
        let over = matches!(text(&pod.value, "status.phase"), "Failed" | "Succeeded");
        if !fits || over || present || (rolling && !of_now(&pod.value)) {
            world.api.dispose("pods", namespace(set), name(&pod.value), "Background");
            let message = format!("Deleted pod: {}", name(&pod.value));
            normal(world, set, SOURCE, "SuccessfulDelete", message);
        } else {
            present = true;
        }
    }
    if fits && !present && world.owned("pods", uid(set)).is_empty() {
        make(world, set, template, &hash);
    }
    tell(world, set, &hash, fits);
    let pods = world.owned("pods", uid(set));
    revisions::clean_up(world, set, |r| {
        let own = label(r);
        own == Some(&hash) || pods.iter().any(|p| label(&p.value) == own)
    });
}

fn label(object: &Value) -> Option<&str> {
    get(object, "metadata.labels").and_then(|l| l.get(REVISION)).and_then(Value::as_str)
}

/// Whether the node has the labels that the Pods ask for.
fn fits(world: &World, template: &Value) -> bool {
    let node = world.api.store.get("nodes", NODE);
    let labels = node.as_ref().and_then(|n| get(&n.value, "metadata.labels"));
    let wanted = get(template, "spec.nodeSelector").and_then(Value::as_object);
    wanted.into_iter().flat_map(Map::iter).all(|(k, v)| labels.and_then(|l| l.get(k)) == Some(v))
}

fn make(world: &World, set: &Value, template: &Value, hash: &str) {
    let mut pod = pod_from(set, template, &[(REVISION, hash)]);
    let made = generate_name(&mut pod, &format!("{}-", name(set)), &world.api.random);
    pod.set_path(&["spec", "nodeName"], NODE);
    match world.api.make(&collection("v1", namespace(set), "pods"), &pod) {
        Ok(()) => normal(world, set, SOURCE, "SuccessfulCreate", format!("Created pod: {made}")),
        Err((_, why)) => warning(world, set, SOURCE, "FailedCreate", format!("Error creating: {why}")),
    }
}

fn tell(world: &World, set: &Value, hash: &str, fits: bool) {
    let pods = world.owned("pods", uid(set));
    let live = pods.iter().filter(|p| !deleting(&p.value));
    let here = i64::from(live.clone().next().is_some());
    let ready = i64::from(live.clone().any(|p| is_ready(&p.value)));
    let updated = i64::from(live.clone().any(|p| label(&p.value) == Some(hash)));
    let wanted = i64::from(fits);
    world.api.change("daemonsets.apps", &key(set), CONTROLLER, Part::Status, |o| {
        o.set_path(&["status", "desiredNumberScheduled"], wanted);
        o.set_path(&["status", "currentNumberScheduled"], here);
        o.set_path(&["status", "numberMisscheduled"], 0_i64);
        o.set_path(&["status", "numberReady"], ready);
        put_count(o, "updatedNumberScheduled", updated);
        put_count(o, "numberAvailable", ready);
        put_count(o, "numberUnavailable", (wanted - ready).max(0));
        o.set_path(&["status", "observedGeneration"], generation(set));
    });
}
