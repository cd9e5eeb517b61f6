//! What only reports: disruption budgets, autoscalers, quotas.

use super::object::{generation, get, is_active, is_ready, key, namespace, number, share, text};
use super::work::World;
use crate::api::{CONTROLLER, LabelSelector, Part, set_condition};
use fairway_value::Value;

/// Queues the budgets that a Pod counts for.
pub(crate) fn pod_changed(world: &World, pod: &Value) {
    const BUDGETS: &str = "poddisruptionbudgets.policy";
    for budget in world.api.store.list(BUDGETS, &format!("{}/", namespace(pod))).1 {
        let selector = LabelSelector::from_object(get(&budget.value, "spec.selector"));
        if selector.is_some_and(|s| s.matches(pod)) {
            world.queue.push(BUDGETS, &key(&budget.value), None);
        }
    }
}

/// Counts the Pods of a disruption budget.
pub(crate) fn budget(world: &World, budget: &Value) {
    let selector = LabelSelector::from_object(get(budget, "spec.selector"));
    let (_, pods) = world.api.store.list("pods", &format!("{}/", namespace(budget)));
    let pods: Vec<_> = pods
        .iter()
        .filter(|p| is_active(&p.value) && selector.as_ref().is_some_and(|s| s.matches(&p.value)))
        .collect();
    let expected = i64::try_from(pods.len()).unwrap_or(i64::MAX);
    let healthy = i64::try_from(pods.iter().filter(|p| is_ready(&p.value)).count()).unwrap_or(i64::MAX);
    let desired = match get(budget, "spec.maxUnavailable") {
        Some(most) => (expected - share(Some(most), expected, true, 0)).max(0),
        None => share(get(budget, "spec.minAvailable"), expected, true, 0),
    };
    let allowed = if expected == 0 { 0 } else { (healthy - desired).max(0) };
    let now = world.now_text();
    world.api.change("poddisruptionbudgets.policy", &key(budget), CONTROLLER, Part::Status, |o| {
        for (field, value) in [
            ("expectedPods", expected),
            ("currentHealthy", healthy),
            ("desiredHealthy", desired),
            ("disruptionsAllowed", allowed),
            ("observedGeneration", generation(budget)),
        ] {
            o.set_path(&["status", field], value);
        }
        let (status, reason) =
            if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
        set_condition(o, "DisruptionAllowed", status, reason, "", &now);
        if let Some(list) = o.get_path_mut(&["status", "conditions"]).and_then(Value::as_array_mut) {
            for condition in list.make_mut() {
                condition.set_path(&["message"], "");
                condition.set_path(&["observedGeneration"], generation(budget));
            }
        }
    });
}

/// Reports an autoscaler whose target is at its metric: nothing is measured here, and nothing scaled.
pub(crate) fn autoscaler(world: &World, scaler: &Value) {
    let registry = world.api.registry();
    let target = get(scaler, "spec.scaleTargetRef").cloned().unwrap_or_default();
    let resource = registry.by_kind(text(&target, "apiVersion"), text(&target, "kind"));
    let found = resource.and_then(|r| world.api.find(&r.table, namespace(scaler), text(&target, "name")));
    let now = world.now_text();
    let replicas = found.as_ref().map(|t| number(&t.value, "spec.replicas").unwrap_or(1));
    world.api.change("horizontalpodautoscalers.autoscaling", &key(scaler), CONTROLLER, Part::Status, |o| {
        let Some(replicas) = replicas else {
            let why = format!("the HPA controller was unable to get the target's current scale: {} not found", text(&target, "name"));
            set_condition(o, "AbleToScale", "False", "FailedGetScale", &why, &now);
            return;
        };
        o.set_path(&["status", "currentReplicas"], replicas);
        o.set_path(&["status", "desiredReplicas"], replicas);
        set_condition(o, "AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size", &now);
        set_condition(o, "ScalingActive", "True", "ValidMetricFound", "the HPA was able to successfully calculate a replica count (simulated: the metrics are at their targets)", &now);
        set_condition(o, "ScalingLimited", "False", "DesiredWithinRange", "the desired count is within the acceptable range", &now);
    });
}

/// Counts what a quota limits.
pub(crate) fn quota(world: &World, quota: &Value) {
    let Some(hard) = get(quota, "spec.hard").cloned() else { return };
    let used = crate::api::quota_status(&world.api.store, quota);
    world.api.change("resourcequotas", &key(quota), CONTROLLER, Part::Status, |o| {
        o.set_path(&["status", "hard"], hard.clone());
        o.set_path(&["status", "used"], used.clone());
    });
}

/// Queues the quotas of a namespace in which something came, changed or went.
pub(crate) fn counted(world: &World, table: &str, namespace: &str) {
    if namespace.is_empty() || table == "resourcequotas" {
        return;
    }
    for quota in world.api.store.list("resourcequotas", &format!("{namespace}/")).1 {
        world.queue.push("resourcequotas", &key(&quota.value), None);
    }
}
