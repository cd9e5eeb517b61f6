//! What Argo CD's end-to-end suite has beside its repository: a chart repository, one that asks who is there, and a
//! registry of charts. Each is a few lines of HTTP on a port of its own.

use super::world::World;
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// `Basic` of `admin:password`.
const LOGIN: &str = "Basic YWRtaW46cGFzc3dvcmQ=";
/// Where the chart repository has its files, as in the suite.
const CHARTS: &str = "/argo-e2e/testdata.git/helm-repo";

/// Files by path, each with its media type.
type Files = BTreeMap<String, (&'static str, Vec<u8>)>;

/// The servers; their threads end with the process.
pub struct TestBed {
    open: SocketAddr,
    closed: SocketAddr,
    registry: SocketAddr,
    closed_registry: SocketAddr,
}

impl TestBed {
    /// Packs the charts that are served, and listens.
    pub fn start(world: &World, testdata: &Path) -> anyhow::Result<Self> {
        let registry_files =
            registry(&pack(world, &testdata.join("helm-values"))?, "myrepo/helm-values", "1.0.0")?;
        let chart = fs::read(testdata.join("helm-repo/helm-1.0.0.tgz"))?;
        let closed = serve(Files::new(), true)?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let open = listener.local_addr()?;
        let index = format!(
            "apiVersion: v1\nentries:\n  helm:\n  - name: helm\n    version: 1.0.0\n    urls: ['http://{open}{CHARTS}/helm-1.0.0.tgz']\n"
        );
        let mut files = Files::new();
        for folder in ["", "/local", "/local2"] {
            files.insert(format!("{CHARTS}{folder}/index.yaml"), ("text/yaml", index.clone().into_bytes()));
        }
        files.insert(format!("{CHARTS}/helm-1.0.0.tgz"), ("application/gzip", chart));
        listen(listener, files, false);
        Ok(Self {
            open,
            closed,
            registry: serve(registry_files.clone(), false)?,
            closed_registry: serve(registry_files, true)?,
        })
    }

    /// Puts the addresses of this test bed in place of those of Argo CD's.
    pub fn translate(&self, text: &str, git: &str) -> String {
        let closed = self.closed;
        text.replace(
            "https://localhost:9443/argo-e2e/testdata.git//",
            &format!("{git}/config-repo.git//testdata/"),
        )
        .replace("https://localhost:9443", &format!("http://{closed}"))
        .replace("https://localhost:9444", &format!("http://{}", self.open))
        .replace("oci://localhost:5000", &format!("oci://{}", self.registry))
        .replace("oci://localhost:5001", &format!("oci://{}", self.closed_registry))
    }

    /// The repository Secrets that the suite adds.
    pub fn secrets(&self) -> Vec<Value> {
        let secret = |name: &str, kind: &str, data: Value| {
            json!({"apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": name, "namespace": "argocd", "labels": {"argocd.argoproj.io/secret-type": kind}},
                "stringData": data})
        };
        vec![
            secret(
                "custom-repo",
                "repository",
                json!({"type": "helm", "name": "custom-repo", "url": format!("http://{}{CHARTS}", self.open)}),
            ),
            secret(
                "registry",
                "repo-creds",
                json!({"type": "helm", "enableOCI": "true", "url": format!("{}/myrepo", self.closed_registry),
                    "username": "admin", "password": "password"}),
            ),
        ]
    }
}

/// Packs a chart with the real helm.
fn pack(world: &World, chart: &Path) -> anyhow::Result<Vec<u8>> {
    let folder = world.data_dir().with_extension("charts");
    fs::create_dir_all(&folder)?;
    let args = ["package", &chart.to_string_lossy(), "-d", &folder.to_string_lossy()];
    world.helm(Path::new("."), &args)?;
    let packed = fs::read_dir(&folder)?.next().context("helm packed nothing")??;
    Ok(fs::read(packed.path())?)
}

/// Lays out one chart as a registry serves it.
fn registry(chart: &[u8], name: &str, tag: &str) -> anyhow::Result<Files> {
    let config = b"{\"name\":\"helm-values\",\"version\":\"1.0.0\",\"apiVersion\":\"v2\"}".to_vec();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": digest(&config)?, "size": config.len()},
        "layers": [{"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": digest(chart)?, "size": chart.len()}],
    });
    let manifest = manifest.to_string().into_bytes();
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let tags = json!({"name": name, "tags": [tag]}).to_string().into_bytes();
    Ok(Files::from([
        ("/v2/".to_owned(), ("application/json", b"{}".to_vec())),
        (format!("/v2/{name}/tags/list"), ("application/json", tags)),
        (format!("/v2/{name}/manifests/{tag}"), (kind, manifest.clone())),
        (format!("/v2/{name}/manifests/{}", digest(&manifest)?), (kind, manifest)),
        (format!("/v2/{name}/blobs/{}", digest(chart)?), ("application/octet-stream", chart.to_vec())),
        (format!("/v2/{name}/blobs/{}", digest(&config)?), ("application/json", config)),
    ]))
}

/// SHA-256 by the machine's own tool, so that nothing of the product vouches for itself.
fn digest(bytes: &[u8]) -> anyhow::Result<String> {
    let mut child = std::process::Command::new("sha256sum")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .context("start sha256sum")?;
    child.stdin.take().context("sha256sum takes no input")?.write_all(bytes)?;
    let out = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let hex = text.split_whitespace().next().context("sha256sum says nothing")?;
    ensure!(hex.len() == 64, "sha256sum says {hex}");
    Ok(format!("sha256:{hex}"))
}

fn serve(files: Files, closed: bool) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    listen(listener, files, closed);
    Ok(address)
}

fn listen(listener: TcpListener, files: Files, closed: bool) {
    let files = Arc::new(files);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let files = files.clone();
            std::thread::spawn(move || {
                // Whoever asked may have gone.
                let _ = answer(stream, &files, closed);
            });
        }
    });
}

fn answer(mut stream: TcpStream, files: &Files, closed: bool) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut allowed = !closed;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        allowed |= name.eq_ignore_ascii_case("authorization") && value.trim() == LOGIN;
    }
    let path = first.split_whitespace().nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let (status, more, kind, body): (&str, &str, &str, &[u8]) = match files.get(path) {
        _ if !allowed => {
            ("401 Unauthorized", "WWW-Authenticate: Basic realm=\"e2e\"\r\n", "text/plain", b"who is there?")
        }
        Some((kind, body)) => ("200 OK", "", kind, body),
        None => ("404 Not Found", "", "text/plain", b"not here"),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{more}Content-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)
}
