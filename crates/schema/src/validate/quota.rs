//! Quotas and limits of a namespace.

use super::fault::{Faults, list, show, some, text};
use super::pod_resources::{amount, container_resource_name, quantity, resource_name};
use super::{names, shown};
use crate::managed::quote;
use crate::quantity::Quantity;
use fairway_value::{Map, Value};

const SCOPES: [&str; 7] = [
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "VolumeAttributesClass",
    "CrossNamespacePodAffinity",
];

const QUOTA_RESOURCES: [&str; 19] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
];

fn is_quota_resource(name: &str) -> bool {
    QUOTA_RESOURCES.contains(&name)
        || name.starts_with("hugepages-")
        || name.starts_with("requests.hugepages-")
}

/// Whether a scope says something of a resource.
fn fits(scope: &str, resource: &str) -> bool {
    let compute = ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
    match scope {
        "Terminating"
        | "NotTerminating"
        | "NotBestEffort"
        | "PriorityClass"
        | "CrossNamespacePodAffinity" => resource == "pods" || compute.contains(&resource),
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => matches!(resource, "persistentvolumeclaims" | "requests.storage"),
        _ => true,
    }
}

/// Checks a ResourceQuota's specification.
pub(super) fn quota(spec: &Value, faults: &mut Faults) {
    let hard = spec.get("hard").and_then(Value::as_object);
    for (name, value) in hard.into_iter().flat_map(Map::iter) {
        let field = format!("spec.hard[{name}]");
        resource_name(name, &field, faults);
        if !name.contains('/') && !is_quota_resource(name) {
            let why = "must be a standard resource for quota";
            faults.invalid_text(&field, name, why);
        }
        quantity(name, value, &field, faults);
    }
    let mut limited: Vec<&str> = hard.into_iter().flat_map(Map::keys).map(|k| k.as_str()).collect();
    limited.sort_unstable();
    limited.retain(|name| is_quota_resource(name));
    let scopes: Vec<&str> = list(spec, "scopes").iter().filter_map(Value::as_str).collect();
    let shown = show(spec.get("scopes"));
    for scope in &scopes {
        if !SCOPES.contains(scope) {
            faults.invalid("spec.scopes", &shown, "unsupported scope");
        }
        for _ in limited.iter().filter(|name| !fits(scope, name)) {
            faults.invalid("spec.scopes", &shown, "unsupported scope applied to resource");
        }
    }
    conflicting(&scopes, "spec.scopes", &shown, faults);
    if let Some(selector) = some(spec, "scopeSelector") {
        scope_selector(selector, &limited, &shown, faults);
    }
}

fn conflicting(scopes: &[&str], field: &str, shown: &str, faults: &mut Faults) {
    for (one, other) in [("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")] {
        if scopes.contains(&one) && scopes.contains(&other) {
            faults.invalid(field, shown, "conflicting scopes");
        }
    }
}

fn scope_selector(selector: &Value, limited: &[&str], scopes_shown: &str, faults: &mut Faults) {
    let field = "spec.scopeSelector.matchExpressions";
    let mut seen: Vec<&str> = Vec::new();
    for rule in list(selector, "matchExpressions") {
        let (scope, operator) = (text(rule, "scopeName"), text(rule, "operator"));
        if !SCOPES.contains(&scope) {
            faults.invalid_text(format!("{field}.scopeName"), scope, "unsupported scope");
        }
        for _ in limited.iter().filter(|name| !fits(scope, name)) {
            let shown = shown::show("core.ScopeSelector", Some(selector));
            faults.invalid(field, shown, "unsupported scope applied to resource");
        }
        let exists_only = matches!(
            scope,
            "BestEffort" | "NotBestEffort" | "Terminating" | "NotTerminating" | "CrossNamespacePodAffinity"
        );
        let path = format!("{field}.operator");
        if exists_only && operator != "Exists" {
            let why = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, \
                       ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or \
                       ResourceQuotaScopeCrossNamespacePodAffinity";
            faults.invalid_text(&path, operator, why);
        }
        let values = list(rule, "values");
        match operator {
            "In" | "NotIn" if values.is_empty() => {
                let why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
                faults.required(format!("{field}.values"), why);
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
                faults.invalid(format!("{field}.values"), show(rule.get("values")), why);
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => faults.invalid_text(path, other, "not a valid selector operator"),
        }
        seen.push(scope);
    }
    conflicting(&seen, field, scopes_shown, faults);
}

/// Checks a LimitRange's specification.
pub(super) fn limits(spec: &Value, faults: &mut Faults) {
    let mut seen: Vec<&str> = Vec::new();
    for (n, limit) in list(spec, "limits").iter().enumerate() {
        let field = format!("spec.limits[{n}]");
        let kind = text(limit, "type");
        let path = format!("{field}.type");
        let wrong = names::qualified(kind);
        let standard = ["Pod", "Container", "PersistentVolumeClaim"].contains(&kind);
        if wrong.is_empty() && !kind.contains('/') && !standard {
            faults.invalid_text(&path, kind, "must be a standard limit type or fully qualified");
        }
        faults.each(&path, kind, wrong);
        if seen.contains(&kind) {
            faults.duplicate(&path, quote(kind));
        }
        seen.push(kind);
        let mut keys: Vec<&str> = Vec::new();
        for part in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
            if part == "maxLimitRequestRatio" && kind == "PersistentVolumeClaim" {
                storage_bounds(limit, &field, faults);
            }
            let map = limit.get(part).and_then(Value::as_object).filter(|m| !m.is_empty());
            let Some(map) = map else { continue };
            if kind == "Pod" && part.starts_with("default") {
                faults.forbidden(format!("{field}.{part}"), "may not be specified when `type` is 'Pod'");
                continue;
            }
            for name in map.keys() {
                let path = format!("{field}.{part}[{name}]");
                if matches!(kind, "Pod" | "Container") {
                    container_resource_name(name, &path, faults);
                } else {
                    resource_name(name, &path, faults);
                }
                keys.push(name);
            }
        }
        keys.sort_unstable();
        keys.dedup();
        for name in keys {
            compare(limit, name, kind == "Pod", &field, faults);
        }
    }
}

fn storage_bounds(limit: &Value, field: &str, faults: &mut Faults) {
    if ["min", "max"].iter().all(|k| limit.get_path(&[k, "storage"]).is_none()) {
        let why = "either minimum or maximum storage value is required, but neither was provided";
        faults.required(format!("{field}.limits"), why);
    }
}

/// What a bound is called, its value, and as it is written.
type Bound<'v> = Option<(&'v Value, Quantity, String)>;

fn compare(limit: &Value, name: &str, pod: bool, field: &str, faults: &mut Faults) {
    let get = |part: &str| -> Bound<'_> {
        let value = limit.get_path(&[part, name])?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some((value, amount(value)?, text))
    };
    let of = |part: &str| if pod { None } else { get(part) };
    let (min, max) = (get("min"), get("max"));
    let (default, request, ratio) = (of("default"), of("defaultRequest"), get("maxLimitRequestRatio"));
    let over = |a: &Bound<'_>, b: &Bound<'_>| match (a, b) {
        (Some(a), Some(b)) => a.1.nano() > b.1.nano(),
        _ => false,
    };
    let mut say = |path: &str, shown: &Bound<'_>, low: (&str, &Bound<'_>), high: (&str, &Bound<'_>)| {
        if let (Some(shown), Some(a), Some(b)) = (shown, low.1, high.1) {
            let why = format!("{} value {} is greater than {} value {}", low.0, a.2, high.0, b.2);
            faults.invalid(format!("{field}.{path}[{name}]"), show(Some(shown.0)), &why);
        }
    };
    if over(&min, &max) {
        say("min", &min, ("min", &min), ("max", &max));
    }
    if over(&min, &request) {
        say("defaultRequest", &request, ("min", &min), ("default request", &request));
    }
    if over(&request, &max) {
        say("defaultRequest", &request, ("default request", &request), ("max", &max));
    }
    if over(&request, &default) {
        say("defaultRequest", &request, ("default request", &request), ("default limit", &default));
    }
    if over(&min, &default) {
        say("default", &min, ("min", &min), ("default", &default));
    }
    if over(&default, &max) {
        say("default", &max, ("default", &default), ("max", &max));
    }
    if let Some((value, quantity, written)) = &ratio
        && quantity.nano() < 1_000_000_000
    {
        let path = format!("{field}.maxLimitRequestRatio[{name}]");
        faults.invalid(path, show(Some(value)), &format!("ratio {written} is less than 1"));
    }
}
