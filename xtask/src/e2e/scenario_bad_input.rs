//! Bad input, nothing lost: what each kind of it shows, and that it stays with its own App.

use super::scenario::{CONFIG_MAP, app, deployment, expect_condition, start};
use super::world::World;
use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::path::PathBuf;

/// Starts with two Apps of a ConfigMap each and further files. Returns a clone of the repository.
fn start_two(world: &mut World, more: &[(&str, &str)]) -> anyhow::Result<PathBuf> {
    let (one, two) = (app("one", "one", ""), app("two", "two", ""));
    let files = [
        ("apps/one.yaml", one.as_str()),
        ("apps/two.yaml", two.as_str()),
        ("one/settings.yaml", CONFIG_MAP),
        ("two/settings.yaml", CONFIG_MAP),
    ];
    start(world, &[&files[..], more].concat())?;
    world.app_well("one")?;
    world.app_well("two")?;
    world.clone("config-repo")
}

/// The manifest of the first App, as it is in the repository.
fn manifest(world: &World) -> String {
    app("one", "one", "").replace("GIT", &world.git_url())
}

fn operation_says(world: &World, name: &str, words: &[&str]) -> anyhow::Result<()> {
    world.until(&format!("the sync of {name} says {words:?}"), || {
        let app = world.app(name)?;
        let state = app.pointer("/status/operationState").cloned().unwrap_or_default();
        let results = state.pointer("/syncResult/resources").cloned().unwrap_or_default();
        let said = format!("{} {results}", state["message"].as_str().unwrap_or_default());
        if words.iter().all(|w| said.contains(w)) { Ok(Some(())) } else { bail!("it says {said}") }
    })
}

fn colour(world: &World, namespace: &str) -> anyhow::Result<String> {
    let live = world.kubectl.get("configmap", namespace, "settings")?.context("no ConfigMap")?;
    Ok(live["data"]["colour"].as_str().unwrap_or_default().to_owned())
}

fn becomes(world: &World, namespace: &str, wanted: &str) -> anyhow::Result<()> {
    world.until(&format!("the ConfigMap in {namespace} is {wanted}"), || {
        let found = colour(world, namespace)?;
        if found == wanted { Ok(Some(())) } else { bail!("it is {found}") }
    })
}

/// What cannot be rendered, and what a project does not permit.
pub(super) fn what_cannot_be_rendered(world: &mut World) -> anyhow::Result<()> {
    let clone = start_two(world, &[])?;
    let one = manifest(world);

    // YAML that does not parse: file, line, column and the line itself.
    world.push(
        &clone,
        &[("one/settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings\ndata: [\n")],
    )?;
    for words in ["one/settings.yaml", "line ", "column ", "(at `"] {
        expect_condition(world, "one", "ComparisonError", words)?;
    }

    // A path that is not there.
    world.push(&clone, &[("apps/one.yaml", &one.replace("path: one", "path: nowhere"))])?;
    expect_condition(world, "one", "ComparisonError", "nowhere: app path does not exist")?;

    // A chart that fails by its own words.
    let chart = "apiVersion: v2\nname: one\nversion: 1.0.0\n";
    let template = "{{ fail \"set the colour\" }}\n";
    world.push(
        &clone,
        &[
            ("apps/one.yaml", &one),
            ("one/settings.yaml", ""),
            ("one/Chart.yaml", chart),
            ("one/templates/settings.yaml", template),
        ],
    )?;
    expect_condition(world, "one", "ComparisonError", "set the colour")?;

    // A project that does not permit the kind.
    let project = "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: narrow, namespace: argocd, \
                   annotations: {argocd.argoproj.io/sync-wave: '-1'}}\nspec:\n  sourceRepos: ['*']\n  \
                   destinations: [{server: '*', namespace: '*'}]\n  clusterResourceWhitelist: [{group: '', kind: Namespace}]\n  \
                   namespaceResourceBlacklist: [{group: '', kind: ConfigMap}]\n";
    world.push(
        &clone,
        &[
            ("one/Chart.yaml", ""),
            ("one/templates/settings.yaml", ""),
            ("one/settings.yaml", CONFIG_MAP),
            ("apps/project.yaml", project),
            ("apps/one.yaml", &one.replace("project: default", "project: narrow")),
        ],
    )?;
    expect_condition(world, "one", "InvalidSpecError", "is not permitted in project narrow")?;

    // Nothing of all that touched what is there, nor the other App.
    ensure!(colour(world, "one")? == "blue", "the ConfigMap was changed");
    world.push(&clone, &[("two/settings.yaml", &CONFIG_MAP.replace("blue", "green"))])?;
    becomes(world, "two", "green")?;
    world.push(&clone, &[("apps/one.yaml", &one)])?;
    world.app_well("one")?;
    Ok(())
}

const POLICY: &str = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: no-red}\nspec:\n  \
     failurePolicy: Fail\n  matchConstraints:\n    resourceRules:\n    - {apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}\n  \
     validations:\n  - expression: \"!has(object.data) || !('colour' in object.data) || object.data.colour != 'red'\"\n    message: red is for emergencies\n---\n\
     apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {name: no-red}\nspec:\n  \
     policyName: no-red\n  validationActions: [Deny]\n  matchResources:\n    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: one}}\n";

/// What the cluster refuses: a policy, another manager; and a kind that the App brings itself.
pub(super) fn what_the_cluster_refuses(world: &mut World) -> anyhow::Result<()> {
    let clone = start_two(world, &[("two/web.yaml", &deployment("nginx:1.27"))])?;

    // The policy's own message is on the App, and the API that the dashboard reads has it.
    world.kubectl.apply(POLICY)?;
    let red = CONFIG_MAP.replace("blue", "red");
    world.until("the policy is in force", || {
        let asked = world.kubectl.apply_dry(&red.replace("name: settings", "name: settings, namespace: one"));
        match asked {
            Err(why) if format!("{why:#}").contains("red is for emergencies") => Ok(Some(())),
            other => bail!("kubectl says {other:?}"),
        }
    })?;
    world.push(&clone, &[("one/settings.yaml", &red), ("two/settings.yaml", &red)])?;
    operation_says(
        world,
        "one",
        &["ValidatingAdmissionPolicy 'no-red'", "denied request: red is for emergencies"],
    )?;
    ensure!(colour(world, "one")? == "blue", "what was denied is live");
    // The other App is under no such policy.
    becomes(world, "two", "red")?;
    world.push(&clone, &[("one/settings.yaml", CONFIG_MAP)])?;
    world.app_well("one")?;

    // Another manager owns a field that Git names: it is taken back, and what it added beside stays.
    let patch = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings"},"data":{"colour":"grey","mine":"yes"}}"#;
    world.kubectl.run(&[
        "-n",
        "two",
        "patch",
        "configmap",
        "settings",
        "--type=merge",
        "--field-manager=somebody",
        "-p",
        patch,
    ])?;
    becomes(world, "two", "red")?;
    let live = world.kubectl.get("configmap", "two", "settings")?.context("no ConfigMap")?;
    ensure!(live["data"]["mine"] == "yes", "what another manager added is gone");
    world.app_well("two")?;

    // A kind that the App brings is waited for.
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: widgets.example.com}\nspec:\n  \
               group: example.com\n  scope: Namespaced\n  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}\n  \
               versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]\n";
    let widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 1}\n";
    world.push(&clone, &[("one/a-widget.yaml", widget), ("one/crd.yaml", crd)])?;
    world.until("the Widget is there", || world.kubectl.get("widgets.example.com", "one", "w"))?;
    world.app_well("one")?;

    // A kind that another App brings later: the one that waits goes on by itself.
    let gadget = widget.replace("Widget", "Gadget");
    world.push(&clone, &[("two/gadget.yaml", &gadget)])?;
    operation_says(world, "two", &["could not find example.com/Gadget"])?;
    let crd = crd.replace("widget", "gadget").replace("Widget", "Gadget");
    world.push(&clone, &[("one/gadget-crd.yaml", &crd)])?;
    world.until("the Gadget is there", || world.kubectl.get("gadgets.example.com", "two", "w"))?;
    world.app_well("two")?;
    Ok(())
}

/// A repository that is away stops its own Apps alone, loses nothing, and is followed again when it comes back.
pub(super) fn a_repository_away(world: &mut World) -> anyhow::Result<()> {
    let clone = start_two(world, &[])?;
    let one = manifest(world);
    let away =
        one.replace(&format!("{}/config-repo.git", world.git_url()), "http://127.0.0.1:1/config-repo.git");
    ensure!(away != one, "the address is not in the App");
    world.push(&clone, &[("apps/one.yaml", &away)])?;
    expect_condition(world, "one", "ComparisonError", "127.0.0.1:1")?;
    ensure!(colour(world, "one")? == "blue", "a repository that is away changed the ConfigMap");
    world.push(&clone, &[("two/settings.yaml", &CONFIG_MAP.replace("blue", "green"))])?;
    becomes(world, "two", "green")?;
    world.push(
        &clone,
        &[("apps/one.yaml", &one), ("one/settings.yaml", &CONFIG_MAP.replace("blue", "white"))],
    )?;
    becomes(world, "one", "white")?;
    world.app_well("one")?;
    Ok(())
}

/// A cluster that is away and comes back: nothing is lost or doubled, and what was pushed meanwhile lands.
pub(super) fn a_cluster_away(world: &mut World) -> anyhow::Result<()> {
    let folder =
        world.folder(&[("apps/one.yaml", &app("one", "one", "")), ("one/settings.yaml", CONFIG_MAP)])?;
    world.up_beside_its_cluster(&["--repo", &folder.to_string_lossy(), "--path", "apps"])?;
    world.app_well("one")?;
    let before = uid(world)?;
    let clone = world.clone("config-repo")?;
    world.pause_cluster(true)?;
    world.push(&clone, &[("one/settings.yaml", &CONFIG_MAP.replace("blue", "white"))])?;
    world.until("the engine has taken the push", || {
        Ok(world.fairway(&["app", "manifests", "one"])?.contains("white").then_some(()))
    })?;
    world.pause_cluster(false)?;
    becomes(world, "one", "white")?;
    world.app_well("one")?;
    ensure!(uid(world)? == before, "the ConfigMap was made anew");
    Ok(())
}

fn uid(world: &World) -> anyhow::Result<Option<Value>> {
    let live = world.kubectl.get("configmap", "one", "settings")?;
    Ok(live.and_then(|o| o.pointer("/metadata/uid").cloned()))
}
