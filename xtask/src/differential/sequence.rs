//! Several managers write one object in turns; before each apply its outcome is predicted.

use super::servers::{Call, Reply};
use super::single::{delete, may_store, path, shortened};
use super::{Place, Run, compare, mutate, to_value};
use fairway_diff::{Mode, Options, Outcome, outcome, predict};
use serde_json::{Value, json};

const MANAGERS: [&str; 3] = ["fairway", "helm", "kubectl"];

/// One object's life.
struct Life {
    base: Value,
    place: Place,
    name: String,
    /// The object as each server has it.
    real: Option<Value>,
    dev: Option<Value>,
    /// What has been written, to print where something disagrees.
    log: Vec<String>,
}

/// Runs one sequence; it ends where the servers part.
pub fn run(run: &mut Run) -> anyhow::Result<()> {
    let Some((mut base, place)) = run.pick_object() else { return Ok(()) };
    if !may_store(&base) {
        return Ok(());
    }
    run.made += 1;
    let name = base["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    base["metadata"]["name"] = name.clone().into();
    let mut life = Life { base, place, name, real: None, dev: None, log: Vec::new() };
    for _ in 0..12 {
        if !step(run, &mut life)? {
            break;
        }
    }
    let (place, name) = (life.place.clone(), life.name.clone());
    delete(run, &place, &name)
}

fn step(run: &mut Run, life: &mut Life) -> anyhow::Result<bool> {
    let (Some(_), Some(_)) = (&life.real, &life.dev) else { return apply(run, life) };
    match run.random.below(10) {
        0..=4 => apply(run, life),
        5 => merge_patch(run, life),
        6 => strategic_patch(run, life),
        7 => json_patch(run, life),
        8 => put(run, life),
        _ => status_patch(run, life),
    }
}

fn apply(run: &mut Run, life: &mut Life) -> anyhow::Result<bool> {
    let mut config = mutate::part(&life.base, &mut run.random);
    if run.random.chance(60) {
        mutate::variation(&mut config, &mut run.random);
    }
    config["metadata"]["name"] = life.name.clone().into();
    if config["kind"] == "Pod" && config["spec"].is_object() {
        // No other account is there.
        config["spec"]["serviceAccountName"] = "default".into();
    }
    let manager = *run.random.pick(&MANAGERS).unwrap_or(&"fairway");
    let force = run.random.chance(60);
    let predicted = life.real.as_ref().map(|live| {
        let options = Options { mode: Mode::ServerSide, ..Options::default() };
        let (desired, live) = (to_value(&config), to_value(live));
        let quick = outcome(&desired, Some(&live), manager, &run.schemas, &options);
        (quick, predict(&desired, Some(&live), manager, &run.schemas, &options).outcome)
    });
    if let (Some(predicted), Some(live)) = (predicted, life.real.clone()) {
        let call = Call {
            method: "PATCH",
            path: path(&life.place, &life.name, &format!("fieldManager={manager}&force=true&dryRun=All")),
            content_type: "application/apply-patch+yaml",
            body: config.clone(),
        };
        let real = run.servers.real(&call)?;
        let (quick, whole) = predicted;
        let parted =
            (quick != whole).then(|| format!("the quick way says {quick:?}, the long one {whole:?}"));
        let how = || format!("live {}\n  {}", shortened(&live), shortened(&call.body));
        run.report.step("predict", parted, how);
        judge(run, life, &quick, &live, &real, &call);
    }
    let call = Call {
        method: "PATCH",
        path: path(&life.place, &life.name, &format!("fieldManager={manager}&force={force}")),
        content_type: "application/apply-patch+yaml",
        body: config,
    };
    write(run, life, &call, &call, "apply")
}

/// Holds a prediction against what the server says that the apply would do.
fn judge(run: &mut Run, life: &Life, predicted: &Outcome, live: &Value, real: &Reply, call: &Call<'_>) {
    if real.status >= 300 {
        return;
    }
    run.report.predictions += 1;
    let (mut before, mut after) = (live.clone(), real.body.clone());
    for object in [&mut before, &mut after] {
        for key in ["managedFields", "resourceVersion", "generation"] {
            if let Some(meta) = object["metadata"].as_object_mut() {
                meta.remove(key);
            }
        }
    }
    let changed = compare::differ(&before, &after, &mut String::new());
    let wrong = match (predicted, changed) {
        (Outcome::Unchanged, Some(change)) => {
            run.report.false_in_sync += 1;
            Some(format!("false in sync: {change}"))
        }
        (Outcome::Changed(found), None) => {
            run.report.false_drifted += 1;
            Some(format!("false drift: {found:?}"))
        }
        (Outcome::Created, _) => Some("a stored object is predicted to be created".to_owned()),
        (Outcome::Uncertain(_), _) => {
            run.report.uncertain += 1;
            None
        }
        (Outcome::Unchanged, None) | (Outcome::Changed(_), Some(_)) => None,
    };
    let kind = life.base["kind"].as_str().unwrap_or_default();
    let how = || format!("live {}\n  {}\n  {}", shortened(live), call.path, shortened(&call.body));
    run.report.step(&format!("{kind} predict"), wrong, how);
}

/// Sends a write to both; returns whether the sequence can go on.
fn write(
    run: &mut Run,
    life: &mut Life,
    for_real: &Call<'_>,
    for_dev: &Call<'_>,
    what: &str,
) -> anyhow::Result<bool> {
    let (real, dev) = (run.servers.real(for_real)?, run.servers.dev(for_dev));
    let kind = life.base["kind"].as_str().unwrap_or_default().to_owned();
    let line = format!("{} {} {}", for_real.method, for_real.path, shortened(&for_real.body));
    let difference = compare::difference(&real, &dev);
    let before = life.real.as_ref().map(|o| compare::shown(o).to_string()).unwrap_or_default();
    let log = life.log.join("\n  ");
    let how = || format!("before {before}\n  {log}\n  {line}");
    let same = run.report.step(&format!("{kind} {what}"), difference, how);
    life.log.push(line.clone());
    if real.status < 300 {
        run.report.taken += 1;
        life.real = Some(real.body);
        life.dev = Some(dev.body);
    }
    Ok(same)
}

fn patch(
    run: &mut Run,
    life: &mut Life,
    content_type: &str,
    query: &str,
    body: Value,
    what: &str,
) -> anyhow::Result<bool> {
    let call = Call { method: "PATCH", path: path(&life.place, &life.name, query), content_type, body };
    write(run, life, &call, &call, what)
}

/// A part of the base, changed, without what names the object.
fn piece(run: &mut Run, life: &Life) -> Value {
    let mut body = mutate::part(&life.base, &mut run.random);
    mutate::variation(&mut body, &mut run.random);
    if let Some(map) = body.as_object_mut() {
        map.remove("apiVersion");
        map.remove("kind");
        let keys: Vec<String> = map.keys().cloned().collect();
        for key in keys {
            if run.random.chance(40) {
                map.remove(&key);
            }
        }
    }
    body
}

fn merge_patch(run: &mut Run, life: &mut Life) -> anyhow::Result<bool> {
    let body = piece(run, life);
    patch(run, life, "application/merge-patch+json", "fieldManager=patcher", body, "merge patch")
}

fn strategic_patch(run: &mut Run, life: &mut Life) -> anyhow::Result<bool> {
    if life.place.custom {
        return merge_patch(run, life);
    }
    let body = piece(run, life);
    let kind = "application/strategic-merge-patch+json";
    patch(run, life, kind, "fieldManager=patcher", body, "strategic patch")
}

fn json_patch(run: &mut Run, life: &mut Life) -> anyhow::Result<bool> {
    let Some(live) = &life.real else { return Ok(false) };
    let all = mutate::paths(live);
    let Some(at) = run.random.pick(&all).cloned() else { return Ok(true) };
    let pointer = mutate::show(&at);
    if pointer.starts_with("/metadata/") && !pointer.contains("labels") && !pointer.contains("annotations") {
        return Ok(true);
    }
    // Each server chooses its own.
    let whole = pointer == "/spec" && live["spec"]["clusterIP"].is_string();
    if whole
        || pointer.starts_with("/spec/clusterIP")
        || pointer.ends_with("odePort")
        || pointer == "/spec/ports"
    {
        return Ok(true);
    }
    let operation = if run.random.chance(50) {
        json!([{"op": "remove", "path": pointer}])
    } else {
        let mut copy = live.clone();
        let mut value = mutate::at_path(&mut copy, &at).cloned().unwrap_or_default();
        let mut holder = json!({"v": value});
        mutate::variation(&mut holder, &mut run.random);
        value = holder["v"].clone();
        json!([{"op": "replace", "path": pointer, "value": value}])
    };
    // Each server has its own id in what it made of one.
    let theirs = with_uid_of(&operation, live, life.dev.as_ref());
    let query = path(&life.place, &life.name, "fieldManager=patcher");
    let content_type = "application/json-patch+json";
    let call = |body| Call { method: "PATCH", path: query.clone(), content_type, body };
    let (for_real, for_dev) = (call(operation), call(theirs));
    write(run, life, &for_real, &for_dev, "json patch")
}

fn put(run: &mut Run, life: &mut Life) -> anyhow::Result<bool> {
    let (Some(real), Some(dev)) = (life.real.clone(), life.dev.clone()) else { return Ok(false) };
    let mut changed = real.clone();
    if let Some(map) = changed.as_object_mut() {
        map.remove("metadata");
    }
    mutate::variation(&mut changed, &mut run.random);
    // What each server chose goes back to it.
    let body = |live: &Value| {
        let mut text = with_uid_of(&changed, &real, Some(live)).to_string();
        if let (Some(theirs), Some(own)) = (token_volume(&real), token_volume(live)) {
            text = text.replace(&theirs, &own);
        }
        let mut body: Value = serde_json::from_str(&text).unwrap_or_default();
        body["metadata"] = live["metadata"].clone();
        if live["spec"]["clusterIP"].is_string() && body["spec"].is_object() {
            for key in ["clusterIP", "clusterIPs"] {
                body["spec"][key] = live["spec"][key].clone();
            }
            let node_ports = |service: &Value| -> Vec<Value> {
                let ports = service["spec"]["ports"].as_array().into_iter().flatten();
                ports.map(|port| port["nodePort"].clone()).collect()
            };
            let (theirs, own) = (node_ports(&real), node_ports(live));
            // Wherever they stand now: ports change places and come twice.
            for port in body["spec"]["ports"].as_array_mut().into_iter().flatten() {
                let at = theirs.iter().position(|t| port["nodePort"].is_u64() && port["nodePort"] == *t);
                if let Some(chosen) = at.and_then(|at| own.get(at)) {
                    port["nodePort"] = chosen.clone();
                }
            }
        }
        body
    };
    let call = |body| Call {
        method: "PUT",
        path: path(&life.place, &life.name, "fieldManager=updater"),
        content_type: "application/json",
        body,
    };
    let (for_real, for_dev) = (call(body(&real)), call(body(&dev)));
    write(run, life, &for_real, &for_dev, "put")
}

/// A body with one object's id in the place of another's.
fn with_uid_of(body: &Value, from: &Value, to: Option<&Value>) -> Value {
    let uid = |o: &Value| o["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let (old, new) = (uid(from), to.map(uid).unwrap_or_default());
    if old.is_empty() || new.is_empty() {
        return body.clone();
    }
    serde_json::from_str(&body.to_string().replace(&old, &new)).unwrap_or_default()
}

/// The name of the volume with a Pod's token.
fn token_volume(pod: &Value) -> Option<String> {
    let names = pod["spec"]["volumes"].as_array()?.iter().filter_map(|v| v["name"].as_str());
    names.into_iter().find(|name| name.starts_with("kube-api-access-")).map(str::to_owned)
}

fn status_patch(run: &mut Run, life: &mut Life) -> anyhow::Result<bool> {
    let kind = life.base["kind"].as_str().unwrap_or_default().to_owned();
    let body = match kind.as_str() {
        "Deployment" | "StatefulSet" | "ReplicaSet" => {
            json!({"status": {"replicas": run.random.below(4), "readyReplicas": run.random.below(2), "observedGeneration": 1}})
        }
        "Service" => json!({"status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}}),
        "Widget" => json!({"status": {"replicas": run.random.below(4)}}),
        "Pod" => json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}),
        "PersistentVolumeClaim" => json!({"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}),
        _ => return Ok(true),
    };
    let place = format!("{}/{}/status?fieldManager=controller", life.place.collection, life.name);
    let call = Call { method: "PATCH", path: place, content_type: "application/merge-patch+json", body };
    write(run, life, &call, &call, "status patch")
}
