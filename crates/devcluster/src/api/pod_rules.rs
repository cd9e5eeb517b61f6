//! What the Pod Security Standards forbid: `baseline` and, on top of it, `restricted`, in their latest version, in the
//! words and the order of `pod-security-admission/policy` 0.36.

use fairway_value::{Map, Value};
use std::collections::BTreeSet;

/// How strict a namespace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Privileged,
    Baseline,
    Restricted,
}

impl Level {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "privileged" => Some(Self::Privileged),
            "baseline" => Some(Self::Baseline),
            "restricted" => Some(Self::Restricted),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

/// A Pod, or the template of one.
pub(crate) struct Subject<'v> {
    pub(crate) annotations: Option<&'v Value>,
    pub(crate) spec: &'v Value,
}

type Finding = Option<(String, String)>;
type Rule = fn(&Subject<'_>) -> Finding;

/// By name; what `restricted` says more sharply stands there alone.
const BASELINE: &[(Rule, bool)] = &[
    (app_armor, true),
    (capabilities, false),
    (host_namespaces, true),
    (host_paths, false),
    (host_ports, true),
    (probe_hosts, true),
    (privileged, true),
    (proc_mount, true),
    (selinux, true),
    (seccomp, false),
    (sysctls, true),
    (windows_host_process, true),
];
const RESTRICTED: &[Rule] =
    &[escalation, capabilities_restricted, volumes, run_as_non_root, run_as_user, seccomp_restricted];

/// Returns what a level forbids about a Pod: `reason (detail), reason (detail)`. Nothing where it is fine.
pub(crate) fn violations(level: Level, subject: &Subject<'_>) -> Option<String> {
    let base = BASELINE.iter().filter(|(_, stays)| *stays || level == Level::Baseline).map(|(rule, _)| rule);
    let more: &[Rule] = if level == Level::Restricted { RESTRICTED } else { &[] };
    if level == Level::Privileged {
        return None;
    }
    let found: Vec<String> = base
        .chain(more)
        .filter_map(|rule| rule(subject))
        .map(|(reason, detail)| if detail.is_empty() { reason } else { format!("{reason} ({detail})") })
        .collect();
    (!found.is_empty()).then(|| found.join(", "))
}

fn get<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |v, key| v.get(key)).filter(|v| !v.is_null())
}

fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    get(value, path).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    get(value, path).and_then(Value::as_array).unwrap_or_default()
}

fn flag(value: &Value, path: &str) -> Option<bool> {
    get(value, path).and_then(Value::as_bool)
}

fn containers<'v>(subject: &Subject<'v>) -> impl Iterator<Item = &'v Value> {
    ["initContainers", "containers", "ephemeralContainers"].into_iter().flat_map(|l| list(subject.spec, l))
}

fn quoted<'t>(items: impl IntoIterator<Item = &'t str>) -> String {
    items.into_iter().map(|i| format!("\"{i}\"")).collect::<Vec<_>>().join(", ")
}

fn named(bad: &[&str]) -> String {
    format!("{} {}", if bad.len() == 1 { "container" } else { "containers" }, quoted(bad.iter().copied()))
}

fn plural<'w>(count: usize, one: &'w str, more: &'w str) -> &'w str {
    if count == 1 { one } else { more }
}

/// The containers of which something is true.
fn those<'v>(subject: &Subject<'v>, is: impl Fn(&Value) -> bool) -> Vec<&'v str> {
    containers(subject).filter(|c| is(c)).map(|c| text(c, "name")).collect()
}

/// The Pod and the containers that set something bad: `pod and container "a"`.
fn setters(pod: bool, bad: &[&str]) -> Option<String> {
    let parts: Vec<String> =
        pod.then(|| "pod".to_owned()).into_iter().chain((!bad.is_empty()).then(|| named(bad))).collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}

fn user_namespace(subject: &Subject<'_>) -> bool {
    flag(subject.spec, "hostUsers") == Some(false)
}

fn finding(reason: &str, detail: String) -> Finding {
    Some((reason.to_owned(), detail))
}

fn app_armor(subject: &Subject<'_>) -> Finding {
    const PATH: &str = "securityContext.appArmorProfile.type";
    const PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";
    let bad = |v: &Value| !matches!(text(v, PATH), "" | "RuntimeDefault" | "Localhost");
    let mut values: BTreeSet<&str> = containers(subject).filter(|c| bad(c)).map(|c| text(c, PATH)).collect();
    if bad(subject.spec) {
        values.insert(text(subject.spec, PATH));
    }
    let annotations = subject.annotations.and_then(Value::as_object).into_iter().flat_map(Map::iter);
    let forbidden: Vec<String> = annotations
        .filter(|(k, _)| k.starts_with(PREFIX))
        .map(|(k, v)| (k, v.as_str().unwrap_or_default()))
        .filter(|(_, v)| !(v.is_empty() || *v == "runtime/default" || v.starts_with("localhost/")))
        .map(|(k, v)| format!("{k}={v:?}"))
        .collect();
    let mut who = setters(bad(subject.spec), &those(subject, bad)).into_iter().collect::<Vec<_>>();
    if !forbidden.is_empty() {
        who.push(plural(forbidden.len(), "annotation", "annotations").to_owned());
    }
    if who.is_empty() {
        return None;
    }
    let count = values.len() + forbidden.len();
    let values = quoted(values.into_iter().chain(forbidden.iter().map(String::as_str)));
    finding(
        plural(count, "forbidden AppArmor profile", "forbidden AppArmor profiles"),
        format!("{} must not set AppArmor profile type to {values}", who.join(" and ")),
    )
}

fn added(container: &Value) -> impl Iterator<Item = &str> {
    list(container, "securityContext.capabilities.add").iter().filter_map(Value::as_str)
}

/// Containers that add capabilities beyond some, and which.
fn adding<'v>(subject: &Subject<'v>, allowed: &[&str]) -> Option<String> {
    let bad = those(subject, |c| added(c).any(|a| !allowed.contains(&a)));
    let caps: BTreeSet<&str> = containers(subject).flat_map(added).filter(|a| !allowed.contains(a)).collect();
    (!bad.is_empty()).then(|| {
        format!("{} must not include {} in securityContext.capabilities.add", named(&bad), quoted(caps))
    })
}

fn capabilities(subject: &Subject<'_>) -> Finding {
    const ALLOWED: &[&str] = &[
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ];
    finding("non-default capabilities", adding(subject, ALLOWED)?)
}

fn capabilities_restricted(subject: &Subject<'_>) -> Finding {
    let keeps = those(subject, |c| {
        !list(c, "securityContext.capabilities.drop").iter().any(|d| d.as_str() == Some("ALL"))
    });
    let mut details = Vec::new();
    if !keeps.is_empty() {
        details.push(format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", named(&keeps)));
    }
    details.extend(adding(subject, &["NET_BIND_SERVICE"]));
    if details.is_empty() { None } else { finding("unrestricted capabilities", details.join("; ")) }
}

fn host_namespaces(subject: &Subject<'_>) -> Finding {
    let set: Vec<String> = ["hostNetwork", "hostPID", "hostIPC"]
        .into_iter()
        .filter(|f| flag(subject.spec, f) == Some(true))
        .map(|f| format!("{f}=true"))
        .collect();
    if set.is_empty() { None } else { finding("host namespaces", set.join(", ")) }
}

fn host_paths(subject: &Subject<'_>) -> Finding {
    let bad: Vec<&str> = list(subject.spec, "volumes")
        .iter()
        .filter(|v| get(v, "hostPath").is_some())
        .map(|v| text(v, "name"))
        .collect();
    if bad.is_empty() {
        return None;
    }
    finding("hostPath volumes", format!("{} {}", plural(bad.len(), "volume", "volumes"), quoted(bad)))
}

fn host_ports(subject: &Subject<'_>) -> Finding {
    let ports = |c: &Value| -> Vec<i64> {
        let all = list(c, "ports").iter().filter_map(|p| get(p, "hostPort")?.as_i64());
        all.filter(|p| *p != 0).collect()
    };
    let bad = those(subject, |c| !ports(c).is_empty());
    let used: BTreeSet<String> = containers(subject).flat_map(ports).map(|p| p.to_string()).collect();
    if bad.is_empty() {
        return None;
    }
    let detail = format!(
        "{} {} {} {}",
        named(&bad),
        plural(bad.len(), "uses", "use"),
        plural(used.len(), "hostPort", "hostPorts"),
        used.into_iter().collect::<Vec<_>>().join(", ")
    );
    finding("hostPort", detail)
}

fn probe_hosts(subject: &Subject<'_>) -> Finding {
    const HANDLERS: &[&str] =
        &["livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop"];
    let hosts = |c: &Value| -> Vec<String> {
        let all = HANDLERS
            .iter()
            .filter_map(|h| get(c, h))
            .flat_map(|h| ["httpGet.host", "tcpSocket.host"].map(|path| text(h, path).to_owned()));
        all.filter(|h| !matches!(h.as_str(), "" | "127.0.0.1" | "::1")).collect()
    };
    let bad: BTreeSet<&str> = those(subject, |c| !hosts(c).is_empty()).into_iter().collect();
    let bad: Vec<&str> = bad.into_iter().collect();
    let used: BTreeSet<String> = containers(subject).flat_map(hosts).collect();
    if bad.is_empty() {
        return None;
    }
    let detail = format!(
        "{} {} {} {}",
        named(&bad),
        plural(bad.len(), "uses", "use"),
        plural(used.len(), "probe or lifecycle host", "probe or lifecycle hosts"),
        quoted(used.iter().map(String::as_str))
    );
    finding("probe or lifecycle host", detail)
}

fn privileged(subject: &Subject<'_>) -> Finding {
    let bad = those(subject, |c| flag(c, "securityContext.privileged") == Some(true));
    if bad.is_empty() {
        return None;
    }
    finding("privileged", format!("{} must not set securityContext.privileged=true", named(&bad)))
}

fn proc_mount(subject: &Subject<'_>) -> Finding {
    const PATH: &str = "securityContext.procMount";
    if user_namespace(subject) {
        return None;
    }
    let is_bad = |c: &Value| !matches!(text(c, PATH), "" | "Default");
    let bad = those(subject, is_bad);
    let values: BTreeSet<&str> = containers(subject).filter(|c| is_bad(c)).map(|c| text(c, PATH)).collect();
    if bad.is_empty() {
        return None;
    }
    finding(
        "procMount",
        format!("{} must not set securityContext.procMount to {}", named(&bad), quoted(values)),
    )
}

fn selinux(subject: &Subject<'_>) -> Finding {
    const PATH: &str = "securityContext.seLinuxOptions";
    const TYPES: &[&str] = &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
    let options = |v: &'_ Value| get(v, PATH).cloned().unwrap_or_default();
    let is_bad = |v: &Value| {
        let o = options(v);
        !TYPES.contains(&text(&o, "type")) || !text(&o, "user").is_empty() || !text(&o, "role").is_empty()
    };
    let who = setters(is_bad(subject.spec), &those(subject, is_bad))?;
    let all: Vec<Value> = std::iter::once(subject.spec).chain(containers(subject)).map(options).collect();
    let types: BTreeSet<&str> = all.iter().map(|o| text(o, "type")).filter(|t| !TYPES.contains(t)).collect();
    let mut data = Vec::new();
    if !types.is_empty() {
        data.push(format!("{} {}", plural(types.len(), "type", "types"), quoted(types)));
    }
    for (field, words) in [("user", "user may not be set"), ("role", "role may not be set")] {
        if all.iter().any(|o| !text(o, field).is_empty()) {
            data.push(words.to_owned());
        }
    }
    finding(
        "seLinuxOptions",
        format!("{who} set forbidden securityContext.seLinuxOptions: {}", data.join("; ")),
    )
}

const SECCOMP: &str = "securityContext.seccompProfile.type";

/// Who sets a seccomp profile that is none of the allowed ones.
fn bad_seccomp(subject: &Subject<'_>) -> Finding {
    let is_bad = |v: &Value| !matches!(text(v, SECCOMP), "" | "RuntimeDefault" | "Localhost");
    let who = setters(is_bad(subject.spec), &those(subject, is_bad))?;
    let values: BTreeSet<&str> = std::iter::once(subject.spec)
        .chain(containers(subject))
        .filter(|v| is_bad(v))
        .map(|v| text(v, SECCOMP))
        .collect();
    let detail = format!("{who} must not set securityContext.seccompProfile.type to {}", quoted(values));
    finding("seccompProfile", detail)
}

fn seccomp(subject: &Subject<'_>) -> Finding {
    bad_seccomp(subject)
}

fn seccomp_restricted(subject: &Subject<'_>) -> Finding {
    if let Some(found) = bad_seccomp(subject) {
        return Some(found);
    }
    let missing = those(subject, |c| text(c, SECCOMP).is_empty());
    if missing.is_empty() || !text(subject.spec, SECCOMP).is_empty() {
        return None;
    }
    let detail = format!(
        "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
        named(&missing)
    );
    finding("seccompProfile", detail)
}

fn sysctls(subject: &Subject<'_>) -> Finding {
    const SAFE: &[&str] = &[
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    ];
    let bad: Vec<&str> = list(subject.spec, "securityContext.sysctls")
        .iter()
        .map(|s| text(s, "name"))
        .filter(|s| !SAFE.contains(s))
        .collect();
    if bad.is_empty() { None } else { finding("forbidden sysctls", bad.join(", ")) }
}

fn windows_host_process(subject: &Subject<'_>) -> Finding {
    let is_bad = |v: &Value| flag(v, "securityContext.windowsOptions.hostProcess") == Some(true);
    let bad = those(subject, is_bad);
    let who: Vec<String> = (!bad.is_empty())
        .then(|| named(&bad))
        .into_iter()
        .chain(is_bad(subject.spec).then(|| "pod".to_owned()))
        .collect();
    if who.is_empty() {
        return None;
    }
    finding(
        "hostProcess",
        format!("{} must not set securityContext.windowsOptions.hostProcess=true", who.join(" and ")),
    )
}

fn escalation(subject: &Subject<'_>) -> Finding {
    let bad = those(subject, |c| flag(c, "securityContext.allowPrivilegeEscalation") != Some(false));
    if bad.is_empty() {
        return None;
    }
    let detail = format!("{} must set securityContext.allowPrivilegeEscalation=false", named(&bad));
    finding("allowPrivilegeEscalation != false", detail)
}

fn volumes(subject: &Subject<'_>) -> Finding {
    const ALLOWED: &[&str] = &[
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    let kind = |v: &Value| -> Option<String> {
        v.as_object()?.iter().find(|(k, v)| *k != "name" && !v.is_null()).map(|(k, _)| k.to_string())
    };
    let bad: Vec<&Value> = list(subject.spec, "volumes")
        .iter()
        .filter(|v| kind(v).is_none_or(|k| !ALLOWED.contains(&k.as_str())))
        .collect();
    if bad.is_empty() {
        return None;
    }
    let kinds: BTreeSet<String> =
        bad.iter().map(|v| kind(v).unwrap_or_else(|| "unknown".to_owned())).collect();
    let detail = format!(
        "{} {} {} restricted volume {} {}",
        plural(bad.len(), "volume", "volumes"),
        quoted(bad.iter().map(|v| text(v, "name"))),
        plural(bad.len(), "uses", "use"),
        plural(kinds.len(), "type", "types"),
        quoted(kinds.iter().map(String::as_str))
    );
    finding("restricted volume types", detail)
}

fn run_as_non_root(subject: &Subject<'_>) -> Finding {
    const PATH: &str = "securityContext.runAsNonRoot";
    if user_namespace(subject) {
        return None;
    }
    let root = |v: &Value| flag(v, PATH) == Some(false);
    if let Some(who) = setters(root(subject.spec), &those(subject, root)) {
        let detail = format!("{who} must not set securityContext.runAsNonRoot=false");
        return finding("runAsNonRoot != true", detail);
    }
    let missing = those(subject, |c| flag(c, PATH).is_none());
    if missing.is_empty() || flag(subject.spec, PATH) == Some(true) {
        return None;
    }
    let detail = format!("pod or {} must set securityContext.runAsNonRoot=true", named(&missing));
    finding("runAsNonRoot != true", detail)
}

fn run_as_user(subject: &Subject<'_>) -> Finding {
    if user_namespace(subject) {
        return None;
    }
    let root = |v: &Value| get(v, "securityContext.runAsUser").and_then(Value::as_i64) == Some(0);
    let who = setters(root(subject.spec), &those(subject, root))?;
    finding("runAsUser=0", format!("{who} must not set runAsUser=0"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::to_value;
    use serde_json::json;

    #[track_caller]
    fn check(level: Level, spec: serde_json::Value, expect: Option<&str>) {
        let spec = to_value(&spec);
        let found = violations(level, &Subject { annotations: None, spec: &spec });
        assert_eq!(found.as_deref(), expect);
    }

    #[test]
    fn a_careful_pod_is_restricted() {
        let spec = json!({ "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{ "name": "c", "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } } }] });
        check(Level::Restricted, spec, None);
    }

    #[test]
    fn what_baseline_forbids_is_said_in_order() {
        let spec = json!({ "hostNetwork": true, "volumes": [{ "name": "h", "hostPath": { "path": "/" } }],
            "containers": [{ "name": "c", "securityContext": { "privileged": true, "capabilities": { "add": ["SYS_ADMIN"] } } }] });
        check(
            Level::Baseline,
            spec.clone(),
            Some(
                "non-default capabilities (container \"c\" must not include \"SYS_ADMIN\" in securityContext.capabilities.add), \
                 host namespaces (hostNetwork=true), hostPath volumes (volume \"h\"), \
                 privileged (container \"c\" must not set securityContext.privileged=true)",
            ),
        );
        check(Level::Privileged, spec, None);
    }
}
