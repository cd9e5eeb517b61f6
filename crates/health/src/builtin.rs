//! The checks that gitops-engine has in Go (`pkg/health`, Argo CD 3.6), with its words.

use crate::fields::Typed;
use fairway_core::{Health, HealthStatus, Object, Value};
use fairway_schema::{Schemas, canonical};

type Judged = Result<Health, String>;

/// Judges a kind that has a native check.
pub(crate) fn assess(object: &Object) -> Option<Health> {
    let root = Typed::new(object.value());
    let version = object.api_version();
    let judged = match (object.group(), object.kind()) {
        ("apps", kind @ "Deployment") => typed(object, kind, version == "apps/v1", || deployment(root)),
        ("apps", kind @ "StatefulSet") => typed(object, kind, version == "apps/v1", || stateful_set(root)),
        ("apps", kind @ "ReplicaSet") => typed(object, kind, version == "apps/v1", || replica_set(root)),
        ("apps", kind @ "DaemonSet") => typed(object, kind, version == "apps/v1", || daemon_set(root)),
        ("extensions" | "networking.k8s.io", "Ingress") => Ok(ingress(object)),
        ("argoproj.io", "Workflow") => Ok(workflow(object)),
        ("apiregistration.k8s.io", kind @ "APIService") => {
            let known = matches!(version, "apiregistration.k8s.io/v1" | "apiregistration.k8s.io/v1beta1");
            typed(object, kind, known, || api_service(root))
        }
        ("", kind @ "Service") => typed(object, kind, version == "v1", || service(root)),
        ("", kind @ "PersistentVolumeClaim") => typed(object, kind, version == "v1", || claim(root)),
        ("", kind @ "Pod") => typed(object, kind, version == "v1", || crate::pod::pod(object)),
        ("batch", kind @ "Job") => typed(object, kind, version == "batch/v1", || job(root)),
        ("autoscaling", "HorizontalPodAutoscaler") => match version {
            "autoscaling/v1" => typed(object, "HPA", true, || hpa_v1(object)),
            _ => typed(object, "HPA", version == "autoscaling/v2", || hpa_v2(root)),
        },
        _ => return None,
    };
    Some(judged.unwrap_or_else(|why| Health::new(HealthStatus::Unknown, why)))
}

fn typed(object: &Object, kind: &str, known: bool, judge: impl FnOnce() -> Judged) -> Judged {
    if !known {
        return Err(format!("unsupported {kind} GVK: {}", object.gvk()));
    }
    // The old version of an APIService has the fields of the new one.
    let version = match object.api_version() {
        "apiregistration.k8s.io/v1beta1" => "apiregistration.k8s.io/v1",
        version => version,
    };
    let ty = Schemas::builtin().type_of(version, object.kind());
    let fits = ty.map_or(Ok(()), |ty| canonical::fits(object.value(), ty)).map_err(|why| why.to_string());
    fits.and_then(|()| judge())
        .map_err(|why| format!("failed to convert unstructured {kind} to typed: {why}"))
}

fn progressing(message: impl Into<String>) -> Judged {
    Ok(Health::new(HealthStatus::Progressing, message.into()))
}

fn healthy(message: impl Into<String>) -> Judged {
    Ok(Health::new(HealthStatus::Healthy, message.into()))
}

fn condition<'v>(status: Typed<'v>, kind: &str) -> Result<Option<Typed<'v>>, String> {
    for condition in status.list("conditions")? {
        if condition.text("type")? == kind {
            return Ok(Some(condition));
        }
    }
    Ok(None)
}

fn generation_is_observed(root: Typed<'_>) -> Result<bool, String> {
    Ok(root.at("metadata")?.int("generation")? <= root.at("status")?.int("observedGeneration")?)
}

fn deployment(root: Typed<'_>) -> Judged {
    let (spec, status) = (root.at("spec")?, root.at("status")?);
    let name = root.at("metadata")?.text("name")?;
    if spec.flag("paused")? {
        return Ok(Health::new(HealthStatus::Suspended, "Deployment is paused"));
    }
    if !generation_is_observed(root)? {
        return progressing(
            "Waiting for rollout to finish: observed deployment generation less than desired generation",
        );
    }
    let reason = match condition(status, "Progressing")? {
        Some(condition) => condition.text("reason")?,
        None => "",
    };
    if reason == "ProgressDeadlineExceeded" {
        let message = format!("Deployment {name:?} exceeded its progress deadline");
        return Ok(Health::new(HealthStatus::Degraded, message));
    }
    let (replicas, updated) = (status.int("replicas")?, status.int("updatedReplicas")?);
    let available = status.int("availableReplicas")?;
    let wanted = spec.opt_int("replicas")?;
    if let Some(wanted) = wanted.filter(|w| updated < *w) {
        return progressing(format!(
            "Waiting for rollout to finish: {updated} out of {wanted} new replicas have been updated..."
        ));
    }
    if replicas > updated {
        let old = replicas - updated;
        return progressing(format!(
            "Waiting for rollout to finish: {old} old replicas are pending termination..."
        ));
    }
    if available < updated {
        return progressing(format!(
            "Waiting for rollout to finish: {available} of {updated} updated replicas are available..."
        ));
    }
    healthy("")
}

fn stateful_set(root: Typed<'_>) -> Judged {
    let (spec, status) = (root.at("spec")?, root.at("status")?);
    if status.int("observedGeneration")? == 0 || !generation_is_observed(root)? {
        return progressing("Waiting for statefulset spec update to be observed...");
    }
    let wanted = spec.opt_int("replicas")?;
    let ready = status.int("readyReplicas")?;
    if let Some(wanted) = wanted.filter(|w| ready < *w) {
        return progressing(format!("Waiting for {} pods to be ready...", wanted - ready));
    }
    let strategy = spec.at("updateStrategy")?;
    let rolling = strategy.at("rollingUpdate")?;
    let updated = status.int("updatedReplicas")?;
    if strategy.text("type")? == "RollingUpdate" && rolling.is_present() {
        let partition = rolling.opt_int("partition")?;
        if let Some(rest) = wanted.zip(partition).map(|(w, p)| w - p).filter(|rest| updated < *rest) {
            return progressing(format!(
                "Waiting for partitioned roll out to finish: {updated} out of {rest} new pods have been updated..."
            ));
        }
        return healthy(format!("partitioned roll out complete: {updated} new pods have been updated..."));
    }
    if strategy.text("type")? == "OnDelete" {
        return healthy(format!("statefulset has {ready} ready pods"));
    }
    let (update, current) = (status.text("updateRevision")?, status.text("currentRevision")?);
    if update != current {
        return progressing(format!(
            "waiting for statefulset rolling update to complete {updated} pods at revision {update}..."
        ));
    }
    let count = status.int("currentReplicas")?;
    healthy(format!("statefulset rolling update complete {count} pods at revision {current}..."))
}

fn replica_set(root: Typed<'_>) -> Judged {
    let (spec, status) = (root.at("spec")?, root.at("status")?);
    if !generation_is_observed(root)? {
        return progressing(
            "Waiting for rollout to finish: observed replica set generation less than desired generation",
        );
    }
    if let Some(failure) = condition(status, "ReplicaFailure")?
        && failure.text("status")? == "True"
    {
        return Ok(Health::new(HealthStatus::Degraded, failure.text("message")?));
    }
    let available = status.int("availableReplicas")?;
    match spec.opt_int("replicas")?.filter(|w| available < *w) {
        Some(wanted) => progressing(format!(
            "Waiting for rollout to finish: {available} out of {wanted} new replicas are available..."
        )),
        None => healthy(""),
    }
}

fn daemon_set(root: Typed<'_>) -> Judged {
    let (spec, status) = (root.at("spec")?, root.at("status")?);
    let name = root.at("metadata")?.text("name")?;
    if !generation_is_observed(root)? {
        return progressing(
            "Waiting for rollout to finish: observed daemon set generation less than desired generation",
        );
    }
    let (updated, wanted) = (status.int("updatedNumberScheduled")?, status.int("desiredNumberScheduled")?);
    if spec.at("updateStrategy")?.text("type")? == "OnDelete" {
        return healthy(format!("daemon set {updated} out of {wanted} new pods have been updated"));
    }
    if updated < wanted {
        return progressing(format!(
            "Waiting for daemon set {name:?} rollout to finish: {updated} out of {wanted} new pods have been updated..."
        ));
    }
    let available = status.int("numberAvailable")?;
    if available < wanted {
        return progressing(format!(
            "Waiting for daemon set {name:?} rollout to finish: {available} of {wanted} updated pods are available..."
        ));
    }
    healthy("")
}

fn ingress(object: &Object) -> Health {
    let balancers = object.value().get_path(&["status", "loadBalancer", "ingress"]).and_then(Value::as_array);
    let status = if balancers.is_some_and(|b| !b.is_empty()) {
        HealthStatus::Healthy
    } else {
        HealthStatus::Progressing
    };
    Health::new(status, "")
}

fn workflow(object: &Object) -> Health {
    let text =
        |key: &str| object.value().get_path(&["status", key]).and_then(Value::as_str).unwrap_or_default();
    let status = match text("phase") {
        "" | "Pending" | "Running" => HealthStatus::Progressing,
        "Succeeded" => HealthStatus::Healthy,
        "Failed" | "Error" => HealthStatus::Degraded,
        _ => HealthStatus::Unknown,
    };
    Health::new(status, text("message"))
}

fn api_service(root: Typed<'_>) -> Judged {
    let Some(available) = condition(root.at("status")?, "Available")? else {
        return progressing("Waiting to be processed");
    };
    let message = format!("{}: {}", available.text("reason")?, available.text("message")?);
    if available.text("status")? == "True" { healthy(message) } else { progressing(message) }
}

fn service(root: Typed<'_>) -> Judged {
    let waits = root.at("spec")?.text("type")? == "LoadBalancer"
        && root.at("status")?.at("loadBalancer")?.list("ingress")?.is_empty();
    if waits { progressing("") } else { healthy("") }
}

fn claim(root: Typed<'_>) -> Judged {
    let status = match root.at("status")?.text("phase")? {
        "Lost" => HealthStatus::Degraded,
        "Pending" => HealthStatus::Progressing,
        "Bound" => HealthStatus::Healthy,
        _ => HealthStatus::Unknown,
    };
    Ok(Health::new(status, ""))
}

fn job(root: Typed<'_>) -> Judged {
    let mut failure = None;
    let (mut complete, mut suspended) = (false, false);
    let mut message = "";
    for condition in root.at("status")?.list("conditions")? {
        match condition.text("type")? {
            "Failed" => failure = Some(condition.text("message")?),
            "Complete" => {
                complete = true;
                message = condition.text("message")?;
            }
            "Suspended" => {
                complete = true;
                message = condition.text("message")?;
                suspended |= condition.text("status")? == "True";
            }
            _ => {}
        }
    }
    let (status, message) = match failure {
        Some(failure) => (HealthStatus::Degraded, failure),
        None if !complete => (HealthStatus::Progressing, message),
        None if suspended => (HealthStatus::Suspended, message),
        None => (HealthStatus::Healthy, message),
    };
    Ok(Health::new(status, message))
}

/// What of a condition an autoscaler is judged by: type, reason, message, status.
type HpaCondition = [String; 4];

const HPA_KEYS: [&str; 4] = ["type", "reason", "message", "status"];

fn hpa_v2(root: Typed<'_>) -> Judged {
    let mut conditions = Vec::new();
    for condition in root.at("status")?.list("conditions")? {
        let mut read = HpaCondition::default();
        for (slot, key) in read.iter_mut().zip(HPA_KEYS) {
            condition.text(key)?.clone_into(slot);
        }
        conditions.push(read);
    }
    Ok(judge_hpa(&conditions))
}

fn hpa_v1(object: &Object) -> Judged {
    let path = ["metadata", "annotations", "autoscaling.alpha.kubernetes.io/conditions"];
    let Some(text) = object.value().get_path(&path) else { return Ok(judge_hpa(&[])) };
    // One that is null counts as an empty one, which is no list.
    let text = text.as_str().unwrap_or_default();
    let value = fairway_value::from_json(text.as_bytes())
        .map_err(|why| format!("failed to convert conditions annotation to typed: {why}"))?;
    let list = match &value {
        Value::Null => &[],
        Value::Array(list) => list.as_slice(),
        other => return Err(format!("cannot unmarshal {} into []hpaCondition", other.type_name())),
    };
    Ok(judge_hpa(&list.iter().map(hpa_condition).collect::<Result<Vec<_>, _>>()?))
}

/// Reads a condition as Go's `json.Unmarshal` into a struct without tags does: key names without regard to case.
fn hpa_condition(value: &Value) -> Result<HpaCondition, String> {
    let mut read = HpaCondition::default();
    if value.is_null() {
        return Ok(read);
    }
    let map = value.as_object().ok_or("cannot unmarshal into hpaCondition")?;
    for (slot, key) in read.iter_mut().zip(HPA_KEYS) {
        for (_, text) in map.iter().filter(|(k, v)| k.eq_ignore_ascii_case(key) && !v.is_null()) {
            text.as_str().ok_or("cannot unmarshal into string")?.clone_into(slot);
        }
    }
    Ok(read)
}

fn judge_hpa(conditions: &[HpaCondition]) -> Health {
    let is_degraded = |[kind, reason, ..]: &&HpaCondition| {
        matches!(
            (kind.as_str(), reason.as_str()),
            ("AbleToScale", "FailedGetScale" | "FailedUpdateScale")
                | (
                    "ScalingActive",
                    "FailedGetResourceMetric"
                        | "FailedGetObjectMetric"
                        | "FailedGetPodsMetric"
                        | "FailedGetExternalMetric"
                        | "FailedComputeMetricsReplicas"
                        | "InvalidSelector"
                )
        )
    };
    let is_healthy = |[kind, _, _, status]: &&HpaCondition| {
        matches!(kind.as_str(), "AbleToScale" | "ScalingLimited") && status == "True"
    };
    if let Some([_, _, message, _]) = conditions.iter().find(is_degraded) {
        return Health::new(HealthStatus::Degraded, message.as_str());
    }
    match conditions.iter().find(is_healthy) {
        Some([_, _, message, _]) => Health::new(HealthStatus::Healthy, message.as_str()),
        None => Health::new(HealthStatus::Progressing, "Waiting to Autoscale"),
    }
}
