//! What must hold whatever happens, checked at each write of the engine.

use crate::git::commit_of;
use crate::model::{AppSpec, Commit, Kind, SECRET, Spec};
use crate::world::World;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How long a commit may go on being synced after the next one came, in microseconds: calls take up to a minute, and a step of
/// a sync ends before the sync does.
const OVERTAKEN_MICROS: i64 = 300_000_000;

/// What is remembered between writes.
#[derive(Default)]
pub struct Checks {
    pub violations: Vec<String>,
    /// Objects that a person changed since the engine wrote them last.
    pub touched: BTreeSet<String>,
    /// How many attempts of syncs have ended, by App.
    ended: BTreeMap<String, u32>,
    /// How often a hook has failed and was deleted, by its path.
    failed_hooks: BTreeMap<String, u32>,
    /// Hooks that ran: by the App's uid and revision, name and attempt.
    hooks: BTreeMap<(String, String, u32), u32>,
    /// Apps that somebody has told to prune.
    pub pruned_by_hand: BTreeSet<String>,
    /// Objects that people made themselves, by path, with their uid.
    pub foreign: BTreeMap<String, String>,
}

/// A write that is about to be carried out.
pub struct Before {
    path: String,
    live: Option<Value>,
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn annotation<'a>(value: &'a Value, name: &str) -> &'a str {
    value["metadata"]["annotations"][name].as_str().unwrap_or_default()
}

/// The App that an object is marked with.
pub fn owner(value: &Value) -> &str {
    annotation(value, "argocd.argoproj.io/tracking-id").split(':').next().unwrap_or_default()
}

fn is_hook(value: &Value) -> bool {
    !annotation(value, "argocd.argoproj.io/hook").is_empty()
}

/// Looks at a write before it is carried out.
pub fn before(world: &mut World, method: &str, uri: &str, body: &[u8]) -> Before {
    let path = uri.split('?').next().unwrap_or_default().to_owned();
    let live = world.live(&path);
    let sent = String::from_utf8_lossy(body).into_owned();
    if !path.contains("/secrets") && SECRET.iter().any(|s| sent.contains(s)) {
        violate(world, format!("a secret is in a write to {path}"));
    }
    if method == "DELETE" {
        if let Some(live) = &live {
            let wanted = serde_json::from_slice::<Value>(body).unwrap_or_default();
            let uid = text(&wanted, "/preconditions/uid").to_owned();
            if uid.is_empty() || uid == text(live, "/metadata/uid") {
                deletion(world, &path, live);
            }
        }
    } else if !path.contains("/argoproj.io/") {
        let written = serde_json::from_slice::<Value>(body).unwrap_or_default();
        order(world, &path, &written);
    }
    Before { path, live }
}

/// Looks at a write that was carried out.
pub fn after(world: &mut World, before: &Before, taken: bool, body: &[u8]) {
    if !taken {
        return;
    }
    world.checks.touched.remove(&before.path);
    let written = serde_json::from_slice::<Value>(body).unwrap_or_default();
    if let Some((_, app)) = before.path.split_once("/applications/")
        && !text(&written, "/status/operationState/finishedAt").is_empty()
    {
        *world.checks.ended.entry(app.to_owned()).or_default() += 1;
    }
    let starts = before.live.is_none() && is_hook(&written);
    if starts && !owner(&written).is_empty() {
        hook_ran(world, &before.path, &written);
    }
}

pub fn violate(world: &mut World, what: String) {
    world.note(format!("VIOLATED: {what}"));
    world.checks.violations.push(what);
}

fn application(world: &World, name: &str) -> Option<Value> {
    world.live(&format!("/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{name}"))
}

/// Commits that a sync may be at now.
fn current(world: &World) -> Vec<usize> {
    let since = world.clock.micros() - OVERTAKEN_MICROS;
    let fetched = &world.git.fetched;
    let at = fetched.iter().rposition(|(when, _)| *when < since).unwrap_or(0);
    fetched[at..].iter().map(|(_, commit)| *commit).collect()
}

/// Nothing is deleted but what an App has and no longer wants, and nothing because its source has become empty.
fn deletion(world: &mut World, path: &str, live: &Value) {
    let app = owner(live).to_owned();
    if app.is_empty() {
        return violate(world, format!("{path} is deleted and no App has it"));
    }
    let Some(application) = application(world, &app) else {
        return violate(world, format!("{path} is deleted and its App {app} is gone"));
    };
    if is_hook(live) {
        let conditions = live["status"]["conditions"].as_array().cloned().unwrap_or_default();
        if conditions.iter().any(|c| c["type"] == "Failed") {
            *world.checks.failed_hooks.entry(path.to_owned()).or_default() += 1;
        }
        return;
    }
    if !text(&application, "/metadata/deletionTimestamp").is_empty() {
        if application["metadata"]["finalizers"].as_array().is_none_or(Vec::is_empty) {
            violate(world, format!("{path} is deleted with its App {app}, which does not cascade"));
        }
        return;
    }
    let automated = &application["spec"]["syncPolicy"]["automated"];
    let asked = world.checks.pruned_by_hand.contains(&app);
    if automated["prune"] != true && !asked {
        return violate(world, format!("{path} is pruned and {app} does not prune"));
    }
    let commits = current(world);
    let unwanted = |commit: &Commit| -> bool {
        if app == "root" {
            let name = path.rsplit('/').next().unwrap_or_default();
            return commit.rooted && !commit.apps.is_empty() && !commit.apps.contains_key(name);
        }
        let Some(spec) = commit.apps.get(&app) else { return false };
        let wanted = spec.lasting().any(|o| o.path(&spec.namespace) == path);
        !wanted && spec.lasting().next().is_some() && !spec.broken
    };
    if !commits.iter().any(|at| unwanted(&world.git.commits[*at])) {
        violate(world, format!("{path} is pruned, and at commits {commits:?} {app} has it or nothing"));
    }
}

/// Whether a live object is as it is written.
pub fn is_as_written(live: &Value, spec: &Spec) -> bool {
    let value = spec.value.to_string();
    match spec.kind {
        Kind::Config => text(live, "/data/value") == value,
        Kind::Secret => text(live, "/data/value") == base64(value.as_bytes()),
        Kind::Deployment => {
            let replicas = live["spec"]["replicas"].as_u64() == Some(1 + spec.value % 3);
            replicas && text(live, "/spec/template/spec/containers/0/env/0/value") == value
        }
        Kind::Namespace => text(live, "/metadata/labels/value") == value,
        Kind::Custom => text(live, "/spec/value") == value,
        Kind::Crd | Kind::Hook(_) => true,
    }
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn is_up(live: &Value) -> bool {
    let status = &live["status"];
    let replicas = live["spec"]["replicas"].as_u64().unwrap_or(1);
    status["observedGeneration"] == live["metadata"]["generation"]
        && status["availableReplicas"].as_u64().unwrap_or(0) == replicas
        && status["updatedReplicas"].as_u64().unwrap_or(0) == replicas
}

/// An object is written after those of earlier waves are as they are wanted and well.
fn order(world: &mut World, path: &str, written: &Value) {
    let app = owner(written).to_owned();
    let is_plain = !app.is_empty() && app != "root" && !is_hook(written);
    if !is_plain {
        return;
    }
    let mut late = Vec::new();
    for at in current(world) {
        let commit = world.git.commits[at].clone();
        let Some(spec) = commit.apps.get(&app) else { continue };
        let Some(this) = spec.lasting().find(|o| o.path(&spec.namespace) == path) else { continue };
        match behind(world, spec, this) {
            None => return,
            Some(why) => late.push(format!("at commit {at} {why}")),
        }
    }
    if late.is_empty() {
        late.push("no commit has it".to_owned());
    }
    violate(world, format!("{path} is written too early for {app}: {}", late.join("; ")));
}

/// What an object of an App should have waited for, if anything.
fn behind(world: &World, app: &AppSpec, this: &Spec) -> Option<String> {
    app.lasting().filter(|o| o.wave < this.wave).find_map(|earlier| {
        let path = earlier.path(&app.namespace);
        if world.checks.touched.contains(&path) {
            return None;
        }
        let Some(live) = world.live(&path) else { return Some(format!("{path} is missing")) };
        if !is_as_written(&live, earlier) {
            return Some(format!("{path} is not as wanted"));
        }
        (earlier.kind == Kind::Deployment && !is_up(&live)).then(|| format!("{path} is not well"))
    })
}

/// A hook runs once in each attempt of a sync, and the attempt is on record by then.
fn hook_ran(world: &mut World, path: &str, written: &Value) {
    let app = owner(written).to_owned();
    let name = text(written, "/metadata/name").to_owned();
    let Some(application) = application(world, &app) else {
        return violate(world, format!("hook {name} runs and its App {app} is gone"));
    };
    if annotation(written, "argocd.argoproj.io/hook").ends_with("Delete") {
        // One that failed is run again, as Git has it by then.
        let attempt = world.checks.failed_hooks.get(path).copied().unwrap_or_default();
        let run = (format!("{} deletion", text(&application, "/metadata/uid")), name, attempt);
        return ran(world, run, &app);
    }
    let state = &application["status"]["operationState"];
    let ended = world.checks.ended.get(&app).copied().unwrap_or_default();
    let of = format!("{} {}", text(&application, "/metadata/uid"), text(state, "/syncResult/revision"));
    let run = (of, name.clone(), ended);
    // One that a person has just told to end may not have heard of it.
    let goes_on = ["Running", "Terminating"].contains(&text(state, "/phase"));
    let is_recorded = goes_on && text(state, "/finishedAt").is_empty();
    if !is_recorded {
        let phase = text(state, "/phase").to_owned();
        return violate(world, format!("hook {name} of {app} runs before its sync is on record ({phase})"));
    }
    ran(world, run, &app);
}

fn ran(world: &mut World, run: (String, String, u32), app: &str) {
    let name = run.1.clone();
    let times = world.checks.hooks.entry(run).or_default();
    *times += 1;
    if *times > 1 {
        violate(world, format!("hook {name} of {app} runs twice in one sync"));
    }
}

/// What must hold at the end, when nothing goes wrong any more.
pub fn settled(world: &mut World) -> Vec<String> {
    let head = world.git.commits.len() - 1;
    let commit = world.git.commits[head].clone();
    let mut wrong = Vec::new();
    for app in commit.apps.values() {
        let Some(live) = application(world, &app.name) else {
            wrong.push(format!("{} is not there", app.name));
            continue;
        };
        let status = &live["status"];
        let revision = commit_of(text(status, "/sync/revision"));
        let mut said = format!(
            "{} is {} {} {}",
            app.name,
            text(status, "/sync/status"),
            text(status, "/health/status"),
            text(status, "/operationState/phase")
        );
        let extra = extras(world, app);
        // What is no longer wanted and may not be pruned keeps its App out of sync, and counts in its health as in Argo CD
        // (`controller/health.go`).
        let keeps_extra = !app.prune && !extra.is_empty();
        let synced = text(status, "/sync/status") == "Synced" || keeps_extra;
        let well = text(status, "/health/status") == "Healthy" || keeps_extra;
        if !synced || !well || revision != Some(head) {
            said.push_str(&format!(
                " at {revision:?} of {head}: {} {}",
                status["conditions"], status["operationState"]["message"]
            ));
            wrong.push(said);
        }
        if app.prune && !extra.is_empty() {
            wrong.push(format!("{} still has {extra:?}", app.name));
        }
        for object in app.lasting() {
            let path = object.path(&app.namespace);
            match world.live(&path) {
                Some(live)
                    if is_as_written(&live, object)
                        && (object.kind == Kind::Crd || owner(&live) == app.name) => {}
                Some(live) => wrong.push(format!("{path} is not as {} wants it: {live}", app.name)),
                None => wrong.push(format!("{path} of {} is missing", app.name)),
            }
        }
    }
    for (path, uid) in world.checks.foreign.clone() {
        if world.live(&path).is_none_or(|o| text(&o, "/metadata/uid") != uid) {
            wrong.push(format!("{path}, which a person made, is gone"));
        }
    }
    wrong
}

/// Objects that an App has in the cluster and does not want.
pub fn extras(world: &World, app: &AppSpec) -> Vec<String> {
    let wanted: BTreeSet<String> = app.lasting().map(|o| o.path(&app.namespace)).collect();
    let kinds = [
        "/api/v1/configmaps",
        "/api/v1/secrets",
        "/apis/apps/v1/deployments",
        "/apis/sim.example/v1/widgets",
    ];
    kinds
        .iter()
        .flat_map(|kind| {
            let (group, plural) = kind.rsplit_once('/').unwrap();
            world
                .list(kind)
                .into_iter()
                .map(move |o| {
                    let namespace = text(&o, "/metadata/namespace");
                    let path =
                        format!("{group}/namespaces/{namespace}/{plural}/{}", text(&o, "/metadata/name"));
                    (path, o)
                })
                .collect::<Vec<_>>()
        })
        .filter(|(path, live)| owner(live) == app.name && !wanted.contains(path))
        .map(|(path, _)| path)
        .collect()
}
