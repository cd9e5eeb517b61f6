use crate::seen::{Judged, Res, Seen, returned, returned_as, said};
use fairway_core::HealthStatus::{Degraded, Healthy, Progressing, Suspended};
use std::cmp::Ordering;

/// Judges an Argo Rollout, as the check that Argo CD 3.6 ships for it.
pub(crate) fn rollout(root: &Seen<'_>) -> Judged {
    if !generation_is_observed(root)? || !workload_is_observed(root)? {
        return said(Progressing, "Waiting for rollout spec update to be observed");
    }
    let status = root.field("status")?;
    let phase = status.field("phase")?;
    if !phase.is_nil() {
        let message = status.field("message")?;
        if phase.is("Paused") {
            return Ok(returned(Some(Suspended), &message));
        }
        return Ok(returned_as(&phase, &message));
    }
    for condition in status.field("conditions")?.items()? {
        let condition = Seen::Value(condition);
        let (kind, reason) = (condition.field("type")?, condition.field("reason")?);
        let stopped = reason.is("RolloutAborted") || reason.is("ProgressDeadlineExceeded");
        if kind.is("InvalidSpec") || kind.is("Progressing") && stopped {
            return Ok(returned(Some(Degraded), &condition.field("message")?));
        }
    }
    let pauses = status.field("pauseConditions")?;
    if !pauses.is_nil() && pauses.text().is_none() && pauses.length()? > 0.0 {
        return said(Suspended, "Rollout is paused");
    }
    if pauses.text().is_some() {
        return Err("bad argument #1 to getn (table expected, got string)".to_owned());
    }
    if root.path(&["spec", "paused"])?.truthy() {
        return said(Suspended, "Rollout is paused");
    }
    progress(root, &status)
}

/// A generation may be a number or, in old versions, a hash as text.
fn generation_is_observed(root: &Seen<'_>) -> Res<bool> {
    let status = root.field("status")?;
    if status.is_nil() {
        return Ok(false);
    }
    let observed = status.field("observedGeneration")?.to_number();
    if observed.is_nil() {
        return Ok(true);
    }
    Ok(observed.order(&root.path(&["metadata", "generation"])?)? != Ordering::Less)
}

fn workload_is_observed(root: &Seen<'_>) -> Res<bool> {
    if root.path(&["spec", "workloadRef"])?.is_nil() {
        return Ok(true);
    }
    let annotations = root.path(&["metadata", "annotations"])?;
    if annotations.is_nil() {
        return Ok(true);
    }
    let wanted = annotations.field("rollout.argoproj.io/workload-generation")?.to_number();
    Ok(wanted.equals(&root.path(&["status", "workloadObservedGeneration"])?.to_number()))
}

fn or(value: Seen<'_>, default: f64) -> Seen<'_> {
    if value.is_nil() { Seen::Number(default) } else { value }
}

fn progress(root: &Seen<'_>, status: &Seen<'_>) -> Judged {
    let hash = status.field("currentPodHash")?;
    if hash.is_nil() {
        return said(Progressing, "Waiting for rollout to finish: status has not been reconciled.");
    }
    let wanted = or(root.path(&["spec", "replicas"])?, 1.0);
    let replicas = or(status.field("replicas")?, 0.0);
    let updated = or(status.field("updatedReplicas")?, 0.0);
    let available = or(status.field("availableReplicas")?, 0.0);
    if updated.order(&wanted)? == Ordering::Less {
        return said(Progressing, "Waiting for roll out to finish: More replicas need to be updated");
    }
    if available.order(&updated)? == Ordering::Less {
        let message = "Waiting for roll out to finish: updated replicas are still becoming available";
        return said(Progressing, message);
    }
    let stable = stable_replica_set(status)?;
    let strategy = root.path(&["spec", "strategy"])?;
    if !strategy.field("blueGreen")?.is_nil() {
        let active = status.field("blueGreen")?;
        if active.is_nil() || !active.field("activeSelector")?.equals(&hash) {
            return said(Progressing, "active service cutover pending");
        }
        if !stable.is("") && !stable.equals(&hash) {
            return said(Progressing, "waiting for analysis to complete");
        }
    } else if !strategy.field("canary")?.is_nil() {
        if replicas.order(&updated)? == Ordering::Greater {
            let message = "Waiting for roll out to finish: old replicas are pending termination";
            return said(Progressing, message);
        }
        if stable.is("") || !stable.equals(&hash) {
            return said(Progressing, "Waiting for rollout to finish steps");
        }
    }
    said(Healthy, "")
}

/// Returns the stable ReplicaSet's hash; empty where none is named, nothing where an old canary status has none.
fn stable_replica_set<'v>(status: &Seen<'v>) -> Res<Seen<'v>> {
    let stable = status.field("stableRS")?;
    if !stable.is_nil() {
        return Ok(stable);
    }
    let canary = status.field("canary")?;
    if canary.is_nil() { Ok(Seen::Text(String::new())) } else { canary.field("stableRS") }
}
