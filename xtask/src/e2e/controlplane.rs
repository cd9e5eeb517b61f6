//! A real control plane: one Go program that is each of its parts, and kwok for nodes and pods.

use crate::run::{run, tied};
use anyhow::{Context, bail};
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const VERSION: &str = "v1.36.3";
const KWOK: &str = "sigs.k8s.io/kwok/cmd/kwok@v0.7.0";
const HELM: &str = "helm.sh/helm/v3/cmd/helm@v3.22.0";
const REGISTRY: &str = "github.com/google/go-containerregistry/cmd/registry@v0.22.1";
const PARTS: [&str; 5] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"];

/// Where the tools are.
#[derive(Clone)]
pub struct Tools {
    /// Folder with `etcd`, `kube-apiserver`, `kubectl`, `kwok`, `helm`, `registry` …
    pub bin: PathBuf,
}

/// Builds what is missing, into the git-ignored cache.
pub fn prepare() -> anyhow::Result<Tools> {
    let bin = Path::new(".cache/bin");
    fs::create_dir_all(bin)?;
    let bin = bin.canonicalize()?;
    let program = bin.join(format!("controlplane-{VERSION}"));
    if !program.exists() {
        let version = format!(
            "-s -w -X k8s.io/component-base/version.gitVersion={VERSION} -X k8s.io/component-base/version.gitMajor=1 \
             -X k8s.io/component-base/version.gitMinor=36"
        );
        let target = bin.join("controlplane.partial");
        let target_text = target.to_string_lossy().into_owned();
        run(
            Path::new("e2e/controlplane"),
            "go",
            &["build", "-trimpath", "-ldflags", &version, "-o", &target_text, "."],
        )?;
        fs::rename(&target, &program)?;
    }
    for part in PARTS {
        let link = bin.join(part);
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(&program, &link).with_context(|| format!("link {}", link.display()))?;
    }
    for (name, package) in [("kwok", KWOK), ("helm", HELM), ("registry", REGISTRY)] {
        if !bin.join(name).exists() {
            println!("$ go install {package}");
            let status = Command::new("go").args(["install", package]).env("GOBIN", &bin).status()?;
            if !status.success() {
                bail!("go install {package} ended with {status}");
            }
        }
    }
    Ok(Tools { bin })
}

/// A running control plane; it ends when dropped.
pub struct ControlPlane {
    children: Vec<Child>,
    /// Process of the API server.
    pub server: u32,
    /// Its administrator's kubeconfig.
    pub kubeconfig: PathBuf,
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Returns a port that nothing listens on.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

impl ControlPlane {
    /// Starts etcd and the API server alone, in a folder of their own, and waits until they answer.
    pub fn start_server(tools: &Tools, dir: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(dir)?;
        let (key, public) = (dir.join("sa.key"), dir.join("sa.pub"));
        let text = |p: &Path| p.to_string_lossy().into_owned();
        run(dir, "openssl", &["genrsa", "-out", &text(&key), "2048"])?;
        run(dir, "openssl", &["rsa", "-in", &text(&key), "-pubout", "-out", &text(&public)])?;
        fs::write(dir.join("tokens.csv"), "admin-token,admin,admin,\"system:masters\"\n")?;
        let (etcd, peer, api) = (free_port()?, free_port()?, free_port()?);
        let kubeconfig = dir.join("kubeconfig");
        fs::write(&kubeconfig, kubeconfig_text(api))?;
        let mut plane = Self { children: Vec::new(), server: 0, kubeconfig: kubeconfig.clone() };
        plane.spawn(
            tools,
            dir,
            "etcd",
            &[
                format!("--data-dir={}", text(&dir.join("etcd"))),
                format!("--listen-client-urls=http://127.0.0.1:{etcd}"),
                format!("--advertise-client-urls=http://127.0.0.1:{etcd}"),
                format!("--listen-peer-urls=http://127.0.0.1:{peer}"),
                "--unsafe-no-fsync".to_owned(),
                "--log-level=error".to_owned(),
            ],
        )?;
        plane.spawn(
            tools,
            dir,
            "kube-apiserver",
            &[
                format!("--etcd-servers=http://127.0.0.1:{etcd}"),
                "--bind-address=127.0.0.1".to_owned(),
                format!("--secure-port={api}"),
                format!("--cert-dir={}", text(&dir.join("certs"))),
                format!("--service-account-key-file={}", text(&public)),
                format!("--service-account-signing-key-file={}", text(&key)),
                "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
                "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
                "--authorization-mode=RBAC".to_owned(),
                "--allow-privileged=true".to_owned(),
                format!("--token-auth-file={}", text(&dir.join("tokens.csv"))),
            ],
        )?;
        wait_ready(tools, &kubeconfig)?;
        Ok(plane)
    }

    /// Starts everything in a folder of its own and waits until it answers.
    pub fn start(tools: &Tools, dir: &Path) -> anyhow::Result<Self> {
        let mut plane = Self::start_server(tools, dir)?;
        let text = |p: &Path| p.to_string_lossy().into_owned();
        let (key, kubeconfig) = (dir.join("sa.key"), plane.kubeconfig.clone());
        let config = format!("--kubeconfig={}", text(&kubeconfig));
        plane.spawn(
            tools,
            dir,
            "kube-controller-manager",
            &[
                config.clone(),
                format!("--service-account-private-key-file={}", text(&key)),
                "--leader-elect=false".to_owned(),
                // kwok's heartbeat may be late on a busy machine; a node that is taken for dead unreadies its pods for good.
                "--node-monitor-grace-period=15m".to_owned(),
                format!("--secure-port={}", free_port()?),
            ],
        )?;
        plane.spawn(
            tools,
            dir,
            "kube-scheduler",
            &[config.clone(), "--leader-elect=false".to_owned(), format!("--secure-port={}", free_port()?)],
        )?;
        plane.spawn(
            tools,
            dir,
            "kwok",
            &[
                config,
                "--manage-all-nodes=true".to_owned(),
                "--enable-crds=".to_owned(),
                // Without a lease the node is taken for dead after 50 s, and all its pods for not ready.
                "--node-lease-duration-seconds=40".to_owned(),
            ],
        )?;
        plane.add_node(tools)?;
        Ok(plane)
    }

    fn spawn(&mut self, tools: &Tools, dir: &Path, name: &str, args: &[String]) -> anyhow::Result<()> {
        let log = fs::File::create(dir.join(format!("{name}.log")))?;
        let child = tied(&tools.bin.join(name))
            .args(args)
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        if name == "kube-apiserver" {
            self.server = child.id();
        }
        self.children.push(child);
        Ok(())
    }

    /// One node that is large enough for everything; kwok makes its pods run.
    fn add_node(&self, tools: &Tools) -> anyhow::Result<()> {
        let node = r#"{"apiVersion":"v1","kind":"Node","metadata":{"name":"node-1","annotations":{"kwok.x-k8s.io/node":"fake"}},
            "status":{"allocatable":{"cpu":"64","memory":"256Gi","pods":"5000"},"capacity":{"cpu":"64","memory":"256Gi","pods":"5000"}}}"#;
        let mut child = Command::new(tools.bin.join("kubectl"))
            .args(["--kubeconfig", &self.kubeconfig.to_string_lossy(), "apply", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        child.stdin.take().context("kubectl takes no input")?.write_all(node.as_bytes())?;
        anyhow::ensure!(child.wait()?.success(), "the node could not be made");
        Ok(())
    }
}

fn kubeconfig_text(port: u16) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: real\nclusters:\n- name: real\n  cluster:\n    server: https://127.0.0.1:{port}\n    \
         insecure-skip-tls-verify: true\nusers:\n- name: admin\n  user: {{token: admin-token}}\ncontexts:\n- name: real\n  context: {{cluster: real, user: admin}}\n"
    )
}

fn wait_ready(tools: &Tools, kubeconfig: &Path) -> anyhow::Result<()> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) {
        let answer = Command::new(tools.bin.join("kubectl"))
            .args(["--kubeconfig", &kubeconfig.to_string_lossy(), "get", "--raw", "/readyz"])
            .output()?;
        if answer.status.success() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    bail!("the API server does not answer after 60 s")
}
