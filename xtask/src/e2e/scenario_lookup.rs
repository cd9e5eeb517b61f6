//! Charts that look objects up in the cluster, where their project lets them.

use super::scenario::{app, start};
use super::world::World;
use anyhow::{Context, ensure};

const PROJECT: &str = "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\n\
    metadata: {name: seeing, namespace: argocd, annotations: {fairway.dev/helm-lookup: ConfigMap}}\n\
    spec: {sourceRepos: ['*'], destinations: [{server: '*', namespace: one}], clusterResourceWhitelist: [{group: '*', kind: '*'}]}\n";

const TEMPLATE: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: copy}
data:
  colour: {{ lookup "v1" "ConfigMap" .Release.Namespace "outside" | dig "data" "colour" "none" }}
  secret: {{ lookup "v1" "Secret" .Release.Namespace "outside" | dig "metadata" "name" "none" }}
  elsewhere: {{ lookup "v1" "ConfigMap" "default" "outside" | dig "data" "colour" "none" }}
"#;

/// What a chart looks up follows the cluster; kinds that the project does not name and namespaces that it does not
/// permit stay unseen.
pub(super) fn charts_look_objects_up(world: &mut World) -> anyhow::Result<()> {
    let one = app("one", "one", "").replace("project: default", "project: seeing");
    let files = [
        ("apps/project.yaml", PROJECT),
        ("apps/one.yaml", one.as_str()),
        ("one/Chart.yaml", "apiVersion: v2\nname: one\nversion: 1.0.0\n"),
        ("one/templates/copy.yaml", TEMPLATE),
    ];
    start(world, &files)?;
    world.app_well("one")?;
    let copy = |world: &World| -> anyhow::Result<serde_json::Value> {
        Ok(world.kubectl.get("configmap", "one", "copy")?.context("the copy is not there")?["data"].clone())
    };
    ensure!(copy(world)?["colour"] == "none", "something was found where nothing is: {}", copy(world)?);
    for namespace in ["one", "default"] {
        world.kubectl.run(&[
            "-n",
            namespace,
            "create",
            "configmap",
            "outside",
            "--from-literal=colour=blue",
        ])?;
    }
    world.kubectl.run(&[
        "-n",
        "one",
        "create",
        "secret",
        "generic",
        "outside",
        "--from-literal=colour=red",
    ])?;
    let shows = |world: &World, colour: &str| {
        world.until(&format!("the copy is {colour}"), || Ok((copy(world)?["colour"] == colour).then_some(())))
    };
    shows(world, "blue")?;
    world.kubectl.run(&[
        "-n",
        "one",
        "patch",
        "configmap",
        "outside",
        "-p",
        r#"{"data":{"colour":"green"}}"#,
    ])?;
    shows(world, "green")?;
    let copy = copy(world)?;
    ensure!(copy["secret"] == "none" && copy["elsewhere"] == "none", "too much was found: {copy}");
    let told = world.app_well("one")?["status"]["conditions"].to_string();
    for words in ["does not name the kind", "does not permit the namespace"] {
        ensure!(told.contains(words), "the App does not tell what was refused: {told}");
    }
    Ok(())
}
