//! The groups apps, batch and autoscaling.

use super::set::{by_value, empty, missing, object, pointer, text};
use fairway_value::{Map, Value};

pub(super) fn defaulter(name: &str) -> Option<fn(&mut Map)> {
    Some(match name {
        "apps.v1.Deployment" => deployment,
        "apps.v1.DaemonSet" => daemon_set,
        "apps.v1.StatefulSet" => stateful_set,
        "apps.v1.ReplicaSetSpec" => |m| pointer(m, "replicas", 1_i64),
        "batch.v1.Job" => job,
        "batch.v1.CronJobSpec" => |m| {
            by_value(m, "concurrencyPolicy", "Allow");
            pointer(m, "suspend", false);
            pointer(m, "successfulJobsHistoryLimit", 3_i64);
            pointer(m, "failedJobsHistoryLimit", 1_i64);
        },
        "batch.v1.PodFailurePolicyOnPodConditionsPattern" => |m| by_value(m, "status", "True"),
        "autoscaling.v1.HorizontalPodAutoscaler" => first_autoscaler,
        "autoscaling.v1.HorizontalPodAutoscalerSpec" => |m| pointer(m, "minReplicas", 1_i64),
        "autoscaling.v2.HorizontalPodAutoscalerSpec" => autoscaler,
        _ => return None,
    })
}

/// Who measures nothing measures processors; other measures stand in an annotation.
fn first_autoscaler(m: &mut Map) {
    let others = ["metadata", "annotations", "autoscaling.alpha.kubernetes.io/metrics"];
    let other = m.get(others[0]).and_then(|meta| meta.get_path(&others[1..])).is_some();
    if let Some(spec) = m.get_mut("spec").and_then(Value::as_object_mut).filter(|_| !other) {
        pointer(spec, "targetCPUUtilizationPercentage", 80_i64);
    }
}

pub(super) fn deployment(m: &mut Map) {
    let Some(spec) = object(m, "spec") else { return };
    pointer(spec, "replicas", 1_i64);
    if let Some(strategy) = object(spec, "strategy") {
        by_value(strategy, "type", "RollingUpdate");
        if text(strategy, "type") == "RollingUpdate"
            && let Some(rolling) = object(strategy, "rollingUpdate")
        {
            pointer(rolling, "maxUnavailable", "25%");
            pointer(rolling, "maxSurge", "25%");
        }
    }
    pointer(spec, "revisionHistoryLimit", 10_i64);
    pointer(spec, "progressDeadlineSeconds", 600_i64);
}

pub(super) fn daemon_set(m: &mut Map) {
    let Some(spec) = object(m, "spec") else { return };
    if let Some(strategy) = object(spec, "updateStrategy") {
        by_value(strategy, "type", "RollingUpdate");
        if text(strategy, "type") == "RollingUpdate"
            && let Some(rolling) = object(strategy, "rollingUpdate")
        {
            pointer(rolling, "maxUnavailable", 1_i64);
            pointer(rolling, "maxSurge", 0_i64);
        }
    }
    pointer(spec, "revisionHistoryLimit", 10_i64);
}

pub(super) fn stateful_set(m: &mut Map) {
    let Some(spec) = object(m, "spec") else { return };
    by_value(spec, "podManagementPolicy", "OrderedReady");
    if let Some(strategy) = object(spec, "updateStrategy") {
        if text(strategy, "type").is_empty() {
            strategy.insert("type", "RollingUpdate");
            pointer(strategy, "rollingUpdate", Value::object());
        }
        if text(strategy, "type") == "RollingUpdate"
            && let Some(rolling) = strategy.get_mut("rollingUpdate").and_then(Value::as_object_mut)
        {
            pointer(rolling, "partition", 0_i64);
        }
    }
    if let Some(retention) = object(spec, "persistentVolumeClaimRetentionPolicy") {
        by_value(retention, "whenDeleted", "Retain");
        by_value(retention, "whenScaled", "Retain");
    }
    pointer(spec, "replicas", 1_i64);
    pointer(spec, "revisionHistoryLimit", 10_i64);
}

fn job(m: &mut Map) {
    let Some(spec) = object(m, "spec") else { return };
    if missing(spec, "completions") && missing(spec, "parallelism") {
        spec.insert("completions", 1_i64);
    }
    pointer(spec, "parallelism", 1_i64);
    let limit = if missing(spec, "backoffLimitPerIndex") { 6 } else { i64::from(i32::MAX) };
    pointer(spec, "backoffLimit", limit);
    pointer(spec, "completionMode", "NonIndexed");
    pointer(spec, "suspend", false);
    let replacement = if missing(spec, "podFailurePolicy") { "TerminatingOrFailed" } else { "Failed" };
    pointer(spec, "podReplacementPolicy", replacement);
    pointer(spec, "manualSelector", false);
    let labels = spec.get("template").and_then(|t| t.get_path(&["metadata", "labels"])).cloned();
    if let Some(labels) = labels
        && let Some(meta) = object(m, "metadata").filter(|meta| empty(meta, "labels"))
    {
        meta.insert("labels", labels);
    }
}

fn autoscaler(m: &mut Map) {
    pointer(m, "minReplicas", 1_i64);
    if empty(m, "metrics") {
        let mut metric = Value::object();
        metric.set_path(&["type"], "Resource");
        metric.set_path(&["resource", "name"], "cpu");
        metric.set_path(&["resource", "target", "type"], "Utilization");
        metric.set_path(&["resource", "target", "averageUtilization"], 80_i64);
        m.insert("metrics", Value::from(vec![metric]));
    }
    let Some(behavior) = m.get_mut("behavior").and_then(Value::as_object_mut) else { return };
    let policy = |kind: &str, value: i64| -> Value {
        [("type", Value::from(kind)), ("value", Value::Int(value)), ("periodSeconds", Value::Int(15))]
            .into_iter()
            .collect()
    };
    if let Some(up) = object(behavior, "scaleUp") {
        pointer(up, "stabilizationWindowSeconds", 0_i64);
        pointer(up, "selectPolicy", "Max");
        pointer(up, "policies", Value::from(vec![policy("Pods", 4), policy("Percent", 100)]));
    }
    if let Some(down) = object(behavior, "scaleDown") {
        pointer(down, "selectPolicy", "Max");
        pointer(down, "policies", Value::from(vec![policy("Percent", 100)]));
    }
}
