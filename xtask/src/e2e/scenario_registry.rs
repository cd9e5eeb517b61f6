//! Charts from a registry: a real one, that the real helm pushes to.

use super::scenario::{app, expect_condition, start};
use super::world::World;
use crate::run::{Running, tied};
use anyhow::{Context, ensure};
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;

/// A registry that keeps what it is given in memory; it ends when dropped.
struct Registry {
    port: u16,
    _program: Running,
}

impl Registry {
    fn start(world: &World, port: u16) -> anyhow::Result<Self> {
        let program = tied(&world.tool_of("registry"))
            .args(["-port", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("start the registry")?;
        let registry = Self { port, _program: Running(program) };
        world.until("the registry answers", || {
            Ok(TcpStream::connect(("127.0.0.1", registry.port)).ok().map(drop))
        })?;
        Ok(registry)
    }

    /// Where its charts are, without a scheme.
    fn charts(&self) -> String {
        format!("127.0.0.1:{}/charts", self.port)
    }

    /// Packs and pushes the chart and the one that it depends on, both of one version, with the real helm.
    fn push(&self, world: &World, version: &str, colour: &str) -> anyhow::Result<()> {
        let dir = world.data_dir().with_extension("charts").join(version);
        let at = format!("oci://{}", self.charts());
        let parts = [
            ("base", String::new(), "{{ define \"colour\" }}{{ .Values.global.colour }}{{ end }}".to_owned()),
            (
                "paint",
                format!("dependencies:\n- {{name: base, version: '>=1.0.0-0', repository: '{at}'}}\n"),
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: paint}\ndata:\n  colour: {{ include \"colour\" . }}\n  \
                 version: {{ .Chart.Version }}\n"
                    .to_owned(),
            ),
        ];
        for (name, dependencies, template) in parts {
            let chart = dir.join(name);
            fs::create_dir_all(chart.join("templates"))?;
            fs::write(
                chart.join("Chart.yaml"),
                format!("apiVersion: v2\nname: {name}\nversion: {version}\n{dependencies}"),
            )?;
            fs::write(chart.join("values.yaml"), format!("global: {{colour: {colour}}}\n"))?;
            let file = if name == "base" { "_colour.tpl" } else { "paint.yaml" };
            fs::write(chart.join("templates").join(file), template)?;
            if name == "paint" {
                world.helm(&dir, &["dependency", "update", name, "--plain-http"])?;
            }
            world.helm(&dir, &["package", name])?;
            world.helm(&dir, &["push", &format!("{name}-{version}.tgz"), &at, "--plain-http"])?;
        }
        Ok(())
    }
}

/// An App takes a chart by a range of versions, the newest of them when one is pushed, and so does one that takes it as
/// an artifact; the command line pulls and renders what helm does; a registry that is away takes nothing down.
pub(super) fn charts_from_a_registry(world: &mut World) -> anyhow::Result<()> {
    let registry = Registry::start(world, super::controlplane::free_port()?)?;
    registry.push(world, "1.0.0", "blue")?;
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: charts, namespace: argocd, annotations: {{argocd.argoproj.io/sync-wave: '-1'}}, \
         labels: {{argocd.argoproj.io/secret-type: repository}}}}\n\
         stringData: {{type: helm, enableOCI: 'true', insecureOCIForceHttp: 'true', url: {}}}\n",
        registry.charts()
    );
    let one = app("one", "one", "").replace(
        "repoURL: GIT/config-repo.git, path: one, targetRevision: HEAD",
        &format!("repoURL: {}, chart: paint, targetRevision: 1.x", registry.charts()),
    );
    let two = app("two", "two", "").replace(
        "repoURL: GIT/config-repo.git, path: two, targetRevision: HEAD",
        &format!("repoURL: 'oci://{}/paint', path: ., targetRevision: 1.x", registry.charts()),
    );
    start(world, &[("apps/charts.yaml", &secret), ("apps/one.yaml", &one), ("apps/two.yaml", &two)])?;
    let shows = |world: &World, colour: &str, version: &str| {
        ["one", "two"].into_iter().try_for_each(|app| {
            world.until(&format!("the paint of {app} is {colour} of {version}"), || {
                let live = world.kubectl.get("configmap", app, "paint")?.context("there is no paint")?;
                Ok((live["data"]["colour"] == colour && live["data"]["version"] == version).then_some(()))
            })
        })
    };
    shows(world, "blue", "1.0.0")?;
    let status = world.app_well("one")?["status"].clone();
    ensure!(status["sync"]["revision"] == "1.0.0", "the revision shown is {}", status["sync"]["revision"]);
    let artifact = world.app_well("two")?["status"]["sync"]["revision"].to_string();
    ensure!(artifact.starts_with("\"sha256:"), "the revision shown of an artifact is {artifact}");

    registry.push(world, "1.1.0", "green")?;
    registry.push(world, "2.0.0", "red")?;
    refresh(world)?;
    shows(world, "green", "1.1.0")?;
    world.app_well("one")?;

    let at = format!("oci://{}/paint", registry.charts());
    for range in ["1.x", "^2", "1.0.0"] {
        let args = ["template", "r", &at, "--version", range, "--plain-http"];
        let theirs = world.helm(Path::new("."), &args)?;
        let ours = world.tool(&[&["helm"][..], &args[..]].concat())?;
        ensure!(ours == theirs, "{range}: helm writes\n{theirs}and fairway\n{ours}");
    }

    // Away: the App says so, and what is live stays.
    let port = registry.port;
    drop(registry);
    refresh(world)?;
    expect_condition(world, "one", "ComparisonError", &port.to_string())?;
    shows(world, "green", "1.1.0")?;

    // Back, with less than before: no version of the range is left, and nothing is taken down for it.
    let registry = Registry::start(world, port)?;
    registry.push(world, "2.0.0", "red")?;
    refresh(world)?;
    expect_condition(world, "one", "ComparisonError", "1.x")?;
    shows(world, "green", "1.1.0")?;
    registry.push(world, "1.2.0", "white")?;
    refresh(world)?;
    shows(world, "white", "1.2.0")?;
    world.app_well("one")?;
    Ok(())
}

/// Has both Apps ask for what there is now.
fn refresh(world: &World) -> anyhow::Result<()> {
    for app in ["one", "two"] {
        world.kubectl.run(&[
            "-n",
            "argocd",
            "annotate",
            "application",
            app,
            "argocd.argoproj.io/refresh=normal",
            "--overwrite",
        ])?;
    }
    for name in ["one", "two"] {
        world.until("the refresh is done", || {
            let asked = "/metadata/annotations/argocd.argoproj.io~1refresh";
            Ok(world.app(name)?.pointer(asked).is_none().then_some(()))
        })?;
    }
    Ok(())
}
