//! What people do, and what befalls the cluster and the repository.

use crate::checks;
use crate::model::{self, AppSpec, Commit, Kind, REPO};
use crate::world::World;
use serde_json::{Value, json};
use std::time::Duration;

const APPS: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";

/// Sets up the cluster and the first commit.
pub fn begin(world: &mut World) {
    // The real schemas are large, and say nothing about the loop.
    for (kind, plural) in [
        ("Application", "applications"),
        ("AppProject", "appprojects"),
        ("ApplicationSet", "applicationsets"),
    ] {
        let schema = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        let crd = json!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": { "name": format!("{plural}.argoproj.io") },
            "spec": { "group": "argoproj.io", "scope": "Namespaced",
                "names": { "plural": plural, "singular": kind.to_lowercase(), "kind": kind, "listKind": format!("{kind}List") },
                "versions": [{ "name": "v1alpha1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } }] } });
        create(world, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &crd);
    }
    for name in ["argocd", "team-a", "team-b"] {
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        create(world, "/api/v1/namespaces", &namespace);
    }
    world.cluster.settle();
    let project = json!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
        "metadata": { "name": "default", "namespace": "argocd" },
        "spec": { "sourceRepos": ["*"], "destinations": [{ "namespace": "*", "server": "*" }],
            "clusterResourceWhitelist": [{ "group": "*", "kind": "*" }] } });
    create(world, "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects", &project);
    let commit = model::first(&mut world.chance);
    world.git.commits.push(commit);
    make_apps(world);
}

fn create(world: &mut World, path: &str, object: &Value) -> Option<Value> {
    world.person("POST", path, object)
}

/// Makes the Applications that are not there: by hand, or the one that makes the others.
pub fn make_apps(world: &mut World) {
    let commit = world.git.commits.last().cloned().unwrap_or_default();
    if commit.rooted {
        create(world, APPS, &model::root_manifest());
        return;
    }
    for app in commit.apps.values() {
        if create(world, APPS, &app.manifest()).is_some() {
            world.note(format!("kubectl: creates {}", app.name));
        }
    }
}

/// Does one thing. Returns whether somebody pushed and the forge tells the engine.
pub fn act(world: &mut World) -> bool {
    match world.chance.roll(100) {
        0..35 => {
            push(world);
            return world.chance.percent(70);
        }
        35..58 => by_hand(world),
        58..66 => ask(world),
        66..72 => app_goes(world),
        72..78 => {
            let until = world.clock.micros() + micros(world.chance.roll(60_000));
            world.faults.away_until = until;
            world.note("cluster: away for a while".to_owned());
            world.break_watches();
        }
        78..83 => {
            world.git.away_until = world.clock.micros() + micros(world.chance.roll(90_000));
            world.note("git: away for a while".to_owned());
        }
        83..87 => world.break_watches(),
        87..92 => world.delay_watches(),
        92..94 => {
            world.cluster.compact();
            world.break_watches();
        }
        _ => {
            let calls = 1 + world.chance.roll(40);
            world.faults.crash_in.get_or_insert(calls);
        }
    }
    false
}

fn micros(millis: u64) -> i64 {
    i64::try_from(Duration::from_millis(millis).as_micros()).unwrap()
}

/// Changes the repository.
fn push(world: &mut World) {
    let mut commit = world.git.commits.last().cloned().unwrap();
    let chance = &mut world.chance;
    let names: Vec<String> = commit.apps.keys().cloned().collect();
    let name = chance.pick(&names).clone();
    let (rooted, several) = (commit.rooted, commit.apps.len() > 1);
    let app = commit.apps.get_mut(&name).unwrap();
    let files: Vec<String> = app.objects.keys().cloned().collect();
    let what = match chance.roll(20) {
        0..3 => {
            model::add(app, chance);
            "an object more"
        }
        3..6 if !files.is_empty() => {
            let file = chance.pick(&files);
            // What others live in stays.
            if !matches!(app.objects[file].kind, Kind::Namespace | Kind::Crd) {
                app.objects.remove(file);
            }
            "an object less"
        }
        6 => {
            app.broken = !app.broken;
            "a broken file comes or goes"
        }
        7 if name != "app-0" => {
            app.objects.clear();
            "nothing is left"
        }
        8 => {
            if let Some(object) = app.objects.values_mut().find(|o| o.is_hook() || o.kind == Kind::Deployment)
            {
                object.fails = !object.fails;
            }
            "something fails, or no more"
        }
        9 => {
            model::bring_late(&mut commit, chance);
            "the namespace and the kind"
        }
        10 if !files.is_empty() => {
            let file = chance.pick(&files).clone();
            app.objects.get_mut(&file).unwrap().wave = i32::try_from(chance.roll(4)).unwrap() - 1;
            "another wave"
        }
        11 if rooted && several && name != "app-0" => {
            commit.apps.remove(&name);
            "an App less"
        }
        _ => {
            for object in app.objects.values_mut().filter(|o| o.kind != Kind::Crd) {
                if chance.percent(60) {
                    object.value = chance.roll(1000);
                }
            }
            "new values"
        }
    };
    commit_now(world, commit, &format!("{name}: {what}"));
}

fn commit_now(world: &mut World, commit: Commit, what: &str) {
    world.git.commits.push(commit);
    let at = world.git.commits.len() - 1;
    world.note(format!("git: commit {at}, {what}"));
}

/// An object of an App in the cluster, with its path.
fn some_object(world: &mut World) -> Option<(String, Value)> {
    let commit = world.git.commits.last()?.clone();
    let objects: Vec<String> = commit
        .apps
        .values()
        .flat_map(|app| app.lasting().map(|o| (o.kind, o.path(&app.namespace))).collect::<Vec<_>>())
        .filter(|(kind, _)| matches!(kind, Kind::Config | Kind::Secret | Kind::Deployment))
        .map(|(_, path)| path)
        .collect();
    if objects.is_empty() {
        return None;
    }
    let path = world.chance.pick(&objects).clone();
    let live = world.live(&path)?;
    Some((path, live))
}

/// Somebody uses kubectl on what Apps deploy, or beside it.
fn by_hand(world: &mut World) {
    let Some((path, live)) = some_object(world) else { return };
    let what = world.chance.roll(6);
    world.note(format!(
        "kubectl: {} {path}",
        ["edit", "edit", "edit", "delete", "replace", "create beside"][usize::try_from(what).unwrap()]
    ));
    match what {
        0..3 => {
            let patch = if live["kind"] == "Deployment" {
                json!({ "spec": { "replicas": world.chance.roll(5) } })
            } else {
                json!({ "data": { "value": "eA==" } })
            };
            if world.person("PATCH", &path, &patch).is_some() {
                world.checks.touched.insert(path);
            }
        }
        3 => {
            world.person("DELETE", &path, &Value::Null);
            world.checks.touched.insert(path);
        }
        4 => {
            // Another object under the same name, and nobody's.
            world.person("DELETE", &path, &Value::Null);
            let (collection, name) = path.rsplit_once('/').unwrap();
            let object = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": { "value": "mine" } });
            if collection.ends_with("configmaps") {
                world.person("POST", collection, &object);
            }
            world.checks.touched.insert(path);
        }
        _ => {
            let number = world.chance.roll(1000);
            let name = format!("mine-{number}");
            let object =
                json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": {} });
            let made = world.person("POST", "/api/v1/namespaces/team-a/configmaps", &object);
            if let Some(uid) = made.and_then(|o| Some(o["metadata"]["uid"].as_str()?.to_owned())) {
                let path = format!("/api/v1/namespaces/team-a/configmaps/{name}");
                world.checks.foreign.insert(path, uid);
            }
        }
    }
}

fn some_app(world: &mut World) -> Option<AppSpec> {
    let commit = world.git.commits.last()?.clone();
    let apps: Vec<AppSpec> = commit.apps.into_values().collect();
    if apps.is_empty() { None } else { Some(world.chance.pick(&apps).clone()) }
}

/// Somebody asks for a refresh or a sync, or ends one.
fn ask(world: &mut World) {
    let Some(app) = some_app(world) else { return };
    let path = format!("{APPS}/{}", app.name);
    let patch = match world.chance.roll(5) {
        0 => json!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": "normal" } } }),
        1 => json!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": "hard" } } }),
        2 => {
            let running =
                world.live(&path).is_some_and(|a| a["status"]["operationState"]["phase"] == "Running");
            if !running {
                return;
            }
            json!({ "status": { "operationState": { "phase": "Terminating" } } })
        }
        _ => {
            // A sync by hand leaves nothing behind that one by itself would take: it is not tried again at its revision.
            let prune = app.prune || world.chance.percent(50);
            if prune {
                world.checks.pruned_by_hand.insert(app.name.clone());
            }
            json!({ "operation": { "sync": { "prune": prune }, "retry": { "limit": 3 } } })
        }
    };
    world.note(format!("kubectl: {} {patch}", app.name));
    world.person("PATCH", &path, &patch);
}

/// Somebody deletes an Application; it is made again at the end.
fn app_goes(world: &mut World) {
    let Some(app) = some_app(world) else { return };
    if app.name == "app-0" {
        return;
    }
    world.note(format!("kubectl: deletes {}", app.name));
    world.person("DELETE", &format!("{APPS}/{}", app.name), &Value::Null);
}

/// Nothing goes wrong any more, and what is wanted can be had.
pub fn mend(world: &mut World) {
    world.faults.on = false;
    world.faults.away_until = 0;
    world.faults.crash_in = None;
    world.git.away_until = 0;
    let mut commit = world.git.commits.last().cloned().unwrap();
    for app in commit.apps.values_mut() {
        app.broken = false;
        if app.lasting().next().is_none() {
            let spec = model::Spec {
                kind: Kind::Config,
                name: format!("{}-config-last", app.name),
                wave: 0,
                value: 1,
                fails: false,
                delete: "",
            };
            app.objects.insert("last".to_owned(), spec);
        }
        for object in app.objects.values_mut() {
            object.fails = false;
        }
    }
    model::bring_late(&mut commit, &mut world.chance);
    commit_now(world, commit, "the last");
    make_apps(world);
}

/// Makes again what was deleted meanwhile, and syncs what does not sync by itself. Returns whether there was anything.
pub fn nudge(world: &mut World) {
    make_apps(world);
    let commit = world.git.commits.last().cloned().unwrap();
    for live in world.list("/apis/argoproj.io/v1alpha1/applications") {
        // A hook that fails holds the deletion for good where Git has it no longer: a person lets go.
        let name = live["metadata"]["name"].as_str().unwrap_or_default();
        let failed = live["status"]["conditions"].to_string().contains("hook(s) failed");
        if failed && live["metadata"].get("deletionTimestamp").is_some() && !commit.apps.contains_key(name) {
            let none = json!({ "metadata": { "finalizers": null } });
            world.person("PATCH", &format!("{APPS}/{name}"), &none);
        }
    }
    for app in commit.apps.values() {
        let path = format!("{APPS}/{}", app.name);
        let Some(live) = world.live(&path) else { continue };
        // A revision that failed is not tried again by itself: not one synced by hand, nor one that somebody ended, nor one
        // whose attempts were over before what it lacks was there.
        let state = &live["status"]["operationState"];
        let failed = matches!(state["phase"].as_str(), Some("Failed" | "Error"));
        let by_hand = state["operation"]["initiatedBy"]["automated"] != true
            || state["message"].as_str() == Some("Operation terminated");
        let lacked =
            state["message"].as_str().is_some_and(|m| m.contains("not find") || m.contains("not found"));
        if app.automated && !(failed && (by_hand || lacked)) {
            continue;
        }
        let idle = live.get("operation").is_none() && state["phase"] != "Running";
        // A sync that may not prune leaves what is no longer wanted, however often it is asked for.
        let is_done = state["phase"] == "Succeeded"
            && state["syncResult"]["revision"] == live["status"]["sync"]["revision"]
            && !app.prune
            && !checks::extras(world, app).is_empty();
        if idle && !is_done && live["status"]["sync"]["status"] != "Synced" {
            let operation =
                json!({ "operation": { "sync": { "prune": app.prune }, "retry": { "limit": 3 } } });
            world.person("PATCH", &path, &operation);
        }
    }
}

/// The repository, as webhooks name it.
pub fn pushed() -> Vec<String> {
    vec![REPO.to_owned()]
}
