use super::fault::{Faults, flag, has, int, list, some, text};
use super::pod_container::{self, Around};
use super::{meta, names, pod_affinity, pod_resources, pod_security, pod_volume, pod_windows};
use crate::managed::quote;
use fairway_value::{Map, Value};

/// Checks a pod's specification. `pod` is the pod's name where it is a pod itself, nothing in templates.
pub(super) fn spec(spec: Option<&Value>, field: &str, pod: Option<&str>, faults: &mut Faults) {
    spec_with_claims(spec, field, pod, &[], faults);
}

/// Checks a pod's specification beside which claim templates of these names stand.
pub(super) fn spec_with_claims(
    spec: Option<&Value>,
    field: &str,
    pod: Option<&str>,
    claims: &[&str],
    faults: &mut Faults,
) {
    let empty = Value::object();
    let spec = spec.unwrap_or(&empty);
    let at = |key: &str| format!("{field}.{key}");
    if !has(spec, "terminationGracePeriodSeconds") {
        faults.required(at("terminationGracePeriodSeconds"), "");
    }
    let volumes = with_claims(list(spec, "volumes"), claims);
    let mounted = pod_volume::volumes(volumes.as_slice(), &at("volumes"), pod, faults);
    let claim_names = resource_claims(list(spec, "resourceClaims"), &at("resourceClaims"), faults);
    let around = Around {
        volumes: &mounted,
        claims: &claim_names,
        grace_secs: int(spec, "terminationGracePeriodSeconds"),
        restart_policy: text(spec, "restartPolicy"),
        host_users: flag(spec, "hostUsers") != Some(false),
    };
    pod_container::all(spec, field, &around, faults);
    pod_resources::of_pod(spec, field, faults);
    host_ports(spec, field, pod.is_some(), faults);
    one_word(spec, "restartPolicy", &["Always", "OnFailure", "Never"], field, faults);
    one_word(
        spec,
        "dnsPolicy",
        &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"],
        field,
        faults,
    );
    meta::labels(spec.get("nodeSelector"), &at("nodeSelector"), faults);
    pod_security::of_pod(spec, field, faults);
    pod_affinity::affinity(some(spec, "affinity"), &at("affinity"), faults);
    dns_config(spec, &at("dnsConfig"), faults);
    gates(spec, field, faults);
    pod_affinity::spread(spec, field, faults);
    pod_windows::host_process(spec, field, faults);
    host_users(spec, field, faults);
    host_name(spec, field, faults);
    names_of(spec, field, faults);
    faults.between(at("activeDeadlineSeconds"), int(spec, "activeDeadlineSeconds"), (1, i64::from(i32::MAX)));
    rest(spec, field, faults);
}

/// Claim templates count as volumes of a stateful set's pods: before the others, and in the place of those of their names.
fn with_claims(volumes: &[Value], claims: &[&str]) -> Vec<Value> {
    let volume = |claim: &&str| {
        let mut volume = Value::object();
        volume.set_path(&["name"], *claim);
        volume.set_path(&["persistentVolumeClaim", "claimName"], *claim);
        volume
    };
    let others = volumes.iter().filter(|v| !claims.contains(&text(v, "name"))).cloned();
    claims.iter().map(volume).chain(others).collect()
}

fn one_word(spec: &Value, key: &str, supported: &[&str], field: &str, faults: &mut Faults) {
    let path = format!("{field}.{key}");
    if faults.present(&path, text(spec, key)) {
        faults.one_of(path, text(spec, key), supported);
    }
}

fn resource_claims<'v>(claims: &'v [Value], field: &str, faults: &mut Faults) -> Vec<&'v str> {
    let mut seen: Vec<&str> = Vec::new();
    for (n, claim) in claims.iter().enumerate() {
        let field = format!("{field}[{n}]");
        let name = text(claim, "name");
        let path = format!("{field}.name");
        if name.is_empty() {
            faults.required(path, "");
        } else if seen.contains(&name) {
            faults.duplicate(path, quote(name));
        } else {
            faults.each(&path, name, names::label(name));
            seen.push(name);
        }
        let shown = || super::shown::show("core.PodResourceClaim", Some(claim));
        match (has(claim, "resourceClaimName"), has(claim, "resourceClaimTemplateName")) {
            (true, true) => {
                let why =
                    "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
                faults.invalid(&field, shown(), why);
            }
            (false, false) => {
                let why = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
                faults.invalid(&field, shown(), why);
            }
            _ => {}
        }
        for key in ["resourceClaimName", "resourceClaimTemplateName"] {
            if let Some(name) = claim.get(key).and_then(Value::as_str) {
                faults.each(&format!("{field}.{key}"), name, names::subdomain(name));
            }
        }
    }
    claims.iter().map(|c| text(c, "name")).filter(|n| !n.is_empty()).collect()
}

fn host_ports(spec: &Value, field: &str, is_pod: bool, faults: &mut Faults) {
    if flag(spec, "hostNetwork") != Some(true) {
        return;
    }
    for (n, container) in list(spec, "containers").iter().enumerate() {
        for (m, port) in list(container, "ports").iter().enumerate() {
            let (host, inside) =
                (int(port, "hostPort").unwrap_or(0), int(port, "containerPort").unwrap_or(0));
            if (is_pod || host != 0) && host != inside {
                let field = format!("{field}.containers[{n}].ports[{m}].hostPort");
                faults.invalid(
                    field,
                    host.to_string(),
                    "must match `containerPort` when `hostNetwork` is true",
                );
            }
        }
    }
}

fn dns_config(spec: &Value, field: &str, faults: &mut Faults) {
    let config = some(spec, "dnsConfig");
    if text(spec, "dnsPolicy") == "None" {
        match config {
            None => return faults.required(field, "must provide `dnsConfig` when `dnsPolicy` is None"),
            Some(config) if list(config, "nameservers").is_empty() => {
                let why = "must provide at least one DNS nameserver when `dnsPolicy` is None";
                return faults.required(format!("{field}.nameservers"), why);
            }
            Some(_) => {}
        }
    }
    let Some(config) = config else { return };
    let (servers, searches) = (list(config, "nameservers"), list(config, "searches"));
    if servers.len() > 3 {
        let shown = super::fault::show(config.get("nameservers"));
        faults.invalid(format!("{field}.nameservers"), shown, "must not have more than 3 nameservers");
    }
    for (n, server) in servers.iter().filter_map(Value::as_str).enumerate() {
        faults.ip(format!("{field}.nameservers[{n}]"), server);
    }
    if searches.len() > 32 {
        let shown = super::fault::show(config.get("searches"));
        faults.invalid(format!("{field}.searches"), shown, "must not have more than 32 search paths");
    }
    let length: usize = searches.iter().filter_map(Value::as_str).map(|s| s.len() + 1).sum();
    if length > 2049 {
        let shown = super::fault::show(config.get("searches"));
        let why = "must not have more than 2048 characters (including spaces) in the search list";
        faults.invalid(format!("{field}.searches"), shown, why);
    }
    for (n, search) in searches.iter().filter_map(Value::as_str).enumerate() {
        if search != "." {
            let search = search.strip_suffix('.').unwrap_or(search);
            faults.each(&format!("{field}.searches[{n}]"), search, names::subdomain_with_underscore(search));
        }
    }
    for (n, option) in list(config, "options").iter().enumerate() {
        if text(option, "name").is_empty() {
            faults.required(format!("{field}.options[{n}]"), "must not be empty");
        }
    }
}

fn gates(spec: &Value, field: &str, faults: &mut Faults) {
    for (n, gate) in list(spec, "readinessGates").iter().enumerate() {
        let kind = text(gate, "conditionType");
        let path = format!("{field}.readinessGates[{n}].conditionType");
        faults.each(&path, kind, names::qualified(kind));
    }
    let mut seen: Vec<&str> = Vec::new();
    for (n, gate) in list(spec, "schedulingGates").iter().enumerate() {
        let name = text(gate, "name");
        let path = format!("{field}.schedulingGates[{n}]");
        faults.each(&path, name, names::qualified(name));
        if seen.contains(&name) {
            faults.duplicate(path, quote(name));
        }
        seen.push(name);
    }
}

fn host_users(spec: &Value, field: &str, faults: &mut Faults) {
    if flag(spec, "hostUsers") != Some(false) {
        return;
    }
    for (key, path) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        if flag(spec, key) == Some(true) {
            faults.forbidden(format!("{field}.{path}"), "when `hostUsers` is false");
        }
    }
}

fn host_name(spec: &Value, field: &str, faults: &mut Faults) {
    let Some(name) = spec.get("hostnameOverride").and_then(Value::as_str) else { return };
    let path = format!("{field}.hostnameOverride");
    if flag(spec, "setHostnameAsFQDN") == Some(true) {
        faults.forbidden(&path, "may not be specified when setHostnameAsFQDN is true");
    }
    if flag(spec, "hostNetwork") == Some(true) {
        faults.forbidden(&path, "may not be specified when hostNetwork is true");
    }
    if name.len() > 64 {
        faults.too_long(&path, 64);
    }
    faults.each(&path, name, names::subdomain(name));
}

fn names_of(spec: &Value, field: &str, faults: &mut Faults) {
    for key in ["serviceAccountName", "nodeName"] {
        let value = text(spec, key);
        if !value.is_empty() {
            faults.each(&format!("{field}.{key}"), value, names::subdomain(value));
        }
    }
}

fn rest(spec: &Value, field: &str, faults: &mut Faults) {
    let at = |key: &str| format!("{field}.{key}");
    for key in ["hostname", "subdomain"] {
        let value = text(spec, key);
        if !value.is_empty() {
            faults.each(&at(key), value, names::label(value));
        }
    }
    for (n, toleration) in list(spec, "tolerations").iter().enumerate() {
        self::toleration(toleration, &format!("{field}.tolerations[{n}]"), faults);
    }
    for (n, alias) in list(spec, "hostAliases").iter().enumerate() {
        faults.ip(format!("{field}.hostAliases[{n}].ip"), text(alias, "ip"));
        for (m, name) in list(alias, "hostnames").iter().filter_map(Value::as_str).enumerate() {
            faults.each(&format!("{field}.hostAliases[{n}].hostnames[{m}]"), name, names::subdomain(name));
        }
    }
    let class = text(spec, "priorityClassName");
    if !class.is_empty() {
        faults.each(&at("priorityClassName"), class, names::subdomain(class));
    }
    if let Some(class) = spec.get("runtimeClassName").and_then(Value::as_str) {
        faults.each(&at("runtimeClassName"), class, names::subdomain(class));
    }
    if has(spec, "preemptionPolicy") {
        one_word(spec, "preemptionPolicy", &["PreemptLowerPriority", "Never"], field, faults);
    }
    if let Some(overhead) = some(spec, "overhead") {
        let limits: Value = [("limits", overhead.clone())].into_iter().collect();
        pod_resources::requirements(Some(&limits), &at("overhead"), &[], faults);
    }
    if let Some(os) = some(spec, "os") {
        let name = text(os, "name");
        if faults.present(at("os.name"), name) {
            faults.one_of(at("os"), name, &["linux", "windows"]);
        }
        match name {
            "linux" => pod_security::linux(spec, field, faults),
            "windows" => pod_security::windows(spec, field, faults),
            _ => {}
        }
    }
}

pub(super) fn toleration(toleration: &Value, field: &str, faults: &mut Faults) {
    let (key, operator, value) =
        (text(toleration, "key"), text(toleration, "operator"), text(toleration, "value"));
    let path = format!("{field}.operator");
    if !key.is_empty() {
        faults.each(&format!("{field}.key"), key, names::qualified(key));
    } else if operator != "Exists" {
        let why =
            "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        faults.invalid_text(&path, operator, why);
    }
    let effect = text(toleration, "effect");
    if has(toleration, "tolerationSeconds") && effect != "NoExecute" {
        let why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        faults.invalid_text(format!("{field}.effect"), effect, why);
    }
    match operator {
        "Exists" => {
            if !value.is_empty() {
                faults.invalid_text(path, value, "value must be empty when `operator` is 'Exists'");
            }
        }
        "Equal" | "" => {
            faults.joined(path, value, &names::label_value(value), ";");
        }
        "Lt" | "Gt" => {
            let supported = ["Equal", "Exists", "Lt", "Gt"];
            faults.unsupported(path, quote(operator), &supported);
        }
        other => faults.one_of(path, other, &["Equal", "Exists"]),
    }
    if !effect.is_empty() {
        faults.one_of(format!("{field}.effect"), effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
    }
}

/// Checks annotations that mean something to pods.
pub(super) fn annotations(annotations: Option<&Value>, spec: &Value, field: &str, faults: &mut Faults) {
    for (key, value) in annotations.and_then(Value::as_object).into_iter().flat_map(Map::iter) {
        let value = value.as_str().unwrap_or_default();
        let path = format!("{field}[{key}]");
        if key == "controller.kubernetes.io/pod-deletion-cost" {
            let number = value.parse::<i32>().is_ok() && !value.starts_with('+');
            if !number || (value.starts_with('0') && value.len() > 1) {
                faults.invalid_text(&path, value, "must be a 32bit integer");
            }
        }
        if let Some(container) = key.strip_prefix("container.apparmor.security.beta.kubernetes.io/") {
            let named = ["initContainers", "containers", "ephemeralContainers"]
                .iter()
                .flat_map(|k| list(spec, k))
                .any(|c| text(c, "name") == container);
            if !named {
                faults.invalid_text(&path, container, "container not found");
            }
            let known =
                matches!(value, "" | "runtime/default" | "unconfined") || value.starts_with("localhost/");
            if !known {
                faults.invalid_text(
                    &path,
                    value,
                    &format!("invalid AppArmor profile name: {}", quote(value)),
                );
            }
        }
    }
}

/// Checks what only pods themselves are asked for, not templates.
pub(super) fn of_pod_alone(object: &Value, faults: &mut Faults) {
    let empty = Value::object();
    let spec = object.get("spec").unwrap_or(&empty);
    for key in ["containers", "initContainers"] {
        for (n, container) in list(spec, key).iter().enumerate() {
            let image = text(container, "image");
            if image.trim() != image {
                let why = "must not have leading or trailing whitespace";
                faults.invalid_text(format!("spec.{key}[{n}].image"), image, why);
            }
        }
    }
}
