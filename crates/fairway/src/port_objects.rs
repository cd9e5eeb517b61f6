//! What the HTTP server asks about single live objects: read, patch, delete, logs.

use crate::port::{Port, api, invalid, reconcile};
use fairway_cluster::{Cluster, LogQuery, PatchType};
use fairway_core::{AppId, LiveView as _, ObjectKey, Propagation};
use fairway_server::{AppKey, EngineError, ErrorKind, LogLine, LogLines, LogRequest, Removal, ResourceId};
use fairway_value::Value;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Most Pods whose logs are read at once; Argo CD's default of `server.maxPodLogsToRender`.
const PODS_MAX: usize = 10;

/// Lines that wait for a slow reader, of each Pod and of all together.
const LINES_WAITING: usize = 64;

/// An object of an App, where it is.
pub struct Part {
    /// Its cluster.
    pub cluster: Arc<Cluster>,
    /// Its key.
    pub key: ObjectKey,
    /// Its version; empty for the preferred one.
    pub version: String,
}

impl Port {
    /// Finds an object that belongs to an App.
    pub async fn part(&self, app: &AppKey, resource: &ResourceId) -> Result<Part, EngineError> {
        self.found(app)?;
        let id = AppId::new(app.namespace.as_str(), app.name.as_str());
        let cluster = self.engine().cluster_of(&id).await.map_err(|e| reconcile(&e))?;
        let cluster = cluster.ok_or_else(|| EngineError::application_not_found(&app.name))?;
        let key = ObjectKey::new(
            resource.group.as_str(),
            resource.kind.as_str(),
            resource.namespace.as_str(),
            resource.name.as_str(),
        );
        if cluster.cache().app_of(&key) == Some(id) || self.compares(app, &key) {
            return Ok(Part { cluster, key, version: resource.version.clone() });
        }
        let why = format!(
            "{} {} {} not found as part of application {}",
            resource.kind, resource.group, resource.name, app.name
        );
        Err(EngineError::new(ErrorKind::Invalid, why))
    }

    /// Returns a live object, Secrets masked.
    pub async fn live(&self, app: &AppKey, resource: &ResourceId) -> Result<Value, EngineError> {
        let part = self.part(app, resource).await?;
        let id = AppId::new(app.namespace.as_str(), app.name.as_str());
        let live = self.engine().live_object(&id, &part.key).await.map_err(|e| reconcile(&e))?;
        live.ok_or_else(|| {
            EngineError::new(ErrorKind::NotFound, format!("{} is not in the cluster", part.key))
        })
    }

    /// Patches a live object.
    pub async fn patch(
        &self,
        app: &AppKey,
        resource: &ResourceId,
        media_type: &str,
        patch: &Value,
    ) -> Result<Value, EngineError> {
        let kind = match media_type {
            "application/json-patch+json" | "json" => PatchType::Json,
            "application/merge-patch+json" | "merge" => PatchType::Merge,
            "application/strategic-merge-patch+json" | "strategic" => PatchType::Strategic,
            other => {
                return Err(invalid(format!("patch type {other:?} is not one of Kubernetes' media types")));
            }
        };
        let part = self.part(app, resource).await?;
        part.cluster.patch_object(&part.key, &part.version, kind, patch).await.map_err(|e| api(&e))?;
        self.live(app, resource).await
    }

    /// Deletes a live object.
    pub async fn remove(&self, app: &AppKey, resource: &ResourceId, how: Removal) -> Result<(), EngineError> {
        let part = self.part(app, resource).await?;
        let (propagation, grace) = match how {
            Removal::Foreground => (Propagation::Foreground, None),
            Removal::Force => (Propagation::Background, Some(0)),
            Removal::Orphan => (Propagation::Orphan, None),
        };
        let deleted = part.cluster.delete_object(&part.key, &part.version, propagation, grace).await;
        deleted.map_err(|e| api(&e))
    }

    /// Opens the logs of an App's Pods.
    pub async fn open_logs(&self, app: &AppKey, request: LogRequest) -> Result<LogLines, EngineError> {
        let (cluster, pods) = self.pods(app, request.resource.as_ref()).await?;
        if pods.len() > PODS_MAX {
            let why = "max pods to view logs are reached. Please provide more granular query";
            return Err(EngineError::new(ErrorKind::FailedPrecondition, why));
        }
        let query = LogQuery {
            container: request.container,
            follow: request.follow,
            previous: request.previous,
            tail_lines: request.tail_lines,
            since_seconds: request.since_seconds,
            since_time: request.since_time,
        };
        let mut sources = Vec::new();
        for pod in pods {
            // One Pod alone says why it has no log; among several the others are shown.
            let (sender, lines) = mpsc::channel(LINES_WAITING);
            let log = cluster.pod_logs(&pod.namespace, &pod.name, &query).await;
            tokio::spawn(pump(pod.name.to_string(), log, sender));
            sources.push(lines);
        }
        let (sender, lines) = mpsc::channel(LINES_WAITING);
        if query.follow {
            for mut source in sources {
                let sender = sender.clone();
                tokio::spawn(async move {
                    while let Some(line) = source.recv().await {
                        if sender.send(line).await.is_err() {
                            return;
                        }
                    }
                });
            }
        } else {
            tokio::spawn(merge(sources, sender));
        }
        Ok(lines)
    }

    /// Returns the Pods that a resource is or owns, or all of the App.
    async fn pods(
        &self,
        app: &AppKey,
        resource: Option<&ResourceId>,
    ) -> Result<(Arc<Cluster>, Vec<ObjectKey>), EngineError> {
        if let Some(pod) =
            resource.filter(|r| r.group.is_empty() && r.kind == "Pod" && !r.namespace.is_empty())
        {
            let part = self.part(app, pod).await?;
            return Ok((part.cluster, vec![part.key]));
        }
        let id = AppId::new(app.namespace.as_str(), app.name.as_str());
        let cluster = self.engine().cluster_of(&id).await.map_err(|e| reconcile(&e))?;
        let cluster = cluster.ok_or_else(|| EngineError::application_not_found(&app.name))?;
        let tree = self.engine().resource_tree(&id).await.map_err(|e| reconcile(&e))?.unwrap_or_default();
        let nodes = tree.get("nodes").and_then(Value::as_array).unwrap_or_default();
        let pods: Vec<ObjectKey> = pods_below(nodes, resource)
            .into_iter()
            .map(|node| ObjectKey::new("", "Pod", text(node, "namespace"), text(node, "name")))
            .filter(|key| cluster.cache().get(key).is_some())
            .collect();
        if pods.is_empty() {
            let why = resource.map_or_else(
                || "the application has no pods".to_owned(),
                |r| format!("{} {} has no pods", r.kind, r.name),
            );
            return Err(EngineError::new(ErrorKind::NotFound, why));
        }
        Ok((cluster, pods))
    }
}

fn text<'a>(node: &'a Value, key: &str) -> &'a str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the Pods of a tree that are a resource or below it.
fn pods_below<'a>(nodes: &'a [Value], resource: Option<&ResourceId>) -> Vec<&'a Value> {
    let is_meant = |node: &Value| {
        resource.is_none_or(|r| {
            (r.kind.is_empty() || (text(node, "kind") == r.kind && text(node, "group") == r.group))
                && text(node, "name") == r.name
                && (r.namespace.is_empty() || text(node, "namespace") == r.namespace)
        })
    };
    let mut below: std::collections::BTreeSet<&str> = std::collections::BTreeSet::new();
    let mut pods = Vec::new();
    // A tree lists owners before what they own.
    for node in nodes {
        let parents = node.get("parentRefs").and_then(Value::as_array).unwrap_or_default();
        if is_meant(node) || parents.iter().any(|p| below.contains(text(p, "uid"))) {
            if !text(node, "uid").is_empty() {
                below.insert(text(node, "uid"));
            }
            if text(node, "kind") == "Pod" && text(node, "group").is_empty() {
                pods.push(node);
            }
        }
    }
    pods
}

type Line = Result<LogLine, EngineError>;

/// Reads one Pod's log into a queue; a reader that has gone ends it.
async fn pump(
    pod: String,
    log: Result<fairway_cluster::LogLines, fairway_core::ApiError>,
    sender: mpsc::Sender<Line>,
) {
    let mut log = match log {
        Ok(log) => log,
        Err(error) => {
            let _ = sender.send(Err(api(&error))).await;
            return;
        }
    };
    loop {
        let next = tokio::select! {
            next = log.next() => next,
            () = sender.closed() => return,
        };
        let line = match next {
            Ok(Some(text)) => Ok(line(&pod, &text)),
            Ok(None) => return,
            Err(error) => Err(api(&error)),
        };
        let is_over = line.is_err();
        if sender.send(line).await.is_err() || is_over {
            return;
        }
    }
}

/// Takes the time off that the API server puts in front of a line.
fn line(pod: &str, text: &str) -> LogLine {
    let (time, content) = match text.split_once(' ') {
        Some((time, rest)) if is_time(time) => (time, rest),
        None if is_time(text) => (text, ""),
        _ => ("", text),
    };
    LogLine { pod: pod.to_owned(), time: time.to_owned(), content: content.to_owned() }
}

fn is_time(text: &str) -> bool {
    text.len() >= 20 && text.as_bytes().get(10) == Some(&b'T') && text.parse::<jiff::Timestamp>().is_ok()
}

/// Passes lines of several logs on in the order of their times.
async fn merge(mut sources: Vec<mpsc::Receiver<Line>>, sender: mpsc::Sender<Line>) {
    let several = sources.len() > 1;
    let mut heads: Vec<Option<Line>> = Vec::new();
    for source in &mut sources {
        heads.push(source.recv().await);
    }
    loop {
        let time = |head: &Option<Line>| -> Option<jiff::Timestamp> {
            head.as_ref().and_then(|l| l.as_ref().ok()?.time.parse().ok())
        };
        let first = (0..heads.len()).filter(|at| heads.get(*at).is_some_and(Option::is_some));
        let Some(at) = first.min_by_key(|at| heads.get(*at).and_then(time)) else { return };
        let (Some(head), Some(source)) = (heads.get_mut(at), sources.get_mut(at)) else { return };
        let next = source.recv().await;
        let Some(line) = std::mem::replace(head, next) else { return };
        // Why one of several Pods has no log is a line among the others'.
        let line = match line {
            Err(error) if several => Ok(LogLine { content: error.message, ..LogLine::default() }),
            other => other,
        };
        if sender.send(line).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_in_front_of_a_line_is_taken_off() {
        let got = line("p", "2026-01-02T03:04:05.000000001Z hello world");
        assert_eq!(
            (got.time.as_str(), got.content.as_str()),
            ("2026-01-02T03:04:05.000000001Z", "hello world")
        );
        assert_eq!(line("p", "no time here").content, "no time here");
        assert_eq!(line("p", "2026-01-02T03:04:05Z").content, "");
    }

    #[test]
    fn the_pods_of_an_object_are_those_below_it() {
        let tree = r#"[{"kind":"Deployment","group":"apps","name":"web","namespace":"n","uid":"d"},
            {"kind":"ReplicaSet","group":"apps","name":"web-1","namespace":"n","uid":"r","parentRefs":[{"uid":"d"}]},
            {"kind":"Pod","name":"web-1-a","namespace":"n","uid":"p","parentRefs":[{"uid":"r"}]},
            {"kind":"Pod","name":"other","namespace":"n","uid":"q"}]"#;
        let tree = fairway_value::from_json(tree.as_bytes()).unwrap();
        let nodes = tree.as_array().unwrap();
        let web = ResourceId {
            group: "apps".into(),
            kind: "Deployment".into(),
            name: "web".into(),
            ..ResourceId::default()
        };
        let names = |resource| {
            pods_below(nodes, resource).iter().map(|n| text(n, "name").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(Some(&web)), ["web-1-a"]);
        assert_eq!(names(None), ["web-1-a", "other"]);
    }

    #[tokio::test]
    async fn logs_of_several_pods_come_in_the_order_of_their_times() {
        let make = |pod: &'static str, times: &'static [&'static str]| {
            let (sender, lines) = mpsc::channel(8);
            for time in times {
                sender.try_send(Ok(line(pod, &format!("{time} x")))).unwrap();
            }
            lines
        };
        let a = make("a", &["2026-01-02T03:04:05Z", "2026-01-02T03:04:07Z"]);
        let b = make("b", &["2026-01-02T03:04:06Z", "2026-01-02T03:04:08Z"]);
        let (sender, mut lines) = mpsc::channel(8);
        merge(vec![a, b], sender).await;
        let mut pods = String::new();
        while let Some(Ok(line)) = lines.recv().await {
            pods.push_str(&line.pod);
        }
        assert_eq!(pods, "abab");
    }
}
