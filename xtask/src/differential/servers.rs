//! The two servers that are compared: a real API server, and the one in memory.

use super::compare;
use super::http::Client;
use crate::e2e::controlplane::{ControlPlane, Tools, free_port};
use crate::run::Running;
use anyhow::{Context, bail};
use fairway_devcluster::{InProcess, ManualClock, Options};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The namespace of everything that has one.
pub const NAMESPACE: &str = "diff-ns";

/// What a server says to a request.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub warnings: Vec<String>,
    pub body: Value,
}

/// One write or read.
pub struct Call<'a> {
    pub method: &'a str,
    pub path: String,
    pub content_type: &'a str,
    pub body: Value,
}

/// Both servers, each with the same namespace, account and definitions.
pub struct Servers {
    real: Client,
    dev: InProcess,
    _proxy: Running,
    _plane: ControlPlane,
}

impl Servers {
    /// Starts both.
    pub fn start(tools: &Tools, dir: &Path, definitions: &[Value]) -> anyhow::Result<Self> {
        let plane = ControlPlane::start_server(tools, dir)?;
        let port = free_port()?;
        let proxy = Command::new(tools.bin.join("kubectl"))
            .args(["--kubeconfig", &plane.kubeconfig.to_string_lossy(), "proxy", "--port", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("start kubectl proxy")?;
        // Standing still: entries of one object are then ordered as those written within one second.
        let clock = Arc::new(ManualClock::new(1_800_000_000));
        let dev = InProcess::new(&Options { controllers: false, clock, ..Options::default() })?;
        let mut servers = Self { real: Client::new(port), dev, _proxy: Running(proxy), _plane: plane };
        servers.prepare(definitions)?;
        Ok(servers)
    }

    fn prepare(&mut self, definitions: &[Value]) -> anyhow::Result<()> {
        let started = Instant::now();
        while self.real.send("GET", "/readyz", "application/json", b"").is_err() {
            if started.elapsed() > Duration::from_secs(20) {
                bail!("kubectl proxy does not answer");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        self.make("/api/v1/namespaces", &namespace)?;
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
        self.make(&format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts"), &account)?;
        for definition in definitions {
            self.make("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)?;
            let spec = &definition["spec"];
            let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            for version in spec["versions"].as_array().into_iter().flatten() {
                let path = format!(
                    "/apis/{}/{}/{}",
                    text(&spec["group"]),
                    text(&version["name"]),
                    text(&spec["names"]["plural"])
                );
                self.wait_served(&path)?;
            }
        }
        Ok(())
    }

    fn make(&mut self, path: &str, object: &Value) -> anyhow::Result<()> {
        let call = Call {
            method: "POST",
            path: path.to_owned(),
            content_type: "application/json",
            body: object.clone(),
        };
        for (name, reply) in [("real", self.real(&call)?), ("dev", self.dev(&call))] {
            if reply.status != 201 && reply.status != 409 {
                bail!("the {name} server does not take {path}: {}", reply.body);
            }
        }
        Ok(())
    }

    fn wait_served(&mut self, path: &str) -> anyhow::Result<()> {
        let started = Instant::now();
        while self.real.send("GET", path, "application/json", b"")?.status != 200 {
            if started.elapsed() > Duration::from_secs(20) {
                bail!("{path} is not served");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        // The kind is served before its schema is in the server's apply.
        std::thread::sleep(Duration::from_millis(1500));
        Ok(())
    }

    /// Asks the real server.
    pub fn real(&mut self, call: &Call<'_>) -> anyhow::Result<Reply> {
        let body = bytes(&call.body);
        let answer = self.real.send(call.method, &call.path, call.content_type, &body)?;
        let body = parsed(&answer.body);
        Ok(Reply { status: answer.status, warnings: answer.warnings, body })
    }

    /// Asks the server in memory.
    pub fn dev(&self, call: &Call<'_>) -> Reply {
        let headers = [
            ("content-type", call.content_type),
            ("accept", "application/json"),
            ("user-agent", "differential"),
        ];
        let answer = self.dev.request(call.method, &call.path, &headers, &bytes(&call.body));
        Reply { status: answer.status, warnings: answer.warnings, body: parsed(&answer.body) }
    }
}

fn bytes(body: &Value) -> Vec<u8> {
    if body.is_null() { Vec::new() } else { body.to_string().into_bytes() }
}

fn parsed(bytes: &[u8]) -> Value {
    let text = || String::from_utf8_lossy(bytes).into_owned().into();
    let mut body = serde_json::from_slice(bytes).unwrap_or_else(|_| text());
    compare::order_entries(&mut body);
    body
}
