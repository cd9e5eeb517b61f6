//! Checks that count and compare more than a table of rules can say.

use fairway_core::{Health, HealthStatus, Object, Value};

type Judged = Result<Health, &'static str>;

/// Judges an object by the check of a kind that has one here.
pub(crate) fn assess_as(group: &str, kind: &str, object: &Object) -> Option<Health> {
    let root = View(object.value());
    let judged = match (group, kind) {
        ("argoproj.io", "Rollout") => crate::rollout::rollout(root),
        ("apps.kruise.io", "CloneSet") => clone_set(root),
        ("apps.kruise.io", "StatefulSet") => kruise_stateful_set(root),
        ("apps.kruise.io", "DaemonSet") => kruise_daemon_set(root),
        ("game.kruise.io", "GameServerSet") => game_server_set(root),
        ("opentelemetry.io", "OpenTelemetryCollector") => collector(root),
        ("core.spinkube.dev", "SpinApp") => spin_app(root),
        ("sparkoperator.k8s.io", "SparkApplication") => crate::spark::spark(root),
        ("elasticsearch.k8s.elastic.co", "Elasticsearch") => return elasticsearch(root),
        _ => return None,
    };
    Some(judged.unwrap_or_else(|why| Health::new(HealthStatus::Unknown, why)))
}

/// A lenient look into a tree: what is missing or of another type is nothing.
#[derive(Clone, Copy)]
pub(crate) struct View<'v>(pub &'v Value);

impl<'v> View<'v> {
    pub fn get(self, path: &[&str]) -> Option<&'v Value> {
        self.0.get_path(path).filter(|v| !v.is_null())
    }
    pub fn text(self, path: &[&str]) -> Option<&'v str> {
        self.get(path)?.as_str()
    }
    pub fn number(self, path: &[&str]) -> Option<f64> {
        self.get(path)?.as_f64()
    }
    pub fn is_true(self, path: &[&str]) -> bool {
        self.get(path).and_then(Value::as_bool) == Some(true)
    }
    pub fn list(self, path: &[&str]) -> &'v [Value] {
        self.get(path).and_then(Value::as_array).unwrap_or_default()
    }
    /// Returns the entries of a list or map.
    pub fn entries(self, path: &[&str]) -> Vec<&'v Value> {
        match self.get(path) {
            Some(Value::Array(list)) => list.iter().collect(),
            Some(Value::Object(map)) => map.values().collect(),
            _ => Vec::new(),
        }
    }
    /// Whether the newest spec was seen: both generations are equal, nothing being equal to nothing.
    pub fn is_observed(self) -> bool {
        self.get(&["metadata", "generation"]) == self.get(&["status", "observedGeneration"])
    }
}

pub(crate) fn health(status: HealthStatus, message: impl Into<String>) -> Judged {
    Ok(Health::new(status, message.into()))
}

const INDEXED_NIL: &str = "attempt to index a nil value";
const COMPARED_NIL: &str = "attempt to compare a number with nil";

fn clone_set(root: View<'_>) -> Judged {
    let status = |key: &str| root.get(&["status", key]);
    if status("observedGeneration").is_none() && root.get(&["status"]).is_none() || !root.is_observed() {
        return health(HealthStatus::Progressing, "Waiting for initialization");
    }
    let strategy = View(root.get(&["spec", "updateStrategy"]).ok_or(INDEXED_NIL)?);
    if strategy.is_true(&["paused"]) || status("updatedAvailableReplicas").is_none() {
        return health(HealthStatus::Suspended, "Cloneset is paused");
    }
    let generation = || root.number(&["metadata", "generation"]).ok_or(COMPARED_NIL);
    if strategy.number(&["partition"]) != Some(0.0) && generation()? > 1.0 {
        let updated = root.number(&["status", "updatedReplicas"]).ok_or(COMPARED_NIL)?;
        let expected = root.number(&["status", "expectedUpdatedReplicas"]).ok_or(COMPARED_NIL)?;
        if updated >= expected {
            return health(HealthStatus::Suspended, "Cloneset needs manual intervention");
        }
    } else if status("updatedAvailableReplicas") == status("replicas") {
        return health(HealthStatus::Healthy, "All Cloneset workloads are ready and updated");
    } else {
        return health(HealthStatus::Degraded, "Some replicas are not ready or available");
    }
    health(HealthStatus::Progressing, "Waiting for initialization")
}

fn kruise_stateful_set(root: View<'_>) -> Judged {
    let status = |key: &str| root.get(&["status", key]);
    if root.get(&["status"]).is_none() || !root.is_observed() {
        return health(HealthStatus::Progressing, "Waiting for initialization");
    }
    let rolling = View(root.get(&["spec", "updateStrategy", "rollingUpdate"]).ok_or(INDEXED_NIL)?);
    if rolling.is_true(&["paused"]) || status("updatedAvailableReplicas").is_none() {
        return health(HealthStatus::Suspended, "Statefulset is paused");
    }
    let generation = || root.number(&["metadata", "generation"]).ok_or(COMPARED_NIL);
    if rolling.number(&["partition"]) != Some(0.0) && generation()? > 1.0 {
        let updated = root.number(&["status", "updatedReplicas"]).ok_or(COMPARED_NIL)?;
        let replicas = root.number(&["status", "replicas"]).ok_or(COMPARED_NIL)?;
        let partition = rolling.number(&["partition"]).ok_or(COMPARED_NIL)?;
        if updated > replicas - partition {
            return health(HealthStatus::Suspended, "Statefulset needs manual intervention");
        }
    } else if status("updatedAvailableReplicas") == status("replicas") {
        return health(HealthStatus::Healthy, "All Statefulset workloads are ready and updated");
    } else {
        return health(HealthStatus::Degraded, "Some replicas are not ready or available");
    }
    health(HealthStatus::Progressing, "Waiting for initialization")
}

fn kruise_daemon_set(root: View<'_>) -> Judged {
    let status = |key: &str| root.get(&["status", key]);
    if root.get(&["status"]).is_none() || !root.is_observed() {
        return health(HealthStatus::Progressing, "Waiting for initialization");
    }
    let rolling = View(root.get(&["spec", "updateStrategy", "rollingUpdate"]).ok_or(INDEXED_NIL)?);
    if rolling.is_true(&["paused"]) || status("updatedNumberScheduled").is_none() {
        return health(HealthStatus::Suspended, "Daemonset is paused");
    }
    let desired = status("desiredNumberScheduled");
    let generation = || root.number(&["metadata", "generation"]).ok_or(COMPARED_NIL);
    let partition = rolling.number(&["partition"]);
    if partition.is_some_and(|p| p != 0.0) && generation()? > 1.0 {
        let updated = root.number(&["status", "updatedNumberScheduled"]).ok_or(COMPARED_NIL)?;
        let wanted = desired.and_then(Value::as_f64).ok_or(COMPARED_NIL)?;
        if updated > wanted - partition.unwrap_or_default() {
            return health(HealthStatus::Suspended, "Daemonset needs manual intervention");
        }
    } else if status("updatedNumberScheduled") == desired && status("numberAvailable") == desired {
        return health(HealthStatus::Healthy, "All Daemonset workloads are ready and updated");
    } else if status("updatedNumberScheduled") == desired && status("numberUnavailable") == desired {
        return health(HealthStatus::Degraded, "Some pods are not ready or available");
    }
    health(HealthStatus::Progressing, "Waiting for initialization")
}

fn game_server_set(root: View<'_>) -> Judged {
    let waiting = || health(HealthStatus::Progressing, "Waiting for GameServerSet initialization");
    if root.get(&["status"]).is_none() || !root.is_observed() {
        return waiting();
    }
    let number = |key: &str| root.number(&["status", key]).unwrap_or_default();
    let rolling = ["spec", "updateStrategy", "rollingUpdate"];
    root.get(&["spec"]).ok_or(INDEXED_NIL)?;
    if root.is_true(&["spec", "updateStrategy", "rollingUpdate", "paused"]) {
        return health(HealthStatus::Suspended, "GameServerSet is paused");
    }
    let partition = root.get(&rolling).and_then(|r| r.get("partition")?.as_f64()).unwrap_or_default();
    if partition != 0.0 && number("updatedReplicas") >= number("replicas") - partition {
        let message = format!("Partition={partition}, waiting for manual intervention");
        return health(HealthStatus::Suspended, message);
    }
    if number("updatedReadyReplicas") == number("replicas") {
        return health(HealthStatus::Healthy, "All GameServerSet replicas are updated and ready");
    }
    if number("readyReplicas") < number("replicas") {
        let message =
            format!("ReadyReplicas {}/{}, still progressing", number("readyReplicas"), number("replicas"));
        return health(HealthStatus::Progressing, message);
    }
    waiting()
}

/// Reads `ready/total` anywhere in a text.
fn ratio(text: &str) -> Option<(u64, u64)> {
    let (left, right) = text.split_once('/')?;
    let digits = |c: char| c.is_ascii_digit();
    let ready = &left[left.rfind(|c| !digits(c)).map_or(0, |at| at + 1)..];
    let total = &right[..right.find(|c| !digits(c)).unwrap_or(right.len())];
    Some((ready.parse().ok()?, total.parse().ok()?))
}

fn collector(root: View<'_>) -> Judged {
    if root.get(&["status"]).is_none() {
        return health(HealthStatus::Progressing, "Waiting for OpenTelemetry Collector status");
    }
    let mode = root.text(&["spec", "mode"]);
    let Some(replicas) = root.get(&["status", "scale", "statusReplicas"]) else {
        root.get(&["spec"]).ok_or(INDEXED_NIL)?;
        return if mode == Some("sidecar") {
            health(HealthStatus::Healthy, "Collector is running in sidecar mode")
        } else {
            health(HealthStatus::Progressing, "Scale status not available")
        };
    };
    let text = replicas.as_str().map_or_else(|| replicas.to_string(), str::to_owned);
    match ratio(&text) {
        None => health(HealthStatus::Progressing, format!("Unable to parse replica status: {text}")),
        Some((0, 0)) if mode == Some("daemonset") => {
            health(HealthStatus::Healthy, "DaemonSet has no eligible nodes (0/0)")
        }
        Some((0, _)) => health(HealthStatus::Degraded, "No replicas are ready"),
        Some((ready, total)) if ready == total => health(HealthStatus::Healthy, "All replicas are ready"),
        Some(_) => health(HealthStatus::Progressing, "Replicas are starting up"),
    }
}

fn spin_app(root: View<'_>) -> Judged {
    if root.get(&["status"]).is_none() {
        return health(HealthStatus::Progressing, "Waiting for status to be available");
    }
    let (mut available, mut progressing) = (false, None);
    let mut why = String::new();
    for condition in root.list(&["status", "conditions"]) {
        let condition = View(condition);
        let is_true = condition.text(&["status"]) == Some("True");
        let message = condition.text(&["message"]);
        match condition.text(&["type"]) {
            Some("Progressing") => {
                let lower = message.unwrap_or_default().to_lowercase();
                let failed = condition.text(&["reason"]) == Some("ProgressDeadlineExceeded")
                    || lower.contains("timeout")
                    || lower.contains("failed");
                if condition.text(&["status"]) == Some("False") && failed {
                    let message = message.unwrap_or("Application deployment has failed");
                    return health(HealthStatus::Degraded, message);
                }
                if is_true {
                    progressing = Some(message.unwrap_or("Application progress status"));
                }
            }
            Some("Available") => {
                available = is_true;
                message.unwrap_or("Application is not available").clone_into(&mut why);
            }
            _ => {}
        }
    }
    if !available {
        return health(HealthStatus::Degraded, why);
    }
    let ready = root.number(&["status", "readyReplicas"]).unwrap_or_default();
    root.get(&["spec"]).ok_or(INDEXED_NIL)?;
    let wanted = root.number(&["spec", "replicas"]).unwrap_or(1.0);
    if ready < wanted {
        let message = format!("Waiting for replicas to be ready ({ready}/{wanted})");
        return health(HealthStatus::Progressing, message);
    }
    match progressing {
        Some(message) => health(HealthStatus::Progressing, message),
        None => health(
            HealthStatus::Healthy,
            format!("Application is healthy with {ready}/{wanted} replicas ready"),
        ),
    }
}

/// Judges an Elasticsearch whose nodes are not all there; the rules judge the rest.
fn elasticsearch(root: View<'_>) -> Option<Health> {
    let available = root.number(&["status", "availableNodes"])?;
    if root.get(&["spec", "nodeSets"]).is_none() {
        return Some(Health::new(HealthStatus::Unknown, INDEXED_NIL));
    }
    let sets = root.entries(&["spec", "nodeSets"]);
    let Some(wanted) = sets.iter().map(|s| s.get("count")?.as_f64()).sum::<Option<f64>>() else {
        return Some(Health::new(HealthStatus::Unknown, INDEXED_NIL));
    };
    if available < wanted {
        let message =
            format!("The desired amount of availableNodes is {wanted} but the current amount is {available}");
        return Some(Health::new(HealthStatus::Progressing, message));
    }
    (available > wanted).then(|| {
        Health::new(
            HealthStatus::Unknown,
            "Elasticsearch Cluster status is unknown. Ensure your ArgoCD is current and then check for/file a bug \
             report: https://github.com/argoproj/argo-cd/issues",
        )
    })
}
