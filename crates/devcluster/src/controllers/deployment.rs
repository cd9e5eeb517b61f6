//! Deployments: one ReplicaSet for each template, rolled from the old to the new.

use super::events::{normal, warning};
use super::object::{
    deleting, flag, generation, get, key, list, name, namespace, number, reference, share, template_hash,
    text, uid,
};
use super::replicas::put_count;
use super::work::{World, collection};
use crate::api::{CONTROLLER, Part, set_condition};
use crate::store::Stored;
use fairway_value::Value;
use std::sync::Arc;

const REVISION: &str = "deployment.kubernetes.io/revision";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MOST: &str = "deployment.kubernetes.io/max-replicas";
const HASH: &str = "pod-template-hash";
const SETS: &str = "replicasets.apps";

/// Brings a Deployment's ReplicaSets closer to what it asks for.
pub(crate) fn reconcile(world: &World, deployment: &Value) {
    let Some(template) = get(deployment, "spec.template") else { return };
    let hash = template_hash(template);
    let sets = sets(world, deployment);
    let current = sets.iter().find(|s| text_label(&s.value) == hash);
    let paused = flag(deployment, "spec.paused");
    let mut failure = None;
    if current.is_none() && !paused {
        failure = make(world, deployment, template, &hash, &sets);
    }
    let sets = self::sets(world, deployment);
    let revision =
        sets.iter().find(|s| text_label(&s.value) == hash).map(|s| revise(world, deployment, s, &sets));
    if let Some(revision) = revision {
        // Through the status, so that the generation stays.
        world.api.change("deployments.apps", &key(deployment), CONTROLLER, Part::Status, |o| {
            o.set_path(&["metadata", "annotations", REVISION], revision.to_string());
        });
    }
    scale(world, deployment, &hash, &self::sets(world, deployment), paused);
    clean_up(world, deployment, &hash);
    tell(world, deployment, &hash, failure);
}

fn text_label(set: &Value) -> String {
    get(set, "metadata.labels")
        .and_then(|l| l.get(HASH))
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn sets(world: &World, deployment: &Value) -> Vec<Arc<Stored>> {
    world.owned(SETS, uid(deployment)).into_iter().filter(|s| !deleting(&s.value)).collect()
}

fn revision_of(object: &Value) -> i64 {
    let text = get(object, "metadata.annotations").and_then(|a| a.get(REVISION)).and_then(Value::as_str);
    text.and_then(|t| t.parse().ok()).unwrap_or_default()
}

fn replicas(set: &Value) -> i64 {
    number(set, "spec.replicas").unwrap_or_default()
}

fn available(set: &Value) -> i64 {
    number(set, "status.availableReplicas").unwrap_or_default()
}

fn make(
    world: &World,
    deployment: &Value,
    template: &Value,
    hash: &str,
    old: &[Arc<Stored>],
) -> Option<String> {
    let mut set = Value::object();
    set.set_path(&["apiVersion"], "apps/v1");
    set.set_path(&["kind"], "ReplicaSet");
    set.set_path(&["metadata", "name"], format!("{}-{hash}", name(deployment)));
    set.set_path(&["metadata", "ownerReferences"], vec![reference(deployment)]);
    if let Some(labels) = get(template, "metadata.labels") {
        set.set_path(&["metadata", "labels"], labels.clone());
    }
    set.set_path(&["metadata", "labels", HASH], hash);
    let newest = old.iter().map(|s| revision_of(&s.value)).max().unwrap_or_default();
    if let Some(annotations) = get(deployment, "metadata.annotations").and_then(Value::as_object) {
        for (key, value) in
            annotations.iter().filter(|(k, _)| *k != "kubectl.kubernetes.io/last-applied-configuration")
        {
            set.set_path(&["metadata", "annotations", key], value.clone());
        }
    }
    set.set_path(&["metadata", "annotations", REVISION], (newest + 1).to_string());
    let mut template = template.clone();
    template.set_path(&["metadata", "labels", HASH], hash);
    set.set_path(&["spec", "template"], template);
    let mut selector = get(deployment, "spec.selector").cloned().unwrap_or_default();
    selector.set_path(&["matchLabels", HASH], hash);
    set.set_path(&["spec", "selector"], selector);
    if let Some(secs) = get(deployment, "spec.minReadySeconds") {
        set.set_path(&["spec", "minReadySeconds"], secs.clone());
    }
    let desired = number(deployment, "spec.replicas").unwrap_or(1);
    let surge = surge(deployment, desired);
    let there: i64 = old.iter().map(|s| replicas(&s.value)).sum();
    let pods: i64 = old.iter().map(|s| number(&s.value, "status.replicas").unwrap_or_default()).sum();
    let count = if text(deployment, "spec.strategy.type") == "Recreate" {
        if there == 0 && pods == 0 { desired } else { 0 }
    } else {
        (desired + surge - there).clamp(0, desired)
    };
    set.set_path(&["metadata", "annotations", DESIRED], desired.to_string());
    set.set_path(&["metadata", "annotations", MOST], (desired + surge).to_string());
    set.set_path(&["spec", "replicas"], count);
    let set_name = name(&set).to_owned();
    match world.api.make(&collection("apps/v1", namespace(deployment), "replicasets"), &set) {
        Ok(()) => {
            scaled(world, deployment, &set_name, 0, count);
            None
        }
        Err((_, why)) => {
            let message = format!("Failed to create new replica set {set_name:?}: {why}");
            warning(world, deployment, "deployment-controller", "ReplicaSetCreateError", message);
            Some(why)
        }
    }
}

/// How many Pods more than asked for there may be.
fn surge(deployment: &Value, desired: i64) -> i64 {
    if text(deployment, "spec.strategy.type") == "Recreate" {
        return 0;
    }
    share(get(deployment, "spec.strategy.rollingUpdate.maxSurge"), desired, true, 1)
}

/// Makes the current ReplicaSet's revision the newest; returns it.
fn revise(world: &World, _deployment: &Value, current: &Arc<Stored>, sets: &[Arc<Stored>]) -> i64 {
    let others = sets.iter().filter(|s| uid(&s.value) != uid(&current.value));
    let newest = others.map(|s| revision_of(&s.value)).max().unwrap_or_default();
    let own = revision_of(&current.value);
    if own > newest {
        return own;
    }
    world.api.change(SETS, &key(&current.value), CONTROLLER, Part::Object, |o| {
        o.set_path(&["metadata", "annotations", REVISION], (newest + 1).to_string());
    });
    newest + 1
}

/// Scales the ReplicaSets: the new one up within the surge, old ones down as far as enough Pods stay available.
fn scale(world: &World, deployment: &Value, hash: &str, sets: &[Arc<Stored>], paused: bool) {
    let desired = number(deployment, "spec.replicas").unwrap_or(1);
    let (new, old): (Vec<_>, Vec<_>) = sets.iter().partition(|s| text_label(&s.value) == hash);
    let Some(new) = new.first() else { return };
    let recreate = text(deployment, "spec.strategy.type") == "Recreate";
    let surge = surge(deployment, desired);
    let down = share(get(deployment, "spec.strategy.rollingUpdate.maxUnavailable"), desired, false, 0);
    let down = if surge == 0 && down == 0 { 1 } else { down };
    let old_total: i64 = old.iter().map(|s| replicas(&s.value)).sum();
    let old_pods: i64 = old.iter().map(|s| number(&s.value, "status.replicas").unwrap_or_default()).sum();
    let now = replicas(&new.value);
    let target = if old_total == 0 && (!recreate || old_pods == 0) {
        desired
    } else if paused {
        now
    } else if recreate {
        0
    } else {
        desired.min(now.max(0) + (desired + surge - now - old_total).max(0))
    };
    put_replicas(world, deployment, &new.value, target, desired + surge);
    if paused {
        return;
    }
    let mut room = if recreate {
        i64::MAX
    } else {
        let waiting = target - available(&new.value).min(target);
        (target + old_total) - (desired - down) - waiting
    };
    // Pods that never became available are no loss.
    for unhealthy_first in [true, false] {
        for set in &old {
            let live = world.api.store.get(SETS, &key(&set.value)).unwrap_or_else(|| (*set).clone());
            let (have, ok) = (replicas(&live.value), available(&live.value));
            let can_go = if unhealthy_first { have - ok.min(have) } else { have };
            let go = can_go.min(room).max(0);
            if go > 0 {
                put_replicas(world, deployment, &live.value, have - go, desired + surge);
                room -= go;
            }
        }
    }
}

fn put_replicas(world: &World, deployment: &Value, set: &Value, count: i64, most: i64) {
    let (desired, had) = (number(deployment, "spec.replicas").unwrap_or(1), replicas(set));
    world.api.change(SETS, &key(set), CONTROLLER, Part::Object, |o| {
        o.set_path(&["spec", "replicas"], count);
        o.set_path(&["metadata", "annotations", DESIRED], desired.to_string());
        o.set_path(&["metadata", "annotations", MOST], most.to_string());
    });
    scaled(world, deployment, name(set), had, count);
}

fn scaled(world: &World, deployment: &Value, set: &str, from: i64, to: i64) {
    if from != to {
        let way = if to > from { "up" } else { "down" };
        let message = format!("Scaled {way} replica set {set} from {from} to {to}");
        normal(world, deployment, "deployment-controller", "ScalingReplicaSet", message);
    }
}

/// Deletes the oldest ReplicaSets beyond the history that is to be kept.
fn clean_up(world: &World, deployment: &Value, hash: &str) {
    let keep =
        usize::try_from(number(deployment, "spec.revisionHistoryLimit").unwrap_or(10)).unwrap_or_default();
    let mut idle: Vec<Arc<Stored>> = sets(world, deployment)
        .into_iter()
        .filter(|s| text_label(&s.value) != hash && replicas(&s.value) == 0)
        .filter(|s| number(&s.value, "status.replicas").unwrap_or_default() == 0)
        .collect();
    idle.sort_by_key(|s| revision_of(&s.value));
    let gone = idle.len().saturating_sub(keep);
    for set in idle.into_iter().take(gone) {
        world.api.dispose(SETS, namespace(&set.value), name(&set.value), "Background");
    }
}

fn tell(world: &World, deployment: &Value, hash: &str, failure: Option<String>) {
    let sets = sets(world, deployment);
    let sum = |field: &str| -> i64 { sets.iter().map(|s| number(&s.value, field).unwrap_or_default()).sum() };
    let new = sets.iter().find(|s| text_label(&s.value) == hash);
    let updated = new.map_or(0, |s| number(&s.value, "status.replicas").unwrap_or_default());
    let desired = number(deployment, "spec.replicas").unwrap_or(1);
    let down = share(get(deployment, "spec.strategy.rollingUpdate.maxUnavailable"), desired, false, 0);
    let down = if text(deployment, "spec.strategy.type") == "Recreate" { desired } else { down };
    let (total, ready, ok) =
        (sum("status.replicas"), sum("status.readyReplicas"), sum("status.availableReplicas"));
    let new_name = new.map_or("", |s| name(&s.value)).to_owned();
    let complete = updated == desired && total == desired && ok == desired;
    let now = world.now_text();
    let deadline = late(world, deployment, complete);
    let failure = failure.or_else(|| {
        let conditions = list(&new?.value, "status.conditions");
        let failed = conditions.iter().find(|c| text(c, "type") == "ReplicaFailure")?;
        Some(text(failed, "message").to_owned())
    });
    world.api.change("deployments.apps", &key(deployment), CONTROLLER, Part::Status, |o| {
        for (field, value) in [
            ("replicas", total),
            ("updatedReplicas", updated),
            ("readyReplicas", ready),
            ("availableReplicas", ok),
            ("unavailableReplicas", (total.max(desired) - ok).max(0)),
            ("observedGeneration", generation(deployment)),
        ] {
            put_count(o, field, value);
        }
        o.set_path(&["status", "terminatingReplicas"], sum("status.terminatingReplicas"));
        if ok >= desired - down {
            set_condition(
                o,
                "Available",
                "True",
                "MinimumReplicasAvailable",
                "Deployment has minimum availability.",
                &now,
            );
        } else {
            set_condition(
                o,
                "Available",
                "False",
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.",
                &now,
            );
        }
        match &failure {
            Some(why) => set_condition(o, "ReplicaFailure", "True", "FailedCreate", why, &now),
            None => drop_condition(o, "ReplicaFailure"),
        }
        progress(o, complete, deadline, &new_name, &now);
    });
}

fn progress(o: &mut Value, complete: bool, late: bool, set: &str, now: &str) {
    let was = list(o, "status.conditions").iter().find(|c| text(c, "type") == "Progressing");
    let reason = was.map_or("", |c| text(c, "reason")).to_owned();
    let (status, why, message) = if complete {
        ("True", "NewReplicaSetAvailable", format!("ReplicaSet {set:?} has successfully progressed."))
    } else if late {
        ("False", "ProgressDeadlineExceeded", format!("ReplicaSet {set:?} has timed out progressing."))
    } else if reason.is_empty() {
        ("True", "NewReplicaSetCreated", format!("Created new replica set {set:?}"))
    } else {
        ("True", "ReplicaSetUpdated", format!("ReplicaSet {set:?} is progressing."))
    };
    let changed = reason != why;
    if changed {
        // What changes moves to the end; its time stays where the status does.
        let last = list(o, "status.conditions").iter().filter(|c| text(c, "type") == "Progressing").cloned();
        let moved: Vec<Value> = list(o, "status.conditions")
            .iter()
            .filter(|c| text(c, "type") != "Progressing")
            .cloned()
            .chain(last)
            .collect();
        if !moved.is_empty() {
            o.set_path(&["status", "conditions"], moved);
        }
    }
    set_condition(o, "Progressing", status, why, &message, now);
    if let Some(conditions) = o.get_path_mut(&["status", "conditions"]).and_then(Value::as_array_mut) {
        for condition in conditions.make_mut() {
            // The time of the last progress: when the reason last changed.
            if condition.get("lastUpdateTime").is_none()
                || (changed && condition.get("type").and_then(Value::as_str) == Some("Progressing"))
            {
                condition.set_path(&["lastUpdateTime"], now);
            }
        }
    }
}

fn drop_condition(o: &mut Value, kind: &str) {
    let all = list(o, "status.conditions");
    if all.iter().any(|c| text(c, "type") == kind) {
        let kept: Vec<Value> = all.iter().filter(|c| text(c, "type") != kind).cloned().collect();
        o.set_path(&["status", "conditions"], kept);
    }
}

/// Whether a rollout has made no progress for longer than it may; looks again when it would be.
fn late(world: &World, deployment: &Value, complete: bool) -> bool {
    let Some(limit) = number(deployment, "spec.progressDeadlineSeconds").filter(|_| !complete) else {
        return false;
    };
    let condition = list(deployment, "status.conditions").iter().find(|c| text(c, "type") == "Progressing");
    let Some(condition) = condition else {
        world.queue.push_at(world.now() + (limit + 1) * 1_000_000, "deployments.apps", &key(deployment));
        return false;
    };
    let settled = text(condition, "reason") == "NewReplicaSetAvailable";
    if settled || number(deployment, "status.observedGeneration") != Some(generation(deployment)) {
        world.queue.push_at(world.now() + (limit + 1) * 1_000_000, "deployments.apps", &key(deployment));
        return false;
    }
    // Once too late, only another template or the rollout's end makes it better.
    if text(condition, "reason") == "ProgressDeadlineExceeded" {
        return true;
    }
    let since = crate::api::parse_secs(text(condition, "lastUpdateTime")).unwrap_or_default() * 1_000_000;
    let due = since + limit * 1_000_000;
    if world.now() < due {
        world.queue.push_at(due + 1_000_000, "deployments.apps", &key(deployment));
        return false;
    }
    true
}
