//! Environment variables and where their values come from.

use super::fault::{Faults, has, list, some, text};
use super::{names, pod_container};
use crate::quantity::Quantity;
use fairway_value::Value;

const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Fields that a volume may show.
pub(super) const VOLUME_FIELDS: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

/// Paths of a Pod that the downward API knows, whatever may show them.
const KNOWN: [&str; 14] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "spec.schedulerName",
    "status.phase",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

fn variable_name(name: &str, field: &str, faults: &mut Faults) {
    if name.contains('=') || !name.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        let why = "a valid environment variable name must consist only of printable ASCII characters other than '='";
        faults.invalid_text(field, name, why);
    }
}

/// Checks `env`.
pub(super) fn env(env: &[Value], field: &str, faults: &mut Faults) {
    for (n, variable) in env.iter().enumerate() {
        let field = format!("{field}[{n}]");
        let name = text(variable, "name");
        if faults.present(format!("{field}.name"), name) {
            variable_name(name, &format!("{field}.name"), faults);
        }
        if let Some(from) = some(variable, "valueFrom") {
            value_from(variable, from, &format!("{field}.valueFrom"), faults);
        }
    }
}

fn value_from(variable: &Value, from: &Value, path: &str, faults: &mut Faults) {
    let mut sources = 0;
    for kind in ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"] {
        let Some(source) = some(from, kind) else { continue };
        sources += 1;
        let path = format!("{path}.{kind}");
        match kind {
            "fieldRef" => field_ref(source, &FIELDS, &path, faults),
            "resourceFieldRef" => resource_ref(source, &path, false, faults),
            "fileKeyRef" => file_key(source, &path, faults),
            _ => {
                let (name, key) = (text(source, "name"), text(source, "key"));
                faults.each(&format!("{path}.name"), name, names::subdomain(name));
                if faults.present(format!("{path}.key"), key) {
                    faults.each(&format!("{path}.key"), key, names::config_key(key));
                }
            }
        }
    }
    if sources == 0 {
        let why = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
        faults.invalid_text(path, "", why);
    } else if !text(variable, "value").is_empty() {
        faults.invalid_text(path, "", "may not be specified when `value` is not empty");
    } else if sources > 1 {
        faults.invalid_text(path, "", "may not have more than one field specified at a time");
    }
}

fn file_key(source: &Value, path: &str, faults: &mut Faults) {
    let (key, volume, file) = (text(source, "key"), text(source, "volumeName"), text(source, "path"));
    if faults.present(format!("{path}.key"), key) {
        variable_name(key, &format!("{path}.key"), faults);
    }
    if faults.present(format!("{path}.volumeName"), volume) {
        faults.each(&format!("{path}.volumeName"), volume, names::label(volume));
    }
    if faults.present(format!("{path}.path"), file) {
        pod_container::no_backsteps(file, &format!("{path}.path"), faults);
    }
}

/// Splits `metadata.labels['key']`.
fn subscripted(path: &str) -> Option<(&str, &str)> {
    let inner = path.strip_suffix("']")?;
    let (name, key) = inner.split_once("['")?;
    (!name.is_empty()).then_some((name, key))
}

/// Checks which field of the pod is shown.
pub(super) fn field_ref(source: &Value, allowed: &[&str], field: &str, faults: &mut Faults) {
    let (version, path) = (text(source, "apiVersion"), text(source, "fieldPath"));
    if !faults.present(format!("{field}.apiVersion"), version)
        || !faults.present(format!("{field}.fieldPath"), path)
    {
        return;
    }
    let parts = subscripted(path);
    let unknown = if version != "v1" {
        Some(format!("unsupported pod version: {version}"))
    } else if let Some((name, _)) = parts {
        (!matches!(name, "metadata.annotations" | "metadata.labels"))
            .then(|| format!("field label does not support subscript: {path}"))
    } else {
        (!KNOWN.contains(&path) && path != "spec.host").then(|| format!("field label not supported: {path}"))
    };
    if let Some(why) = unknown {
        faults.invalid_text(
            format!("{field}.fieldPath"),
            path,
            &format!("error converting fieldPath: {why}"),
        );
        return;
    }
    match parts {
        Some(("metadata.annotations", key)) => {
            let key = key.to_lowercase();
            faults.each(field, &key, names::qualified(&key));
        }
        Some((_, key)) => faults.each(field, key, names::qualified(key)),
        None => {
            let path = if path == "spec.host" { "spec.nodeName" } else { path };
            faults.one_of(format!("{field}.fieldPath"), path, allowed);
        }
    }
}

const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// Checks which resource of a container is shown.
pub(super) fn resource_ref(source: &Value, field: &str, volume: bool, faults: &mut Faults) {
    let name = text(source, "resource");
    let huge = name.starts_with("requests.hugepages-") || name.starts_with("limits.hugepages-");
    if volume && text(source, "containerName").is_empty() {
        faults.required(format!("{field}.containerName"), "");
    } else if name.is_empty() {
        faults.required(format!("{field}.resource"), "");
    } else if !huge {
        faults.one_of(format!("{field}.resource"), name, &RESOURCES);
    }
    let divisor = match source.get("divisor") {
        Some(Value::String(s)) => s.to_string(),
        Some(other) => other.to_string(),
        None => return,
    };
    if Quantity::parse(&divisor).map_or(true, |q| q.nano() == 0) {
        return;
    }
    const BYTES: [&str; 13] =
        ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    let (allowed, what): (&[&str], &str) = match name {
        "limits.cpu" | "requests.cpu" => (&["1m", "1"], "cpu"),
        "limits.memory" | "requests.memory" => (&BYTES, "memory"),
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => (&BYTES, "local ephemeral storage"),
        _ if huge => (&BYTES, "hugepages"),
        _ => return,
    };
    if !allowed.contains(&divisor.as_str()) {
        let values = if what == "cpu" { "1m and 1".to_owned() } else { BYTES.join(", ") };
        let why = format!("only divisor's values {values} are supported with the {what} resource");
        faults.invalid_text(format!("{field}.divisor"), name, &why);
    }
}

/// Checks `envFrom`.
pub(super) fn env_from(sources: &[Value], field: &str, faults: &mut Faults) {
    for (n, source) in sources.iter().enumerate() {
        let at = format!("{field}[{n}]");
        let prefix = text(source, "prefix");
        if !prefix.is_empty() {
            variable_name(prefix, &format!("{at}.prefix"), faults);
        }
        for kind in ["configMapRef", "secretRef"] {
            if let Some(reference) = some(source, kind) {
                let (path, name) = (format!("{at}.{kind}.name"), text(reference, "name"));
                if faults.present(&path, name) {
                    // A prefix of a name is enough here.
                    faults.each(&path, name, names::subdomain(name.trim_end_matches('-')));
                }
            }
        }
        match (has(source, "configMapRef"), has(source, "secretRef")) {
            (false, false) => {
                faults.invalid_text(field, "", "must specify one of: `configMapRef` or `secretRef`");
            }
            (true, true) => {
                faults.invalid_text(field, "", "may not have more than one field specified at a time");
            }
            _ => {}
        }
    }
}

/// Checks the files of a downward API volume.
pub(super) fn downward_file(file: &Value, field: &str, faults: &mut Faults) {
    let path = text(file, "path");
    faults.present(format!("{field}.path"), path);
    super::pod_volume::local_path(path, &format!("{field}.path"), faults);
    if let Some(source) = some(file, "fieldRef") {
        field_ref(source, &VOLUME_FIELDS, &format!("{field}.fieldRef"), faults);
        if has(file, "resourceFieldRef") {
            let why = "fieldRef and resourceFieldRef can not be specified simultaneously";
            faults.invalid_text(field, "resource", why);
        }
    } else if let Some(source) = some(file, "resourceFieldRef") {
        resource_ref(source, &format!("{field}.resourceFieldRef"), true, faults);
    } else {
        faults.required(field, "one of fieldRef and resourceFieldRef is required");
    }
    super::pod_volume::mode(file, "mode", field, faults);
}

/// Checks the files of a downward API volume or of a part of a projected one.
pub(super) fn downward(volume: &Value, field: &str, faults: &mut Faults) {
    for file in list(volume, "items") {
        downward_file(file, field, faults);
    }
}
