//! What `argocd-cm` says about kinds: health checks and actions of users' own.

use super::scenario::{CONFIG_MAP, app, deployment, start};
use super::world::World;
use anyhow::{Context, ensure};
use serde_json::{Value, json};

/// Health of a ConfigMap by its content; it runs away where the content says so.
const HEALTH: &str = "local hs = {status = 'Healthy', message = ''}\n\
    if obj.data.colour == 'red' then hs = {status = 'Degraded', message = 'red is bad'} end\n\
    if obj.data.colour == 'endless' then while true do end end\n\
    return hs\n";

/// An action that changes its object and makes another one.
const ACTIONS: &str = "mergeBuiltinActions: true\n\
    discovery.lua: |\n  return {copy = {displayName = 'Copy'}}\n\
    definitions:\n- name: copy\n  action.lua: |\n    \
        local made = {apiVersion = 'v1', kind = 'ConfigMap', metadata = {name = actionParams['as'], namespace = obj.metadata.namespace}, data = {colour = obj.data.colour}}\n    \
        obj.metadata.labels = {copied = 'yes'}\n    \
        return {{operation = 'create', resource = made}, {operation = 'patch', resource = obj}}\n";

/// Users' Lua judges health and acts on objects; a script that does not end hurts nothing but its own verdict.
pub fn own_health_and_actions(world: &mut World) -> anyhow::Result<()> {
    let (one, web) = (app("one", "one", ""), deployment("nginx:1.27"));
    start(world, &[("apps/one.yaml", &one), ("one/web.yaml", &web), ("one/settings.yaml", CONFIG_MAP)])?;
    world.app_well("one")?;

    let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", "namespace": "argocd"}, "data": {
        "resource.customizations.health.ConfigMap": HEALTH,
        "resource.customizations.actions.ConfigMap": ACTIONS,
    }});
    let file = world.data_dir().join("argocd-cm.json");
    std::fs::write(&file, config.to_string())?;
    world.kubectl.run(&["apply", "--server-side", "--force-conflicts", "-f", &file.to_string_lossy()])?;
    let health = |world: &World| -> anyhow::Result<[String; 2]> {
        let app: Value = serde_json::from_str(&world.fairway(&["app", "get", "one", "-o", "json"])?)?;
        let resources =
            app.pointer("/status/resources").and_then(Value::as_array).cloned().unwrap_or_default();
        let map = resources.iter().find(|r| r["kind"] == "ConfigMap").cloned().unwrap_or_default();
        let text = |v: Option<&Value>| v.and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok([text(app.pointer("/status/health/status")), text(map.pointer("/health/message"))])
    };
    let clone = world.clone("config-repo")?;
    for (colour, status, words) in [
        ("red", "Degraded", "red is bad"),
        ("endless", "Unknown", "takes more than"),
        ("green", "Healthy", ""),
    ] {
        world.push(&clone, &[("one/settings.yaml", &CONFIG_MAP.replace("blue", colour))])?;
        world.until(&format!("{colour} is {status}"), || {
            let [found, message] = health(world)?;
            Ok((found == status && message.contains(words)).then_some(()))
        })?;
    }

    let listed = world.fairway(&["app", "actions", "list", "one"])?;
    for action in ["copy", "restart", "scale"] {
        ensure!(listed.contains(action), "{action} is not in\n{listed}");
    }
    let run =
        |world: &World, args: &[&str]| world.fairway(&[&["app", "actions", "run", "one"], args].concat());
    run(world, &["copy", "--kind", "ConfigMap", "--param", "as=twin"])?;
    let twin = world.kubectl.get("configmap", "one", "twin")?.context("no copy was made")?;
    ensure!(twin["data"]["colour"] == "green", "the copy is {twin}");
    run(world, &["restart", "--kind", "Deployment"])?;
    let live = world.kubectl.get("deployment", "one", "web")?.context("no Deployment")?;
    let restarted = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";
    ensure!(live.pointer(restarted).is_some(), "the Deployment was not restarted: {live}");
    world.app_well("one")?;
    ensure!(run(world, &["fly", "--kind", "Deployment"]).is_err(), "an action that is not there was run");
    Ok(())
}
