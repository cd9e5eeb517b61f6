//! What a cluster shows, as it happens: one raw watch, whose events are read with the moment they came.

use crate::e2e::kube::Kubectl;
use anyhow::{Context, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Pause before a watch that the API server has ended is opened again.
const REOPEN: Duration = Duration::from_millis(100);

/// An object's name and what its fields hold; nothing where it is gone.
type Event = (Instant, String, Option<Vec<String>>);

/// A watch and what it has shown last of each object.
pub struct Stream {
    /// Nothing once the stream is dropped.
    child: Arc<Mutex<Option<Child>>>,
    events: Receiver<Event>,
    /// The fields of each object, by its name.
    seen: BTreeMap<String, Vec<String>>,
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
    /// Watches a collection, such as `/apis/apps/v1/deployments`; the fields are JSON pointers. It starts with
    /// everything that is there.
    pub fn open(kubectl: &Kubectl, path: &str, fields: &[&'static str]) -> anyhow::Result<Self> {
        let mut command = crate::run::tied(&kubectl.program);
        command
            .arg("--kubeconfig")
            .arg(&kubectl.kubeconfig)
            .args(["get", "--raw", &format!("{path}?watch=true")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let first = command.spawn().context("start kubectl")?;
        let child = Arc::new(Mutex::new(Some(first)));
        let (sender, events) = channel();
        let (running, fields) = (child.clone(), fields.to_vec());
        std::thread::spawn(move || follow(&mut command, &running, &fields, &sender));
        Ok(Self { child, events, seen: BTreeMap::new() })
    }

    /// Waits until something holds for each of these objects, and returns when the event came that made it so for the
    /// last of them.
    pub fn until(
        &mut self,
        what: &str,
        patience: Duration,
        names: &[String],
        holds: impl Fn(&[String]) -> bool,
    ) -> anyhow::Result<Instant> {
        let end = Instant::now() + patience;
        let mut at = Instant::now();
        let asked: BTreeSet<&String> = names.iter().collect();
        let mut left: BTreeSet<String> =
            names.iter().filter(|n| !self.seen.get(*n).is_some_and(|f| holds(f))).cloned().collect();
        while !left.is_empty() {
            match self.events.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok((when, name, fields)) => {
                    at = when;
                    if fields.as_ref().is_some_and(|f| holds(f)) {
                        left.remove(&name);
                    } else if asked.contains(&name) {
                        left.insert(name.clone());
                    }
                    match fields {
                        Some(fields) => self.seen.insert(name, fields),
                        None => self.seen.remove(&name),
                    };
                }
                Err(RecvTimeoutError::Timeout) => {
                    let some: Vec<String> = left
                        .iter()
                        .take(3)
                        .map(|n| format!("{n} {:?}", self.seen.get(n).map_or(&[][..], Vec::as_slice)))
                        .collect();
                    bail!(
                        "not within {} s: {what}; {} of {} are missing, such as {}",
                        patience.as_secs(),
                        left.len(),
                        names.len(),
                        some.join(", ")
                    );
                }
                Err(RecvTimeoutError::Disconnected) => bail!("kubectl's watch ended before: {what}"),
            }
        }
        Ok(at)
    }
}

/// Reads a watch's events, and opens it again where the API server ends it, until nobody listens.
fn follow(
    command: &mut Command,
    running: &Mutex<Option<Child>>,
    fields: &[&'static str],
    sender: &Sender<Event>,
) {
    loop {
        let out = {
            let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
            running.as_mut().and_then(|c| c.stdout.take())
        };
        let Some(out) = out else { return };
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            let Some((name, fields)) = read(&line, fields) else { continue };
            if sender.send((Instant::now(), name, fields)).is_err() {
                return;
            }
        }
        std::thread::sleep(REOPEN);
        let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(old) = running.as_mut() else { return };
        let _ = old.wait();
        let Ok(next) = command.spawn() else { return };
        *running = Some(next);
    }
}

/// Reads a watch event: the object's name and fields.
fn read(line: &str, fields: &[&'static str]) -> Option<(String, Option<Vec<String>>)> {
    let event: Value = serde_json::from_str(line).ok()?;
    let object = event.get("object")?;
    let name = object.pointer("/metadata/name")?.as_str()?.to_owned();
    let text = |pointer: &&str| match object.pointer(pointer) {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let is_gone = event.get("type").and_then(Value::as_str) == Some("DELETED");
    Some((name, (!is_gone).then(|| fields.iter().map(text).collect())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_gives_the_fields_as_text_and_nothing_once_the_object_is_gone() {
        let line = |kind: &str| {
            format!(
                r#"{{"type":"{kind}","object":{{"metadata":{{"name":"web"}},"spec":{{"replicas":2,"a":"b"}}}}}}"#
            )
        };
        let fields = ["/spec/a", "/spec/replicas", "/spec/none"];
        let shown = Some(vec!["b".to_owned(), "2".to_owned(), String::new()]);
        assert_eq!(read(&line("MODIFIED"), &fields), Some(("web".to_owned(), shown)));
        assert_eq!(read(&line("DELETED"), &fields), Some(("web".to_owned(), None)));
        assert_eq!(read("no JSON", &fields), None);
    }
}
