//! Scheduling: every Pod fits the one node, unless somebody cordoned or tainted it. Amounts and selectors do not count:
//! there is nothing here that could be full or another.

use super::events::{normal, warning};
use super::object::{flag, get, key, list, name, namespace, text};
use super::work::World;
use crate::api::{Part, set_condition};
use crate::seed::NODE;
use fairway_value::Value;

const SCHEDULER: &str = "default-scheduler";

/// Puts a Pod on the node, or says why not.
pub(crate) fn reconcile(world: &World, pod: &Value) {
    let key = key(pod);
    let node = world.api.store.get("nodes", NODE);
    if let Some(why) = node
        .as_ref()
        .map_or(Some("no nodes available to schedule pods".to_owned()), |n| refusal(&n.value, pod))
    {
        let now = world.now_text();
        let fresh = world.api.change("pods", &key, "kube-scheduler", Part::Status, |o| {
            o.set_path(&["status", "phase"], "Pending");
            set_condition(o, "PodScheduled", "False", "Unschedulable", &why, &now);
        });
        if fresh.is_some_and(|f| {
            text(&f.value, "metadata.resourceVersion") != text(pod, "metadata.resourceVersion")
        }) {
            warning(world, pod, SCHEDULER, "FailedScheduling", why);
        }
        return;
    }
    // The binding is no write of anybody's fields.
    let Some(live) = world.api.store.get("pods", &key) else { return };
    let mut bound = live.value.clone();
    bound.set_path(&["spec", "nodeName"], NODE);
    // Another write in between queues the Pod again.
    if world.api.store.update("pods", &key, live.rv, bound).is_ok() {
        let message = format!("Successfully assigned {}/{} to {NODE}", namespace(pod), name(pod));
        normal(world, pod, SCHEDULER, "Scheduled", message);
    }
}

/// Says why a Pod cannot run on a node, in the scheduler's words.
fn refusal(node: &Value, pod: &Value) -> Option<String> {
    const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
    let tolerated = |taint: &Value| list(pod, "spec.tolerations").iter().any(|t| tolerates(t, taint));
    let taints = list(node, "spec.taints").iter();
    let mut hard =
        taints.filter(|t| matches!(text(t, "effect"), "NoSchedule" | "NoExecute") && !tolerated(t));
    let why = if flag(node, "spec.unschedulable")
        && !list(pod, "spec.tolerations").iter().any(|t| text(t, "key") == UNSCHEDULABLE || all(t))
    {
        "1 node(s) were unschedulable".to_owned()
    } else {
        hard.find(|t| text(t, "key") != UNSCHEDULABLE)
            .map(|_| "1 node(s) had untolerated taint(s)".to_owned())?
    };
    Some(format!(
        "0/1 nodes are available: {why}. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    ))
}

fn all(toleration: &Value) -> bool {
    text(toleration, "operator") == "Exists" && text(toleration, "key").is_empty()
}

fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let effect = text(toleration, "effect");
    if !effect.is_empty() && effect != text(taint, "effect") {
        return false;
    }
    match text(toleration, "operator") {
        "Exists" => all(toleration) || text(toleration, "key") == text(taint, "key"),
        _ => {
            text(toleration, "key") == text(taint, "key") && text(toleration, "value") == text(taint, "value")
        }
    }
}

/// Queues the Pods that wait for the node, and the sets that want one Pod on it.
pub(crate) fn node_changed(world: &World) {
    for pod in world.api.store.list("pods", "").1 {
        if get(&pod.value, "spec.nodeName").is_none() {
            world.queue.push("pods", &key(&pod.value), None);
        }
    }
    for set in world.api.store.list("daemonsets.apps", "").1 {
        world.queue.push("daemonsets.apps", &key(&set.value), None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::to_value;
    use serde_json::json;

    #[test]
    fn a_cordoned_or_tainted_node_takes_those_that_tolerate_it() {
        let pod = |tolerations| to_value(&json!({ "spec": { "tolerations": tolerations } }));
        let cordoned = to_value(&json!({ "spec": { "unschedulable": true } }));
        let tainted = to_value(
            &json!({ "spec": { "taints": [{ "key": "a", "value": "b", "effect": "NoSchedule" }] } }),
        );
        let soft = to_value(&json!({ "spec": { "taints": [{ "key": "a", "effect": "PreferNoSchedule" }] } }));
        let all = json!([{ "operator": "Exists" }]);
        let one = json!([{ "key": "a", "value": "b" }]);
        let other = json!([{ "key": "a", "value": "c" }]);
        assert!(refusal(&cordoned, &pod(json!([]))).is_some());
        assert!(refusal(&cordoned, &pod(all.clone())).is_none());
        assert!(refusal(&tainted, &pod(other)).is_some());
        assert!(refusal(&tainted, &pod(one)).is_none());
        assert!(refusal(&tainted, &pod(all)).is_none());
        assert!(refusal(&soft, &pod(json!([]))).is_none());
    }
}
