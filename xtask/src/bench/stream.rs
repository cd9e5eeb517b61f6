//! What a cluster shows, as it happens: one `kubectl get --watch`, whose lines are read with the moment they came.

use crate::e2e::kube::Kubectl;
use anyhow::{Context, bail};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A watch and what it has shown last of each object.
pub struct Stream {
    /// Nothing once the stream is dropped.
    child: Arc<Mutex<Option<Child>>>,
    lines: Receiver<(Instant, String)>,
    /// The columns of each object, by its name: the first column.
    pub seen: BTreeMap<String, Vec<String>>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut child) = child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Stream {
    /// Watches a kind in all namespaces; the columns are JSON paths such as `.status.sync.status`.
    pub fn open(kubectl: &Kubectl, kind: &str, columns: &[&str]) -> anyhow::Result<Self> {
        let columns: Vec<String> = std::iter::once(&".metadata.name")
            .chain(columns)
            .enumerate()
            .map(|(n, path)| format!("C{n}:{path}"))
            .collect();
        let mut command = Command::new(&kubectl.program);
        command
            .arg("--kubeconfig")
            .arg(&kubectl.kubeconfig)
            .args(["get", kind, "--all-namespaces", "--watch", "--no-headers"])
            .arg(format!("--output=custom-columns={}", columns.join(",")))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut first = command.spawn().context("start kubectl")?;
        let mut out = first.stdout.take().context("kubectl prints nothing")?;
        let child = Arc::new(Mutex::new(Some(first)));
        let (sender, lines) = channel();
        let running = child.clone();
        std::thread::spawn(move || {
            loop {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    if sender.send((Instant::now(), line)).is_err() {
                        return;
                    }
                }
                // The API server ends a watch when a CRD changes: a new one lists everything again.
                let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(old) = running.as_mut() else { return };
                let _ = old.wait();
                let Ok(mut next) = command.spawn() else { return };
                let Some(next_out) = next.stdout.take() else { return };
                out = next_out;
                *running = Some(next);
            }
        });
        Ok(Self { child, lines, seen: BTreeMap::new() })
    }

    /// Waits until something holds for what has been seen, and returns when the line came that made it so.
    pub fn until(
        &mut self,
        what: &str,
        patience: Duration,
        holds: impl Fn(&BTreeMap<String, Vec<String>>) -> bool,
    ) -> anyhow::Result<Instant> {
        let end = Instant::now() + patience;
        let mut at = Instant::now();
        while !holds(&self.seen) {
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok((when, line)) => {
                    let mut words = line.split_whitespace().map(str::to_owned);
                    if let Some(name) = words.next() {
                        self.seen.insert(name, words.collect());
                    }
                    at = when;
                }
                Err(RecvTimeoutError::Timeout) => bail!("not within {} s: {what}", patience.as_secs()),
                Err(RecvTimeoutError::Disconnected) => bail!("kubectl's watch ended before: {what}"),
            }
        }
        Ok(at)
    }
}

/// Whether an object was last seen with these columns from the first one on.
pub fn shows(seen: &BTreeMap<String, Vec<String>>, name: &str, columns: &[&str]) -> bool {
    seen.get(name).is_some_and(|c| c.len() >= columns.len() && c.iter().zip(columns).all(|(a, b)| a == b))
}
