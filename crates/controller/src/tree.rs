//! What an App's objects look like from outside: the tree below them, images, addresses.

use crate::compare::Compared;
use crate::orphans::Orphan;
use fairway_core::{Health, Live, LiveView, Object, Str};
use fairway_value::{Map, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most nodes of one tree, and its deepest level: a tree that owners close to a circle must end.
const NODES_MAX: usize = 20_000;
const DEPTH_MAX: usize = 16;

/// Returns an `ApplicationTree`: the App's objects and everything that they own, and the namespace's orphans.
#[must_use]
pub(crate) fn application_tree(
    compared: &Compared,
    view: &dyn LiveView,
    orphans: &[Orphan],
    judge: &dyn Fn(&Live) -> Option<Health>,
) -> Value {
    let mut nodes = Vec::new();
    for object in &compared.objects {
        match compared.live.get(&object.key) {
            Some(live) => add(live, None, (view, judge), 0, &mut nodes),
            None => nodes.push(missing_node(object)),
        }
    }
    let mut tree = Map::new();
    tree.insert("nodes", Value::from(nodes));
    let orphaned = orphans.iter().map(|o| node(&o.live, o.owner.as_deref(), judge));
    tree.insert("orphanedNodes", orphaned.collect::<Value>());
    tree.insert("hosts", Value::array());
    Value::Object(tree)
}

fn missing_node(object: &crate::compare::ObjectState) -> Value {
    let mut node = Map::new();
    node.insert("group", object.gvk.group.clone());
    node.insert("version", object.gvk.version.clone());
    node.insert("kind", object.gvk.kind.clone());
    node.insert("namespace", object.key.namespace.clone());
    node.insert("name", object.key.name.clone());
    if let Some(health) = &object.health {
        node.insert("health", health_value(health));
    }
    Value::Object(node)
}

fn health_value(health: &fairway_core::Health) -> Value {
    let mut out = Value::object();
    out.set_path(&["status"], health.status.as_str());
    if !health.message.is_empty() {
        out.set_path(&["message"], health.message.clone());
    }
    out
}

/// Where objects are, and what judges them.
type Eyes<'a> = (&'a dyn LiveView, &'a dyn Fn(&Live) -> Option<Health>);

fn add(live: &Arc<Live>, parent: Option<&Live>, eyes: Eyes<'_>, depth: usize, nodes: &mut Vec<Value>) {
    if nodes.len() >= NODES_MAX || depth > DEPTH_MAX {
        return;
    }
    nodes.push(node(live, parent, eyes.1));
    if live.uid().is_empty() {
        return;
    }
    for child in eyes.0.children(live.uid()) {
        add(&child, Some(live), eyes, depth + 1, nodes);
    }
}

fn reference(object: &Object) -> Map {
    let gvk = object.gvk();
    let mut out = Map::new();
    if !gvk.group.is_empty() {
        out.insert("group", gvk.group);
    }
    out.insert("version", gvk.version);
    out.insert("kind", gvk.kind);
    if !object.namespace().is_empty() {
        out.insert("namespace", object.namespace());
    }
    out.insert("name", object.name());
    if !object.uid().is_empty() {
        out.insert("uid", object.uid());
    }
    out
}

fn node(live: &Live, parent: Option<&Live>, judge: &dyn Fn(&Live) -> Option<Health>) -> Value {
    let mut node = reference(live);
    if let Some(parent) = parent {
        node.insert("parentRefs", Value::from(vec![Value::Object(reference(parent))]));
    }
    node.insert("resourceVersion", live.resource_version());
    node.insert("createdAt", live.creation_timestamp());
    if let Some(health) = judge(live) {
        node.insert("health", health_value(&health));
    }
    let mut images = BTreeSet::new();
    images_of(live.value(), &mut images);
    if !images.is_empty() {
        node.insert("images", images.into_iter().map(Value::String).collect::<Value>());
    }
    let info = info_of(live);
    if !info.is_empty() {
        node.insert("info", Value::from(info));
    }
    let mut urls = BTreeSet::new();
    urls_of(live, &mut urls);
    if !urls.is_empty() {
        let list: Value = urls.into_iter().map(Value::String).collect();
        node.insert("networkingInfo", [("externalURLs", list)].into_iter().collect::<Value>());
    }
    Value::Object(node)
}

fn info_of(live: &Live) -> Vec<Value> {
    let entry = |name: &str, value: String| -> Value {
        [("name", Value::from(name)), ("value", Value::from(value))].into_iter().collect()
    };
    let text =
        |path: &[&str]| live.value().get_path(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    match (live.group(), live.kind()) {
        ("", "Pod") => {
            let statuses = live.value().get_path(&["status", "containerStatuses"]).and_then(Value::as_array);
            let statuses = statuses.unwrap_or_default();
            let ready =
                statuses.iter().filter(|s| s.get("ready").and_then(Value::as_bool) == Some(true)).count();
            let all =
                live.value().get_path(&["spec", "containers"]).and_then(Value::as_array).unwrap_or_default();
            let reason = pod_reason(live);
            vec![entry("Status Reason", reason), entry("Containers", format!("{ready}/{}", all.len()))]
        }
        ("apps", "ReplicaSet") => {
            let revision = live.annotation("deployment.kubernetes.io/revision").unwrap_or_default();
            if revision.is_empty() { Vec::new() } else { vec![entry("Revision", format!("Rev:{revision}"))] }
        }
        (fairway_argocd::GROUP, "Application") => {
            let (sync, health) = (text(&["status", "sync", "status"]), text(&["status", "health", "status"]));
            vec![entry("Sync", sync), entry("Health", health)]
        }
        _ => Vec::new(),
    }
}

/// What `kubectl get` shows in the STATUS column, near enough: the waiting or terminated reason, else the phase.
fn pod_reason(live: &Live) -> String {
    let statuses = live.value().get_path(&["status", "containerStatuses"]).and_then(Value::as_array);
    let reason = statuses.unwrap_or_default().iter().find_map(|status| {
        let of = |state: &str| status.get_path(&["state", state, "reason"]).and_then(Value::as_str);
        of("waiting").or_else(|| of("terminated"))
    });
    let phase = live.value().get_path(&["status", "phase"]).and_then(Value::as_str);
    reason.or(phase).unwrap_or("Unknown").to_owned()
}

/// Adds the container images of a workload.
pub(crate) fn images_of(value: &Value, out: &mut BTreeSet<Str>) {
    let specs: [&[&str]; 3] =
        [&["spec", "template", "spec"], &["spec", "jobTemplate", "spec", "template", "spec"], &["spec"]];
    for path in specs {
        let Some(spec) = value.get_path(path) else { continue };
        for list in ["containers", "initContainers"] {
            let containers = spec.get(list).and_then(Value::as_array).unwrap_or_default();
            out.extend(containers.iter().filter_map(|c| c.get("image")?.as_str()).map(Str::from));
        }
    }
}

/// Adds the addresses that an Ingress or load balancer is reached at, as Argo CD's `populateIngressInfo`.
pub(crate) fn urls_of(live: &Live, out: &mut BTreeSet<Str>) {
    for (key, url) in live.annotations().into_iter().flat_map(Map::iter) {
        if key.starts_with("link.argocd.argoproj.io/")
            && let Some(url) = url.as_str()
        {
            out.insert(url.rsplit('|').next().unwrap_or(url).into());
        }
    }
    if live.kind() != "Ingress" || live.annotation("argocd.argoproj.io/ignore-default-links") == Some("true")
    {
        return;
    }
    let list = |value: &Value, path: &[&str]| -> Vec<Value> {
        value.get_path(path).and_then(Value::as_array).unwrap_or_default().to_vec()
    };
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let tls = list(live.value(), &["spec", "tls"]);
    let balancers = list(live.value(), &["status", "loadBalancer", "ingress"]);
    for rule in list(live.value(), &["spec", "rules"]) {
        let mut host = text(&rule, "host");
        let secured = tls.iter().any(|t| {
            let hosts = list(t, &["hosts"]);
            hosts.is_empty() || hosts.iter().any(|h| h.as_str() == Some(&host))
        });
        if host.is_empty() {
            let first = balancers.first().map(|b| (text(b, "hostname"), text(b, "ip")));
            host = first.map(|(name, ip)| if name.is_empty() { ip } else { name }).unwrap_or_default();
        }
        if host.is_empty() {
            continue;
        }
        let scheme = if secured { "https" } else { "http" };
        let paths = list(&rule, &["http", "paths"]);
        for path in &paths {
            let path = text(path, "path");
            let shown = path.trim_end_matches('*').trim_end_matches('/');
            out.insert(format!("{scheme}://{host}{shown}").into());
        }
        if paths.is_empty() {
            out.insert(format!("{scheme}://{host}").into());
        }
    }
}

/// Returns one item of `ManagedResourcesResponse` for each of the App's objects, the data of Secrets masked.
#[must_use]
pub fn managed_resources(
    compared: &Compared,
    target: &crate::desired::Target,
    schemas: &fairway_schema::Schemas,
    options: &fairway_diff::Options,
    masked: &[Str],
) -> Vec<Value> {
    compared
        .objects
        .iter()
        .map(|object| {
            let desired = target.objects.iter().find(|d| d.key() == object.key);
            let live = compared.live.get(&object.key);
            managed_item(
                object,
                desired.map(|d| d.value()),
                live.map(|l| l.value()),
                (schemas, options),
                masked,
            )
        })
        .collect()
}

fn managed_item(
    object: &crate::compare::ObjectState,
    desired: Option<&Value>,
    live: Option<&Value>,
    (schemas, options): (&fairway_schema::Schemas, &fairway_diff::Options),
    masked: &[Str],
) -> Value {
    let predicted =
        desired.map(|d| fairway_diff::predict(d, live, fairway_core::FIELD_MANAGER, schemas, options));
    let (normalized, after) = match &predicted {
        Some(p) => (p.normalized_live.as_ref().or(live), p.predicted_live.as_ref().or(desired)),
        None => (live, None),
    };
    let masked = crate::mask::mask_all(&[desired, live, normalized, after], masked);
    let json = |n: usize| match masked.get(n).and_then(Option::as_ref) {
        Some(value) => fairway_value::to_json(value, fairway_value::HtmlEscape::No),
        None => "null".to_owned(),
    };
    let mut item = Map::new();
    item.insert("group", object.gvk.group.clone());
    item.insert("kind", object.gvk.kind.clone());
    item.insert("namespace", object.key.namespace.clone());
    item.insert("name", object.key.name.clone());
    item.insert("targetState", json(0));
    item.insert("liveState", json(1));
    item.insert("normalizedLiveState", json(2));
    item.insert("predictedLiveState", json(3));
    item.insert("hook", object.is_hook);
    item.insert("modified", object.status == Some(fairway_core::SyncStatus::OutOfSync));
    if let Some(live) = live.and_then(|l| l.get_path(&["metadata", "resourceVersion"])) {
        item.insert("resourceVersion", live.clone());
    }
    Value::Object(item)
}
