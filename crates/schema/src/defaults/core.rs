//! The core group.

use super::set::{by_value, empty, missing, object, pointer, text, unset};
use crate::quantity::Quantity;
use fairway_value::{Map, Str, Value};

pub(super) fn defaulter(kind: &str) -> Option<fn(&mut Map)> {
    Some(match kind {
        "Secret" => |m| by_value(m, "type", "Opaque"),
        "Service" => service,
        "Pod" => pod,
        "PodSpec" => pod_spec,
        "Container" | "EphemeralContainer" => container,
        "Probe" => probe,
        "HTTPGetAction" => |m| {
            by_value(m, "path", "/");
            by_value(m, "scheme", "HTTP");
        },
        "Volume" => volume,
        "SecretVolumeSource"
        | "ConfigMapVolumeSource"
        | "DownwardAPIVolumeSource"
        | "ProjectedVolumeSource" => |m| pointer(m, "defaultMode", 0o644_i64),
        "ServiceAccountTokenProjection" => |m| pointer(m, "expirationSeconds", 3600_i64),
        "HostPathVolumeSource" => |m| pointer(m, "type", ""),
        "ISCSIVolumeSource" | "ISCSIPersistentVolumeSource" => |m| by_value(m, "iscsiInterface", "default"),
        "RBDVolumeSource" | "RBDPersistentVolumeSource" => |m| {
            by_value(m, "pool", "rbd");
            by_value(m, "user", "admin");
            by_value(m, "keyring", "/etc/ceph/keyring");
        },
        "AzureDiskVolumeSource" => |m| {
            pointer(m, "cachingMode", "ReadWrite");
            pointer(m, "fsType", "ext4");
            pointer(m, "readOnly", false);
            pointer(m, "kind", "Shared");
        },
        "ScaleIOVolumeSource" | "ScaleIOPersistentVolumeSource" => |m| {
            by_value(m, "storageMode", "ThinProvisioned");
            by_value(m, "fsType", "xfs");
        },
        "ObjectFieldSelector" => |m| by_value(m, "apiVersion", "v1"),
        "PersistentVolume" => |m| {
            if let Some(spec) = object(m, "spec") {
                by_value(spec, "persistentVolumeReclaimPolicy", "Retain");
                pointer(spec, "volumeMode", "Filesystem");
            }
            if let Some(status) = object(m, "status") {
                by_value(status, "phase", "Pending");
            }
        },
        "PersistentVolumeClaim" => |m| {
            if let Some(status) = object(m, "status") {
                by_value(status, "phase", "Pending");
            }
        },
        "PersistentVolumeClaimSpec" => |m| pointer(m, "volumeMode", "Filesystem"),
        "EndpointPort" => |m| by_value(m, "protocol", "TCP"),
        "ReplicationController" => replication_controller,
        "ReplicationControllerSpec" => |m| pointer(m, "replicas", 1_i64),
        "Namespace" => namespace,
        "NamespaceStatus" => |m| by_value(m, "phase", "Active"),
        "NodeStatus" => |m| {
            if missing(m, "allocatable")
                && let Some(capacity) = m.get("capacity").cloned()
            {
                m.insert("allocatable", capacity);
            }
        },
        "LimitRangeItem" => limit_range_item,
        _ => return None,
    })
}

fn namespace(m: &mut Map) {
    let name = m.get("metadata").and_then(|meta| meta.get("name")).and_then(Value::as_str).map(Str::from);
    let Some(name) = name.filter(|n| !n.is_empty()) else { return };
    if let Some(labels) = object(m, "metadata").and_then(|meta| object(meta, "labels")) {
        labels.insert("kubernetes.io/metadata.name", name);
    }
}

fn replication_controller(m: &mut Map) {
    let labels = m.get("spec").and_then(|s| s.get_path(&["template", "metadata", "labels"])).cloned();
    let Some(labels) = labels else { return };
    if let Some(spec) = object(m, "spec").filter(|s| empty(s, "selector")) {
        spec.insert("selector", labels.clone());
    }
    if let Some(meta) = object(m, "metadata").filter(|meta| empty(meta, "labels")) {
        meta.insert("labels", labels);
    }
}

/// Quantities are rounded up to thousandths.
pub(super) fn resource_list(m: &mut Map) {
    for value in m.values_mut() {
        let rounded =
            value.as_str().and_then(|s| Quantity::parse(s).ok()).and_then(|q| q.rounded_up_to_milli());
        if let Some(rounded) = rounded {
            *value = Value::from(rounded.to_string());
        }
    }
}

fn copy_missing(from: Option<&Value>, to: &mut Map) {
    for (key, value) in from.and_then(Value::as_object).into_iter().flat_map(Map::iter) {
        if !to.contains_key(key) {
            to.insert(key.clone(), value.clone());
        }
    }
}

fn limit_range_item(m: &mut Map) {
    if text(m, "type") != "Container" {
        return;
    }
    let (max, min) = (m.get("max").cloned(), m.get("min").cloned());
    let Some(default) = object(m, "default") else { return };
    copy_missing(max.as_ref(), default);
    let default = Value::Object(default.clone());
    let Some(request) = object(m, "defaultRequest") else { return };
    copy_missing(Some(&default), request);
    copy_missing(min.as_ref(), request);
    for key in ["default", "defaultRequest"] {
        if empty(m, key) {
            m.remove(key);
        }
    }
}

fn service(m: &mut Map) {
    let Some(spec) = object(m, "spec") else { return };
    by_value(spec, "sessionAffinity", "None");
    match text(spec, "sessionAffinity") {
        "None" => {
            spec.remove("sessionAffinityConfig");
        }
        "ClientIP" => {
            let given =
                spec.get("sessionAffinityConfig").and_then(|c| c.get_path(&["clientIP", "timeoutSeconds"]));
            if given.is_none_or(Value::is_null) {
                let mut config = Value::object();
                config.set_path(&["clientIP", "timeoutSeconds"], 10_800_i64);
                spec.insert("sessionAffinityConfig", config);
            }
        }
        _ => {}
    }
    by_value(spec, "type", "ClusterIP");
    if let Some(ports) = spec.get_mut("ports").and_then(Value::as_array_mut) {
        for port in ports.make_mut().iter_mut().filter_map(Value::as_object_mut) {
            by_value(port, "protocol", "TCP");
            if unset(port, "targetPort") {
                let number = port.get("port").cloned().unwrap_or(Value::Int(0));
                port.insert("targetPort", number);
            }
        }
    }
    let kind = Str::from(text(spec, "type"));
    let external_ips = kind == "ClusterIP" && !empty(spec, "externalIPs");
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") || external_ips {
        by_value(spec, "externalTrafficPolicy", "Cluster");
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer" | "ClusterIP") {
        pointer(spec, "internalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        pointer(spec, "allocateLoadBalancerNodePorts", true);
        let ingress = m.get_mut("status").and_then(|s| s.get_path_mut(&["loadBalancer", "ingress"]));
        if let Some(list) = ingress.and_then(Value::as_array_mut) {
            for entry in list.make_mut().iter_mut().filter_map(Value::as_object_mut) {
                if !text(entry, "ip").is_empty() {
                    pointer(entry, "ipMode", "VIP");
                }
            }
        }
    }
}

fn pod(m: &mut Map) {
    let Some(spec) = object(m, "spec") else { return };
    let host_network = spec.get("hostNetwork") == Some(&Value::Bool(true));
    for list in ["containers", "initContainers"] {
        let Some(containers) = spec.get_mut(list).and_then(Value::as_array_mut) else { continue };
        for container in containers.make_mut().iter_mut().filter_map(Value::as_object_mut) {
            requests_from_limits(container);
            if host_network {
                host_ports(container);
            }
        }
    }
    pod_requests(spec);
    pointer(spec, "enableServiceLinks", true);
}

/// Where the pod as a whole has limits, what it does not request is requested as its containers do, else as limited.
fn pod_requests(spec: &mut Map) {
    let has_limits =
        spec.get("resources").is_some_and(|r| r.as_object().is_some_and(|r| !empty(r, "limits")));
    if !has_limits {
        return;
    }
    let mut sums: Vec<(Str, Quantity)> = Vec::new();
    for container in spec.get("containers").and_then(Value::as_array).unwrap_or_default() {
        let requests = container.get_path(&["resources", "requests"]).and_then(Value::as_object);
        for (key, value) in requests.into_iter().flat_map(Map::iter) {
            let Some(amount) = value.as_str().and_then(|s| Quantity::parse(s).ok()) else { continue };
            match sums.iter_mut().find(|(k, _)| k == key) {
                Some((_, sum)) => *sum = sum.plus(amount),
                None => sums.push((key.clone(), amount)),
            }
        }
    }
    let supported = |key: &str| matches!(key, "cpu" | "memory") || key.starts_with("hugepages-");
    let Some(resources) = object(spec, "resources") else { return };
    let limits = resources.get("limits").cloned();
    let Some(requests) = object(resources, "requests") else { return };
    for (key, sum) in sums.into_iter().filter(|(k, _)| matches!(k.as_str(), "cpu" | "memory")) {
        if !requests.contains_key(&key) {
            requests.insert(key, sum.to_string());
        }
    }
    for (key, value) in limits.as_ref().and_then(Value::as_object).into_iter().flat_map(Map::iter) {
        if supported(key) && !requests.contains_key(key) {
            requests.insert(key.clone(), value.clone());
        }
    }
}

fn requests_from_limits(container: &mut Map) {
    let Some(resources) = object(container, "resources") else { return };
    let Some(limits) =
        resources.get("limits").filter(|l| l.as_object().is_some_and(|l| !l.is_empty())).cloned()
    else {
        return;
    };
    if let Some(requests) = object(resources, "requests") {
        copy_missing(Some(&limits), requests);
    }
}

fn host_ports(container: &mut Map) {
    let Some(ports) = container.get_mut("ports").and_then(Value::as_array_mut) else { return };
    for port in ports.make_mut().iter_mut().filter_map(Value::as_object_mut) {
        if unset(port, "hostPort")
            && let Some(number) = port.get("containerPort").filter(|n| **n != Value::Int(0)).cloned()
        {
            port.insert("hostPort", number);
        }
    }
}

fn pod_spec(m: &mut Map) {
    by_value(m, "dnsPolicy", "ClusterFirst");
    by_value(m, "restartPolicy", "Always");
    pointer(m, "securityContext", Value::object());
    pointer(m, "terminationGracePeriodSeconds", 30_i64);
    by_value(m, "schedulerName", "default-scheduler");
}

/// `latest` where an image has no tag and no digest; nothing for what is no image.
fn is_latest(image: &str) -> bool {
    let path = image.rsplit_once('/').map_or(image, |(_, last)| last);
    match path.split_once('@') {
        // A digest without a tag counts as no tag at all.
        Some((name, _)) => name.split_once(':').is_some_and(|(_, tag)| tag == "latest"),
        None => path.split_once(':').map_or(!path.is_empty(), |(_, tag)| tag == "latest"),
    }
}

/// Whether a text is an image reference at all; the server falls back to `IfNotPresent` where it is none.
fn is_reference(image: &str) -> bool {
    let name = image.split('@').next().unwrap_or_default();
    let path = name.rsplit_once('/').map_or(name, |(_, last)| last);
    let repository = &name[..name.len() - path.len() + path.split(':').next().unwrap_or_default().len()];
    let (domain, rest) = repository.split_once('/').unwrap_or(("", repository));
    let is_domain =
        domain.contains(['.', ':']) || domain == "localhost" || domain != domain.to_ascii_lowercase();
    let component = |c: &str| {
        let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
        let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        c.bytes().all(ok) && edge(c.as_bytes().first()) && edge(c.as_bytes().last())
    };
    let parts = if is_domain { rest } else { repository };
    let tag = path.split_once(':').map_or("latest", |(_, tag)| tag);
    let tag_ok = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    !image.is_empty()
        // Longer names are none.
        && parts.len() <= 255
        && parts.split('/').all(component)
        && (1..=128).contains(&tag.len())
        && tag.bytes().all(tag_ok)
        && !tag.starts_with(['.', '-'])
}

/// Returns the pull policy of an image that states none.
fn pull_policy(image: &str) -> &'static str {
    if is_reference(image) && is_latest(image) { "Always" } else { "IfNotPresent" }
}

fn container(m: &mut Map) {
    let policy = pull_policy(text(m, "image"));
    by_value(m, "imagePullPolicy", policy);
    by_value(m, "terminationMessagePath", "/dev/termination-log");
    by_value(m, "terminationMessagePolicy", "File");
}

fn probe(m: &mut Map) {
    by_value(m, "timeoutSeconds", 1_i64);
    by_value(m, "periodSeconds", 10_i64);
    by_value(m, "successThreshold", 1_i64);
    by_value(m, "failureThreshold", 3_i64);
    if let Some(grpc) = m.get_mut("grpc").and_then(Value::as_object_mut) {
        pointer(grpc, "service", "");
    }
}

fn volume(m: &mut Map) {
    if m.iter().all(|(key, value)| key == "name" || value.is_null()) {
        m.insert("emptyDir", Value::object());
    }
    if let Some(image) = m.get_mut("image").and_then(Value::as_object_mut) {
        let policy = pull_policy(text(image, "reference"));
        by_value(image, "pullPolicy", policy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pull_policy_follows_the_tag() {
        for (image, expect) in [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("nginx:1.25", "IfNotPresent"),
            ("localhost:5000/a/nginx", "Always"),
            ("nginx@sha256:0123", "IfNotPresent"),
            ("", "IfNotPresent"),
            ("Not An Image", "IfNotPresent"),
            ("REG.io/x", "Always"),
        ] {
            assert_eq!(pull_policy(image), expect, "{image}");
        }
    }
}
