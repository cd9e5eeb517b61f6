//! CronJobs: Jobs by the clock.

use super::cron_schedule::Schedule;
use super::events::{normal, warning};
use super::object::{flag, get, is_true, key, list, name, namespace, number, reference, text, uid};
use super::work::{World, collection};
use crate::api::{CONTROLLER, Part, format_secs, parse_secs, to_value};
use crate::store::Stored;
use fairway_value::Value;
use jiff::tz::TimeZone;
use serde_json::json;
use std::sync::Arc;

const CRONS: &str = "cronjobs.batch";
const SOURCE: &str = "cronjob-controller";
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// Starts what is due and looks again at the next time.
pub(crate) fn reconcile(world: &World, cron: &Value) {
    let zone = match text(cron, "spec.timeZone") {
        "" => Some(TimeZone::UTC),
        named => TimeZone::get(named).ok(),
    };
    let Some(zone) = zone else {
        let message = format!("invalid timeZone: {:?}: unknown time zone", text(cron, "spec.timeZone"));
        warning(world, cron, SOURCE, "UnknownTimeZone", message);
        return;
    };
    let Some(schedule) = Schedule::parse(text(cron, "spec.schedule")) else { return };
    keep_history(world, cron);
    let now = world.now().div_euclid(1_000_000);
    let since = parse_secs(text(cron, "status.lastScheduleTime"))
        .or_else(|| parse_secs(text(cron, "metadata.creationTimestamp")))
        .unwrap_or(now);
    let mut due = None;
    let mut at = since;
    // Of the times that were missed only the last one counts.
    while let Some(next) = schedule.after(at, &zone).filter(|t| *t <= now) {
        due = Some(next);
        at = next;
        if now - at > 100 * 86_400 {
            at = now - 100 * 86_400;
        }
    }
    if let Some(due) = due.filter(|_| !flag(cron, "spec.suspend")) {
        start(world, cron, due, now);
    }
    tell(world, cron, due.filter(|_| !flag(cron, "spec.suspend")));
    if let Some(next) = schedule.after(now, &zone) {
        world.queue.push_at(next * 1_000_000, CRONS, &key(cron));
    }
}

fn jobs(world: &World, cron: &Value) -> Vec<Arc<Stored>> {
    let mut jobs = world.owned("jobs.batch", uid(cron));
    jobs.sort_by_key(|j| text(&j.value, "metadata.creationTimestamp").to_owned());
    jobs
}

/// Whether the controller started a Job, rather than a person who named the CronJob as its owner.
fn scheduled(job: &Value) -> bool {
    get(job, "metadata.annotations").is_some_and(|a| a.get(SCHEDULED).is_some())
}

fn finished(job: &Value) -> bool {
    is_true(job, "Complete") || is_true(job, "Failed")
}

fn start(world: &World, cron: &Value, due: i64, now: i64) {
    if number(cron, "spec.startingDeadlineSeconds").is_some_and(|limit| now - due > limit) {
        return;
    }
    let running: Vec<_> = jobs(world, cron).into_iter().filter(|j| !finished(&j.value)).collect();
    match text(cron, "spec.concurrencyPolicy") {
        "Forbid" if !running.is_empty() => return,
        "Replace" => {
            for job in &running {
                world.api.dispose("jobs.batch", namespace(cron), name(&job.value), "Background");
            }
        }
        _ => {}
    }
    let mut job = get(cron, "spec.jobTemplate").cloned().unwrap_or_default();
    let metadata: Value = ["labels", "annotations"]
        .into_iter()
        .filter_map(|f| Some((f, get(&job, &format!("metadata.{f}"))?.clone())))
        .collect();
    job.set_path(&["metadata"], metadata);
    job.set_path(&["apiVersion"], "batch/v1");
    job.set_path(&["kind"], "Job");
    job.set_path(&["metadata", "name"], format!("{}-{}", name(cron), due / 60));
    job.set_path(&["metadata", "ownerReferences"], vec![reference(cron)]);
    job.set_path(&["metadata", "annotations", SCHEDULED], format_secs(due * 1_000_000));
    match world.api.make(&collection("batch/v1", namespace(cron), "jobs"), &job) {
        Ok(()) => normal(world, cron, SOURCE, "SuccessfulCreate", format!("Created job {}", name(&job))),
        Err((409, _)) => {}
        Err((_, why)) => {
            warning(world, cron, SOURCE, "FailedCreate", format!("Error creating job: {why}"));
        }
    }
}

fn keep_history(world: &World, cron: &Value) {
    for (condition, field, fallback) in
        [("Complete", "spec.successfulJobsHistoryLimit", 3), ("Failed", "spec.failedJobsHistoryLimit", 1)]
    {
        let keep = usize::try_from(number(cron, field).unwrap_or(fallback)).unwrap_or_default();
        let done: Vec<_> = jobs(world, cron).into_iter().filter(|j| is_true(&j.value, condition)).collect();
        for job in done.iter().take(done.len().saturating_sub(keep)) {
            world.api.dispose("jobs.batch", namespace(cron), name(&job.value), "Background");
            normal(world, cron, SOURCE, "SuccessfulDelete", format!("Deleted job {}", name(&job.value)));
        }
    }
}

/// Notes what has become of its Jobs since the last look.
fn note_jobs(world: &World, cron: &Value, jobs: &[Arc<Stored>]) {
    for job in jobs {
        let was_active = list(cron, "status.active").iter().any(|a| text(a, "uid") == uid(&job.value));
        let ended = ["Complete", "Failed"].into_iter().find(|c| is_true(&job.value, c));
        match (was_active, ended) {
            (true, Some(how)) => {
                let message = format!("Saw completed job: {}, condition: {how}", name(&job.value));
                normal(world, cron, SOURCE, "SawCompletedJob", message);
            }
            (false, None) if !scheduled(&job.value) => {
                let message =
                    format!("Saw a job that the controller did not create or forgot: {}", name(&job.value));
                warning(world, cron, SOURCE, "UnexpectedJob", message);
            }
            (_, _) => {}
        }
    }
}

fn tell(world: &World, cron: &Value, started: Option<i64>) {
    let jobs = jobs(world, cron);
    note_jobs(world, cron, &jobs);
    let active: Vec<Value> = jobs
        .iter()
        .filter(|j| !finished(&j.value) && scheduled(&j.value))
        .map(|j| {
            to_value(&json!({ "apiVersion": "batch/v1", "kind": "Job", "name": name(&j.value),
                "namespace": namespace(&j.value), "uid": uid(&j.value), "resourceVersion": j.rv.to_string() }))
        })
        .collect();
    let succeeded =
        jobs.iter().filter_map(|j| get(&j.value, "status.completionTime").and_then(Value::as_str)).max();
    world.api.change(CRONS, &key(cron), CONTROLLER, Part::Status, |o| {
        if active.is_empty() {
            o.remove_path(&["status", "active"]);
        } else if list(o, "status.active").len() != active.len() {
            o.set_path(&["status", "active"], active.clone());
        }
        if let Some(started) = started {
            o.set_path(&["status", "lastScheduleTime"], format_secs(started * 1_000_000));
        }
        if let Some(time) = succeeded {
            o.set_path(&["status", "lastSuccessfulTime"], time);
        }
    });
}
