//! Pods: scheduled onto the one node, running at once, or failing where their image says so.
//!
//! An image whose tag is `fail` cannot be pulled. One whose tag is `crash` exits with 1. Pods that do not restart always
//! succeed.

use super::events::{Note, Tone, note};
use super::object::{deleting, get, key, list, name, namespace, text};
use super::work::World;
use crate::api::{Part, to_value};
use crate::seed::NODE;
use fairway_value::Value;
use serde_json::{Value as Json, json};

const KUBELET: &str = "kubelet";

/// How a container fares.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Runs,
    Succeeds,
    NoImage,
    Crashes,
}

/// Brings a Pod on.
pub(crate) fn reconcile(world: &World, pod: &Value) {
    let key = key(pod);
    if deleting(pod) {
        finish(world, pod);
        return;
    }
    if !list(pod, "spec.schedulingGates").is_empty() {
        return;
    }
    if text(pod, "spec.nodeName").is_empty() {
        super::schedule::reconcile(world, pod);
        return;
    }
    if text(pod, "spec.nodeName") != NODE || !matches!(text(pod, "status.phase"), "" | "Pending") {
        return;
    }
    if get(pod, "status.startTime").is_some() {
        return;
    }
    let status = status(world, pod);
    world.api.change("pods", &key, KUBELET, Part::Status, |o| {
        let quality = get(o, "status.qosClass").cloned();
        o.set_path(&["status"], status.clone());
        if let Some(quality) = quality {
            o.set_path(&["status", "qosClass"], quality);
        }
    });
    tell(world, pod);
}

/// Notes what a kubelet notes while it starts a Pod.
fn tell(world: &World, pod: &Value) {
    let restarts = text(pod, "spec.restartPolicy");
    for (field, init) in [("initContainers", true), ("containers", false)] {
        for container in list(pod, &format!("spec.{field}")) {
            let fate = if init { init_fate(container) } else { fate(container, restarts) };
            let (own, image) = (text(container, "name"), text(container, "image"));
            let field = format!("spec.{field}{{{own}}}");
            let say = |tone, reason, message| {
                note(world, pod, Note { source: KUBELET, tone, reason, message, field: field.clone() });
            };
            if fate == Fate::NoImage {
                say(Tone::Normal, "Pulling", format!("Pulling image {image:?}"));
                say(
                    Tone::Warning,
                    "Failed",
                    format!("Failed to pull image {image:?}: simulated: its tag is fail"),
                );
                say(Tone::Warning, "Failed", "Error: ErrImagePull".to_owned());
                say(Tone::Normal, "BackOff", format!("Back-off pulling image {image:?}"));
                say(Tone::Warning, "Failed", "Error: ImagePullBackOff".to_owned());
                return;
            }
            say(Tone::Normal, "Pulled", format!("Container image {image:?} already present on machine"));
            say(Tone::Normal, "Created", format!("Created container: {own}"));
            say(Tone::Normal, "Started", format!("Started container {own}"));
            if fate == Fate::Crashes && restarts != "Never" {
                let message = format!(
                    "Back-off restarting failed container {own} in pod {}_{}({})",
                    name(pod),
                    namespace(pod),
                    super::object::uid(pod)
                );
                say(Tone::Warning, "BackOff", message);
            }
            if init && fate == Fate::Crashes {
                return;
            }
        }
    }
}

/// Ends a Pod that is being deleted: nothing runs that would need its grace period.
fn finish(world: &World, pod: &Value) {
    if !list(pod, "metadata.finalizers").is_empty() {
        // Its containers are over all the same.
        if super::object::number(pod, "metadata.deletionGracePeriodSeconds") != Some(0)
            && let Some(live) = world.api.store.get("pods", &key(pod))
        {
            let mut ended = live.value.clone();
            ended.set_path(&["metadata", "deletionGracePeriodSeconds"], 0_i64);
            let _ = world.api.store.update("pods", &key(pod), live.rv, ended);
        }
        return;
    }
    world.api.erase("pods", namespace(pod), name(pod));
}

/// Returns the tag of an image: what comes after the last colon of its last path part.
fn tag(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    last.split_once(':').map_or("latest", |(_, tag)| tag)
}

fn fate(container: &Value, restarts: &str) -> Fate {
    match (tag(text(container, "image")), restarts) {
        ("fail", _) => Fate::NoImage,
        ("crash", _) => Fate::Crashes,
        (_, "Always" | "") => Fate::Runs,
        (_, _) => Fate::Succeeds,
    }
}

fn init_fate(container: &Value) -> Fate {
    match tag(text(container, "image")) {
        "fail" => Fate::NoImage,
        "crash" => Fate::Crashes,
        _ if text(container, "restartPolicy") == "Always" => Fate::Runs,
        _ => Fate::Succeeds,
    }
}

fn status(world: &World, pod: &Value) -> Value {
    let now = world.now_text();
    let restarts = text(pod, "spec.restartPolicy");
    let (init, blocked) = init_statuses(pod, restarts, &now);
    let containers = list(pod, "spec.containers");
    let fates: Vec<Fate> = containers.iter().map(|c| fate(c, restarts)).collect();
    let any = |f: Fate| fates.contains(&f);
    let phase = if blocked || any(Fate::NoImage) {
        "Pending"
    } else if any(Fate::Crashes) && restarts == "Never" {
        "Failed"
    } else if fates.iter().all(|f| *f == Fate::Succeeds) && !fates.is_empty() {
        "Succeeded"
    } else {
        "Running"
    };
    let ready = phase == "Running" && !any(Fate::Crashes);
    let statuses: Vec<Json> = containers
        .iter()
        .zip(&fates)
        .map(|(c, f)| {
            if blocked { waiting(c, "PodInitializing", "") } else { container_status(c, *f, restarts, &now) }
        })
        .collect();
    let ip = world.pod_ip();
    let mut status = json!({
        "phase": phase, "startTime": now, "hostIP": "127.0.0.1", "hostIPs": [{ "ip": "127.0.0.1" }],
        "podIP": ip, "podIPs": [{ "ip": ip }], "observedGeneration": super::object::generation(pod),
        "conditions": conditions(phase, ready, blocked, &now, super::object::generation(pod)),
        "containerStatuses": statuses,
    });
    if !init.is_empty() {
        status["initContainerStatuses"] = json!(init);
    }
    to_value(&status)
}

fn init_statuses(pod: &Value, restarts: &str, now: &str) -> (Vec<Json>, bool) {
    let mut blocked = false;
    let mut out = Vec::new();
    for container in list(pod, "spec.initContainers") {
        if blocked {
            out.push(waiting(container, "PodInitializing", ""));
            continue;
        }
        let fate = init_fate(container);
        blocked = matches!(fate, Fate::NoImage | Fate::Crashes);
        out.push(container_status(container, fate, restarts, now));
    }
    (out, blocked)
}

fn waiting(container: &Value, reason: &str, message: &str) -> Json {
    let mut state = json!({ "reason": reason });
    if !message.is_empty() {
        state["message"] = json!(message);
    }
    json!({ "name": text(container, "name"), "image": text(container, "image"), "imageID": "", "ready": false,
        "started": false, "restartCount": 0, "lastState": {}, "state": { "waiting": state } })
}

fn container_status(container: &Value, fate: Fate, restarts: &str, now: &str) -> Json {
    let image = text(container, "image");
    let ended = |code: i64, reason: &str| json!({ "terminated": { "exitCode": code, "reason": reason, "startedAt": now, "finishedAt": now } });
    let entry = |state: Json, last: Json, ready: bool, started: bool, count: i64| {
        json!({ "name": text(container, "name"), "image": image, "imageID": format!("devcluster://{image}"),
            "ready": ready, "started": started, "restartCount": count, "lastState": last, "state": state })
    };
    match fate {
        Fate::Runs => entry(json!({ "running": { "startedAt": now } }), json!({}), true, true, 0),
        Fate::Succeeds => entry(ended(0, "Completed"), json!({}), false, false, 0),
        Fate::NoImage => {
            let message = format!("Back-off pulling image {image:?}");
            waiting(container, "ImagePullBackOff", &message)
        }
        Fate::Crashes if restarts == "Never" => entry(ended(1, "Error"), json!({}), false, false, 0),
        Fate::Crashes => {
            let back_off = json!({ "waiting": { "reason": "CrashLoopBackOff",
                "message": format!("back-off 5m0s restarting failed container={}", text(container, "name")) } });
            entry(back_off, ended(1, "Error"), false, false, 5)
        }
    }
}

fn conditions(phase: &str, ready: bool, blocked: bool, now: &str, generation: i64) -> Vec<Json> {
    let condition = |kind: &str, met: bool, reason: &str| {
        let mut c = json!({ "type": kind, "status": if met { "True" } else { "False" }, "lastProbeTime": null,
            "lastTransitionTime": now, "observedGeneration": generation });
        if !met && !reason.is_empty() {
            c["reason"] = json!(reason);
        }
        c
    };
    let done = matches!(phase, "Succeeded" | "Failed");
    let why = if done && phase == "Succeeded" { "PodCompleted" } else { "ContainersNotReady" };
    vec![
        condition("PodReadyToStartContainers", !done, ""),
        condition("Initialized", !blocked, "ContainersNotInitialized"),
        condition("Ready", ready, why),
        condition("ContainersReady", ready, why),
        condition("PodScheduled", true, ""),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_behind_the_last_colon_of_the_name() {
        for (image, expect) in [
            ("nginx", "latest"),
            ("nginx:fail", "fail"),
            ("localhost:5000/a/b", "latest"),
            ("localhost:5000/a/b:1@sha256:00", "1"),
        ] {
            assert_eq!(tag(image), expect);
        }
    }
}
