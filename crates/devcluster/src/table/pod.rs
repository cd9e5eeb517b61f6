//! Pods: the reason for their state, restarts, readiness.

use super::text::{Cells, Row, flag, get, list, number, or, since, text};
use crate::api::parse_secs;
use fairway_value::Value;

fn is_sidecar(container: &Value) -> bool {
    text(container, "restartPolicy") == "Always"
}

/// What is counted over a Pod's containers.
#[derive(Default)]
struct Count {
    reason: String,
    restarts: i64,
    sidecar_restarts: i64,
    last_restart: i64,
    sidecar_last_restart: i64,
    ready: usize,
    total: usize,
}

fn finished(status: &Value) -> i64 {
    parse_secs(text(status, "lastState.terminated.finishedAt")).unwrap_or_default()
}

fn ended_reason(status: &Value, prefix: &str) -> String {
    let (reason, signal) =
        (text(status, "state.terminated.reason"), number(status, "state.terminated.signal"));
    match (reason, signal) {
        ("", 0) => format!("{prefix}ExitCode:{}", number(status, "state.terminated.exitCode")),
        ("", signal) => format!("{prefix}Signal:{signal}"),
        (reason, _) => format!("{prefix}{reason}"),
    }
}

/// Walks the init containers; returns whether one is still at work.
fn init_containers(pod: &Value, count: &mut Count) -> bool {
    let specs = list(pod, "spec.initContainers");
    let spec = |name: &str| specs.iter().find(|c| text(c, "name") == name);
    for (n, status) in list(pod, "status.initContainerStatuses").iter().enumerate() {
        count.restarts += number(status, "restartCount");
        count.last_restart = count.last_restart.max(finished(status));
        let sidecar = spec(text(status, "name")).is_some_and(is_sidecar);
        if sidecar {
            count.sidecar_restarts += number(status, "restartCount");
            count.sidecar_last_restart = count.sidecar_last_restart.max(finished(status));
        }
        let ended = get(status, "state.terminated").is_some();
        if ended && number(status, "state.terminated.exitCode") == 0 {
            continue;
        }
        if sidecar && flag(status, "started") {
            if flag(status, "ready") {
                count.ready += 1;
            }
            continue;
        }
        let waiting = text(status, "state.waiting.reason");
        count.reason = if ended {
            ended_reason(status, "Init:")
        } else if !waiting.is_empty() && waiting != "PodInitializing" {
            format!("Init:{waiting}")
        } else {
            format!("Init:{n}/{}", specs.len())
        };
        return true;
    }
    false
}

fn containers(pod: &Value, count: &mut Count) {
    count.restarts = count.sidecar_restarts;
    count.last_restart = count.sidecar_last_restart;
    let mut running = false;
    for status in list(pod, "status.containerStatuses").iter().rev() {
        count.restarts += number(status, "restartCount");
        count.last_restart = count.last_restart.max(finished(status));
        let waiting = text(status, "state.waiting.reason");
        if !waiting.is_empty() {
            waiting.clone_into(&mut count.reason);
        } else if get(status, "state.terminated").is_some() {
            count.reason = ended_reason(status, "");
        } else if flag(status, "ready") && get(status, "state.running").is_some() {
            running = true;
            count.ready += 1;
        }
    }
    if count.reason == "Completed" && running {
        count.reason = if condition(pod, "Ready") { "Running" } else { "NotReady" }.to_owned();
    }
}

fn condition(pod: &Value, kind: &str) -> bool {
    list(pod, "status.conditions").iter().any(|c| text(c, "type") == kind && text(c, "status") == "True")
}

fn count(pod: &Value) -> Count {
    let mut count = Count {
        reason: text(pod, "status.phase").to_owned(),
        total: list(pod, "spec.containers").len()
            + list(pod, "spec.initContainers").iter().filter(|c| is_sidecar(c)).count(),
        ..Count::default()
    };
    let own = text(pod, "status.reason");
    if !own.is_empty() {
        own.clone_into(&mut count.reason);
    }
    let gated = list(pod, "status.conditions")
        .iter()
        .any(|c| text(c, "type") == "PodScheduled" && text(c, "reason") == "SchedulingGated");
    if gated {
        "SchedulingGated".clone_into(&mut count.reason);
    }
    let initializing = init_containers(pod, &mut count);
    if !initializing || condition(pod, "Initialized") {
        containers(pod, &mut count);
    }
    if get(pod, "metadata.deletionTimestamp").is_some() {
        if own == "NodeLost" {
            "Unknown".clone_into(&mut count.reason);
        } else if !matches!(text(pod, "status.phase"), "Failed" | "Succeeded") {
            "Terminating".clone_into(&mut count.reason);
        }
    }
    count
}

pub(super) fn cells(row: Row<'_>) -> Cells {
    let pod = row.object;
    let count = count(pod);
    let mut restarts = count.restarts.to_string();
    if count.restarts != 0 && count.last_restart != 0 {
        restarts = format!("{restarts} ({} ago)", super::text::duration(row.now_secs - count.last_restart));
    }
    let gates = list(pod, "spec.readinessGates");
    let readiness = if gates.is_empty() {
        "<none>".to_owned()
    } else {
        let met = gates.iter().filter(|g| condition(pod, text(g, "conditionType"))).count();
        format!("{met}/{}", gates.len())
    };
    let ip = list(pod, "status.podIPs").first().map_or("", |ip| text(ip, "ip"));
    let ip = if ip.is_empty() { text(pod, "status.podIP") } else { ip };
    vec![
        row.name(),
        Value::from(format!("{}/{}", count.ready, count.total)),
        Value::from(count.reason),
        Value::from(restarts),
        Value::from(since(text(pod, "metadata.creationTimestamp"), row.now_secs)),
        or(ip, "<none>"),
        or(text(pod, "spec.nodeName"), "<none>"),
        or(text(pod, "status.nominatedNodeName"), "<none>"),
        Value::from(readiness),
    ]
}

/// Says that a Pod is over, so that `kubectl get` can leave it out.
pub(super) fn conditions(pod: &Value) -> Option<Value> {
    let (reason, message) = match text(pod, "status.phase") {
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return None,
    };
    let condition: Value =
        [("type", "Completed"), ("status", "True"), ("reason", reason), ("message", message)]
            .into_iter()
            .map(|(k, v)| (k, Value::from(v)))
            .collect();
    Some([condition].into_iter().collect())
}
