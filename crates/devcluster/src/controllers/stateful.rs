//! StatefulSets: Pods with numbers, their claims, and an orderly rollout.

use super::events::{normal, warning};
use super::object::{
    deleting, generation, get, is_ready, key, list, name, namespace, number, pod_from, reference, text, uid,
};
use super::replicas::put_count;
use super::revisions;
use super::work::{World, collection};
use crate::api::{CONTROLLER, Part};
use crate::store::Stored;
use fairway_value::Value;
use std::sync::Arc;

const SOURCE: &str = "statefulset-controller";
const REVISION: &str = "controller-revision-hash";

fn ordinal(set: &Value, pod: &Value) -> Option<i64> {
    name(pod).strip_prefix(name(set))?.strip_prefix('-')?.parse().ok()
}

fn revision(pod: &Value) -> &str {
    get(pod, "metadata.labels").and_then(|l| l.get(REVISION)).and_then(Value::as_str).unwrap_or_default()
}

fn pods(world: &World, set: &Value) -> Vec<Arc<Stored>> {
    let mut pods = world.owned("pods", uid(set));
    pods.sort_by_key(|p| ordinal(set, &p.value));
    pods
}

/// Makes the next Pod, deletes the last, or replaces an old one: one step at a time where order matters.
pub(crate) fn reconcile(world: &World, set: &Value) {
    let Some(template) = get(set, "spec.template") else { return };
    let update = revisions::current(world, set, "controller.kubernetes.io/hash");
    let wanted = number(set, "spec.replicas").unwrap_or(1);
    let start = number(set, "spec.ordinals.start").unwrap_or_default();
    let parallel = text(set, "spec.podManagementPolicy") == "Parallel";
    let current = text(set, "status.currentRevision").to_owned();
    let partition = number(set, "spec.updateStrategy.rollingUpdate.partition").unwrap_or_default();
    for n in start..start + wanted {
        let pods = pods(world, set);
        match pods.iter().find(|p| ordinal(set, &p.value) == Some(n)) {
            None => {
                // Below the partition a Pod keeps to the old template.
                let old = (n < start + partition && current != update && !current.is_empty())
                    .then(|| revisions::template(world, set, &current))
                    .flatten();
                match old {
                    Some(old) => make(world, set, &old, n, &current),
                    None => make(world, set, template, n, &update),
                }
            }
            Some(pod) if matches!(text(&pod.value, "status.phase"), "Failed" | "Succeeded") => {
                dispose(world, set, &pod.value);
            }
            Some(_) => {}
        }
        let ready = world
            .owned("pods", uid(set))
            .iter()
            .any(|p| ordinal(set, &p.value) == Some(n) && is_ready(&p.value) && !deleting(&p.value));
        if !ready && !parallel {
            break;
        }
    }
    shrink(world, set, start + wanted);
    if text(set, "spec.updateStrategy.type") != "OnDelete" {
        roll(world, set, &update, start + partition);
    }
    tell(world, set, &update, &current);
    let pods = pods(world, set);
    revisions::clean_up(world, set, |r| {
        let own = name(r);
        own == update || own == current || pods.iter().any(|p| revision(&p.value) == own)
    });
}

fn make(world: &World, set: &Value, template: &Value, n: i64, update: &str) {
    let pod_name = format!("{}-{n}", name(set));
    let mut pod = pod_from(
        set,
        template,
        &[
            (REVISION, update),
            ("statefulset.kubernetes.io/pod-name", &pod_name),
            ("apps.kubernetes.io/pod-index", &n.to_string()),
        ],
    );
    pod.set_path(&["metadata", "name"], pod_name.as_str());
    pod.set_path(&["spec", "hostname"], pod_name.as_str());
    if !text(set, "spec.serviceName").is_empty() {
        pod.set_path(&["spec", "subdomain"], text(set, "spec.serviceName"));
    }
    let mut volumes = list(template, "spec.volumes").to_vec();
    for claim in list(set, "spec.volumeClaimTemplates") {
        let claim_name = format!("{}-{pod_name}", name(claim));
        if world.api.find("persistentvolumeclaims", namespace(set), &claim_name).is_none() {
            make_claim(world, set, claim, &claim_name);
        }
        volumes.retain(|v| text(v, "name") != name(claim));
        let mut volume = Value::object();
        volume.set_path(&["name"], name(claim));
        volume.set_path(&["persistentVolumeClaim", "claimName"], claim_name);
        volumes.push(volume);
    }
    if !volumes.is_empty() {
        pod.set_path(&["spec", "volumes"], volumes);
    }
    match world.api.make(&collection("v1", namespace(set), "pods"), &pod) {
        Ok(()) => {
            let message = format!("Create Pod {pod_name} in StatefulSet {} successful", name(set));
            normal(world, set, SOURCE, "SuccessfulCreate", message);
        }
        Err((409, _)) => {}
        Err((_, why)) => {
            let message = format!("Create Pod {pod_name} in StatefulSet {} failed error: {why}", name(set));
            warning(world, set, SOURCE, "FailedCreate", message);
        }
    }
}

fn dispose(world: &World, set: &Value, pod: &Value) {
    world.api.dispose("pods", namespace(set), name(pod), "Background");
    let message = format!("Delete Pod {} in StatefulSet {} successful", name(pod), name(set));
    normal(world, set, SOURCE, "SuccessfulDelete", message);
}

fn make_claim(world: &World, set: &Value, template: &Value, claim_name: &str) {
    let mut claim = template.clone();
    claim.set_path(&["apiVersion"], "v1");
    claim.set_path(&["kind"], "PersistentVolumeClaim");
    claim.set_path(&["metadata", "name"], claim_name);
    claim.remove_path(&["status"]);
    if let Some(labels) = get(set, "spec.selector.matchLabels").and_then(Value::as_object) {
        for (label, value) in labels.iter() {
            claim.set_path(&["metadata", "labels", label], value.clone());
        }
    }
    if text(set, "spec.persistentVolumeClaimRetentionPolicy.whenDeleted") == "Delete" {
        claim.set_path(&["metadata", "ownerReferences"], vec![reference(set)]);
    }
    let pod_name = claim_name.strip_prefix(&format!("{}-", name(template))).unwrap_or_default();
    let told = format!("Create Claim {claim_name} Pod {pod_name} in StatefulSet {}", name(set));
    // A claim that is refused leaves its Pod without a volume to wait for; nothing here waits.
    match world.api.make(&collection("v1", namespace(set), "persistentvolumeclaims"), &claim) {
        Ok(()) => normal(world, set, SOURCE, "SuccessfulCreate", format!("{told} success")),
        Err((_, why)) => warning(world, set, SOURCE, "FailedCreate", format!("{told} failed error: {why}")),
    }
}

/// Deletes Pods beyond the number asked for, the highest first.
fn shrink(world: &World, set: &Value, end: i64) {
    for pod in pods(world, set).iter().rev().filter(|p| !deleting(&p.value)) {
        if ordinal(set, &pod.value).is_some_and(|n| n >= end) {
            dispose(world, set, &pod.value);
        }
    }
}

/// Replaces the highest Pod of an old revision, once those above it are ready.
fn roll(world: &World, set: &Value, update: &str, from: i64) {
    for pod in pods(world, set).iter().rev() {
        if ordinal(set, &pod.value).is_none_or(|n| n < from) {
            return;
        }
        if deleting(&pod.value) {
            return;
        }
        if revision(&pod.value) != update {
            dispose(world, set, &pod.value);
            return;
        }
        if !is_ready(&pod.value) {
            return;
        }
    }
}

fn tell(world: &World, set: &Value, update: &str, current: &str) {
    let pods: Vec<Arc<Stored>> = pods(world, set).into_iter().filter(|p| !deleting(&p.value)).collect();
    let count = |f: &dyn Fn(&Value) -> bool| -> i64 {
        i64::try_from(pods.iter().filter(|p| f(&p.value)).count()).unwrap_or(i64::MAX)
    };
    let all = count(&|_| true);
    let ready = count(&is_ready);
    let updated = count(&|p| revision(p) == update);
    let wanted = number(set, "spec.replicas").unwrap_or(1);
    let done = updated == wanted && ready == wanted && all == wanted;
    let current = if current.is_empty() || done { update } else { current };
    let on_current = count(&|p| revision(p) == current);
    world.api.change("statefulsets.apps", &key(set), CONTROLLER, Part::Status, |o| {
        o.set_path(&["status", "replicas"], all);
        o.set_path(&["status", "availableReplicas"], ready);
        put_count(o, "readyReplicas", ready);
        put_count(o, "updatedReplicas", updated);
        put_count(o, "currentReplicas", on_current);
        o.set_path(&["status", "currentRevision"], current);
        o.set_path(&["status", "updateRevision"], update);
        o.set_path(&["status", "collisionCount"], 0_i64);
        o.set_path(&["status", "observedGeneration"], generation(set));
    });
}
