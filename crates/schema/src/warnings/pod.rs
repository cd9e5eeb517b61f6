//! Warnings about pods and templates of pods.
//!
//! Source: Kubernetes 1.36 `pkg/api/pod/warnings.go`, `pkg/api/node/util.go`.

use super::{address, fractional, list, storage, text};
use crate::managed::quote;
use crate::validate::label_value;
use fairway_value::{Map, Value};

/// Labels of nodes that have other names now.
const OLD_LABELS: [(&str, &str); 8] = [
    ("beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"),
    ("beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
    ),
    (
        "beta.kubernetes.io/instance-type",
        "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
    ),
    ("app.kubernetes.io/created-by", "deprecated since v1.9"),
    (
        "scheduler.alpha.kubernetes.io/preferAvoidPods",
        "deprecated since v1.22; use Taints and Tolerations instead",
    ),
    ("node-role.kubernetes.io/master", "use \"node-role.kubernetes.io/control-plane\" instead"),
];

/// Annotations that have become fields.
const OLD_ANNOTATIONS: [(&str, &str); 3] = [
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    (
        "security.alpha.kubernetes.io/unsafe-sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
];

/// Kinds of volumes that are no more.
const OLD_VOLUMES: [(&str, &str); 9] = [
    ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

const NO_SELECTOR: &str = "a null labelSelector results in matching no pod";

/// What is said of a node's label that has another name now.
pub(super) fn old_label(key: &str) -> Option<&'static str> {
    OLD_LABELS.iter().find(|(old, _)| *old == key).map(|(_, why)| *why)
}

/// Warns of a pod or template of pods; `at` is its path with a dot behind it.
pub(super) fn pod(pod: &Value, at: &str, out: &mut Vec<String>) {
    let empty = Value::object();
    let spec = pod.get("spec").unwrap_or(&empty);
    let annotations = pod.get_path(&["metadata", "annotations"]).unwrap_or(&empty);
    nodes(spec, at, out);
    for (key, why) in OLD_ANNOTATIONS {
        if annotations.get(key).is_some() {
            out.push(format!("{at}metadata.annotations[{key}]: {why}"));
        }
    }
    for (n, volume) in list(spec, "volumes").iter().enumerate() {
        old_volume(volume, &format!("{at}spec.volumes[{n}]"), out);
    }
    for volume in list(spec, "volumes") {
        overlapping(volume, out);
    }
    twice(spec, "hostAliases", "ip", at, out);
    twice(spec, "imagePullSecrets", "name", at, out);
    for (n, secret) in list(spec, "imagePullSecrets").iter().enumerate() {
        if text(secret, "name").is_empty() {
            out.push(format!("{at}spec.imagePullSecrets[{n}].name: invalid empty name \"\""));
        }
    }
    for resource in ["memory", "ephemeral-storage"] {
        fractional(spec.get("overhead"), resource, &format!("{at}spec.overhead"), out);
    }
    let seccomp = ["securityContext", "seccompProfile"];
    let whole = "seccomp.security.alpha.kubernetes.io/pod";
    if !some(spec, &seccomp) && annotations.get(whole).is_some() {
        out.push(seccomp_annotation(at, whole));
    }
    let containers = containers(spec, at);
    for (container, field) in &containers {
        let key = format!("container.seccomp.security.alpha.kubernetes.io/{}", text(container, "name"));
        if !some(container, &seccomp) && annotations.get(&key).is_some() {
            out.push(seccomp_annotation(at, &key));
        }
        of_container(annotations, spec, container, (at, field), out);
    }
    ports(&containers, out);
    if spec.get("terminationGracePeriodSeconds").and_then(Value::as_i64).is_some_and(|s| s < 0) {
        out.push(format!(
            "{at}spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"
        ));
    }
    affinity(spec, at, out);
    let servers = spec.get("dnsConfig").map(|d| list(d, "nameservers")).unwrap_or_default();
    for (n, server) in servers.iter().filter_map(Value::as_str).enumerate() {
        address::ip(&format!("{at}spec.dnsConfig.nameservers[{n}]"), server, out);
    }
    for (n, alias) in list(spec, "hostAliases").iter().enumerate() {
        address::ip(&format!("{at}spec.hostAliases[{n}].ip"), text(alias, "ip"), out);
    }
}

fn some(value: &Value, path: &[&str]) -> bool {
    value.get_path(path).is_some_and(|v| !v.is_null())
}

fn seccomp_annotation(at: &str, key: &str) -> String {
    format!(
        "{at}metadata.annotations[{key}]: non-functional in v1.27+; use the \"seccompProfile\" field instead"
    )
}

/// Every container with its path, in the order in which the server visits them.
fn containers<'v>(spec: &'v Value, at: &str) -> Vec<(&'v Value, String)> {
    let kinds = ["initContainers", "containers", "ephemeralContainers"];
    let of = |kind: &'static str| {
        let path = format!("{at}spec.{kind}");
        list(spec, kind).iter().enumerate().map(move |(n, c)| (c, format!("{path}[{n}]")))
    };
    kinds.into_iter().flat_map(of).collect()
}

/// Where a pod may run.
fn nodes(spec: &Value, at: &str, out: &mut Vec<String>) {
    for key in spec.get("nodeSelector").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
        if let Some(why) = old_label(key) {
            out.push(format!("{at}spec.nodeSelector[{key}]: {why}"));
        }
    }
    if let Some(node) = spec.get_path(&["affinity", "nodeAffinity"]) {
        let field = format!("{at}spec.affinity.nodeAffinity");
        let required = node.get("requiredDuringSchedulingIgnoredDuringExecution");
        let terms = required.map(|r| list(r, "nodeSelectorTerms")).unwrap_or_default();
        for (n, term) in terms.iter().enumerate() {
            let field =
                format!("{field}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[{n}]");
            node_term(term, false, &field, out);
        }
        let key = "preferredDuringSchedulingIgnoredDuringExecution";
        for (n, term) in list(node, key).iter().enumerate() {
            if let Some(term) = term.get("preference") {
                node_term(term, true, &format!("{field}.{key}[{n}].preference"), out);
            }
        }
    }
    for (n, rule) in list(spec, "topologySpreadConstraints").iter().enumerate() {
        let field = format!("{at}spec.topologySpreadConstraints[{n}]");
        let key = text(rule, "topologyKey");
        if let Some(why) = old_label(key) {
            out.push(format!("{field}.topologyKey: {key} is {why}"));
        }
        if !some(rule, &["labelSelector"]) {
            out.push(format!("{field}.labelSelector: {NO_SELECTOR}"));
        }
    }
}

/// Warns of a term that selects nodes.
pub(super) fn node_term(term: &Value, values: bool, field: &str, out: &mut Vec<String>) {
    for (n, rule) in list(term, "matchExpressions").iter().enumerate() {
        let key = text(rule, "key");
        if let Some(why) = old_label(key) {
            out.push(format!("{field}.matchExpressions[{n}].key: {key} is {why}"));
        }
        for (i, value) in list(rule, "values").iter().filter_map(Value::as_str).enumerate().filter(|_| values)
        {
            for why in label_value(value) {
                out.push(format!("{field}.matchExpressions[{n}].values[{i}]: {value} is invalid, {why}"));
            }
        }
    }
}

fn old_volume(volume: &Value, field: &str, out: &mut Vec<String>) {
    for (kind, why) in OLD_VOLUMES {
        if kind == "cephfs"
            && let Some(claim) = volume.get_path(&["ephemeral", "volumeClaimTemplate", "spec"])
        {
            storage(claim, &format!("{field}.ephemeral.volumeClaimTemplate.spec"), out);
        }
        if some(volume, &[kind]) {
            // The server writes this one kind otherwise than its field.
            let kind = if kind == "storageos" { "storageOS" } else { kind };
            out.push(format!("{field}.{kind}: {why}"));
        }
    }
}

/// A path in a volume, and what it comes from.
type Source = (String, String);

fn shown((path, source): &Source) -> String {
    if source.is_empty() { quote(path) } else { format!("{} ({source})", quote(path)) }
}

/// Which of the paths before have a path in them or are in it.
fn collisions(before: &[Source], now: &Source) -> Vec<Source> {
    let inside = |a: &str, b: &str| format!("{a}/").starts_with(&format!("{b}/"));
    let meets = |s: &&Source| !s.0.is_empty() && (inside(&s.0, &now.0) || inside(&now.0, &s.0));
    if now.0.is_empty() { Vec::new() } else { before.iter().filter(meets).cloned().collect() }
}

/// Parts of a volume that are at one place.
fn overlapping(volume: &Value, out: &mut Vec<String>) {
    let name = quote(text(volume, "name"));
    let mut say = |what: &str, paths: Vec<Source>, before: &mut Vec<Source>| {
        for (path, source) in paths {
            let now = (path.trim_end_matches('/').to_owned(), source);
            for other in collisions(before, &now) {
                out.push(format!(
                    "volume {name} ({what}): overlapping paths: {} with {}",
                    shown(&now),
                    shown(&other)
                ));
            }
            before.push(now);
        }
    };
    let items = |value: &Value, source: &str| -> Vec<Source> {
        list(value, "items").iter().map(|i| (text(i, "path").to_owned(), source.to_owned())).collect()
    };
    for (kind, shown, key) in [
        ("configMap", "ConfigMap", "name"),
        ("secret", "Secret", "secretName"),
        ("downwardAPI", "DownwardAPI", ""),
    ] {
        let Some(source) = volume.get(kind).filter(|s| !s.is_null()) else { continue };
        let what =
            if key.is_empty() { shown.to_owned() } else { format!("{shown} {}", quote(text(source, key))) };
        say(&what, items(source, ""), &mut Vec::new());
    }
    let Some(projected) = volume.get("projected").filter(|p| !p.is_null()) else { return };
    let mut before = Vec::new();
    let mut empty = 0;
    for source in list(projected, "sources") {
        if source.as_object().is_none_or(Map::is_empty) {
            empty += 1;
        }
        say("Projected", projected_paths(source, &items), &mut before);
    }
    // Said once for all of them: what is said twice is sent once.
    if empty > 0 {
        out.push(format!("volume {name} (Projected) has no sources provided"));
    }
}

fn projected_paths(source: &Value, items: &impl Fn(&Value, &str) -> Vec<Source>) -> Vec<Source> {
    let of = |key: &str| source.get(key).filter(|v| !v.is_null());
    if let Some(map) = of("configMap").filter(|m| some(m, &["items"])) {
        return items(map, &format!("ConfigMap {}", quote(text(map, "name"))));
    }
    if let Some(secret) = of("secret").filter(|s| some(s, &["items"])) {
        return items(secret, &format!("Secret {}", quote(text(secret, "name"))));
    }
    if let Some(down) = of("downwardAPI").filter(|d| some(d, &["items"])) {
        return items(down, "DownwardAPI");
    }
    match of("serviceAccountToken") {
        Some(token) => vec![(text(token, "path").to_owned(), "ServiceAccountToken".to_owned())],
        None => Vec::new(),
    }
}

fn twice(spec: &Value, key: &str, name: &str, at: &str, out: &mut Vec<String>) {
    let all = list(spec, key);
    for (n, item) in all.iter().enumerate() {
        let own = text(item, name);
        if all.iter().take(n).any(|other| text(other, name) == own) {
            out.push(format!("{at}spec.{key}[{n}].{name}: duplicate {name} {}", quote(own)));
        }
    }
}

/// The AppArmor annotation where no field says the same, amounts of bytes that are no whole numbers, and variables set twice.
fn of_container(
    annotations: &Value,
    spec: &Value,
    container: &Value,
    (at, field): (&str, &str),
    out: &mut Vec<String>,
) {
    let profile = ["securityContext", "appArmorProfile"];
    let key = format!("container.apparmor.security.beta.kubernetes.io/{}", text(container, "name"));
    let annotation = annotations.get(&key).and_then(Value::as_str);
    if let Some(annotation) = annotation
        && !at.is_empty()
        && !some(container, &profile)
        && !spec.get_path(&profile).is_some_and(|p| says(p, annotation))
    {
        let field = format!("{at}metadata.annotations[{key}]");
        out.push(format!("{field}: deprecated since v1.30; use the \"appArmorProfile\" field instead"));
    }
    for resource in ["memory", "ephemeral-storage"] {
        for part in ["limits", "requests"] {
            let amounts = container.get_path(&["resources", part]);
            fractional(amounts, resource, &format!("{field}.resources.{part}"), out);
        }
    }
    env(list(container, "env"), &format!("{field}.env"), out);
}

/// Whether a profile is what the annotation of old times says.
fn says(profile: &Value, annotation: &str) -> bool {
    match text(profile, "type") {
        "RuntimeDefault" => annotation == "runtime/default",
        "Unconfined" => annotation == "unconfined",
        "Localhost" => annotation.strip_prefix("localhost/") == Some(text(profile, "localhostProfile")),
        _ => false,
    }
}

fn env(env: &[Value], field: &str, out: &mut Vec<String>) {
    for (n, variable) in env.iter().enumerate() {
        let name = text(variable, "name");
        let value = text(variable, "value");
        let reference = format!("$({name})");
        // A value that builds on the one before is meant to stand behind it.
        let builds_on = value.contains(&reference) && value != reference && !some(variable, &["valueFrom"]);
        if env.iter().take(n).any(|v| text(v, "name") == name) && !builds_on {
            out.push(format!(
                "{field}[{n}]: hides previous definition of {}, which may be dropped when using apply",
                quote(name)
            ));
        }
    }
}

/// Ports that are given twice, and names of ports.
fn ports(containers: &[(&Value, String)], out: &mut Vec<String>) {
    let all = || {
        containers.iter().flat_map(|(container, field)| {
            let ports = list(container, "ports").iter().enumerate();
            ports.map(move |(n, port)| (port, format!("{field}.ports[{n}]")))
        })
    };
    let number = |port: &Value, key: &str| port.get(key).and_then(Value::as_i64).unwrap_or(0);
    let mut seen: Vec<(&Value, String)> = Vec::new();
    for (port, field) in all() {
        let (host_ip, host_port) = (text(port, "hostIP"), number(port, "hostPort"));
        if !host_ip.is_empty() && host_port == 0 {
            out.push(format!(
                "{field}: hostIP set without hostPort: {{Name:{} HostPort:0 ContainerPort:{} Protocol:{} HostIP:{host_ip}}}",
                text(port, "name"),
                number(port, "containerPort"),
                text(port, "protocol")
            ));
        }
        let same = |other: &Value| {
            number(other, "containerPort") == number(port, "containerPort")
                && text(other, "protocol") == text(port, "protocol")
        };
        for (other, first) in seen.iter().filter(|(other, _)| same(other)) {
            let (other_ip, other_port) = (text(other, "hostIP"), number(other, "hostPort"));
            let what = if host_ip == other_ip && host_port == other_port {
                "duplicate"
            } else if host_port == 0 || other_port == 0 {
                "overlapping"
            } else if host_port == other_port && (host_ip.is_empty() != other_ip.is_empty()) {
                "dangerously ambiguous"
            } else {
                continue;
            };
            out.push(format!("{field}: {what} port definition with {first}"));
        }
        seen.push((port, field));
    }
    let mut names: Vec<(&str, String)> = Vec::new();
    for (port, field) in all().filter(|(port, _)| !text(port, "name").is_empty()) {
        let name = text(port, "name");
        match names.iter().find(|(other, _)| *other == name) {
            Some((_, first)) => out.push(format!(
                "{field}: duplicate port name {} with {first}, services and probes that select ports by name will use {first}",
                quote(name)
            )),
            None => names.push((name, field)),
        }
    }
}

fn affinity(spec: &Value, at: &str, out: &mut Vec<String>) {
    for kind in ["podAffinity", "podAntiAffinity"] {
        let Some(affinity) = spec.get_path(&["affinity", kind]) else { continue };
        let field = format!("{at}spec.affinity.{kind}");
        let key = "requiredDuringSchedulingIgnoredDuringExecution";
        for (n, term) in list(affinity, key).iter().enumerate() {
            if !some(term, &["labelSelector"]) {
                out.push(format!("{field}.{key}[{n}].labelSelector: {NO_SELECTOR}"));
            }
        }
        let key = "preferredDuringSchedulingIgnoredDuringExecution";
        for (n, term) in list(affinity, key).iter().enumerate() {
            if !some(term, &["podAffinityTerm", "labelSelector"]) {
                out.push(format!("{field}.{key}[{n}].podAffinityTerm.labelSelector: {NO_SELECTOR}"));
            }
        }
    }
}
