//! Claims of volumes, and volumes.

use super::fault::{Faults, has, list, show, some, text};
use super::pod_resources::{amount, quantity};
use super::workload::label_selector;
use super::{names, pod_affinity, pod_volume};
use fairway_value::{Map, Value};

const MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

fn access_modes(spec: &Value, field: &str, faults: &mut Faults) {
    let path = format!("{field}.accessModes");
    let modes: Vec<&str> = list(spec, "accessModes").iter().filter_map(Value::as_str).collect();
    for mode in &modes {
        faults.one_of(&path, mode, &MODES);
    }
    let once = modes.contains(&"ReadWriteOncePod");
    if once && modes.iter().any(|m| *m != "ReadWriteOncePod" && MODES.contains(m)) {
        faults.forbidden(path, "may not use ReadWriteOncePod with other access modes");
    }
}

fn positive(value: &Value, field: &str, faults: &mut Faults) -> bool {
    let wrong = amount(value).is_some_and(|q| q.nano() <= 0);
    if wrong {
        faults.invalid(field, show(Some(value)), "must be greater than zero");
    }
    !wrong
}

fn class(spec: &Value, key: &str, field: &str, faults: &mut Faults) {
    let class = text(spec, key);
    if !class.is_empty() {
        faults.each(&format!("{field}.{key}"), class, names::subdomain(class));
    }
}

/// Checks a claim's specification.
pub(super) fn spec(spec: &Value, field: &str, faults: &mut Faults) {
    if list(spec, "accessModes").is_empty() {
        faults.required(format!("{field}.accessModes"), "at least 1 access mode is required");
    }
    label_selector(spec.get("selector"), &format!("{field}.selector"), faults);
    access_modes(spec, field, faults);
    let path = format!("{field}.resources[storage]");
    match spec.get_path(&["resources", "requests", "storage"]) {
        None => faults.required(path, ""),
        Some(value) => {
            if positive(value, &path, faults) {
                quantity("storage", value, &path, faults);
            }
        }
    }
    class(spec, "storageClassName", field, faults);
    volume_mode(spec, field, faults);
    for key in ["dataSource", "dataSourceRef"] {
        if let Some(source) = some(spec, key) {
            data_source(source, &format!("{field}.{key}"), faults);
        }
    }
    if let (Some(source), Some(reference)) = (some(spec, "dataSource"), some(spec, "dataSourceRef")) {
        let same = ["apiGroup", "kind", "name"].iter().all(|k| source.get(k) == reference.get(k));
        let shown = "{}";
        if !text(reference, "namespace").is_empty() {
            faults.invalid(field, shown, "may not be specified when dataSourceRef.namespace is specified");
        } else if !same {
            faults.invalid(field, shown, "must match dataSourceRef");
        }
    }
    class(spec, "volumeAttributesClassName", field, faults);
}

fn volume_mode(spec: &Value, field: &str, faults: &mut Faults) {
    if let Some(mode) = spec.get("volumeMode").and_then(Value::as_str) {
        faults.one_of(format!("{field}.volumeMode"), mode, &["Block", "Filesystem"]);
    }
}

fn data_source(source: &Value, field: &str, faults: &mut Faults) {
    faults.present(format!("{field}.name"), text(source, "name"));
    let (kind, group) = (text(source, "kind"), text(source, "apiGroup"));
    faults.present(format!("{field}.kind"), kind);
    if group.is_empty() && kind != "PersistentVolumeClaim" {
        let why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        faults.invalid_text(field, kind, why);
    }
    if !group.is_empty() {
        faults.each(&format!("{field}.apiGroup"), group, names::subdomain(group));
    }
    let namespace = text(source, "namespace");
    if !namespace.is_empty() {
        faults.each(&format!("{field}.namespace"), namespace, names::label(namespace));
    }
}

/// The kinds of volumes in the order in which the server looks at them.
const KINDS: [&str; 22] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];

/// Checks a volume's specification.
pub(super) fn volume(spec: &Value, faults: &mut Faults) {
    if list(spec, "accessModes").is_empty() {
        faults.required("spec.accessModes", "");
    }
    access_modes(spec, "spec", faults);
    let capacity = spec.get("capacity").and_then(Value::as_object);
    if capacity.is_none_or(Map::is_empty) {
        faults.required("spec.capacity", "");
    }
    if capacity.is_none_or(|c| !c.contains_key("storage") || c.len() > 1) {
        faults.unsupported("spec.capacity", show(spec.get("capacity")), &["storage"]);
    }
    for (name, value) in capacity.into_iter().flat_map(Map::iter) {
        let field = format!("spec.capacity[{name}]");
        if let Some(whole) = amount(value).map(|q| q.nano() / 1_000_000_000).filter(|n| *n < 0) {
            faults.invalid(&field, whole.to_string(), "must be a valid resource quantity");
        }
        positive(value, &field, faults);
    }
    let policy = text(spec, "persistentVolumeReclaimPolicy");
    if !policy.is_empty() {
        faults.one_of("spec.persistentVolumeReclaimPolicy", policy, &["Delete", "Recycle", "Retain"]);
    }
    let affinity = some(spec, "nodeAffinity");
    if let Some(affinity) = affinity {
        match some(affinity, "required") {
            Some(required) => {
                pod_affinity::node_selector(required, true, "spec.nodeAffinity.required", faults);
            }
            None => faults.required("spec.nodeAffinity.required", "must specify required node constraints"),
        }
    }
    sources(spec, affinity.is_some_and(|a| has(a, "required")), faults);
    let root = spec.get("hostPath").is_some_and(|h| text(h, "path").trim_matches('/').is_empty());
    if root && policy == "Recycle" {
        let why = "may not be 'recycle' for a hostPath mount of '/'";
        faults.forbidden("spec.persistentVolumeReclaimPolicy", why);
    }
    class(spec, "storageClassName", "spec", faults);
    volume_mode(spec, "spec", faults);
    if let Some(name) = spec.get("volumeAttributesClassName").and_then(Value::as_str) {
        let field = "spec.volumeAttributesClassName";
        if name.is_empty() {
            faults.required(field, "an empty string is disallowed");
        } else {
            faults.each(field, name, names::subdomain(name));
        }
        if !has(spec, "csi") {
            faults.required("spec.csi", "has to be specified when using volumeAttributesClassName");
        }
    }
}

fn sources(spec: &Value, placed: bool, faults: &mut Faults) {
    let mut found = 0;
    for kind in KINDS {
        let Some(value) = some(spec, kind) else { continue };
        let path = match kind {
            "gcePersistentDisk" => "spec.persistentDisk".to_owned(),
            kind => format!("spec.{kind}"),
        };
        if found > 0 && kind != "flexVolume" {
            let second = if kind == "cephfs" { "cephFS" } else { kind };
            faults.forbidden(format!("spec.{second}"), "may not specify more than 1 volume type");
            continue;
        }
        found += 1;
        match kind {
            "csi" => csi(value, &path, faults),
            "local" => {
                if faults.present(format!("{path}.path"), text(value, "path")) {
                    let at = format!("{path}.path");
                    super::pod_container::no_backsteps(text(value, "path"), &at, faults);
                }
                if !placed {
                    faults.required("spec.nodeAffinity", "Local volume requires node affinity");
                }
            }
            _ => pod_volume::of_kind(kind, value, &path, faults),
        }
    }
    if found == 0 {
        faults.required("spec", "must specify a volume type");
    }
}

fn csi(value: &Value, path: &str, faults: &mut Faults) {
    pod_volume::csi_driver(text(value, "driver"), &format!("{path}.driver"), faults);
    faults.present(format!("{path}.volumeHandle"), text(value, "volumeHandle"));
    for key in [
        "controllerPublishSecretRef",
        "controllerExpandSecretRef",
        "nodePublishSecretRef",
        "nodeExpandSecretRef",
    ] {
        let Some(secret) = some(value, key) else { continue };
        let (name, namespace) = (text(secret, "name"), text(secret, "namespace"));
        if faults.present(format!("{path}.{key}.name"), name) {
            faults.each(&format!("{path}.{key}.name"), name, names::subdomain(name));
        }
        if faults.present(format!("{path}.{key}.namespace"), namespace) {
            faults.each(&format!("{path}.{key}.namespace"), namespace, names::label(namespace));
        }
    }
}
