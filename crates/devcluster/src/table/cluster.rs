//! Access control, admission, APIs, scheduling, storage classes.

use super::text::{Cells, Row, flag, get, list, number, or, text};
use fairway_value::Value;

pub(super) fn cells(table: &str, row: Row<'_>) -> Option<Cells> {
    let o = row.object;
    let count = |path: &str| Value::from(i64::try_from(list(o, path).len()).unwrap_or(i64::MAX));
    Some(match table {
        "clusterrolebindings.rbac.authorization.k8s.io" | "rolebindings.rbac.authorization.k8s.io" => {
            binding(row)
        }
        "apiservices.apiregistration.k8s.io" => api_service(row),
        "mutatingwebhookconfigurations.admissionregistration.k8s.io"
        | "validatingwebhookconfigurations.admissionregistration.k8s.io" => {
            vec![row.name(), count("webhooks"), row.age()]
        }
        "validatingadmissionpolicies.admissionregistration.k8s.io" => {
            vec![row.name(), count("spec.validations"), param_kind(row), row.age()]
        }
        "mutatingadmissionpolicies.admissionregistration.k8s.io" => {
            vec![row.name(), count("spec.mutations"), param_kind(row), row.age()]
        }
        "validatingadmissionpolicybindings.admissionregistration.k8s.io"
        | "mutatingadmissionpolicybindings.admissionregistration.k8s.io" => {
            let param = match (row.text("spec.paramRef.namespace"), row.text("spec.paramRef.name")) {
                (_, "") if get(o, "spec.paramRef.selector").is_some() => "*".to_owned(),
                (_, "") => "<unset>".to_owned(),
                ("", name) => format!("*/{name}"),
                (namespace, name) => format!("{namespace}/{name}"),
            };
            vec![row.name(), Value::from(row.text("spec.policyName")), Value::from(param), row.age()]
        }
        "priorityclasses.scheduling.k8s.io" => vec![
            row.name(),
            row.number("value"),
            Value::from(flag(o, "globalDefault")),
            row.age(),
            Value::from(row.text("preemptionPolicy")),
        ],
        "storageclasses.storage.k8s.io" => storage_class(row),
        "flowschemas.flowcontrol.apiserver.k8s.io" => flow_schema(row),
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io" => priority_level(row),
        "runtimeclasses.node.k8s.io" => vec![row.name(), Value::from(row.text("handler")), row.age()],
        "leases.coordination.k8s.io" => {
            vec![row.name(), Value::from(row.text("spec.holderIdentity")), row.age()]
        }
        _ => return None,
    })
}

fn param_kind(row: Row<'_>) -> Value {
    match (row.text("spec.paramKind.apiVersion"), row.text("spec.paramKind.kind")) {
        (_, "") => Value::from("<unset>"),
        (version, kind) => Value::from(format!("{version}/{kind}")),
    }
}

fn binding(row: Row<'_>) -> Cells {
    let role = format!("{}/{}", row.text("roleRef.kind"), row.text("roleRef.name"));
    let of = |kind: &str| {
        let names: Vec<String> = list(row.object, "subjects")
            .iter()
            .filter(|s| text(s, "kind") == kind)
            .map(|s| match kind {
                "ServiceAccount" => format!("{}/{}", text(s, "namespace"), text(s, "name")),
                _ => text(s, "name").to_owned(),
            })
            .collect();
        Value::from(names.join(", "))
    };
    vec![row.name(), Value::from(role), row.age(), of("User"), of("Group"), of("ServiceAccount")]
}

fn api_service(row: Row<'_>) -> Cells {
    let service = match row.text("spec.service.name") {
        "" => "Local".to_owned(),
        name => format!("{}/{name}", row.text("spec.service.namespace")),
    };
    let condition = list(row.object, "status.conditions").iter().find(|c| text(c, "type") == "Available");
    let available = match condition {
        None => "Unknown".to_owned(),
        Some(c) if text(c, "status") == "True" || text(c, "reason").is_empty() => {
            text(c, "status").to_owned()
        }
        Some(c) => format!("{} ({})", text(c, "status"), text(c, "reason")),
    };
    vec![row.name(), Value::from(service), Value::from(available), row.age()]
}

fn storage_class(row: Row<'_>) -> Cells {
    let mark = |name: &str| {
        get(row.object, "metadata.annotations").and_then(|a| a.get(name)).and_then(Value::as_str)
            == Some("true")
    };
    let default = mark("storageclass.kubernetes.io/is-default-class")
        || mark("storageclass.beta.kubernetes.io/is-default-class");
    let name = row.text("metadata.name");
    vec![
        Value::from(if default { format!("{name} (default)") } else { name.to_owned() }),
        Value::from(row.text("provisioner")),
        or(row.text("reclaimPolicy"), "Delete"),
        or(row.text("volumeBindingMode"), "<unset>"),
        Value::from(flag(row.object, "allowVolumeExpansion")),
        row.age(),
    ]
}

fn flow_schema(row: Row<'_>) -> Cells {
    let missing = list(row.object, "status.conditions")
        .iter()
        .find(|c| text(c, "type") == "Dangling")
        .map_or("?", |c| text(c, "status"));
    vec![
        row.name(),
        Value::from(row.text("spec.priorityLevelConfiguration.name")),
        row.number("spec.matchingPrecedence"),
        or(row.text("spec.distinguisherMethod.type"), "<none>"),
        row.age(),
        Value::from(missing),
    ]
}

fn priority_level(row: Row<'_>) -> Cells {
    let o = row.object;
    let none = || Value::from("<none>");
    let limited = get(o, "spec.limited");
    let exempt = get(o, "spec.exempt");
    let shares = match (limited, exempt) {
        (Some(l), _) => get(l, "nominalConcurrencyShares").cloned(),
        (None, Some(e)) => get(e, "nominalConcurrencyShares").cloned(),
        (None, None) => None,
    };
    let queue = |field: &str| {
        limited
            .and_then(|l| get(l, "limitResponse.queuing"))
            .map_or_else(none, |q| Value::from(number(q, field)))
    };
    vec![
        row.name(),
        Value::from(row.text("spec.type")),
        shares.unwrap_or_else(none),
        queue("queues"),
        queue("handSize"),
        queue("queueLengthLimit"),
        row.age(),
    ]
}
