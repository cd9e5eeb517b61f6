//! The scenarios, each on a cluster of its own.

use super::kube::git;
use super::world::World;
use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub type Scenario = fn(&mut World) -> anyhow::Result<()>;

pub const ALL: &[(&str, Scenario)] = &[
    ("push-heal-prune", push_heal_prune),
    ("bad-input-loses-nothing", bad_input_loses_nothing),
    ("what-cannot-be-rendered", super::scenario_bad_input::what_cannot_be_rendered),
    ("what-the-cluster-refuses", super::scenario_bad_input::what_the_cluster_refuses),
    ("a-repository-away", super::scenario_bad_input::a_repository_away),
    ("a-cluster-away", super::scenario_bad_input::a_cluster_away),
    ("hooks-around-a-deletion", super::scenario_deletion::hooks_around_a_deletion),
    ("example-and-new-service", example_and_new_service),
    ("orphans-are-shown", orphans_are_shown),
    ("kill-and-converge", kill_and_converge),
    ("real-repos", super::scenario_real::real_repos),
    ("installed-by-helm", super::scenario_install::installed_by_helm),
    ("own-health-and-actions", super::scenario_customizations::own_health_and_actions),
    ("charts-look-objects-up", super::scenario_lookup::charts_look_objects_up),
    ("charts-from-a-registry", super::scenario_registry::charts_from_a_registry),
    ("dashboard", super::scenario_dashboard::dashboard),
    ("kubectl", super::scenario_kubectl::kubectl),
];

pub(super) fn app(name: &str, path: &str, options: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {name}\n  namespace: argocd\n  finalizers: [resources-finalizer.argocd.argoproj.io]\nspec:\n  \
         project: default\n  source: {{repoURL: GIT/config-repo.git, path: {path}, targetRevision: HEAD}}\n  \
         destination: {{server: 'https://kubernetes.default.svc', namespace: {name}}}\n  \
         syncPolicy:\n    automated: {{prune: true, selfHeal: true}}\n    syncOptions: [CreateNamespace=true]\n{options}"
    )
}

pub(super) fn deployment(image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: 2\n  selector: {{matchLabels: {{app: web}}}}\n  \
         template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: web, image: '{image}'}}]}}\n"
    )
}

pub(super) const CONFIG_MAP: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {colour: blue}\n";

pub(super) fn start(world: &mut World, files: &[(&str, &str)]) -> anyhow::Result<()> {
    let folder = world.folder(files)?;
    world.up(&["--repo", &folder.to_string_lossy(), "--path", "apps"])
}

fn image(world: &World) -> anyhow::Result<Option<String>> {
    let live = world.kubectl.get("deployment", "one", "web")?.context("no Deployment")?;
    Ok(live.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str).map(str::to_owned))
}

/// A push lands, drift heals, what is taken out of Git is pruned, a deleted App takes its objects along.
fn push_heal_prune(world: &mut World) -> anyhow::Result<()> {
    let (one, web) = (app("one", "one", ""), deployment("nginx:1.27"));
    start(world, &[("apps/one.yaml", &one), ("one/web.yaml", &web), ("one/settings.yaml", CONFIG_MAP)])?;
    world.app_well("one")?;

    let clone = world.clone("config-repo")?;
    world.push(&clone, &[("one/web.yaml", &deployment("nginx:1.28"))])?;
    let pushed = Instant::now();
    world.until("the pushed image is live", || {
        Ok((image(world)?.as_deref() == Some("nginx:1.28")).then_some(()))
    })?;
    println!("    push to live: {} ms (kubectl's start included)", pushed.elapsed().as_millis());
    world.app_well("one")?;

    world.kubectl.run(&["-n", "one", "scale", "deployment/web", "--replicas=5"])?;
    let scaled = Instant::now();
    world.until("the scaled Deployment heals", || {
        let live = world.kubectl.get("deployment", "one", "web")?.context("no Deployment")?;
        Ok((live.pointer("/spec/replicas").and_then(Value::as_u64) == Some(2)).then_some(()))
    })?;
    println!("    healed after {} ms (kubectl's start included)", scaled.elapsed().as_millis());

    world.push(&clone, &[("one/settings.yaml", "")])?;
    world.until("the ConfigMap is pruned", || {
        Ok(world.kubectl.get("configmap", "one", "settings")?.is_none().then_some(()))
    })?;

    world.kubectl.run(&[
        "-n",
        "argocd",
        "patch",
        "application",
        "root-app",
        "--type=merge",
        "-p",
        r#"{"spec":{"syncPolicy":null}}"#,
    ])?;
    world.kubectl.run(&["-n", "argocd", "delete", "application", "one", "--timeout=60s"])?;
    world.until("the deleted App's objects are gone", || {
        Ok(world.kubectl.get("deployment", "one", "web")?.is_none().then_some(()))
    })?;
    let took = world.end()?;
    ensure!(took < Duration::from_secs(2), "ending took {took:?}");
    Ok(())
}

fn condition(world: &World, app: &str, kind: &str) -> anyhow::Result<Option<String>> {
    let app = world.app(app)?;
    let conditions = app.pointer("/status/conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    let found = conditions.iter().find(|c| c["type"] == kind);
    Ok(found.and_then(|c| c["message"].as_str()).map(str::to_owned))
}

pub(super) fn expect_condition(world: &World, app: &str, kind: &str, words: &str) -> anyhow::Result<()> {
    world.until(&format!("{app} shows {kind} with {words:?}"), || match condition(world, app, kind)? {
        Some(message) if message.contains(words) => Ok(Some(())),
        Some(message) => bail!("the message is {message:?}"),
        None => bail!("no such condition: {}", world.app(app)?["status"]["conditions"]),
    })
}

/// Each bad input ends as a condition on its own App, nothing is deleted, and the other Apps go on.
fn bad_input_loses_nothing(world: &mut World) -> anyhow::Result<()> {
    let (one, two, web) = (app("one", "one", ""), app("two", "two", ""), deployment("nginx:1.27"));
    start(
        world,
        &[
            ("apps/one.yaml", &one),
            ("apps/two.yaml", &two),
            ("one/web.yaml", &web),
            ("two/settings.yaml", CONFIG_MAP),
        ],
    )?;
    world.app_well("one")?;
    world.app_well("two")?;
    let clone = world.clone("config-repo")?;
    let push = |files: &[(&str, &str)]| world.push(&clone, files);

    // YAML that does not parse, with its file.
    push(&[("one/web.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web\nspec: [")])?;
    expect_condition(world, "one", "ComparisonError", "one/web.yaml")?;
    ensure!(world.kubectl.get("deployment", "one", "web")?.is_some(), "a broken file deleted the Deployment");
    push(&[("two/settings.yaml", &CONFIG_MAP.replace("blue", "green"))])?;
    world.until("the other App goes on", || {
        let live = world.kubectl.get("configmap", "two", "settings")?.context("no ConfigMap")?;
        Ok((live["data"]["colour"] == "green").then_some(()))
    })?;
    push(&[("one/web.yaml", &web)])?;
    world.app_well("one")?;

    // A source that suddenly renders nothing.
    push(&[("one/web.yaml", ""), ("one/README.md", "empty for now")])?;
    expect_condition(world, "one", "SyncError", "render no object")?;
    ensure!(
        world.kubectl.get("deployment", "one", "web")?.is_some(),
        "an empty source deleted the Deployment"
    );
    push(&[("one/web.yaml", &web)])?;
    world.app_well("one")?;

    // A project that does not permit the destination.
    push(&[(
        "apps/one.yaml",
        &one.replace("project: default", "project: nowhere").replace("GIT", &git_url(&clone)?),
    )])?;
    expect_condition(world, "one", "InvalidSpecError", "does not exist")?;
    push(&[("apps/one.yaml", &one.replace("GIT", &git_url(&clone)?))])?;
    world.app_well("one")?;

    // An immutable field: the server's own words, and the object is left as it is.
    push(&[("one/web.yaml", &web.replace("app: web", "app: other"))])?;
    world.until("the refusal is shown", || {
        let app = world.app("one")?;
        let message =
            app.pointer("/status/operationState/message").and_then(Value::as_str).unwrap_or_default();
        if message.contains("immutable") { Ok(Some(())) } else { bail!("the message is {message:?}") }
    })?;
    push(&[("one/web.yaml", &web)])?;
    world.app_well("one")?;

    // A kind that nobody knows.
    push(&[("one/widget.yaml", "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n")])?;
    world.until("the unknown kind is named", || {
        let app = world.app("one")?.to_string();
        if app.contains("could not find example.com/Widget") { Ok(Some(())) } else { bail!("not named") }
    })?;
    ensure!(
        world.kubectl.get("deployment", "one", "web")?.is_some(),
        "an unknown kind deleted the Deployment"
    );
    Ok(())
}

fn git_url(clone: &std::path::Path) -> anyhow::Result<String> {
    let url = git(clone, &["remote", "get-url", "origin"])?;
    Ok(url.trim().trim_end_matches("/config-repo.git").to_owned())
}

/// The example comes up by itself, and a repository with the topic becomes an Application.
fn example_and_new_service(world: &mut World) -> anyhow::Result<()> {
    let started = Instant::now();
    world.up(&[])?;
    world.until("the root Application is there", || Ok(world.app("root-app").ok()))?;
    world.until("every Ingress has an address", || play_traefik(world, 4))?;
    world.all_well(7)?;
    println!("    example Synced and Healthy after {:.1} s", started.elapsed().as_secs_f64());
    let asked = Instant::now();
    // The command waits until the service is well, and its Ingress wants an address meanwhile.
    let done = AtomicBool::new(false);
    let (world, flag) = (&*world, &done);
    std::thread::scope(|scope| {
        let player = scope.spawn(move || {
            while !flag.load(Ordering::Relaxed) {
                // What fails now is tried again, and what fails for good shows in the command.
                let _ = play_traefik(world, 5);
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        let made = world.fairway(&["demo", "new-service", "orders"]);
        flag.store(true, Ordering::Relaxed);
        ensure!(player.join().is_ok(), "the ingress player panicked");
        made
    })?;
    world.until("the new service has an Application", || {
        let list = world.kubectl.run(&["get", "applications.argoproj.io", "-A", "-o", "name"])?;
        Ok(list.lines().any(|l| l.contains("orders")).then_some(()))
    })?;
    world.all_well(8)?;
    println!("    new service well after {:.1} s", asked.elapsed().as_secs_f64());
    Ok(())
}

/// Gives each Ingress an address, as the ingress controller that the example expects would. The devcluster does so itself.
pub fn play_traefik(world: &World, expected: usize) -> anyhow::Result<Option<()>> {
    let list: Value = serde_json::from_str(&world.kubectl.run(&["get", "ingress", "-A", "-o", "json"])?)?;
    let items = list["items"].as_array().cloned().unwrap_or_default();
    for ingress in items.iter().filter(|i| i.pointer("/status/loadBalancer/ingress").is_none()) {
        let text = |path: &str| ingress.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let patch = r#"{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}}"#;
        let (name, namespace) = (text("/metadata/name"), text("/metadata/namespace"));
        let what =
            ["-n", namespace, "patch", "ingress", name, "--subresource=status", "--type=merge", "-p", patch];
        world.kubectl.run(&what)?;
    }
    Ok((items.len() >= expected).then_some(()))
}

/// What nobody deploys in an App's namespace is counted where the project asks, and never deleted.
fn orphans_are_shown(world: &mut World) -> anyhow::Result<()> {
    let project = "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: watched, namespace: argocd, \
                   annotations: {argocd.argoproj.io/sync-wave: '-1'}}\nspec:\n  sourceRepos: ['*']\n  \
                   destinations: [{server: '*', namespace: '*'}]\n  clusterResourceWhitelist: [{group: '*', kind: '*'}]\n  \
                   orphanedResources: {ignore: [{kind: ConfigMap, name: 'known-*'}]}\n";
    let one = app("one", "one", "").replace("project: default", "project: watched");
    start(
        world,
        &[("apps/project.yaml", project), ("apps/one.yaml", &one), ("one/settings.yaml", CONFIG_MAP)],
    )?;
    world.app_well("one")?;
    for name in ["stray", "known-one"] {
        world.kubectl.run(&["-n", "one", "create", "configmap", name, "--from-literal=a=b"])?;
    }
    expect_condition(world, "one", "OrphanedResourceWarning", "Application has 1 orphaned resources")?;
    ensure!(world.kubectl.get("configmap", "one", "stray")?.is_some(), "the orphan was deleted");
    world.kubectl.run(&["-n", "one", "delete", "configmap", "stray"])?;
    world.until("the warning goes with the orphan", || {
        Ok(condition(world, "one", "OrphanedResourceWarning")?.is_none().then_some(()))
    })
}

/// A power cut in the middle of a sync: after the next start everything is there once.
fn kill_and_converge(world: &mut World) -> anyhow::Result<()> {
    let names: Vec<String> = (0..20).map(|n| format!("app-{n:02}")).collect();
    let files: Vec<(String, String)> = names
        .iter()
        .flat_map(|name| {
            [
                (format!("apps/{name}.yaml"), app(name, name, "")),
                (format!("{name}/web.yaml"), deployment("nginx:1.27")),
                (format!("{name}/settings.yaml"), CONFIG_MAP.to_owned()),
            ]
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(p, c)| (p.as_str(), c.as_str())).collect();
    start(world, &files)?;
    world.until("the first Apps are there", || Ok(world.app("app-03").ok()))?;
    world.kill();
    world.up(&["--path", "apps"])?;
    world.all_well(21)?;
    for name in &names {
        ensure!(world.kubectl.get("deployment", name, "web")?.is_some(), "{name} has no Deployment");
    }
    world.kill();
    world.up(&["--path", "apps"])?;
    world.all_well(21)
}
