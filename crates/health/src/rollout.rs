use crate::special::{View, health};
use fairway_core::{Health, HealthStatus, Value};

type Judged = Result<Health, &'static str>;

/// Judges an Argo Rollout, as the check that Argo CD 3.6 ships for it.
pub(crate) fn rollout(root: View<'_>) -> Judged {
    if !generation_is_observed(root)? || !workload_is_observed(root) {
        return health(HealthStatus::Progressing, "Waiting for rollout spec update to be observed");
    }
    if let Some(phase) = root.text(&["status", "phase"]) {
        let message = root.text(&["status", "message"]).unwrap_or_default();
        return match phase {
            "Paused" => health(HealthStatus::Suspended, message),
            other => match HealthStatus::from_word(other) {
                Some(status) => health(status, message),
                None => Err("Lua returned an invalid health status"),
            },
        };
    }
    root.get(&["status", "conditions"]).ok_or("bad argument to a loop: table expected")?;
    for condition in root.list(&["status", "conditions"]) {
        let condition = View(condition);
        let aborted = condition.text(&["type"]) == Some("Progressing")
            && matches!(condition.text(&["reason"]), Some("RolloutAborted" | "ProgressDeadlineExceeded"));
        if condition.text(&["type"]) == Some("InvalidSpec") || aborted {
            return health(HealthStatus::Degraded, condition.text(&["message"]).unwrap_or_default());
        }
    }
    if !root.list(&["status", "pauseConditions"]).is_empty() || root.is_true(&["spec", "paused"]) {
        return health(HealthStatus::Suspended, "Rollout is paused");
    }
    progress(root)
}

/// A generation may be a number or, in old versions, a hash as text.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn generation_is_observed(root: View<'_>) -> Result<bool, &'static str> {
    let Some(status) = root.get(&["status"]) else { return Ok(false) };
    let Some(observed) = status.get("observedGeneration").and_then(number) else { return Ok(true) };
    let generation = root.number(&["metadata", "generation"]).ok_or("attempt to compare number with nil")?;
    Ok(observed >= generation)
}

fn workload_is_observed(root: View<'_>) -> bool {
    if root.get(&["spec", "workloadRef"]).is_none() {
        return true;
    }
    let Some(annotations) = root.get(&["metadata", "annotations"]) else { return true };
    let wanted = annotations.get("rollout.argoproj.io/workload-generation").and_then(number);
    let observed = root.get(&["status", "workloadObservedGeneration"]).and_then(number);
    wanted == observed
}

fn progress(root: View<'_>) -> Judged {
    let hash = root.get(&["status", "currentPodHash"]);
    if hash.is_none() {
        return health(
            HealthStatus::Progressing,
            "Waiting for rollout to finish: status has not been reconciled.",
        );
    }
    let count = |key: &str| root.number(&["status", key]).unwrap_or_default();
    let wanted = root.number(&["spec", "replicas"]).unwrap_or(1.0);
    if count("updatedReplicas") < wanted {
        return health(
            HealthStatus::Progressing,
            "Waiting for roll out to finish: More replicas need to be updated",
        );
    }
    if count("availableReplicas") < count("updatedReplicas") {
        return health(
            HealthStatus::Progressing,
            "Waiting for roll out to finish: updated replicas are still becoming available",
        );
    }
    let stable = stable_replica_set(root);
    let is_stable = stable == hash.and_then(Value::as_str);
    root.get(&["spec", "strategy"]).ok_or("attempt to index a nil value")?;
    if root.get(&["spec", "strategy", "blueGreen"]).is_some() {
        if root.get(&["status", "blueGreen", "activeSelector"]) != hash {
            return health(HealthStatus::Progressing, "active service cutover pending");
        }
        if stable != Some("") && !is_stable {
            return health(HealthStatus::Progressing, "waiting for analysis to complete");
        }
    } else if root.get(&["spec", "strategy", "canary"]).is_some() {
        if count("replicas") > count("updatedReplicas") {
            return health(
                HealthStatus::Progressing,
                "Waiting for roll out to finish: old replicas are pending termination",
            );
        }
        if stable == Some("") || !is_stable {
            return health(HealthStatus::Progressing, "Waiting for rollout to finish steps");
        }
    }
    health(HealthStatus::Healthy, "")
}

/// Returns the stable ReplicaSet's hash; empty where none is named, nothing where an old canary status has none.
fn stable_replica_set(root: View<'_>) -> Option<&str> {
    root.text(&["status", "stableRS"]).or_else(|| match root.get(&["status", "canary"]) {
        Some(canary) => canary.get("stableRS").and_then(Value::as_str),
        None => Some(""),
    })
}
