//! Security contexts of pods and containers.

use super::fault::{Faults, flag, has, int, list, some, text};
use super::pod_container::descending;
use super::pod_windows;
use crate::managed::quote;
use fairway_value::Value;

const ID_MAX: (i64, i64) = (0, i32::MAX as i64);

fn seccomp(security: &Value, field: &str, faults: &mut Faults) {
    let Some(profile) = some(security, "seccompProfile") else { return };
    let field = format!("{field}.seccompProfile");
    let kind = text(profile, "type");
    if kind.is_empty() {
        faults.required(format!("{field}.type"), "type is required when seccompProfile is set");
    } else {
        faults.one_of(format!("{field}.type"), kind, &["Localhost", "RuntimeDefault", "Unconfined"]);
    }
    let path = format!("{field}.localhostProfile");
    match profile.get("localhostProfile").and_then(Value::as_str) {
        None if kind == "Localhost" => faults.required(path, "must be set when seccomp type is Localhost"),
        Some(local) if kind == "Localhost" => descending(local, &path, faults),
        Some(_) => {
            let shown = super::shown::show("core.SeccompProfile", Some(profile));
            faults.invalid(path, shown, "can only be set when seccomp type is Localhost");
        }
        None => {}
    }
}

fn app_armor(security: &Value, field: &str, faults: &mut Faults) {
    let Some(profile) = some(security, "appArmorProfile") else { return };
    let field = format!("{field}.appArmorProfile");
    let path = format!("{field}.localhostProfile");
    let local = profile.get("localhostProfile").and_then(Value::as_str);
    match text(profile, "type") {
        "Localhost" => match local {
            Some(text) if text.trim() != text => {
                faults.invalid_text(path, text, "must not be padded with whitespace");
            }
            None | Some("") => faults.required(path, "must be set when AppArmor type is Localhost"),
            Some(text) if text.len() > 4095 => faults.too_long(path, 4095),
            Some(_) => {}
        },
        "RuntimeDefault" | "Unconfined" => {
            if let Some(local) = local {
                faults.invalid_text(path, local, "can only be set when AppArmor type is Localhost");
            }
        }
        "" => faults.required(format!("{field}.type"), "type is required when appArmorProfile is set"),
        other => {
            faults.one_of(format!("{field}.type"), other, &["Localhost", "RuntimeDefault", "Unconfined"])
        }
    }
}

/// Checks a container's security context.
pub(super) fn of_container(security: &Value, field: &str, host_users: bool, faults: &mut Faults) {
    for key in ["runAsUser", "runAsGroup"] {
        faults.between(format!("{field}.{key}"), int(security, key), ID_MAX);
    }
    if let Some(mount) = security.get("procMount").and_then(Value::as_str) {
        faults.one_of(format!("{field}.procMount"), mount, &["Default", "Unmasked"]);
        if host_users && mount == "Unmasked" {
            let why = "`hostUsers` must be false to use `Unmasked`";
            faults.invalid_text(format!("{field}.procMount"), mount, why);
        }
    }
    seccomp(security, field, faults);
    if flag(security, "allowPrivilegeEscalation") == Some(false) {
        let shown = || super::shown::show("core.SecurityContext", Some(security));
        if flag(security, "privileged") == Some(true) {
            let why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            faults.invalid(field, shown(), why);
        }
        let adds = security.get_path(&["capabilities", "add"]).and_then(Value::as_array).unwrap_or_default();
        for _ in adds.iter().filter(|c| c.as_str() == Some("CAP_SYS_ADMIN")) {
            let why = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            faults.invalid(field, shown(), why);
        }
    }
    pod_windows::options(security, field, faults);
    app_armor(security, field, faults);
}

fn is_sysctl(name: &str) -> bool {
    let edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    name.len() <= 253
        && name.split(['.', '/']).all(|part| {
            let bytes = part.as_bytes();
            bytes.iter().all(|b| edge(*b) || b"-_".contains(b))
                && bytes.first().is_some_and(|b| edge(*b))
                && bytes.last().is_some_and(|b| edge(*b))
        })
}

/// Checks a pod's security context.
pub(super) fn of_pod(spec: &Value, path: &str, faults: &mut Faults) {
    let Some(security) = some(spec, "securityContext") else { return };
    let field = format!("{path}.securityContext");
    for key in ["fsGroup", "runAsUser", "runAsGroup"] {
        faults.between(format!("{field}.{key}"), int(security, key), ID_MAX);
    }
    for (n, group) in list(security, "supplementalGroups").iter().enumerate() {
        faults.between(format!("{field}.supplementalGroups[{n}]"), group.as_i64(), ID_MAX);
    }
    if flag(spec, "shareProcessNamespace") == Some(true) && flag(spec, "hostPID") == Some(true) {
        let why = "ShareProcessNamespace and HostPID cannot both be enabled";
        faults.invalid(format!("{field}.shareProcessNamespace"), "true", why);
    }
    let mut seen: Vec<&str> = Vec::new();
    for (n, sysctl) in list(security, "sysctls").iter().enumerate() {
        let (name, at) = (text(sysctl, "name"), format!("{field}.sysctls[{n}].name"));
        if name.is_empty() {
            faults.required(at, "");
        } else if !is_sysctl(name) {
            let why = "must have at most 253 characters and match regex \
                       ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
            faults.invalid_text(at, name, why);
        } else if seen.contains(&name) {
            faults.duplicate(at, quote(name));
        }
        seen.push(name);
    }
    let word = |key: &str, supported: &[&str], faults: &mut Faults| {
        if let Some(word) = security.get(key).and_then(Value::as_str) {
            faults.one_of(format!("{field}.{key}"), word, supported);
        }
    };
    word("fsGroupChangePolicy", &["Always", "OnRootMismatch"], faults);
    seccomp(security, &field, faults);
    pod_windows::options(security, &field, faults);
    app_armor(security, &field, faults);
    word("supplementalGroupsPolicy", &["Merge", "Strict"], faults);
    word("seLinuxChangePolicy", &["MountOption", "Recursive"], faults);
}

/// Checks that a pod for Linux has nothing of Windows.
pub(super) fn linux(spec: &Value, field: &str, faults: &mut Faults) {
    let why = "windows options cannot be set for a linux pod";
    let set = |v: &Value| some(v, "securityContext").is_some_and(|s| has(s, "windowsOptions"));
    if set(spec) {
        faults.forbidden(format!("{field}.securityContext.windowsOptions"), why);
    }
    for key in ["initContainers", "containers"] {
        for (n, container) in list(spec, key).iter().enumerate() {
            if set(container) {
                faults.forbidden(format!("{field}.{key}[{n}].securityContext.windowsOptions"), why);
            }
        }
    }
}

/// Checks that a pod for Windows has nothing of Linux.
pub(super) fn windows(spec: &Value, field: &str, faults: &mut Faults) {
    let why = "cannot be set for a windows pod";
    let empty = Value::object();
    let security = some(spec, "securityContext").unwrap_or(&empty);
    let at = |key: &str| format!("{field}.securityContext.{key}");
    for key in ["appArmorProfile", "seLinuxOptions"] {
        if has(security, key) {
            faults.forbidden(at(key), why);
        }
    }
    if has(spec, "hostUsers") {
        faults.forbidden(format!("{field}.hostUsers"), why);
    }
    for key in ["hostPID", "hostIPC"] {
        if flag(spec, key) == Some(true) {
            faults.forbidden(format!("{field}.{key}"), why);
        }
    }
    for key in ["seccompProfile", "fsGroup", "fsGroupChangePolicy"] {
        if has(security, key) {
            faults.forbidden(at(key), why);
        }
    }
    if !list(security, "sysctls").is_empty() {
        faults.forbidden(at("sysctls"), why);
    }
    if has(spec, "shareProcessNamespace") {
        faults.forbidden(format!("{field}.shareProcessNamespace"), why);
    }
    for key in ["runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy"] {
        if has(security, key) {
            faults.forbidden(at(key), why);
        }
    }
    for list_key in ["initContainers", "containers"] {
        for (n, container) in list(spec, list_key).iter().enumerate() {
            let Some(security) = some(container, "securityContext") else { continue };
            for key in [
                "appArmorProfile",
                "seLinuxOptions",
                "seccompProfile",
                "capabilities",
                "readOnlyRootFilesystem",
                "privileged",
                "allowPrivilegeEscalation",
                "procMount",
                "runAsUser",
                "runAsGroup",
            ] {
                if has(security, key) {
                    faults.forbidden(format!("{field}.{list_key}[{n}].securityContext.{key}"), why);
                }
            }
        }
    }
}
