//! The core group's data: config maps, secrets, claims, volumes, quotas, namespaces, nodes, events.

use super::text::{Cells, Row, flag, get, list, map, number, or, plain, since, text};
use fairway_value::{Map, Value};

pub(super) fn cells(table: &str, row: Row<'_>) -> Option<Cells> {
    let o = row.object;
    let size = |path: &str| map(o, path).map_or(0, Map::len);
    let count = |n: usize| Value::from(i64::try_from(n).unwrap_or(i64::MAX));
    Some(match table {
        "configmaps" => vec![row.name(), count(size("data") + size("binaryData")), row.age()],
        "secrets" => vec![row.name(), Value::from(row.text("type")), count(size("data")), row.age()],
        "serviceaccounts" => vec![row.name(), row.age()],
        "namespaces" => vec![row.name(), Value::from(row.text("status.phase")), row.age()],
        "persistentvolumeclaims" => claim(row),
        "persistentvolumes" => volume(row),
        "resourcequotas" => quota(row),
        "nodes" => node(row),
        "events" => event(row),
        _ => return None,
    })
}

/// Prints access modes short, in their order of old.
fn access_modes(modes: &[Value]) -> String {
    let known = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let short = known.iter().filter(|(long, _)| modes.iter().any(|m| m.as_str() == Some(long)));
    short.map(|(_, s)| *s).collect::<Vec<_>>().join(",")
}

fn storage_class(object: &Value) -> &str {
    let beta = get(object, "metadata.annotations")
        .and_then(|a| a.get("volume.beta.kubernetes.io/storage-class"))
        .and_then(Value::as_str);
    beta.unwrap_or_else(|| text(object, "spec.storageClassName"))
}

fn claim(row: Row<'_>) -> Cells {
    let o = row.object;
    let phase =
        if get(o, "metadata.deletionTimestamp").is_some() { "Terminating" } else { row.text("status.phase") };
    let bound = !row.text("spec.volumeName").is_empty();
    let capacity = get(o, "status.capacity.storage").filter(|_| bound).map(plain).unwrap_or_default();
    let modes = if bound { access_modes(list(o, "status.accessModes")) } else { String::new() };
    vec![
        row.name(),
        Value::from(phase),
        Value::from(row.text("spec.volumeName")),
        Value::from(capacity),
        Value::from(modes),
        Value::from(storage_class(o)),
        or(row.text("spec.volumeAttributesClassName"), "<unset>"),
        row.age(),
        or(row.text("spec.volumeMode"), "<unset>"),
    ]
}

fn volume(row: Row<'_>) -> Cells {
    let o = row.object;
    let phase =
        if get(o, "metadata.deletionTimestamp").is_some() { "Terminating" } else { row.text("status.phase") };
    let claim = match (row.text("spec.claimRef.namespace"), row.text("spec.claimRef.name")) {
        ("", "") => String::new(),
        (namespace, name) => format!("{namespace}/{name}"),
    };
    vec![
        row.name(),
        Value::from(get(o, "spec.capacity.storage").map(plain).unwrap_or_default()),
        Value::from(access_modes(list(o, "spec.accessModes"))),
        Value::from(row.text("spec.persistentVolumeReclaimPolicy")),
        Value::from(phase),
        Value::from(claim),
        Value::from(storage_class(o)),
        or(row.text("spec.volumeAttributesClassName"), "<unset>"),
        Value::from(row.text("status.reason")),
        row.age(),
        or(row.text("spec.volumeMode"), "<unset>"),
    ]
}

fn quota(row: Row<'_>) -> Cells {
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    for (name, hard) in map(row.object, "status.hard").into_iter().flat_map(Map::iter) {
        let used =
            get(row.object, "status.used").and_then(|u| u.get(name)).map_or_else(|| "0".to_owned(), plain);
        let shown = format!("{name}: {used}/{}", plain(hard));
        if name.starts_with("limits") { limits.push(shown) } else { requests.push(shown) }
    }
    vec![row.name(), Value::from(requests.join(", ")), Value::from(limits.join(", ")), row.age()]
}

fn node(row: Row<'_>) -> Cells {
    let o = row.object;
    let ready = list(o, "status.conditions").iter().find(|c| text(c, "type") == "Ready");
    let mut status = match ready.map(|c| text(c, "status")) {
        None => "Unknown".to_owned(),
        Some("True") => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
    };
    if flag(o, "spec.unschedulable") {
        status.push_str(",SchedulingDisabled");
    }
    let mut roles: Vec<&str> = Vec::new();
    for (key, value) in map(o, "metadata.labels").into_iter().flat_map(Map::iter) {
        if let Some(role) = key.strip_prefix("node-role.kubernetes.io/").filter(|r| !r.is_empty()) {
            roles.push(role);
        } else if key == "kubernetes.io/role" {
            roles.extend(value.as_str().filter(|r| !r.is_empty()));
        }
    }
    roles.sort_unstable();
    roles.dedup();
    let address = |kind: &str| {
        let found = list(o, "status.addresses").iter().find(|a| text(a, "type") == kind);
        or(found.map_or("", |a| text(a, "address")), "<none>")
    };
    let info = |field: &str| text(o, &format!("status.nodeInfo.{field}")).to_owned();
    let kernel = match (info("kernelVersion"), info("architecture")) {
        (kernel, _) if kernel.is_empty() => String::new(),
        (kernel, arch) if arch.is_empty() => kernel,
        (kernel, arch) => format!("{kernel} ({arch})"),
    };
    vec![
        row.name(),
        Value::from(status),
        or(&roles.join(","), "<none>"),
        row.age(),
        Value::from(info("kubeletVersion")),
        address("InternalIP"),
        address("ExternalIP"),
        or(&info("osImage"), "<unknown>"),
        or(&kernel, "<unknown>"),
        or(&info("containerRuntimeVersion"), "<unknown>"),
    ]
}

/// Events of both groups: fields of events.k8s.io under their other names.
fn event(row: Row<'_>) -> Cells {
    let o = row.object;
    let first = |paths: &[&str]| {
        paths.iter().map(|p| text(o, p)).find(|t| !t.is_empty()).unwrap_or_default().to_owned()
    };
    let kind = first(&["involvedObject.kind", "regarding.kind"]).to_lowercase();
    let name = first(&["involvedObject.name", "regarding.name"]);
    let event_time = row.text("eventTime");
    let seen_first = match first(&["firstTimestamp", "deprecatedFirstTimestamp"]) {
        time if time.is_empty() => since(event_time, row.now_secs),
        time => since(&time, row.now_secs),
    };
    let last = first(&["series.lastObservedTime", "lastTimestamp", "deprecatedLastTimestamp"]);
    let seen_last = if last.is_empty() { seen_first.clone() } else { since(&last, row.now_secs) };
    let counted = [number(o, "series.count"), number(o, "count"), number(o, "deprecatedCount")];
    let count = counted.into_iter().find(|n| *n != 0).unwrap_or(1);
    let mut source = first(&[
        "source.component",
        "deprecatedSource.component",
        "reportingComponent",
        "reportingController",
    ]);
    let host = first(&["source.host", "deprecatedSource.host", "reportingInstance"]);
    if !host.is_empty() {
        source = format!("{source}, {host}");
    }
    vec![
        Value::from(seen_last),
        Value::from(row.text("type")),
        Value::from(row.text("reason")),
        Value::from(format!("{kind}/{name}")),
        Value::from(first(&["involvedObject.fieldPath", "regarding.fieldPath"])),
        Value::from(source),
        Value::from(first(&["message", "note"]).trim().to_owned()),
        Value::from(seen_first),
        Value::from(count),
        row.name(),
    ]
}
