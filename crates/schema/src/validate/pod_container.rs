//! Containers of every sort: names, ports, mounts, handlers.

use super::fault::{Faults, flag, has, int, list, some, text};
use super::pod_probe;
use super::{names, pod_env, pod_resources, pod_security};
use crate::managed::quote;
use fairway_value::Value;

/// What of the pod its containers are checked against.
pub(super) struct Around<'v> {
    /// The volumes that are right, by name.
    pub volumes: &'v [(String, &'v Value)],
    /// Names of the pod's resource claims.
    pub claims: &'v [&'v str],
    /// How long the pod may take to end.
    pub grace_secs: Option<i64>,
    pub restart_policy: &'v str,
    pub host_users: bool,
}

/// Checks the containers of a pod, then those that run before them.
pub(super) fn all(spec: &Value, field: &str, around: &Around<'_>, faults: &mut Faults) {
    let (containers, path) = (list(spec, "containers"), format!("{field}.containers"));
    if containers.is_empty() {
        faults.required(&path, "");
    }
    let mut seen: Vec<&str> = Vec::new();
    for (n, container) in containers.iter().enumerate() {
        let field = format!("{path}[{n}]");
        common(container, &field, around, faults);
        let name = text(container, "name");
        if seen.contains(&name) {
            faults.duplicate(format!("{field}.name"), quote(name));
        } else {
            seen.push(name);
        }
        pod_probe::lifecycle(container, &field, around.grace_secs, faults);
        pod_probe::probes(container, &field, around.grace_secs, faults);
        restart(container, &field, faults);
    }
    host_ports_once(containers, &path, faults);
    init(spec, &format!("{field}.initContainers"), &mut seen, around, faults);
}

fn init<'v>(spec: &'v Value, path: &str, seen: &mut Vec<&'v str>, around: &Around<'_>, faults: &mut Faults) {
    for (n, container) in list(spec, "initContainers").iter().enumerate() {
        let field = format!("{path}[{n}]");
        common(container, &field, around, faults);
        restart(container, &field, faults);
        let name = text(container, "name");
        if seen.contains(&name) {
            faults.duplicate(format!("{field}.name"), quote(name));
        } else if !name.is_empty() {
            seen.push(name);
        }
        host_ports_once(std::slice::from_ref(container), path, faults);
        if text(container, "restartPolicy") == "Always" {
            pod_probe::lifecycle(container, &field, around.grace_secs, faults);
            pod_probe::probes(container, &field, around.grace_secs, faults);
        } else {
            for key in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
                if has(container, key) {
                    let why = "may not be set for init containers without restartPolicy=Always";
                    faults.forbidden(format!("{field}.{key}"), why);
                }
            }
            for (m, policy) in list(container, "resizePolicy").iter().enumerate() {
                if text(policy, "restartPolicy") == "RestartContainer" {
                    let why = "must not be set to 'RestartContainer' for non-sidecar initContainers";
                    let field = format!("{field}.resizePolicy[{m}].restartPolicy");
                    faults.invalid_text(field, "RestartContainer", why);
                }
            }
        }
    }
}

fn common(container: &Value, field: &str, around: &Around<'_>, faults: &mut Faults) {
    let name = text(container, "name");
    if faults.present(format!("{field}.name"), name) {
        faults.each(&format!("{field}.name"), name, names::label(name));
    }
    faults.present(format!("{field}.image"), text(container, "image"));
    let policy = text(container, "terminationMessagePolicy");
    let path = format!("{field}.terminationMessagePolicy");
    if faults.present(&path, policy) {
        faults.one_of(path, policy, &["File", "FallbackToLogsOnError"]);
    }
    ports(list(container, "ports"), &format!("{field}.ports"), faults);
    pod_env::env(list(container, "env"), &format!("{field}.env"), faults);
    pod_env::env_from(list(container, "envFrom"), &format!("{field}.envFrom"), faults);
    mounts(container, &format!("{field}.volumeMounts"), around, faults);
    devices(container, &format!("{field}.volumeDevices"), around, faults);
    let pull = text(container, "imagePullPolicy");
    let path = format!("{field}.imagePullPolicy");
    if faults.present(&path, pull) {
        faults.one_of(path, pull, &["Always", "IfNotPresent", "Never"]);
    }
    let path = format!("{field}.resources");
    pod_resources::requirements(container.get("resources"), &path, around.claims, faults);
    resize(container, &format!("{field}.resizePolicy"), around, faults);
    if let Some(security) = some(container, "securityContext") {
        let path = format!("{field}.securityContext");
        pod_security::of_container(security, &path, around.host_users, faults);
    }
}

/// When a container is started again.
fn restart(container: &Value, field: &str, faults: &mut Faults) {
    let rules = list(container, "restartPolicyRules");
    let path = format!("{field}.restartPolicy");
    match container.get("restartPolicy").and_then(Value::as_str) {
        None if rules.is_empty() => return,
        None => faults.required(path, "must specify restartPolicy when restart rules are used"),
        Some(policy) => faults.one_of(path, policy, &["Always", "Never", "OnFailure"]),
    }
    if rules.len() > 20 {
        let message = format!("Too many: {}: must have at most 20 items", rules.len());
        faults.with_reason("FieldValueTooMany", format!("{field}.restartPolicyRules"), message);
    }
    for (n, rule) in rules.iter().enumerate() {
        let field = format!("{field}.restartPolicyRules[{n}]");
        faults.one_of(format!("{field}.action"), text(rule, "action"), &["Restart", "RestartAllContainers"]);
        match some(rule, "exitCodes") {
            None => faults.required(format!("{field}.exitCodes"), "must be specified"),
            Some(codes) => {
                let path = format!("{field}.exitCodes.operator");
                faults.one_of(path, text(codes, "operator"), &["In", "NotIn"]);
            }
        }
    }
}

fn ports(ports: &[Value], field: &str, faults: &mut Faults) {
    let mut seen: Vec<&str> = Vec::new();
    for (n, port) in ports.iter().enumerate() {
        // The server counts its index on with the messages about a name.
        let field = format!("{field}[{n}]");
        let name = text(port, "name");
        if !name.is_empty() {
            let wrong = names::port_name(name);
            if !wrong.is_empty() {
                faults.each(&format!("{field}.name"), name, wrong);
            } else if seen.contains(&name) {
                faults.duplicate(format!("{field}.name"), quote(name));
            } else {
                seen.push(name);
            }
        }
        match int(port, "containerPort").unwrap_or(0) {
            0 => faults.required(format!("{field}.containerPort"), ""),
            number => faults.between(format!("{field}.containerPort"), Some(number), (1, 65_535)),
        }
        let host = int(port, "hostPort").filter(|n| *n != 0);
        faults.between(format!("{field}.hostPort"), host, (1, 65_535));
        let protocol = text(port, "protocol");
        if faults.present(format!("{field}.protocol"), protocol) {
            faults.one_of(format!("{field}.protocol"), protocol, &["SCTP", "TCP", "UDP"]);
        }
    }
}

fn host_ports_once(containers: &[Value], field: &str, faults: &mut Faults) {
    let mut seen: Vec<String> = Vec::new();
    for (n, container) in containers.iter().enumerate() {
        for (m, port) in list(container, "ports").iter().enumerate() {
            let Some(number) = int(port, "hostPort").filter(|n| *n != 0) else { continue };
            let shown = format!("{}/{}/{number}", text(port, "protocol"), text(port, "hostIP"));
            if seen.contains(&shown) {
                faults.duplicate(format!("{field}[{n}].ports[{m}].hostPort"), quote(&shown));
            } else {
                seen.push(shown);
            }
        }
    }
}

/// A path below a folder, without a way up.
pub(super) fn descending(path: &str, field: &str, faults: &mut Faults) {
    if path.starts_with('/') {
        faults.invalid_text(field, path, "must be a relative path");
    }
    no_backsteps(path, field, faults);
}

pub(super) fn no_backsteps(path: &str, field: &str, faults: &mut Faults) {
    if path.split('/').any(|p| p == "..") {
        faults.invalid_text(field, path, "must not contain '..'");
    }
}

fn mounts(container: &Value, field: &str, around: &Around<'_>, faults: &mut Faults) {
    let devices = list(container, "volumeDevices");
    let mut seen: Vec<&str> = Vec::new();
    for (n, mount) in list(container, "volumeMounts").iter().enumerate() {
        let at = format!("{field}[{n}]");
        let (name, path) = (text(mount, "name"), text(mount, "mountPath"));
        faults.present(format!("{at}.name"), name);
        if !around.volumes.iter().any(|(v, _)| v == name) {
            faults.not_found(format!("{at}.name"), name);
        }
        faults.present(format!("{at}.mountPath"), path);
        if seen.contains(&path) {
            faults.invalid_text(format!("{at}.mountPath"), path, "must be unique");
        }
        seen.push(path);
        if devices.iter().any(|d| text(d, "name") == name) {
            faults.invalid_text(format!("{at}.name"), name, "must not already exist in volumeDevices");
        }
        if devices.iter().any(|d| text(d, "devicePath") == path) {
            let why = "must not already exist as a path in volumeDevices";
            faults.invalid_text(format!("{at}.mountPath"), path, why);
        }
        let (sub, expression) = (text(mount, "subPath"), text(mount, "subPathExpr"));
        if !sub.is_empty() {
            descending(sub, &format!("{field}.subPath"), faults);
        }
        if !expression.is_empty() {
            if !sub.is_empty() {
                let why = "subPathExpr and subPath are mutually exclusive";
                faults.invalid_text(format!("{at}.subPathExpr"), expression, why);
            }
            descending(expression, &format!("{field}.subPathExpr"), faults);
        }
        propagation(container, mount, field, faults);
    }
}

fn propagation(container: &Value, mount: &Value, field: &str, faults: &mut Faults) {
    let propagation = mount.get("mountPropagation").and_then(Value::as_str);
    if let Some(propagation) = propagation {
        let path = format!("{field}.mountPropagation");
        faults.one_of(&path, propagation, &["Bidirectional", "HostToContainer", "None"]);
        let privileged = some(container, "securityContext").and_then(|s| flag(s, "privileged"));
        if propagation == "Bidirectional" && privileged != Some(true) {
            faults.forbidden(
                path,
                "Bidirectional mount propagation is available only to privileged containers",
            );
        }
    }
    let path = format!("{field}.recursiveReadOnly");
    match mount.get("recursiveReadOnly").and_then(Value::as_str) {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if flag(mount, "readOnly") != Some(true) {
                faults.forbidden(&path, "may only be specified when readOnly is true");
            }
            if propagation.is_some_and(|p| p != "None") {
                faults
                    .forbidden(path, "may only be specified when mountPropagation is None or not specified");
            }
        }
        Some(other) => faults.one_of(path, other, &["Disabled", "Enabled", "IfPossible"]),
    }
}

fn devices(container: &Value, field: &str, around: &Around<'_>, faults: &mut Faults) {
    let mounts = list(container, "volumeMounts");
    let (mut names_seen, mut paths_seen): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for (n, device) in list(container, "volumeDevices").iter().enumerate() {
        let field = format!("{field}[{n}]");
        let (name, path) = (text(device, "name"), text(device, "devicePath"));
        let (at, at_path) = (format!("{field}.name"), format!("{field}.devicePath"));
        faults.present(&at, name);
        if names_seen.contains(&name) {
            faults.invalid_text(&at, name, "must be unique");
        }
        match around.volumes.iter().find(|(v, _)| v == name) {
            None => faults.not_found(&at, name),
            Some((_, volume)) if !has(volume, "persistentVolumeClaim") && !has(volume, "ephemeral") => {
                let why =
                    "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                faults.invalid_text(&at, name, why);
            }
            Some(_) => {}
        }
        faults.present(&at_path, path);
        if paths_seen.contains(&path) {
            faults.invalid_text(&at_path, path, "must be unique");
        }
        if path.split('/').any(|p| p == "..") {
            faults.invalid_text(&at_path, path, "can not contain backsteps ('..')");
        } else {
            paths_seen.push(path);
        }
        if mounts.iter().any(|m| text(m, "name") == name) {
            faults.invalid_text(&at, name, "must not already exist in volumeMounts");
        }
        if mounts.iter().any(|m| text(m, "mountPath") == path) {
            faults.invalid_text(&at_path, path, "must not already exist as a path in volumeMounts");
        }
        if !name.is_empty() {
            names_seen.push(name);
        }
    }
}

fn resize(container: &Value, field: &str, around: &Around<'_>, faults: &mut Faults) {
    let mut seen: Vec<&str> = Vec::new();
    for (n, policy) in list(container, "resizePolicy").iter().enumerate() {
        let (resource, restart) = (text(policy, "resourceName"), text(policy, "restartPolicy"));
        if seen.contains(&resource) {
            faults.duplicate(format!("{field}[{n}]"), quote(resource));
        }
        seen.push(resource);
        if faults.present(field, resource) {
            faults.one_of(field, resource, &["cpu", "memory"]);
        }
        if faults.present(field, restart) {
            faults.one_of(field, restart, &["NotRequired", "RestartContainer"]);
        }
        if around.restart_policy == "Never" && restart != "NotRequired" {
            let why = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
            faults.invalid_text(field, restart, why);
        }
    }
}
