//! The reference workload on the real control plane: first sync, one commit, heal, idle, memory, each beside the
//! floor (the same writes with no engine around them), measured in the same run.

mod process;
mod stream;
mod workload;

use crate::e2e::ClusterKind;
use crate::e2e::controlplane::{self, ControlPlane, Tools, free_port};
use crate::e2e::kube::{Kubectl, git};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use stream::{Stream, shows};
use workload::{OBJECTS_PER_APP, Workload};

#[derive(clap::Args)]
pub struct Args {
    /// How many Applications, of six objects each.
    #[arg(long, default_value_t = 200)]
    apps: usize,
    /// The binary; built in release mode where not given.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// The cluster; only `real` has a floor worth naming.
    #[arg(long, default_value = "real")]
    cluster: ClusterKind,
    /// Prints the figures as JSON.
    #[arg(long)]
    json: bool,
    /// Seconds that the engine is watched at rest.
    #[arg(long, default_value_t = 20)]
    idle_seconds: u64,
    /// Keeps the engine's log here.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// What the engine logs, as its `--log`.
    #[arg(long, default_value = "warn")]
    log_filter: String,
}

/// How often a commit and a heal are measured; the median counts.
const TIMES: usize = 5;

/// Longest wait for anything: four times what Argo CD takes for a thousand Applications.
const PATIENCE: Duration = Duration::from_secs(1600);

/// Longest wait for one commit or heal.
const SHORT_PATIENCE: Duration = Duration::from_secs(120);

#[derive(Default)]
struct Figures {
    floor_create: f64,
    floor_unchanged: f64,
    synced: f64,
    healthy: f64,
    sync_cpu: f64,
    commit_live: Vec<f64>,
    commit_shown: Vec<f64>,
    commit_all: Vec<f64>,
    heal: Vec<f64>,
    idle_cpu_percent: f64,
    idle_mb: f64,
    peak_mb: f64,
}

pub fn main(args: &Args) -> anyhow::Result<()> {
    ensure!(args.cluster == ClusterKind::Real, "the floor is the real API server's: use --cluster real");
    ensure!((1..=5000).contains(&args.apps), "--apps must be between 1 and 5000");
    let tools = controlplane::prepare().context("build the control plane and its tools")?;
    let binary = match &args.binary {
        Some(binary) => binary.clone(),
        None => {
            crate::run::run(Path::new("."), "cargo", &["build", "--release", "--locked", "-p", "fairway"])?;
            PathBuf::from("target/release/fairway")
        }
    };
    let binary = binary.canonicalize().with_context(|| format!("find {}", binary.display()))?;
    let dir = std::env::temp_dir().join(format!("fairway-bench-{}", std::process::id()));
    fs::create_dir_all(&dir)?;
    let outcome = measure(args, &tools, &binary, &dir);
    if let (Some(to), Ok(log)) = (&args.log, fs::read(dir.join("engine.log"))) {
        fs::write(to, log).with_context(|| format!("write {}", to.display()))?;
    }
    let _ = fs::remove_dir_all(&dir);
    let figures = outcome?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report(args, &figures))?);
    } else {
        print_table(args, &figures);
    }
    Ok(())
}

fn measure(args: &Args, tools: &Tools, binary: &Path, dir: &Path) -> anyhow::Result<Figures> {
    let workload = Workload { apps: args.apps };
    let mut figures = Figures::default();
    floor(&workload, tools, binary, dir, &mut figures)?;
    let plane = ControlPlane::start(tools, &dir.join("plane"))?;
    let kubectl = Kubectl { program: tools.bin.join("kubectl"), kubeconfig: plane.kubeconfig.clone() };
    let git_port = free_port()?;
    prepare_cluster(&workload, &kubectl, binary, dir, git_port)?;

    let mut apps = Stream::open(
        &kubectl,
        "applications.argoproj.io",
        &[".status.sync.status", ".status.health.status", ".status.sync.revision"],
    )?;
    apps.until("the Applications are there", SHORT_PATIENCE, |s| s.len() >= args.apps)?;
    let started = Instant::now();
    let engine = Engine::start(args, binary, dir, &plane.kubeconfig, git_port)?;
    let count = args.apps;
    let all = move |words: &'static [&'static str]| {
        move |seen: &_| (0..count).all(|n| shows(seen, &Workload::app(n), words))
    };
    let synced = apps.until("every App is Synced", PATIENCE, all(&["Synced"]))?;
    let sync_cpu = process::cpu(engine.pid())?;
    let healthy = apps.until("every App is Healthy", PATIENCE, all(&["Synced", "Healthy"]))?;
    figures.synced = (synced - started).as_secs_f64();
    figures.healthy = (healthy - started).as_secs_f64();
    figures.sync_cpu = sync_cpu.as_secs_f64();

    idle(args, &engine, &mut figures)?;
    let mut live = Stream::open(
        &kubectl,
        "deployments.apps",
        &[".spec.template.spec.containers[0].image", ".spec.replicas"],
    )?;
    live.until("the Deployments are there", SHORT_PATIENCE, |s| s.len() >= args.apps)?;
    commits(&workload, dir, git_port, &mut apps, &mut live, &mut figures)?;
    heals(&workload, &kubectl, &mut live, &mut figures)?;
    figures.peak_mb = process::memory_mb(engine.pid(), "VmHWM:")?;
    Ok(figures)
}

/// The writes alone, on a control plane of their own: once to create, once where nothing changes.
fn floor(
    workload: &Workload,
    tools: &Tools,
    binary: &Path,
    dir: &Path,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let plane = ControlPlane::start(tools, &dir.join("floor-plane"))?;
    let file = dir.join("rendered.yaml");
    fs::write(dir.join("namespaces.yaml"), workload.namespaces())?;
    fs::write(&file, workload.rendered())?;
    apply(binary, &plane.kubeconfig, &dir.join("namespaces.yaml"))?;
    figures.floor_create = apply(binary, &plane.kubeconfig, &file)?;
    // Pods come up behind the writes; the second figure is not about them.
    std::thread::sleep(Duration::from_secs(5));
    figures.floor_unchanged = apply(binary, &plane.kubeconfig, &file)?;
    Ok(())
}

/// Applies a file's objects and returns the seconds that the writes took.
fn apply(binary: &Path, kubeconfig: &Path, file: &Path) -> anyhow::Result<f64> {
    let args = ["bench-floor", "--kubeconfig", &kubeconfig.to_string_lossy(), &file.to_string_lossy()];
    let text = crate::run::output(Path::new("."), &binary.to_string_lossy(), &args)?;
    text.split_whitespace().nth(1).and_then(|w| w.parse().ok()).context("the floor printed no time")
}

/// Puts everything in place that is there before the clock starts: kinds, namespaces, Applications, the repository.
fn prepare_cluster(
    workload: &Workload,
    kubectl: &Kubectl,
    binary: &Path,
    dir: &Path,
    git_port: u16,
) -> anyhow::Result<()> {
    let (kinds, project) = (dir.join("kinds.yaml"), dir.join("project.yaml"));
    fs::write(&kinds, fairway_argocd::crd_documents().join("\n---\n"))?;
    fs::write(
        &project,
        "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: default, namespace: argocd}\nspec:\n  sourceRepos: ['*']\n  \
         destinations: [{server: '*', namespace: '*'}]\n  clusterResourceWhitelist: [{group: '*', kind: '*'}]\n",
    )?;
    apply(binary, &kubectl.kubeconfig, &kinds)?;
    apply(binary, &kubectl.kubeconfig, &dir.join("namespaces.yaml"))?;
    kubectl.run(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"])?;
    let applications = dir.join("applications.yaml");
    fs::write(&applications, workload.applications(&format!("http://127.0.0.1:{git_port}/config-repo.git")))?;
    apply(binary, &kubectl.kubeconfig, &project)?;
    apply(binary, &kubectl.kubeconfig, &applications)?;
    workload.write_repository(&dir.join("repository"))
}

struct Engine(Child);

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Engine {
    fn start(
        args: &Args,
        binary: &Path,
        dir: &Path,
        kubeconfig: &Path,
        git_port: u16,
    ) -> anyhow::Result<Self> {
        let log = fs::File::create(dir.join("engine.log"))?;
        let child = Command::new(binary)
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
        Ok(Self(child))
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

/// What the engine uses while nothing happens.
fn idle(args: &Args, engine: &Engine, figures: &mut Figures) -> anyhow::Result<()> {
    // The last status writes and pods settle first.
    std::thread::sleep(Duration::from_secs(5));
    let (before, started) = (process::cpu(engine.pid())?, Instant::now());
    std::thread::sleep(Duration::from_secs(args.idle_seconds.max(1)));
    let used = process::cpu(engine.pid())?.saturating_sub(before);
    figures.idle_cpu_percent = 100.0 * used.as_secs_f64() / started.elapsed().as_secs_f64();
    figures.idle_mb = process::memory_mb(engine.pid(), "VmRSS:")?;
    Ok(())
}

/// One commit to one App: from the push's return to the object in the cluster, to the App, and to all Apps.
fn commits(
    workload: &Workload,
    dir: &Path,
    git_port: u16,
    apps: &mut Stream,
    live: &mut Stream,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    git(dir, &["clone", "-q", &format!("http://127.0.0.1:{git_port}/config-repo.git"), "clone"])?;
    let clone = dir.join("clone");
    for round in 0..TIMES.min(workload.apps) {
        let tag = format!("2.0.{round}");
        let (path, text) = Workload::tag_file(round, &tag);
        fs::write(clone.join(path), text)?;
        git(&clone, &["commit", "-q", "-a", "-m", "change a tag"])?;
        let revision = git(&clone, &["rev-parse", "HEAD"])?.trim().to_owned();
        git(&clone, &["push", "-q"])?;
        let pushed = Instant::now();
        let since = |at: Instant| at.saturating_duration_since(pushed).as_secs_f64() * 1e3;
        let (name, image) = (Workload::object_name(round), format!("registry.example.com/web:{tag}"));
        let at = live.until("the pushed image is live", SHORT_PATIENCE, |s| shows(s, &name, &[&image]))?;
        figures.commit_live.push(since(at));
        let app = Workload::app(round);
        let at = apps.until("the App shows the revision", SHORT_PATIENCE, |s| {
            shows(s, &app, &["Synced", "Healthy", &revision])
        })?;
        figures.commit_shown.push(since(at));
        let count = workload.apps;
        let at = apps.until("all Apps show the revision", SHORT_PATIENCE, |s| {
            (0..count).all(|n| shows(s, &Workload::app(n), &["Synced", "Healthy", &revision]))
        })?;
        figures.commit_all.push(since(at));
    }
    Ok(())
}

/// A scaled Deployment: from the drift in the cluster until it is gone. Each time another App: healing one again backs off.
fn heals(
    workload: &Workload,
    kubectl: &Kubectl,
    live: &mut Stream,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    for round in 0..TIMES.min(workload.apps) {
        let index = workload.apps - 1 - round;
        let name = Workload::object_name(index);
        let namespace = Workload::namespace(index);
        kubectl.run(&["-n", &namespace, "scale", &format!("deployment/{name}"), "--replicas=5"])?;
        let replicas = |seen: &std::collections::BTreeMap<String, Vec<String>>, n: &str| {
            seen.get(&name).is_some_and(|c| c.get(1).is_some_and(|r| r == n))
        };
        let scaled = live.until("the drift is there", SHORT_PATIENCE, |s| replicas(s, "5"))?;
        let healed = live.until("the drift is healed", SHORT_PATIENCE, |s| replicas(s, "1"))?;
        figures.heal.push(healed.saturating_duration_since(scaled).as_secs_f64() * 1e3);
    }
    Ok(())
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn report(args: &Args, f: &Figures) -> Value {
    json!({
        "apps": args.apps,
        "objects": args.apps * OBJECTS_PER_APP,
        "floorCreateSeconds": f.floor_create,
        "floorUnchangedSeconds": f.floor_unchanged,
        "firstSyncSeconds": f.synced,
        "firstSyncToFloor": f.synced / f.floor_create,
        "firstHealthySeconds": f.healthy,
        "firstSyncCpuSeconds": f.sync_cpu,
        "commitToLiveMs": f.commit_live,
        "commitToShownMs": f.commit_shown,
        "commitToAllShownMs": f.commit_all,
        "healMs": f.heal,
        "idleCpuPercent": f.idle_cpu_percent,
        "idleMb": f.idle_mb,
        "peakMb": f.peak_mb,
    })
}

fn print_table(args: &Args, f: &Figures) {
    let row = |what: &str, figure: String, budget: &str| println!("{what:<44} {figure:>12}   {budget}");
    println!("\n{} Apps, {} objects", args.apps, args.apps * OBJECTS_PER_APP);
    row("floor: create", format!("{:.2} s", f.floor_create), "");
    row("floor: nothing changes", format!("{:.2} s", f.floor_unchanged), "");
    row("first sync: all Synced", format!("{:.2} s", f.synced), "");
    row("  to the floor", format!("{:.2} x", f.synced / f.floor_create), "at most 2");
    row("  all Healthy", format!("{:.2} s", f.healthy), "");
    row("  processor time of the engine", format!("{:.2} s", f.sync_cpu), "");
    row("one commit: live (median)", format!("{:.0} ms", median(&f.commit_live)), "below 1000");
    row("  App shows it", format!("{:.0} ms", median(&f.commit_shown)), "");
    row("  all Apps show it", format!("{:.0} ms", median(&f.commit_all)), "");
    row("heal after scale (median)", format!("{:.0} ms", median(&f.heal)), "");
    row("idle: processor", format!("{:.2} %", f.idle_cpu_percent), "below 1");
    row("idle: memory", format!("{:.0} MB", f.idle_mb), "below 100");
    row("peak memory", format!("{:.0} MB", f.peak_mb), "");
}
