//! What a scenario works with: a cluster, a repository, a running engine.

use super::ClusterKind;
use super::controlplane::{ControlPlane, Tools, free_port};
use super::kube::{Kubectl, git};
use anyhow::{Context, bail};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for something to come about.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct World {
    dir: PathBuf,
    kind: ClusterKind,
    binary: PathBuf,
    shared: PathBuf,
    engine: Option<Child>,
    ports: [u16; 3],
    plane: Option<ControlPlane>,
    /// A devcluster in a process of its own.
    beside: Option<Child>,
    /// kubectl on the cluster.
    pub kubectl: Kubectl,
}

impl Drop for World {
    fn drop(&mut self) {
        self.kill();
        if let Some(mut beside) = self.beside.take() {
            let _ = beside.kill();
            let _ = beside.wait();
        }
        self.plane.take();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

impl World {
    /// Makes a fresh cluster for a scenario.
    pub fn new(
        name: &str,
        kind: ClusterKind,
        tools: &Tools,
        binary: &Path,
        shared: &Path,
    ) -> anyhow::Result<Self> {
        let dir = std::env::temp_dir().join(format!("fairway-e2e-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir)?;
        let plane = match kind {
            ClusterKind::Real => Some(ControlPlane::start(tools, &dir.join("plane"))?),
            ClusterKind::Dev => None,
        };
        let kubeconfig = match &plane {
            Some(plane) => plane.kubeconfig.clone(),
            None => dir.join("data/kubeconfig"),
        };
        let kubectl = Kubectl { program: tools.bin.join("kubectl"), kubeconfig };
        let ports = [free_port()?, free_port()?, free_port()?];
        let (binary, shared) = (binary.to_owned(), shared.to_owned());
        Ok(Self { dir, kind, binary, shared, engine: None, ports, plane, beside: None, kubectl })
    }

    /// Returns the folder with material from outside this repository, where there is one.
    pub fn shared(&self) -> Option<&Path> {
        self.shared.is_dir().then_some(self.shared.as_path())
    }

    /// Returns the address of the embedded Git server.
    pub fn git_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[1])
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Starts `fairway up`; further arguments choose the repository.
    pub fn up(&mut self, more: &[&str]) -> anyhow::Result<()> {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.dir.join("engine.log"))?;
        let mut command = crate::run::tied(&self.binary);
        command
            .arg("up")
            .arg("--data-dir")
            .arg(self.data_dir())
            .args(["--listen", &format!("127.0.0.1:{}", self.ports[0])])
            .args(["--git-listen", &format!("127.0.0.1:{}", self.ports[1])])
            .args(["--kube-listen", &format!("127.0.0.1:{}", self.ports[2])])
            .args(more)
            .env("FAIRWAY_LOG", "info,kube_client=error")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        if self.kind == ClusterKind::Real {
            command.arg("--kubeconfig").arg(&self.kubectl.kubeconfig);
        }
        self.engine = Some(command.spawn().context("start fairway")?);
        Ok(())
    }

    /// Starts `fairway up` on a cluster that lives in another process, whichever kind it is.
    pub fn up_beside_its_cluster(&mut self, more: &[&str]) -> anyhow::Result<()> {
        if self.is_real() {
            return self.up(more);
        }
        self.devcluster()?;
        self.beside = self.engine.take();
        let kubeconfig = self.kubectl.kubeconfig.to_string_lossy().into_owned();
        let more: Vec<&str> = more.iter().copied().chain(["--kubeconfig", &kubeconfig]).collect();
        self.up(&more)
    }

    /// Stops the API server in its tracks, or lets it go on.
    pub fn pause_cluster(&self, pause: bool) -> anyhow::Result<()> {
        let beside = self.beside.as_ref().map(Child::id);
        let server =
            self.plane.as_ref().map(|p| p.server).or(beside).context("the cluster has no process")?;
        let signal = if pause { "-STOP" } else { "-CONT" };
        let status = Command::new("kill").args([signal, &server.to_string()]).status()?;
        anyhow::ensure!(status.success(), "kill {signal} ended with {status}");
        Ok(())
    }

    /// Starts the cluster in memory alone, without an engine, and waits until it answers.
    pub fn devcluster(&mut self) -> anyhow::Result<()> {
        let log = fs::File::create(self.dir.join("engine.log"))?;
        fs::create_dir_all(self.data_dir())?;
        let child = Command::new(&self.binary)
            .args(["devcluster", "--kubeconfig"])
            .arg(&self.kubectl.kubeconfig)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("start fairway devcluster")?;
        self.engine = Some(child);
        self.until("the devcluster answers", || {
            Ok(self.kubectl.run(&["get", "--raw", "/readyz"])?.contains("ok").then_some(()))
        })
    }

    /// Whether the cluster is a real one.
    pub fn is_real(&self) -> bool {
        self.kind == ClusterKind::Real
    }

    /// Starts `fairway controller` with the rights that a kubeconfig gives, as a pod would run it.
    pub fn controller(&mut self, kubeconfig: &Path) -> anyhow::Result<()> {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.dir.join("engine.log"))?;
        let child = crate::run::tied(&self.binary)
            .arg("controller")
            .arg("--cache-dir")
            .arg(self.dir.join("cache"))
            .args(["--listen", &format!("127.0.0.1:{}", self.ports[0])])
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .env("FAIRWAY_LOG", "info,kube_client=error")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("start fairway controller")?;
        self.engine = Some(child);
        Ok(())
    }

    /// Ends the engine with SIGKILL, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut engine) = self.engine.take() {
            let _ = engine.kill();
            let _ = engine.wait();
        }
    }

    /// Ends the engine politely and returns how long it took.
    pub fn end(&mut self) -> anyhow::Result<Duration> {
        let mut engine = self.engine.take().context("no engine runs")?;
        let started = Instant::now();
        Command::new("kill").args(["-INT", &engine.id().to_string()]).status()?;
        let status = engine.wait()?;
        anyhow::ensure!(status.success(), "the engine ended with {status}");
        Ok(started.elapsed())
    }

    pub fn show_log(&self) {
        let text = fs::read_to_string(self.dir.join("engine.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        for line in lines.iter().skip(lines.len().saturating_sub(60)) {
            println!("    | {line}");
        }
    }

    /// Waits until something holds; the last reason why not is in the error.
    pub fn until<T>(&self, what: &str, look: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
        self.until_for(what, PATIENCE, look)
    }

    pub fn until_for<T>(
        &self,
        what: &str,
        patience: Duration,
        mut look: impl FnMut() -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<T> {
        let started = Instant::now();
        let mut last = None;
        while started.elapsed() < patience {
            match look() {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => last = None,
                Err(error) => last = Some(error),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        match last {
            Some(error) => Err(error.context(format!("not within {} s: {what}", patience.as_secs()))),
            None => bail!("not within {} s: {what}", patience.as_secs()),
        }
    }

    /// Returns an Application.
    pub fn app(&self, name: &str) -> anyhow::Result<Value> {
        self.kubectl
            .get("applications.argoproj.io", "argocd", name)?
            .with_context(|| format!("no Application {name}"))
    }

    /// Waits until an App is synced and well.
    pub fn app_well(&self, name: &str) -> anyhow::Result<Value> {
        self.until(&format!("{name} is Synced and Healthy"), || {
            let app = self.app(name)?;
            let word = |path: &str| app.pointer(path).and_then(Value::as_str).unwrap_or("?").to_owned();
            let (sync, health) = (word("/status/sync/status"), word("/status/health/status"));
            if sync == "Synced" && health == "Healthy" {
                return Ok(Some(app));
            }
            bail!(
                "{name} is {sync} and {health}; conditions {}; operation {}",
                app["status"]["conditions"],
                app["status"]["operationState"]["message"]
            )
        })
    }

    /// Waits until every App is synced and well.
    pub fn all_well(&self, at_least: usize) -> anyhow::Result<()> {
        self.until("every Application is Synced and Healthy", || {
            let list: Value = serde_json::from_str(&self.kubectl.run(&[
                "get",
                "applications.argoproj.io",
                "-A",
                "-o",
                "json",
            ])?)?;
            let items = list["items"].as_array().cloned().unwrap_or_default();
            let unwell: Vec<String> = items
                .iter()
                .filter(|a| {
                    a["status"]["sync"]["status"] != "Synced" || a["status"]["health"]["status"] != "Healthy"
                })
                .map(|a| {
                    format!(
                        "{} {}/{} {} {}",
                        a["metadata"]["name"],
                        a["status"]["sync"]["status"],
                        a["status"]["health"]["status"],
                        a["status"]["conditions"],
                        a["status"]["operationState"]["message"]
                    )
                })
                .collect();
            if unwell.is_empty() && items.len() >= at_least {
                return Ok(Some(()));
            }
            bail!("{} Applications, not well: {}", items.len(), unwell.join("; "))
        })
    }

    /// Writes files into a clone, commits and pushes them; an empty content deletes the file.
    pub fn push(&self, dir: &Path, files: &[(&str, &str)]) -> anyhow::Result<()> {
        for (path, content) in files {
            let path = dir.join(path);
            if content.is_empty() {
                fs::remove_file(&path).with_context(|| format!("delete {}", path.display()))?;
                continue;
            }
            fs::create_dir_all(path.parent().context("a path has a parent")?)?;
            fs::write(path, content)?;
        }
        git(dir, &["add", "-A"])?;
        git(dir, &["commit", "-q", "-m", "change"])?;
        git(dir, &["push", "-q"])?;
        Ok(())
    }

    /// Clones a repository of the embedded Git server.
    pub fn clone(&self, name: &str) -> anyhow::Result<PathBuf> {
        let url = format!("http://127.0.0.1:{}/{name}.git", self.ports[1]);
        let into = self.dir.join("clone");
        let _ = fs::remove_dir_all(&into);
        git(&self.dir, &["clone", "-q", &url, "clone"])?;
        Ok(into)
    }

    /// Imports a folder as the configuration repository of the embedded Git server when the engine starts.
    pub fn folder(&self, files: &[(&str, &str)]) -> anyhow::Result<PathBuf> {
        let dir = self.dir.join("import");
        for (path, content) in files {
            let path = dir.join(path);
            fs::create_dir_all(path.parent().context("a path has a parent")?)?;
            fs::write(path, content.replace("GIT", &format!("http://127.0.0.1:{}", self.ports[1])))?;
        }
        Ok(dir)
    }

    /// Runs another subcommand of the binary on this engine.
    pub fn fairway(&self, args: &[&str]) -> anyhow::Result<String> {
        let data_dir = self.data_dir();
        self.tool(&[args, &["--data-dir", &data_dir.to_string_lossy()]].concat())
    }

    /// Returns where a tool is that was built beside kubectl.
    pub fn tool_of(&self, name: &str) -> PathBuf {
        self.kubectl.program.with_file_name(name)
    }

    /// Runs the real helm in a folder.
    pub fn helm(&self, dir: &Path, args: &[&str]) -> anyhow::Result<String> {
        crate::run::output(dir, &self.tool_of("helm").to_string_lossy(), args)
    }

    /// Runs a subcommand of the binary that asks no engine.
    pub fn tool(&self, args: &[&str]) -> anyhow::Result<String> {
        let out = Command::new(&self.binary).args(args).output().context("start fairway")?;
        if !out.status.success() {
            bail!("fairway {}: {}", args.join(" "), String::from_utf8_lossy(&out.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }
}
