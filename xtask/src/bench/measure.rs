//! One run, phase by phase. Each phase has an end: a figure that does not come is reported, and the others still count.

use super::Args;
use super::figures::{Figure, Figures, say};
use super::process;
use super::stream::Stream;
use super::workload::Workload;
use crate::e2e::controlplane::{ControlPlane, Tools, free_port};
use crate::e2e::kube::{Kubectl, git};
use crate::run::{Running, tied};
use anyhow::Context;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// How often a commit and a heal are measured; the median counts.
const TIMES: usize = 5;

/// Longest wait for one commit or heal.
const SHORT_PATIENCE: Duration = Duration::from_secs(60);

/// What design.md asks for.
const BUDGET_FLOORS: f64 = 2.0;
const BUDGET_COMMIT_MS: f64 = 1000.0;
const BUDGET_HEAL_MS: f64 = 500.0;
const BUDGET_IDLE_PERCENT: f64 = 1.0;
const BUDGET_MEMORY_MB: f64 = 100.0;

const APPLICATIONS: &str = "/apis/argoproj.io/v1alpha1/applications";
const DEPLOYMENTS: &str = "/apis/apps/v1/deployments";

/// Everything that a run works with.
pub struct Bench<'a> {
    pub args: &'a Args,
    pub tools: &'a Tools,
    pub binary: &'a Path,
    pub dir: &'a Path,
    pub workload: Workload,
}

/// What the control plane takes without an engine.
#[derive(Default)]
struct Floor {
    create: Option<f64>,
    healthy: Option<f64>,
}

impl Bench<'_> {
    pub fn run(&self, figures: &mut Figures) -> anyhow::Result<()> {
        let floor = if self.args.no_floor { Floor::default() } else { self.floor(figures)? };
        say("control plane, kinds, Applications");
        let plane = ControlPlane::start(self.tools, &self.dir.join("plane"))?;
        let kubectl =
            Kubectl { program: self.tools.bin.join("kubectl"), kubeconfig: plane.kubeconfig.clone() };
        let git_port = free_port()?;
        self.prepare_cluster(&kubectl, git_port)?;
        let mut apps = Stream::open(
            &kubectl,
            APPLICATIONS,
            &["/status/sync/status", "/status/health/status", "/status/sync/revision"],
        )?;
        let names = self.app_names();
        apps.until("the Applications are there", SHORT_PATIENCE, &names, |_| true)?;
        let mut live = Stream::open(
            &kubectl,
            DEPLOYMENTS,
            &["/spec/template/spec/containers/0/image", "/spec/replicas", "/status/readyReplicas"],
        )?;

        say("first sync");
        let writes_before = application_writes(&kubectl)?;
        let started = Instant::now();
        let engine = Engine::start(self.args, self.binary, self.dir, &plane.kubeconfig, git_port)?;
        let synced = apps.until("every App is Synced", self.patience(0.5), &names, |f| f[0] == "Synced")?;
        let cpu = process::cpu(engine.pid())?.as_secs_f64();
        let took = (synced - started).as_secs_f64();
        figures.add(
            Figure::new("firstSync", "first sync, all Synced, from the start", "s", &[took])
                .floor(floor.create)
                .budget(floor.create.map(|f| BUDGET_FLOORS * f)),
        );
        figures.add(Figure::new("firstSyncCpu", "  processor time of the engine", "s", &[cpu]));
        match apps.until("every App is Healthy", self.patience(1.5), &names, |f| {
            f[0] == "Synced" && f[1] == "Healthy"
        }) {
            Ok(at) => figures.add(
                Figure::new("firstHealthy", "  all Healthy", "s", &[(at - started).as_secs_f64()])
                    .floor(floor.healthy),
            ),
            Err(error) => figures.failed(&error),
        }
        let writes = application_writes(&kubectl)? - writes_before;
        let per_app = writes / self.workload.apps as f64;
        figures.add(Figure::new("statusWritesPerApp", "  writes to an Application", "", &[per_app]));

        self.idle(&engine, figures)?;
        if let Err(error) = self.commits(git_port, &mut apps, &mut live, figures) {
            figures.failed(&error);
        }
        if let Err(error) = self.heals(&kubectl, &mut live, figures) {
            figures.failed(&error);
        }
        figures.add(Figure::new(
            "peakMemory",
            "peak memory",
            "MB",
            &[process::memory_mb(engine.pid(), "VmHWM:")?],
        ));
        Ok(())
    }

    fn app_names(&self) -> Vec<String> {
        (0..self.workload.apps).map(Workload::app).collect()
    }

    fn object_names(&self) -> Vec<String> {
        (0..self.workload.apps).map(Workload::object_name).collect()
    }

    /// Longest wait for something that grows with the number of Apps.
    fn patience(&self, seconds_per_app: f64) -> Duration {
        Duration::from_secs_f64(60.0 + seconds_per_app * self.workload.apps as f64)
    }

    /// The writes alone, on a control plane of their own: once to create, once where nothing changes.
    fn floor(&self, figures: &mut Figures) -> anyhow::Result<Floor> {
        say("floor: the writes alone");
        let plane = ControlPlane::start(self.tools, &self.dir.join("floor-plane"))?;
        let kubectl =
            Kubectl { program: self.tools.bin.join("kubectl"), kubeconfig: plane.kubeconfig.clone() };
        let file = self.dir.join("rendered.yaml");
        fs::write(self.dir.join("namespaces.yaml"), self.workload.namespaces())?;
        fs::write(&file, self.workload.rendered())?;
        self.apply(&plane.kubeconfig, &self.dir.join("namespaces.yaml"))?;
        let mut live = Stream::open(&kubectl, DEPLOYMENTS, &["/status/readyReplicas"])?;
        let started = Instant::now();
        let create = self.apply(&plane.kubeconfig, &file)?;
        figures.add(Figure::new("floorCreate", "floor: create", "s", &[create]));
        // What the control plane itself takes until the pods are there.
        let ready =
            live.until("the pods are there", self.patience(1.5), &self.object_names(), |f| f[0] == "1");
        let healthy = match ready {
            Ok(at) => Some((at - started).as_secs_f64()),
            Err(error) => {
                figures.failed(&error);
                None
            }
        };
        if let Some(healthy) = healthy {
            figures.add(Figure::new("floorHealthy", "floor: all pods ready", "s", &[healthy]));
        }
        let unchanged = self.apply(&plane.kubeconfig, &file)?;
        figures.add(Figure::new("floorUnchanged", "floor: nothing changes", "s", &[unchanged]));
        Ok(Floor { create: Some(create), healthy })
    }

    /// Applies a file's objects and returns the seconds that the writes took.
    fn apply(&self, kubeconfig: &Path, file: &Path) -> anyhow::Result<f64> {
        let args = ["bench-floor", "--kubeconfig", &kubeconfig.to_string_lossy(), &file.to_string_lossy()];
        let text = crate::run::output(Path::new("."), &self.binary.to_string_lossy(), &args)?;
        text.split_whitespace().nth(1).and_then(|w| w.parse().ok()).context("the floor printed no time")
    }

    /// Puts everything in place that is there before the clock starts: kinds, namespaces, Applications, the repository.
    fn prepare_cluster(&self, kubectl: &Kubectl, git_port: u16) -> anyhow::Result<()> {
        let put = |name: &str, text: &str| -> anyhow::Result<()> {
            let file = self.dir.join(name);
            fs::write(&file, text)?;
            self.apply(&kubectl.kubeconfig, &file).map(|_| ())
        };
        put("kinds.yaml", &fairway_argocd::crd_documents().join("\n---\n"))?;
        put("namespaces.yaml", &self.workload.namespaces())?;
        kubectl.run(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"])?;
        put(
            "project.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: default, namespace: argocd}\nspec:\n  sourceRepos: ['*']\n  \
             destinations: [{server: '*', namespace: '*'}]\n  clusterResourceWhitelist: [{group: '*', kind: '*'}]\n",
        )?;
        let url = format!("http://127.0.0.1:{git_port}/config-repo.git");
        put("applications.yaml", &self.workload.applications(&url))?;
        self.workload.write_repository(&self.dir.join("repository"))
    }

    /// What the engine uses while nothing happens.
    fn idle(&self, engine: &Engine, figures: &mut Figures) -> anyhow::Result<()> {
        say("idle");
        // The last status writes and pods settle first.
        std::thread::sleep(Duration::from_secs(5));
        let (before, started) = (process::cpu(engine.pid())?, Instant::now());
        std::thread::sleep(Duration::from_secs(self.args.idle_seconds.max(1)));
        let used = process::cpu(engine.pid())?.saturating_sub(before);
        let percent = 100.0 * used.as_secs_f64() / started.elapsed().as_secs_f64();
        figures.add(
            Figure::new("idleCpu", "idle: processor", "%", &[percent]).budget(Some(BUDGET_IDLE_PERCENT)),
        );
        let held = process::memory_mb(engine.pid(), "VmRSS:")?;
        figures.add(Figure::new("idleMemory", "idle: memory", "MB", &[held]).budget(Some(BUDGET_MEMORY_MB)));
        Ok(())
    }

    /// One commit to one App: from the push's return to the object in the cluster, to the App, and to all Apps.
    fn commits(
        &self,
        git_port: u16,
        apps: &mut Stream,
        live: &mut Stream,
        figures: &mut Figures,
    ) -> anyhow::Result<()> {
        say("commits");
        git(self.dir, &["clone", "-q", &format!("http://127.0.0.1:{git_port}/config-repo.git"), "clone"])?;
        let clone = self.dir.join("clone");
        let (mut to_live, mut to_app, mut to_all) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..TIMES.min(self.workload.apps) {
            let tag = format!("2.0.{round}");
            let (path, text) = Workload::tag_file(round, &tag);
            fs::write(clone.join(path), text)?;
            git(&clone, &["commit", "-q", "-a", "-m", "change a tag"])?;
            let revision = git(&clone, &["rev-parse", "HEAD"])?.trim().to_owned();
            git(&clone, &["push", "-q"])?;
            let pushed = Instant::now();
            let since = |at: Instant| at.saturating_duration_since(pushed).as_secs_f64() * 1e3;
            let (name, image) = (Workload::object_name(round), format!("registry.example.com/web:{tag}"));
            let at = live.until("the pushed image is live", SHORT_PATIENCE, &[name], |f| f[0] == image)?;
            to_live.push(since(at));
            let shown = |f: &[String]| f[0] == "Synced" && f[2] == revision;
            let at =
                apps.until("the App shows the revision", SHORT_PATIENCE, &[Workload::app(round)], shown)?;
            to_app.push(since(at));
            let at = apps.until("all Apps show the revision", SHORT_PATIENCE, &self.app_names(), shown)?;
            to_all.push(since(at));
        }
        figures.add(
            Figure::new("commitToLive", "one commit: live", "ms", &to_live).budget(Some(BUDGET_COMMIT_MS)),
        );
        figures.add(Figure::new("commitToShown", "  its App shows it", "ms", &to_app));
        figures.add(Figure::new("commitToAllShown", "  all Apps show it", "ms", &to_all));
        Ok(())
    }

    /// A scaled Deployment: from the drift in the cluster until it is gone. Each time another App: healing one again
    /// backs off.
    fn heals(&self, kubectl: &Kubectl, live: &mut Stream, figures: &mut Figures) -> anyhow::Result<()> {
        say("heals");
        let mut heals = Vec::new();
        for round in 0..TIMES.min(self.workload.apps) {
            let index = self.workload.apps - 1 - round;
            let name = Workload::object_name(index);
            let namespace = Workload::namespace(index);
            kubectl.run(&["-n", &namespace, "scale", &format!("deployment/{name}"), "--replicas=5"])?;
            let names = [name];
            let scaled = live.until("the drift is there", SHORT_PATIENCE, &names, |f| f[1] == "5")?;
            let healed = live.until("the drift is healed", SHORT_PATIENCE, &names, |f| f[1] == "1")?;
            heals.push(healed.saturating_duration_since(scaled).as_secs_f64() * 1e3);
        }
        figures.add(Figure::new("heal", "heal after scale", "ms", &heals).budget(Some(BUDGET_HEAL_MS)));
        Ok(())
    }
}

/// How many writes to Applications the API server has answered.
fn application_writes(kubectl: &Kubectl) -> anyhow::Result<f64> {
    let text = kubectl.run(&["get", "--raw", "/metrics"])?;
    let is_write = |line: &&str| {
        line.starts_with("apiserver_request_total{")
            && line.contains("resource=\"applications\"")
            && ["PATCH", "PUT", "POST", "APPLY"].iter().any(|v| line.contains(&format!("verb=\"{v}\"")))
    };
    Ok(text.lines().filter(is_write).filter_map(|l| l.split_whitespace().last()?.parse::<f64>().ok()).sum())
}

struct Engine(Running);

impl Engine {
    fn start(
        args: &Args,
        binary: &Path,
        dir: &Path,
        kubeconfig: &Path,
        git_port: u16,
    ) -> anyhow::Result<Self> {
        let log = fs::File::create(dir.join("engine.log"))?;
        let child = tied(binary)
            .arg("up")
            .arg("--data-dir")
            .arg(dir.join("data"))
            .args(["--listen", &format!("127.0.0.1:{}", free_port()?)])
            .args(["--git-listen", &format!("127.0.0.1:{git_port}")])
            .arg("--repo")
            .arg(dir.join("repository"))
            .args(["--path", "root"])
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .env("FAIRWAY_LOG", &args.log_filter)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("start fairway")?;
        Ok(Self(Running(child)))
    }

    fn pid(&self) -> u32 {
        self.0.0.id()
    }
}
