//! Storage drivers, certificates, devices.

use super::text::{Cells, Row, flag, get, list, number, or, text};
use fairway_value::Value;

pub(super) fn cells(table: &str, row: Row<'_>) -> Option<Cells> {
    let o = row.object;
    Some(match table {
        "csidrivers.storage.k8s.io" => driver(row),
        "csinodes.storage.k8s.io" => {
            let drivers = i64::try_from(list(o, "spec.drivers").len()).unwrap_or(i64::MAX);
            vec![row.name(), Value::from(drivers), row.age()]
        }
        "volumeattachments.storage.k8s.io" => vec![
            row.name(),
            Value::from(row.text("spec.attacher")),
            Value::from(row.text("spec.source.persistentVolumeName")),
            Value::from(row.text("spec.nodeName")),
            Value::from(flag(o, "status.attached")),
            row.age(),
        ],
        "volumeattributesclasses.storage.k8s.io" => {
            vec![row.name(), Value::from(row.text("driverName")), row.age()]
        }
        "certificatesigningrequests.certificates.k8s.io" => certificate(row),
        "deviceclasses.resource.k8s.io" | "resourceclaimtemplates.resource.k8s.io" => {
            vec![row.name(), row.age()]
        }
        "resourceclaims.resource.k8s.io" => {
            let mut state = Vec::new();
            if get(o, "metadata.deletionTimestamp").is_some() {
                state.push("deleted");
            }
            let reserved = !list(o, "status.reservedFor").is_empty();
            match (get(o, "status.allocation").is_some(), reserved) {
                (false, _) if state.is_empty() => state.push("pending"),
                (false, _) => {}
                (true, true) => state.extend(["allocated", "reserved"]),
                (true, false) => state.push("allocated"),
            }
            vec![row.name(), Value::from(state.join(",")), row.age()]
        }
        "resourceslices.resource.k8s.io" => {
            let node =
                match (row.text("spec.nodeName"), flag(o, "spec.allNodes"), get(o, "spec.nodeSelector")) {
                    ("", true, _) => "<all>".to_owned(),
                    ("", false, Some(_)) => "<selector>".to_owned(),
                    ("", false, None) => "<unset>".to_owned(),
                    (node, _, _) => node.to_owned(),
                };
            vec![
                row.name(),
                Value::from(node),
                Value::from(row.text("spec.driver")),
                Value::from(row.text("spec.pool.name")),
                row.age(),
            ]
        }
        _ => return None,
    })
}

fn driver(row: Row<'_>) -> Cells {
    let o = row.object;
    let modes: Vec<&str> = list(o, "spec.volumeLifecycleModes").iter().filter_map(Value::as_str).collect();
    let audiences: Vec<&str> = list(o, "spec.tokenRequests").iter().map(|t| text(t, "audience")).collect();
    let attach = get(o, "spec.attachRequired").and_then(Value::as_bool).unwrap_or(true);
    vec![
        row.name(),
        Value::from(attach),
        Value::from(flag(o, "spec.podInfoOnMount")),
        Value::from(flag(o, "spec.storageCapacity")),
        or(&audiences.join(","), "<unset>"),
        Value::from(flag(o, "spec.requiresRepublish")),
        or(&modes.join(","), "<none>"),
        row.age(),
    ]
}

fn certificate(row: Row<'_>) -> Cells {
    let o = row.object;
    let mut approved = false;
    let (mut denied, mut failed) = (false, false);
    for condition in list(o, "status.conditions") {
        match text(condition, "type") {
            "Approved" => approved = true,
            "Denied" => denied = true,
            "Failed" => failed = true,
            _ => {}
        }
    }
    let mut status = match (denied, approved) {
        (true, _) => "Denied",
        (false, true) => "Approved",
        (false, false) => "Pending",
    }
    .to_owned();
    if failed {
        status.push_str(",Failed");
    }
    if !text(o, "status.certificate").is_empty() {
        status.push_str(",Issued");
    }
    let duration = match number(o, "spec.expirationSeconds") {
        0 => "<none>".to_owned(),
        secs => super::text::duration(secs),
    };
    vec![
        row.name(),
        row.age(),
        or(row.text("spec.signerName"), "<none>"),
        Value::from(row.text("spec.username")),
        Value::from(duration),
        Value::from(status),
    ]
}
