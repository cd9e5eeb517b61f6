//! The folder that `fairway up` keeps its state in, and by which the command line finds a running engine.

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// What the command line needs to talk to a running engine. The file can be read by its owner only.
#[derive(Clone, Serialize, Deserialize)]
pub struct Running {
    /// Address of the API.
    pub url: String,
    /// Password of the account `admin`.
    pub password: String,
    /// Address of the Git server; empty where none runs.
    pub git_url: String,
    /// Process id.
    pub pid: u32,
}

/// The folder.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// Names a folder without touching it.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Makes the folder, and proves that it can be written.
    pub fn open(&self, reset: bool) -> anyhow::Result<()> {
        if let Some(running) = self.running().filter(|r| is_alive(r.pid)) {
            bail!(
                "{} is in use by process {} at {}; end it first, or choose another --data-dir",
                self.0.display(),
                running.pid,
                running.url
            );
        }
        if reset && self.0.exists() {
            let known = ["engine.json", "kubeconfig", "password", "key", "cluster", "git", "cache"];
            for name in known {
                let path = self.0.join(name);
                let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                match removed {
                    Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                        return Err(e).with_context(|| format!("remove {}", path.display()));
                    }
                    _ => {}
                }
            }
        }
        fs::create_dir_all(&self.0)
            .and_then(|()| write_private(&self.0.join(".write-test"), b""))
            .and_then(|()| fs::remove_file(self.0.join(".write-test")))
            .with_context(|| format!("cannot write to {}; choose a folder with --data-dir", self.0.display()))
    }

    /// Returns a path inside the folder.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Returns the engine that runs on this folder, if one has said so.
    pub fn running(&self) -> Option<Running> {
        serde_json::from_slice(&fs::read(self.join("engine.json")).ok()?).ok()
    }

    /// Says that an engine runs on this folder.
    pub fn announce(&self, running: &Running) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(running)?;
        write_private(&self.join("engine.json"), &text).context("write engine.json")
    }

    /// Takes the announcement back.
    pub fn withdraw(&self) {
        // The process id in it tells a dead engine from a living one, so failing does no harm.
        let _ = fs::remove_file(self.join("engine.json"));
    }

    /// Returns a secret that is kept in the folder, made at random the first time: `bytes` of it, in hex.
    pub fn secret(&self, name: &str, bytes: usize) -> anyhow::Result<String> {
        let path = self.join(name);
        match fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(e).with_context(|| format!("read {}", path.display())),
        }
        let secret = random_hex(bytes)?;
        write_private(&path, secret.as_bytes()).with_context(|| format!("write {}", path.display()))?;
        Ok(secret)
    }

    /// Writes a file that its owner alone can read.
    pub fn write_private(&self, name: &str, content: &[u8]) -> anyhow::Result<PathBuf> {
        let path = self.join(name);
        write_private(&path, content).with_context(|| format!("write {}", path.display()))?;
        Ok(path)
    }
}

/// Returns random bytes from the system, in hex.
pub fn random_hex(bytes: usize) -> anyhow::Result<String> {
    let mut raw = vec![0; bytes];
    getrandom::fill(&mut raw).map_err(|e| anyhow::anyhow!("the system gives no random numbers: {e}"))?;
    Ok(raw.iter().map(|b| format!("{b:02x}")).collect())
}

fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)?.write_all(content)
}

fn is_alive(pid: u32) -> bool {
    pid != std::process::id() && Path::new("/proc").join(pid.to_string()).exists()
}
