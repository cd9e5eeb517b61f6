//! Amounts that containers and pods ask for.

use super::fault::{Faults, list, show, some, text};
use super::names;
use crate::managed::quote;
use crate::quantity::Quantity;
use fairway_value::{Map, Value};

/// Resources that containers know.
fn is_container_resource(name: &str) -> bool {
    matches!(name, "cpu" | "memory" | "ephemeral-storage") || is_huge(name)
}

fn is_huge(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Resources that are counted in whole numbers only.
pub(super) fn is_extended(name: &str) -> bool {
    !is_native(name)
        && !name.starts_with("requests.")
        && names::qualified(&format!("requests.{name}")).is_empty()
}

fn is_integer(name: &str) -> bool {
    matches!(
        name,
        "pods"
            | "resourcequotas"
            | "services"
            | "replicationcontrollers"
            | "secrets"
            | "configmaps"
            | "persistentvolumeclaims"
            | "services.nodeports"
            | "services.loadbalancers"
    ) || is_extended(name)
}

fn is_standard(name: &str) -> bool {
    is_integer(name) && !name.contains('/')
        || is_container_resource(name)
        || name.starts_with("requests.hugepages-")
        || matches!(
            name,
            "requests.cpu"
                | "requests.memory"
                | "requests.ephemeral-storage"
                | "limits.cpu"
                | "limits.memory"
                | "limits.ephemeral-storage"
                | "storage"
                | "requests.storage"
        )
}

/// A resource's name as every list of resources has it.
pub(super) fn resource_name(name: &str, field: &str, faults: &mut Faults) -> bool {
    let before = faults.len();
    faults.each(field, name, names::qualified(name));
    if faults.len() == before && !name.contains('/') && !is_standard(name) {
        faults.invalid_text(field, name, "must be a standard resource type or fully qualified");
    }
    faults.len() == before
}

pub(super) fn container_resource_name(name: &str, field: &str, faults: &mut Faults) {
    resource_name(name, field, faults);
    if name.split('/').count() == 1 {
        if !is_container_resource(name) {
            faults.invalid_text(field, name, "must be a standard resource for containers");
        }
    } else if !is_native(name) && !is_extended(name) {
        faults.invalid_text(field, name, "doesn't follow extended resource name standard");
    }
}

/// Reads an amount as the server has it.
pub(super) fn amount(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => Quantity::parse(text).ok(),
        other => Quantity::parse(&other.to_string()).ok(),
    }
}

/// An amount that must not be negative, and whole where its resource is counted.
pub(super) fn quantity(name: &str, value: &Value, field: &str, faults: &mut Faults) {
    let Some(quantity) = amount(value) else { return };
    if quantity.nano() < 0 {
        faults.invalid(field, show(Some(value)), "must be greater than or equal to 0");
    }
    if is_integer(name) && (quantity.nano() / 1_000_000) % 1000 != 0 {
        faults.invalid(field, show(Some(value)), "must be an integer");
    }
}

/// Checks `resources` of a container.
pub(super) fn requirements(resources: Option<&Value>, field: &str, claims: &[&str], faults: &mut Faults) {
    if let Some(resources) = resources.filter(|r| !r.is_null()) {
        check(resources, field, container_resource_name, faults);
        claim_names(list(resources, "claims"), claims, &format!("{field}.claims"), faults);
    }
}

fn check(resources: &Value, field: &str, name_rule: impl Fn(&str, &str, &mut Faults), faults: &mut Faults) {
    let map = |key: &str| resources.get(key).and_then(Value::as_object);
    let entries = |key: &str| map(key).into_iter().flat_map(Map::iter);
    for (name, value) in entries("limits") {
        let field = format!("{field}.limits[{name}]");
        name_rule(name, &field, faults);
        quantity(name, value, &field, faults);
        whole_pages(name, value, &field, faults);
    }
    for (name, value) in entries("requests") {
        let path = format!("{field}.requests[{name}]");
        name_rule(name, &path, faults);
        quantity(name, value, &path, faults);
        let overcommit = is_native(name) && !is_huge(name);
        match map("limits").and_then(|l| l.get(name)) {
            Some(limit) => {
                let (Some(asked), Some(most)) = (amount(value), amount(limit)) else { continue };
                let most_text = limit.as_str().map_or_else(|| limit.to_string(), str::to_owned);
                let over = format!("{field}.requests");
                if asked.nano() != most.nano() && !overcommit {
                    let why = format!("must be equal to {name} limit of {most_text}");
                    faults.invalid(over, show(Some(value)), &why);
                } else if asked.nano() > most.nano() {
                    let why = format!("must be less than or equal to {name} limit of {most_text}");
                    faults.invalid(over, show(Some(value)), &why);
                }
            }
            None if !overcommit => {
                faults.required(
                    format!("{field}.limits"),
                    "Limit must be set for non overcommitable resources",
                );
            }
            None => {}
        }
        whole_pages(name, value, &path, faults);
    }
    let has =
        |name: fn(&str) -> bool| ["limits", "requests"].iter().any(|k| entries(k).any(|(n, _)| name(n)));
    if has(is_huge) && !has(|n| matches!(n, "cpu" | "memory")) {
        faults.forbidden(field, "HugePages require cpu or memory");
    }
}

fn whole_pages(name: &str, value: &Value, field: &str, faults: &mut Faults) {
    let Some(size) = name.strip_prefix("hugepages-").and_then(|s| Quantity::parse(s).ok()) else { return };
    let Some(asked) = amount(value) else { return };
    if size.nano() == 0 || asked.nano() % size.nano() != 0 {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        faults.invalid(
            field,
            show(Some(value)),
            &format!("{text} is not positive integer multiple of {name}"),
        );
    }
}

fn claim_names(claims: &[Value], known: &[&str], field: &str, faults: &mut Faults) {
    let mut seen: Vec<String> = Vec::new();
    for (n, claim) in claims.iter().enumerate() {
        let field = format!("{field}[{n}]");
        let (name, request) = (text(claim, "name"), text(claim, "request"));
        if !faults.present(&field, name) {
            continue;
        }
        if seen.iter().any(|s| s == name) {
            faults.duplicate(&field, quote(name));
        } else {
            let mut key = name.to_owned();
            if !request.is_empty() {
                faults.each(&format!("{field}.request"), request, names::label(request));
                key = format!("{name}/{request}");
            }
            let below = format!("{name}/");
            if seen.contains(&key) {
                faults.duplicate(&field, quote(&key));
            } else if request.is_empty() && seen.iter().any(|s| s.starts_with(&below)) {
                faults.duplicate(&field, quote(name));
            }
            seen.push(key);
        }
        if !known.contains(&name) {
            let mut sorted = known.to_vec();
            sorted.sort_unstable();
            let these = if sorted.is_empty() {
                " which is empty".to_owned()
            } else {
                format!(": {}", sorted.join(", "))
            };
            let message = format!(
                "Not found: {}: must be one of the names in pod.spec.resourceClaims{these}",
                quote(name)
            );
            faults.with_reason("FieldValueNotFound", field, message);
        }
    }
}

/// Checks `resources` of a pod as a whole.
pub(super) fn of_pod(spec: &Value, field: &str, faults: &mut Faults) {
    let Some(resources) = some(spec, "resources") else { return };
    let field = format!("{field}.resources");
    if some(spec, "os").is_some_and(|os| text(os, "name") == "windows") {
        return faults.forbidden(field, "may not be set for a windows pod");
    }
    if resources.get("claims").is_some_and(|c| !c.is_null()) {
        faults.forbidden(format!("{field}.claims"), "claims may not be set for Resources at pod-level");
    }
    let rule = |name: &str, field: &str, faults: &mut Faults| {
        if resource_name(name, field, faults) && !matches!(name, "cpu" | "memory") && !is_huge(name) {
            faults.unsupported(field, quote(name), &["cpu", "hugepages-", "memory"]);
        }
    };
    check(resources, &field, rule, faults);
}
