//! Volumes of pods.

use super::fault::{Faults, flag, int, list, some, text};
use super::pod_container::{descending, no_backsteps};
use super::{claim, names, pod_env};
use crate::managed::quote;
use fairway_value::{Map, Value};

/// Checks volumes and returns those that are right, by name: only these can be mounted.
pub(super) fn volumes<'v>(
    volumes: &'v [Value],
    field: &str,
    pod: Option<&str>,
    faults: &mut Faults,
) -> Vec<(String, &'v Value)> {
    let mut right: Vec<(String, &Value)> = Vec::new();
    for (n, volume) in volumes.iter().enumerate() {
        let field = format!("{field}[{n}]");
        let before = faults.len();
        let name = text(volume, "name");
        source(volume, name, &field, pod, faults);
        if faults.present(format!("{field}.name"), name) {
            faults.each(&format!("{field}.name"), name, names::label(name));
        }
        if right.iter().any(|(r, _)| r == name) {
            faults.duplicate(format!("{field}.name"), quote(name));
        }
        if faults.len() == before {
            right.push((name.to_owned(), volume));
        }
    }
    right
}

/// The kinds of volumes in the order in which the server looks at them; with the name that it has for a second one.
const KINDS: [(&str, &str); 30] = [
    ("emptyDir", "emptyDir"),
    ("hostPath", "hostPath"),
    ("gitRepo", "gitRepo"),
    ("gcePersistentDisk", "gcePersistentDisk"),
    ("awsElasticBlockStore", "awsElasticBlockStore"),
    ("secret", "secret"),
    ("nfs", "nfs"),
    ("iscsi", "iscsi"),
    ("glusterfs", "glusterfs"),
    ("flocker", "flocker"),
    ("persistentVolumeClaim", "persistentVolumeClaim"),
    ("rbd", "rbd"),
    ("cinder", "cinder"),
    ("cephfs", "cephFS"),
    ("quobyte", "quobyte"),
    ("downwardAPI", "downwarAPI"),
    ("fc", "fc"),
    ("flexVolume", "flexVolume"),
    ("configMap", "configMap"),
    ("azureFile", "azureFile"),
    ("vsphereVolume", "vsphereVolume"),
    ("photonPersistentDisk", "photonPersistentDisk"),
    ("portworxVolume", "portworxVolume"),
    ("azureDisk", "azureDisk"),
    ("storageos", "storageos"),
    ("projected", "projected"),
    ("scaleIO", "scaleIO"),
    ("csi", "csi"),
    ("ephemeral", "ephemeral"),
    ("image", "image"),
];

fn source(volume: &Value, name: &str, field: &str, pod: Option<&str>, faults: &mut Faults) {
    let mut found = 0;
    for (kind, second) in KINDS {
        let Some(value) = some(volume, kind) else { continue };
        if found > 0 {
            faults.forbidden(format!("{field}.{second}"), "may not specify more than 1 volume type");
            continue;
        }
        found += 1;
        match kind {
            "ephemeral" => ephemeral(value, name, field, pod, faults),
            "image" => {
                if pod.is_some() {
                    faults.present(format!("{field}.image.reference"), text(value, "reference"));
                }
                let (path, policy) = (format!("{field}.image.pullPolicy"), text(value, "pullPolicy"));
                if faults.present(&path, policy) {
                    faults.one_of(path, policy, &["Always", "IfNotPresent", "Never"]);
                }
            }
            "gcePersistentDisk" => of_kind(kind, value, &format!("{field}.persistentDisk"), faults),
            _ => of_kind(kind, value, &format!("{field}.{kind}"), faults),
        }
    }
    if found == 0 {
        faults.required(field, "must specify a volume type");
    }
}

fn ephemeral(value: &Value, name: &str, field: &str, pod: Option<&str>, faults: &mut Faults) {
    let path = format!("{field}.ephemeral.volumeClaimTemplate");
    match some(value, "volumeClaimTemplate") {
        None => faults.required(path, ""),
        Some(template) => {
            let empty = Value::object();
            let meta = template.get("metadata").unwrap_or(&empty);
            super::meta::labels(meta.get("labels"), &format!("{path}.metadata.labels"), faults);
            super::meta::annotations(
                meta.get("annotations"),
                &format!("{path}.metadata.annotations"),
                faults,
            );
            claim::spec(template.get("spec").unwrap_or(&empty), &format!("{path}.spec"), faults);
        }
    }
    if let Some(pod) = pod.filter(|p| !p.is_empty() && !name.is_empty()) {
        let claim = format!("{pod}-{name}");
        for why in names::subdomain(&claim) {
            let why = format!("PVC name {}: {why}", quote(&claim));
            faults.invalid_text(format!("{field}.name"), name, &why);
        }
    }
}

const MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";

/// The rights of files.
pub(super) fn mode(value: &Value, key: &str, field: &str, faults: &mut Faults) {
    if let Some(mode) = int(value, key).filter(|m| !(0..=0o777).contains(m)) {
        faults.invalid(format!("{field}.{key}"), mode.to_string(), MODE);
    }
}

/// A path of a file in a volume.
pub(super) fn local_path(path: &str, field: &str, faults: &mut Faults) {
    descending(path, field, faults);
    if path.starts_with("..") && !path.starts_with("../") {
        faults.invalid_text(field, path, "must not start with '..'");
    }
}

fn items(value: &Value, field: &str, faults: &mut Faults) {
    for (n, item) in list(value, "items").iter().enumerate() {
        let field = format!("{field}.items[{n}]");
        faults.present(format!("{field}.key"), text(item, "key"));
        faults.present(format!("{field}.path"), text(item, "path"));
        local_path(text(item, "path"), &format!("{field}.path"), faults);
        mode(item, "mode", &field, faults);
    }
}

/// Checks one source by what it must have.
pub(super) fn of_kind(kind: &str, value: &Value, path: &str, faults: &mut Faults) {
    let need = |keys: &[&str], faults: &mut Faults| {
        for key in keys {
            faults.present(format!("{path}.{key}"), text(value, key));
        }
    };
    match kind {
        "emptyDir" => {
            let negative =
                value.get("sizeLimit").and_then(super::pod_resources::amount).is_some_and(|q| q.nano() < 0);
            if negative {
                let why = "SizeLimit field must be a valid resource quantity";
                faults.forbidden(format!("{path}.sizeLimit"), why);
            }
        }
        "hostPath" => host_path(value, path, faults),
        "gitRepo" => {
            need(&["repository"], faults);
            descending(text(value, "directory"), &format!("{path}.directory"), faults);
        }
        "gcePersistentDisk" => {
            need(&["pdName"], faults);
            partition(value, path, faults);
        }
        "awsElasticBlockStore" => {
            need(&["volumeID"], faults);
            partition(value, path, faults);
        }
        "secret" | "configMap" => {
            need(&[if kind == "secret" { "secretName" } else { "name" }], faults);
            mode(value, "defaultMode", path, faults);
            items(value, path, faults);
        }
        "nfs" => {
            need(&["server", "path"], faults);
            if !text(value, "path").starts_with('/') {
                faults.invalid_text(format!("{path}.path"), text(value, "path"), "must be an absolute path");
            }
        }
        "iscsi" => iscsi(value, path, faults),
        "glusterfs" => need(&["endpoints", "path"], faults),
        "flocker" => flocker(value, path, faults),
        "persistentVolumeClaim" => need(&["claimName"], faults),
        "rbd" => {
            monitors(value, path, faults);
            need(&["image"], faults);
        }
        "cephfs" => monitors(value, path, faults),
        "cinder" => {
            need(&["volumeID"], faults);
            secret_ref(value, path, faults);
        }
        "quobyte" => quobyte(value, path, faults),
        "downwardAPI" => {
            mode(value, "defaultMode", path, faults);
            pod_env::downward(value, path, faults);
        }
        "fc" => fibre(value, path, faults),
        "flexVolume" => flex(value, path, faults),
        "azureFile" => need(&["secretName", "shareName"], faults),
        "vsphereVolume" => need(&["volumePath"], faults),
        "photonPersistentDisk" => need(&["pdID"], faults),
        "portworxVolume" => need(&["volumeID"], faults),
        "azureDisk" => azure_disk(value, path, faults),
        "storageos" => {
            let (name, namespace) = (text(value, "volumeName"), text(value, "volumeNamespace"));
            if faults.present(format!("{path}.volumeName"), name) {
                faults.each(&format!("{path}.volumeName"), name, names::label(name));
            }
            if !namespace.is_empty() {
                faults.each(&format!("{path}.volumeNamespace"), namespace, names::label(namespace));
            }
            secret_ref(value, path, faults);
        }
        "projected" => projected(value, path, faults),
        "scaleIO" => need(&["gateway", "system", "volumeName"], faults),
        "csi" => {
            csi_driver(text(value, "driver"), &format!("{path}.driver"), faults);
            if let Some(secret) = some(value, "nodePublishSecretRef") {
                let name = text(secret, "name");
                if faults.present(format!("{path}.nodePublishSecretRef.name"), name) {
                    faults.each(&format!("{path}.name"), name, names::subdomain(name));
                }
            }
        }
        _ => {}
    }
}

/// The name of a CSI driver.
pub(super) fn csi_driver(name: &str, field: &str, faults: &mut Faults) {
    if !faults.present(field, name) {
        return;
    }
    if name.len() > 63 {
        faults.too_long(field, 63);
    }
    faults.each(field, name, names::subdomain(&name.to_lowercase()));
}

/// A path on a node.
pub(super) fn host_path(value: &Value, path: &str, faults: &mut Faults) {
    if !faults.present(format!("{path}.path"), text(value, "path")) {
        return;
    }
    no_backsteps(text(value, "path"), &format!("{path}.path"), faults);
    if let Some(kind) = value.get("type").and_then(Value::as_str) {
        let supported = [
            "",
            "BlockDevice",
            "CharDevice",
            "Directory",
            "DirectoryOrCreate",
            "File",
            "FileOrCreate",
            "Socket",
        ];
        faults.one_of(format!("{path}.type"), kind, &supported);
    }
}

fn monitors(value: &Value, path: &str, faults: &mut Faults) {
    if list(value, "monitors").is_empty() {
        faults.required(format!("{path}.monitors"), "");
    }
}

fn secret_ref(value: &Value, path: &str, faults: &mut Faults) {
    if let Some(secret) = some(value, "secretRef") {
        faults.present(format!("{path}.secretRef.name"), text(secret, "name"));
    }
}

fn partition(value: &Value, path: &str, faults: &mut Faults) {
    if let Some(number) = int(value, "partition").filter(|n| !(0..=255).contains(n)) {
        faults.invalid(
            format!("{path}.partition"),
            number.to_string(),
            "must be between 1 and 255, inclusive",
        );
    }
}

fn iscsi(value: &Value, path: &str, faults: &mut Faults) {
    faults.present(format!("{path}.targetPortal"), text(value, "targetPortal"));
    let iqn = text(value, "iqn");
    if faults.present(format!("{path}.iqn"), iqn) {
        let known = ["iqn", "eui", "naa"].iter().any(|p| iqn.starts_with(p));
        if !known {
            let why = "must be valid format starting with iqn, eui, or naa";
            faults.invalid_text(format!("{path}.iqn"), iqn, why);
        } else if !is_iqn(iqn) {
            faults.invalid_text(format!("{path}.iqn"), iqn, "must be valid format");
        }
    }
    faults.between(format!("{path}.lun"), int(value, "lun"), (0, 255));
    let chap = ["chapAuthDiscovery", "chapAuthSession"].iter().any(|k| flag(value, k) == Some(true));
    if chap && some(value, "secretRef").is_none() {
        faults.required(format!("{path}.secretRef"), "");
    }
}

fn is_iqn(name: &str) -> bool {
    if let Some(hex) = name.strip_prefix("eui.") {
        return hex.len() == 16 && hex.bytes().all(|b| b.is_ascii_alphanumeric());
    }
    if let Some(hex) = name.strip_prefix("naa.") {
        return hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_alphanumeric());
    }
    let Some(rest) = name.strip_prefix("iqn.") else { return false };
    let bytes = rest.as_bytes();
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|b| b.iter().all(u8::is_ascii_digit));
    digits(0..4)
        && bytes.get(4) == Some(&b'-')
        && digits(5..7)
        && bytes.get(7) == Some(&b'.')
        && rest.len() > 8
}

fn flocker(value: &Value, path: &str, faults: &mut Faults) {
    let (name, uuid) = (text(value, "datasetName"), text(value, "datasetUUID"));
    if name.is_empty() && uuid.is_empty() {
        faults.required(path, "one of datasetName and datasetUUID is required");
    }
    if !name.is_empty() && !uuid.is_empty() {
        let why = "datasetName and datasetUUID can not be specified simultaneously";
        faults.invalid_text(path, "resource", why);
    }
    if name.contains('/') {
        faults.invalid_text(format!("{path}.datasetName"), name, "must not contain '/'");
    }
}

fn quobyte(value: &Value, path: &str, faults: &mut Faults) {
    let registry = text(value, "registry");
    let pairs = "must be a host:port pair or multiple pairs separated by commas";
    if registry.is_empty() {
        faults.required(format!("{path}.registry"), pairs);
    } else {
        for pair in registry.split(',').filter(|p| p.matches(':').count() != 1) {
            let _ = pair;
            faults.invalid_text(format!("{path}.registry"), registry, pairs);
        }
    }
    faults.present(format!("{path}.volume"), text(value, "volume"));
}

fn fibre(value: &Value, path: &str, faults: &mut Faults) {
    let (names, ids) = (list(value, "targetWWNs"), list(value, "wwids"));
    let at = format!("{path}.targetWWNs");
    if names.is_empty() && ids.is_empty() {
        faults.required(&at, "must specify either targetWWNs or wwids, but not both");
    }
    if !names.is_empty() && !ids.is_empty() {
        let shown = super::fault::show(value.get("targetWWNs"));
        faults.invalid(&at, shown, "targetWWNs and wwids can not be specified simultaneously");
    }
    if !names.is_empty() {
        match int(value, "lun") {
            None => faults.required(format!("{path}.lun"), "lun is required if targetWWNs is specified"),
            lun => faults.between(format!("{path}.lun"), lun, (0, 255)),
        }
    }
}

fn flex(value: &Value, path: &str, faults: &mut Faults) {
    faults.present(format!("{path}.driver"), text(value, "driver"));
    for key in value.get("options").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
        let domain = key.split('/').next().unwrap_or_default();
        let domain = format!(".{}", domain.to_lowercase());
        if domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io") {
            let why = "kubernetes.io and k8s.io namespaces are reserved";
            faults.invalid_text(format!("{path}.options[{key}]"), key, why);
        }
    }
}

fn azure_disk(value: &Value, path: &str, faults: &mut Faults) {
    let uri = text(value, "diskURI");
    faults.present(format!("{path}.diskName"), text(value, "diskName"));
    faults.present(format!("{path}.diskURI"), uri);
    if let Some(caching) = value.get("cachingMode").and_then(Value::as_str) {
        faults.one_of(format!("{path}.cachingMode"), caching, &["None", "ReadOnly", "ReadWrite"]);
    }
    let Some(kind) = value.get("kind").and_then(Value::as_str) else { return };
    faults.one_of(format!("{path}.kind"), kind, &["Dedicated", "Managed", "Shared"]);
    let managed =
        "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
    let blob = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";
    if kind == "Managed" && !uri.starts_with("/subscriptions/") {
        faults.unsupported(format!("{path}.diskURI"), quote(uri), &[managed]);
    }
    if kind != "Managed" && !uri.starts_with("https://") {
        faults.unsupported(format!("{path}.diskURI"), quote(uri), &[blob]);
    }
}

fn projected(value: &Value, path: &str, faults: &mut Faults) {
    mode(value, "defaultMode", path, faults);
    let mut seen: Vec<&str> = Vec::new();
    for (n, source) in list(value, "sources").iter().enumerate() {
        let at = format!("{path}.sources[{n}]");
        let mut kinds = 0;
        for kind in ["secret", "configMap", "downwardAPI", "serviceAccountToken"] {
            let Some(inner) = some(source, kind) else { continue };
            kinds += 1;
            let field = format!("{at}.{kind}");
            match kind {
                "serviceAccountToken" => token(inner, &field, path, faults),
                "downwardAPI" => {}
                _ => {
                    faults.present(format!("{field}.name"), text(inner, "name"));
                    items(inner, &field, faults);
                }
            }
            for item in list(inner, "items") {
                if kind == "downwardAPI" {
                    pod_env::downward_file(item, &field, faults);
                }
                let file = text(item, "path");
                if !file.is_empty() && seen.contains(&file) {
                    let shown = if kind == "downwardAPI" { file } else { text(inner, "name") };
                    faults.invalid_text(path, shown, "conflicting duplicate paths");
                }
                seen.push(file);
            }
        }
        if kinds > 1 {
            faults.forbidden(at, "may not specify more than 1 volume type per source");
        }
    }
}

fn token(token: &Value, field: &str, volume: &str, faults: &mut Faults) {
    let (secs, path) = (int(token, "expirationSeconds").unwrap_or(0), text(token, "path"));
    let at = format!("{field}.expirationSeconds");
    if secs < 600 {
        faults.invalid(&at, secs.to_string(), "may not specify a duration less than 10 minutes");
    }
    if secs > 1 << 32 {
        faults.invalid(&at, secs.to_string(), "may not specify a duration larger than 2^32 seconds");
    }
    if faults.present(format!("{volume}.path"), path) {
        local_path(path, &format!("{volume}.path"), faults);
    }
}
