//! The deletion of an App with hooks around it.

use super::scenario::{CONFIG_MAP, app, start};
use super::world::World;
use anyhow::ensure;

fn hook(name: &str, phase: &str, policy: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\n  annotations:\n    argocd.argoproj.io/hook: {phase}\n    \
         argocd.argoproj.io/hook-delete-policy: {policy}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      \
         containers: [{{name: job, image: 'busybox:1.36', command: [\"true\"]}}]\n"
    )
}

/// Hooks run before and after an App's objects are deleted, are cleaned up as they say, and then the App is gone.
pub(super) fn hooks_around_a_deletion(world: &mut World) -> anyhow::Result<()> {
    start(
        world,
        &[
            ("apps/one.yaml", &app("one", "one", "")),
            ("apps/two.yaml", &app("two", "two", "")),
            ("one/settings.yaml", CONFIG_MAP),
            ("one/before.yaml", &hook("before", "PreDelete", "HookSucceeded")),
            ("one/after.yaml", &hook("after", "PostDelete", "BeforeHookCreation")),
            ("two/settings.yaml", CONFIG_MAP),
        ],
    )?;
    world.app_well("one")?;
    for name in ["before", "after"] {
        ensure!(world.kubectl.get("job", "one", name)?.is_none(), "{name} ran in a sync");
    }
    world.until("the finalizers of the hooks are there", || {
        let finalizers = world.app("one")?["metadata"]["finalizers"].to_string();
        let wanted = ["pre-delete-finalizer.argocd.argoproj.io", "post-delete-finalizer.argocd.argoproj.io"];
        let is_held = wanted.iter().all(|f| {
            finalizers.contains(&format!("\"{f}\"")) && finalizers.contains(&format!("\"{f}/cleanup\""))
        });
        Ok(is_held.then_some(()))
    })?;
    let clone = world.clone("config-repo")?;
    world.push(&clone, &[("apps/one.yaml", "")])?;
    world.until("the App is gone", || {
        Ok(world.kubectl.get("application", "argocd", "one")?.is_none().then_some(()))
    })?;
    ensure!(world.kubectl.get("configmap", "one", "settings")?.is_none(), "the ConfigMap is still there");
    world.until("the hook before is cleaned up", || {
        Ok(world.kubectl.get("job", "one", "before")?.is_none().then_some(()))
    })?;
    let after = world.kubectl.get("job", "one", "after")?;
    ensure!(
        after.is_some_and(|job| job["status"]["succeeded"] == 1),
        "the hook after has not run, or is not there any more"
    );
    world.app_well("two")?;
    Ok(())
}
