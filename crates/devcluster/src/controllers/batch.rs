//! Jobs: Pods until enough have succeeded.

use super::events::{normal, warning};
use super::object::{
    deleting, flag, generate_name, get, is_ready, is_true, key, list, name, namespace, number, pod_from,
    text, uid,
};
use super::replicas::put_count;
use super::work::{World, collection};
use crate::api::{CONTROLLER, Part, parse_secs, set_condition};
use fairway_value::Value;

const JOBS: &str = "jobs.batch";
const SOURCE: &str = "job-controller";
/// When Pods that were refused are tried again.
const RETRY_MICROS: i64 = 10_000_000;

/// How a Job ends.
struct End {
    kind: &'static str,
    reason: &'static str,
    message: String,
}

/// Makes the Job's Pods, counts how they ended, and ends the Job.
pub(crate) fn reconcile(world: &World, job: &Value) {
    if is_true(job, "Complete") || is_true(job, "Failed") {
        expire(world, job);
        return;
    }
    if flag(job, "spec.suspend") {
        suspend(world, job);
        return;
    }
    if get(job, "status.startTime").is_none() {
        let now = world.now_text();
        world.api.change(JOBS, &key(job), CONTROLLER, Part::Status, |o| {
            o.set_path(&["status", "startTime"], now.as_str());
            if is_true(o, "Suspended") {
                set_condition(o, "Suspended", "False", "JobResumed", "Job resumed", &now);
            }
        });
    }
    let pods = world.owned("pods", uid(job));
    let in_phase = |phase: &str| -> i64 {
        i64::try_from(pods.iter().filter(|p| text(&p.value, "status.phase") == phase).count())
            .unwrap_or(i64::MAX)
    };
    let (succeeded, failed) = (in_phase("Succeeded"), in_phase("Failed"));
    let active = pods
        .iter()
        .filter(|p| !matches!(text(&p.value, "status.phase"), "Succeeded" | "Failed") && !deleting(&p.value))
        .count();
    let active = i64::try_from(active).unwrap_or(i64::MAX);
    let parallel = number(job, "spec.parallelism").unwrap_or(1);
    let wanted = number(job, "spec.completions");
    let end = end(world, job, succeeded, failed, active);
    if end.is_none() {
        let missing = match wanted {
            Some(wanted) => (wanted - succeeded - active).min(parallel - active),
            None if succeeded > 0 => 0,
            None => parallel - active,
        };
        for n in 0..missing.max(0) {
            make(world, job, succeeded + active + n);
        }
    } else {
        for pod in pods.iter().filter(|p| !matches!(text(&p.value, "status.phase"), "Succeeded" | "Failed")) {
            world.api.dispose("pods", namespace(job), name(&pod.value), "Background");
        }
    }
    match &end {
        Some(End { kind: "Complete", .. }) => {
            normal(world, job, SOURCE, "Completed", "Job completed".to_owned());
        }
        Some(end) => warning(world, job, SOURCE, end.reason, end.message.clone()),
        None => {}
    }
    tell(world, job, (succeeded, failed), end);
}

fn end(world: &World, job: &Value, succeeded: i64, failed: i64, active: i64) -> Option<End> {
    if failed > number(job, "spec.backoffLimit").unwrap_or(6) {
        let message = "Job has reached the specified backoff limit".to_owned();
        return Some(End { kind: "Failed", reason: "BackoffLimitExceeded", message });
    }
    let done = match number(job, "spec.completions") {
        Some(wanted) => succeeded >= wanted,
        None => succeeded > 0 && active == 0,
    };
    if done {
        let message = "Reached expected number of succeeded pods".to_owned();
        return Some(End { kind: "Complete", reason: "CompletionsReached", message });
    }
    let limit = number(job, "spec.activeDeadlineSeconds")?;
    let started = parse_secs(text(job, "status.startTime")).unwrap_or(world.now() / 1_000_000);
    let due = (started + limit) * 1_000_000;
    if world.now() < due {
        world.queue.push_at(due, JOBS, &key(job));
        return None;
    }
    let message = "Job was active longer than specified deadline".to_owned();
    Some(End { kind: "Failed", reason: "DeadlineExceeded", message })
}

fn make(world: &World, job: &Value, index: i64) {
    let Some(template) = get(job, "spec.template") else { return };
    let mut pod = pod_from(job, template, &[]);
    let mut prefix = format!("{}-", name(job));
    if text(job, "spec.completionMode") == "Indexed" {
        pod.set_path(
            &["metadata", "annotations", "batch.kubernetes.io/job-completion-index"],
            index.to_string(),
        );
        pod.set_path(&["metadata", "labels", "batch.kubernetes.io/job-completion-index"], index.to_string());
        prefix = format!("{}-{index}-", name(job));
    }
    let made = generate_name(&mut pod, &prefix, &world.api.random);
    match world.api.make(&collection("v1", namespace(job), "pods"), &pod) {
        Ok(()) => normal(world, job, SOURCE, "SuccessfulCreate", format!("Created pod: {made}")),
        Err((_, why)) => {
            warning(world, job, SOURCE, "FailedCreate", format!("Error creating: {why}"));
            world.queue.push_at(world.now() + RETRY_MICROS, JOBS, &key(job));
        }
    }
}

fn suspend(world: &World, job: &Value) {
    for pod in world.owned("pods", uid(job)) {
        if !matches!(text(&pod.value, "status.phase"), "Succeeded" | "Failed") {
            world.api.dispose("pods", namespace(job), name(&pod.value), "Background");
        }
    }
    if !is_true(job, "Suspended") {
        normal(world, job, SOURCE, "Suspended", "Job suspended".to_owned());
    }
    let now = world.now_text();
    world.api.change(JOBS, &key(job), CONTROLLER, Part::Status, |o| {
        set_condition(o, "Suspended", "True", "JobSuspended", "Job suspended", &now);
        o.remove_path(&["status", "startTime"]);
        put_count(o, "active", 0);
        stamp_probe(o, &now);
    });
}

fn stamp_probe(job: &mut Value, now: &str) {
    if let Some(conditions) = job.get_path_mut(&["status", "conditions"]).and_then(Value::as_array_mut) {
        for condition in conditions.make_mut() {
            if condition.get("lastProbeTime").is_none() {
                condition.set_path(&["lastProbeTime"], now);
            }
        }
    }
}

fn tell(world: &World, job: &Value, (succeeded, failed): (i64, i64), end: Option<End>) {
    let now = world.now_text();
    let pods = world.owned("pods", uid(job));
    let running: Vec<_> = pods
        .iter()
        .filter(|p| !matches!(text(&p.value, "status.phase"), "Succeeded" | "Failed") && !deleting(&p.value))
        .collect();
    let active = if end.is_some() { 0 } else { i64::try_from(running.len()).unwrap_or(i64::MAX) };
    let ready = if end.is_some() { 0 } else { running.iter().filter(|p| is_ready(&p.value)).count() };
    world.api.change(JOBS, &key(job), CONTROLLER, Part::Status, |o| {
        put_count(o, "active", active);
        put_count(o, "succeeded", succeeded);
        put_count(o, "failed", failed);
        o.set_path(&["status", "ready"], i64::try_from(ready).unwrap_or(i64::MAX));
        o.set_path(&["status", "terminating"], 0_i64);
        o.set_path(&["status", "uncountedTerminatedPods"], Value::object());
        if let Some(end) = &end {
            let first = if end.kind == "Complete" { "SuccessCriteriaMet" } else { "FailureTarget" };
            set_condition(o, first, "True", end.reason, &end.message, &now);
            set_condition(o, end.kind, "True", end.reason, &end.message, &now);
            if end.kind == "Complete" {
                o.set_path(&["status", "completionTime"], now.as_str());
            }
        }
        stamp_probe(o, &now);
    });
}

/// Deletes a finished Job when its time is up.
fn expire(world: &World, job: &Value) {
    let Some(ttl) = number(job, "spec.ttlSecondsAfterFinished") else { return };
    let ended = list(job, "status.conditions")
        .iter()
        .filter(|c| matches!(text(c, "type"), "Complete" | "Failed"))
        .find_map(|c| parse_secs(text(c, "lastTransitionTime")));
    let due = (ended.unwrap_or_default() + ttl) * 1_000_000;
    if world.now() >= due {
        world.api.dispose(JOBS, namespace(job), name(job), "Background");
    } else {
        world.queue.push_at(due, JOBS, &key(job));
    }
}
