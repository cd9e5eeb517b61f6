use super::fault::{Faults, list, text};
use super::names;
use crate::managed::quote;
use fairway_value::Value;

/// Checks volumes and returns their names.
pub(super) fn volumes<'v>(volumes: &'v [Value], field: &str, faults: &mut Faults) -> Vec<&'v str> {
    let mut seen: Vec<&str> = Vec::new();
    for (n, volume) in volumes.iter().enumerate() {
        let field = format!("{field}[{n}]");
        let before = faults.is_empty();
        source(volume, &field, faults);
        let _ = before;
        let name = text(volume, "name");
        if name.is_empty() {
            faults.required(format!("{field}.name"), "");
        } else {
            faults.each(&format!("{field}.name"), name, names::label(name));
        }
        if seen.contains(&name) {
            faults.duplicate(format!("{field}.name"), quote(name));
        }
        seen.push(name);
    }
    seen
}

/// The order in which the server looks at the kinds of volumes.
const KINDS: [&str; 30] = [
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
];

fn source(volume: &Value, field: &str, faults: &mut Faults) {
    let mut found = 0;
    for kind in KINDS {
        let Some(value) = volume.get(kind).filter(|v| !v.is_null()) else { continue };
        let path = format!("{field}.{kind}");
        if found > 0 {
            faults.forbidden(path, "may not specify more than 1 volume type");
            continue;
        }
        found += 1;
        one_source(kind, value, &path, faults);
    }
    if found == 0 {
        faults.required(field, "must specify a volume type");
    }
}

fn one_source(kind: &str, value: &Value, path: &str, faults: &mut Faults) {
    let required = |key: &str, faults: &mut Faults| {
        if text(value, key).is_empty() {
            faults.required(format!("{path}.{key}"), "");
        }
    };
    match kind {
        "hostPath" => {
            required("path", faults);
            if text(value, "path").split('/').any(|p| p == "..") {
                faults.invalid_text(format!("{path}.path"), text(value, "path"), "must not contain '..'");
            }
        }
        "secret" => {
            required("secretName", faults);
            items(list(value, "items"), &format!("{path}.items"), faults);
        }
        "configMap" => {
            required("name", faults);
            items(list(value, "items"), &format!("{path}.items"), faults);
        }
        "persistentVolumeClaim" => required("claimName", faults),
        "csi" => required("driver", faults),
        "nfs" => {
            required("server", faults);
            required("path", faults);
        }
        _ => {}
    }
}

fn items(items: &[Value], field: &str, faults: &mut Faults) {
    for (n, item) in items.iter().enumerate() {
        if text(item, "key").is_empty() {
            faults.required(format!("{field}[{n}].key"), "");
        }
        if text(item, "path").is_empty() {
            faults.required(format!("{field}[{n}].path"), "");
        }
    }
}
