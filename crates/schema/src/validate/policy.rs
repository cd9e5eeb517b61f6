//! Autoscalers and disruption budgets.

use super::fault::{Faults, has, int, list, some, text};
use super::pod_resources::amount;
use super::workload::{at_most_all, int_or_percent, label_selector};
use super::{names, pod_resources, shown};
use fairway_value::Value;

/// Longest time that scaling may wait, in seconds.
const WINDOW_MAX_SECS: i64 = 3600;
/// Longest period of a scaling policy, in seconds.
const PERIOD_MAX_SECS: i64 = 1800;

/// Checks a HorizontalPodAutoscaler's specification.
pub(super) fn autoscaler(spec: &Value, old: Option<&Value>, faults: &mut Faults) {
    let least = int(spec, "minReplicas");
    if let Some(n) = least.filter(|n| *n < 1) {
        faults.invalid("spec.minReplicas", n.to_string(), "must be greater than or equal to 1");
    }
    let most = int(spec, "maxReplicas").unwrap_or(0);
    if most == 0 {
        faults.required("spec.maxReplicas", "must be set and greater than 0");
    } else if most < 0 {
        faults.invalid("spec.maxReplicas", most.to_string(), "must be greater than or equal to 1");
    }
    if least.is_some_and(|least| most < least) {
        let why = "must be greater than or equal to `minReplicas`";
        faults.invalid("spec.maxReplicas", most.to_string(), why);
    }
    let empty = Value::object();
    let target = spec.get("scaleTargetRef").unwrap_or(&empty);
    let same =
        |before: &Value| ["apiVersion", "kind"].iter().all(|key| text(before, key) == text(target, key));
    let group = if old.and_then(|o| o.get("scaleTargetRef")).is_some_and(same) {
        // What was stored is not looked at again.
        Group::Any
    } else if text(target, "kind") == "ReplicationController" {
        Group::MayBeMissing
    } else {
        Group::Needed
    };
    reference(target, "spec.scaleTargetRef", group, faults);
    let metrics = list(spec, "metrics");
    for (n, metric) in metrics.iter().enumerate() {
        self::metric(metric, &format!("spec.metrics[{n}]"), faults);
    }
    // The old version's one metric.
    if let Some(n) = int(spec, "targetCPUUtilizationPercentage").filter(|n| *n < 1) {
        let field = "spec.metrics[0].resource.target.averageUtilization";
        faults.invalid(field, n.to_string(), "must be greater than 0");
    }
    if least == Some(0) && !metrics.iter().any(|m| matches!(text(m, "type"), "Object" | "External")) {
        let why = "must specify at least one Object or External metric to support scaling to zero replicas";
        faults.forbidden("spec.metrics", why);
    }
    if let Some(behavior) = some(spec, "behavior") {
        for key in ["scaleUp", "scaleDown"] {
            if let Some(rules) = some(behavior, key) {
                scaling(rules, &format!("spec.behavior.{key}"), faults);
            }
        }
    }
}

/// What is asked of the version in a reference.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Needed,
    MayBeMissing,
    Any,
}

fn reference(target: &Value, field: &str, group: Group, faults: &mut Faults) {
    for key in ["kind", "name"] {
        let (value, path) = (text(target, key), format!("{field}.{key}"));
        if faults.present(&path, value) {
            faults.each(&path, value, names::segment(value));
        }
    }
    let version = text(target, "apiVersion");
    let path = format!("{field}.apiVersion");
    let missing = !version.contains('/') || version.starts_with('/');
    if group == Group::Any {
    } else if version.matches('/').count() > 1 {
        faults.invalid_text(path, version, &format!("unexpected GroupVersion string: {version}"));
    } else if missing && group == Group::Needed {
        faults.invalid_text(path, version, "apiVersion must specify API group");
    }
}

const KINDS: [(&str, &str); 5] = [
    ("Object", "object"),
    ("External", "external"),
    ("Pods", "pods"),
    ("Resource", "resource"),
    ("ContainerResource", "containerResource"),
];

fn metric(metric: &Value, field: &str, faults: &mut Faults) {
    let kind = text(metric, "type");
    let path = format!("{field}.type");
    if kind.is_empty() {
        faults.required(&path, "must specify a metric source type");
    }
    let supported = ["ContainerResource", "External", "Object", "Pods", "Resource"];
    faults.one_of(&path, kind, &supported);
    let present: Vec<&str> = KINDS.iter().map(|(_, key)| *key).filter(|k| has(metric, k)).collect();
    if let Some(source) = present.first()
        && let Some(value) = some(metric, source)
    {
        self::source(source, value, &format!("{field}.{source}"), faults);
    }
    let expected = KINDS.iter().find(|(name, _)| *name == kind).map(|(_, key)| *key);
    match expected {
        Some(key) if !has(metric, key) => {
            let why = "must populate information for the given metric source";
            faults.required(format!("{field}.{key}"), why);
        }
        Some(_) => {}
        None => faults.one_of(path, kind, &supported),
    }
    if present.len() != 1 {
        for key in present.into_iter().filter(|k| Some(*k) != expected) {
            faults.forbidden(format!("{field}.{key}"), "must populate the given metric source only");
        }
    }
}

fn source(kind: &str, source: &Value, field: &str, faults: &mut Faults) {
    let empty = Value::object();
    let target = source.get("target").unwrap_or(&empty);
    let at = |key: &str| format!("{field}.target.{key}");
    match kind {
        "resource" | "containerResource" => {
            let (name, path) = (text(source, "name"), format!("{field}.name"));
            if name.is_empty() {
                faults.required(path, "must specify a resource name");
            } else if kind == "containerResource" {
                pod_resources::container_resource_name(name, &path, faults);
            }
            if kind == "containerResource" {
                let (container, path) = (text(source, "container"), format!("{field}.container"));
                if container.is_empty() {
                    faults.required(path, "must specify a container");
                } else {
                    faults.each(&path, container, names::label(container));
                }
            }
            metric_target(target, field, faults);
            match (has(target, "averageUtilization"), has(target, "averageValue")) {
                (false, false) => {
                    let why = "must set either a target raw value or a target utilization";
                    faults.required(at("averageUtilization"), why);
                }
                (true, true) => {
                    let why = "may not set both a target raw value and a target utilization";
                    faults.forbidden(at("averageValue"), why);
                }
                _ => {}
            }
        }
        _ => {
            if kind == "object" {
                let described = source.get("describedObject").unwrap_or(&empty);
                reference(described, &format!("{field}.describedObject"), Group::MayBeMissing, faults);
            }
            let (name, path) =
                (source.get("metric").map_or("", |m| text(m, "name")), format!("{field}.metric.name"));
            if name.is_empty() {
                faults.required(path, "must specify a metric name");
            } else {
                faults.each(&path, name, names::segment(name));
            }
            metric_target(target, field, faults);
            let (value, average) = (has(target, "value"), has(target, "averageValue"));
            match kind {
                "pods" if !average => {
                    faults.required(at("averageValue"), "must specify a positive target averageValue");
                }
                "object" if !value && !average => {
                    faults.required(at("averageValue"), "must set either a target value or averageValue");
                }
                "external" if !value && !average => {
                    let why = "must set either a target value for metric or a per-pod target";
                    faults.required(at("averageValue"), why);
                }
                "external" if value && average => {
                    let why = "may not set both a target value for metric and a per-pod target";
                    faults.forbidden(at("value"), why);
                }
                _ => {}
            }
        }
    }
}

fn metric_target(target: &Value, field: &str, faults: &mut Faults) {
    let (kind, path) = (text(target, "type"), format!("{field}.target.type"));
    if kind.is_empty() {
        faults.required(&path, "must specify a metric target type");
    }
    if !matches!(kind, "Utilization" | "Value" | "AverageValue") {
        faults.invalid_text(path, kind, "must be either Utilization, Value, or AverageValue");
    }
    for key in ["value", "averageValue"] {
        if let Some(value) = some(target, key)
            && amount(value).is_some_and(|q| q.nano() <= 0)
        {
            let shown = super::fault::show(Some(value));
            faults.invalid(format!("{field}.target.{key}"), shown, "must be positive");
        }
    }
    if let Some(number) = int(target, "averageUtilization").filter(|n| *n < 1) {
        faults.invalid(
            format!("{field}.target.averageUtilization"),
            number.to_string(),
            "must be greater than 0",
        );
    }
}

fn scaling(rules: &Value, field: &str, faults: &mut Faults) {
    if let Some(secs) = int(rules, "stabilizationWindowSeconds") {
        let path = format!("{field}.stabilizationWindowSeconds");
        if secs < 0 {
            faults.invalid(&path, secs.to_string(), "must be greater than or equal to zero");
        }
        if secs > WINDOW_MAX_SECS {
            let why = format!("must be less than or equal to {WINDOW_MAX_SECS}");
            faults.invalid(path, secs.to_string(), &why);
        }
    }
    if let Some(policy) = rules.get("selectPolicy").and_then(Value::as_str) {
        faults.one_of(format!("{field}.selectPolicy"), policy, &["Disabled", "Max", "Min"]);
    }
    let policies = list(rules, "policies");
    if policies.is_empty() {
        faults.required(format!("{field}.policies"), "must specify at least one Policy");
    }
    for (n, policy) in policies.iter().enumerate() {
        let field = format!("{field}.policies[{n}]");
        faults.one_of(format!("{field}.type"), text(policy, "type"), &["Percent", "Pods"]);
        for key in ["value", "periodSeconds"] {
            let number = int(policy, key).unwrap_or(0);
            if number <= 0 {
                faults.invalid(format!("{field}.{key}"), number.to_string(), "must be greater than zero");
            }
        }
        let period = int(policy, "periodSeconds").unwrap_or(0);
        if period > PERIOD_MAX_SECS {
            let why = format!("must be less than or equal to {PERIOD_MAX_SECS}");
            faults.invalid(format!("{field}.periodSeconds"), period.to_string(), &why);
        }
    }
    if let Some(tolerance) = some(rules, "tolerance")
        && amount(tolerance).is_some_and(|q| q.nano() < 0)
    {
        let shown = super::fault::show(Some(tolerance));
        faults.invalid(format!("{field}.tolerance"), shown, "must be greater than or equal to 0");
    }
}

/// Checks a PodDisruptionBudget's specification.
pub(super) fn budget(spec: &Value, faults: &mut Faults) {
    if has(spec, "minAvailable") && has(spec, "maxUnavailable") {
        let shown = shown::show("policy.PodDisruptionBudgetSpec", Some(spec));
        faults.invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set");
    }
    for key in ["minAvailable", "maxUnavailable"] {
        let path = format!("spec.{key}");
        int_or_percent(spec.get(key), &path, faults);
        at_most_all(spec.get(key), &path, faults);
    }
    label_selector(spec.get("selector"), "spec.selector", faults);
    if let Some(policy) = spec.get("unhealthyPodEvictionPolicy").and_then(Value::as_str) {
        faults.one_of("spec.unhealthyPodEvictionPolicy", policy, &["AlwaysAllow", "IfHealthyBudget"]);
    }
}
