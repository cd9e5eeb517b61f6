//! Affinities, node selectors, topology spread.

use super::fault::{Faults, int, list, some, text};
use super::names;
use super::workload::label_selector;
use crate::managed::quote;
use fairway_value::Value;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Checks `affinity`.
pub(super) fn affinity(affinity: Option<&Value>, field: &str, faults: &mut Faults) {
    let Some(affinity) = affinity else { return };
    if let Some(node) = some(affinity, "nodeAffinity") {
        let field = format!("{field}.nodeAffinity");
        if let Some(selector) = some(node, REQUIRED) {
            node_selector(selector, true, &format!("{field}.{REQUIRED}"), faults);
        }
        for (n, term) in list(node, PREFERRED).iter().enumerate() {
            let field = format!("{field}.{PREFERRED}[{n}]");
            weight(term, &field, faults);
            let empty = Value::object();
            let preference = some(term, "preference").unwrap_or(&empty);
            node_term(preference, false, &format!("{field}.preference"), faults);
        }
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let Some(pods) = some(affinity, kind) else { continue };
        let field = format!("{field}.{kind}");
        for (n, term) in list(pods, REQUIRED).iter().enumerate() {
            pod_term(term, &format!("{field}.{REQUIRED}[{n}]"), faults);
        }
        for (n, weighted) in list(pods, PREFERRED).iter().enumerate() {
            let field = format!("{field}.{PREFERRED}[{n}]");
            weight(weighted, &field, faults);
            let empty = Value::object();
            let term = some(weighted, "podAffinityTerm").unwrap_or(&empty);
            pod_term(term, &format!("{field}.podAffinityTerm"), faults);
        }
    }
}

fn weight(term: &Value, field: &str, faults: &mut Faults) {
    let weight = int(term, "weight").unwrap_or(0);
    if !(1..=100).contains(&weight) {
        faults.invalid(format!("{field}.weight"), weight.to_string(), "must be in the range 1-100");
    }
}

/// Checks a selector of nodes.
pub(super) fn node_selector(selector: &Value, values_checked: bool, field: &str, faults: &mut Faults) {
    let terms = list(selector, "nodeSelectorTerms");
    let field = format!("{field}.nodeSelectorTerms");
    if terms.is_empty() {
        return faults.required(field, "must have at least one node selector term");
    }
    for (n, term) in terms.iter().enumerate() {
        node_term(term, values_checked, &format!("{field}[{n}]"), faults);
    }
}

fn node_term(term: &Value, values_checked: bool, field: &str, faults: &mut Faults) {
    for (n, rule) in list(term, "matchExpressions").iter().enumerate() {
        node_rule(rule, values_checked, &format!("{field}.matchExpressions[{n}]"), faults);
    }
    for (n, rule) in list(term, "matchFields").iter().enumerate() {
        let field = format!("{field}.matchFields[{n}]");
        match text(rule, "operator") {
            "In" | "NotIn" => {
                if list(rule, "values").len() != 1 {
                    let why =
                        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
                    faults.required(format!("{field}.values"), why);
                }
            }
            other => faults.invalid_text(format!("{field}.operator"), other, "not a valid selector operator"),
        }
        let key = text(rule, "key");
        if key == "metadata.name" {
            for (m, value) in list(rule, "values").iter().filter_map(Value::as_str).enumerate() {
                faults.each(&format!("{field}.values[{m}]"), value, names::subdomain(value));
            }
        } else {
            faults.invalid_text(format!("{field}.key"), key, "not a valid field selector key");
        }
    }
}

fn node_rule(rule: &Value, values_checked: bool, field: &str, faults: &mut Faults) {
    let values = list(rule, "values");
    let path = format!("{field}.values");
    match text(rule, "operator") {
        "In" | "NotIn" => {
            if values.is_empty() {
                faults.required(&path, "must be specified when `operator` is 'In' or 'NotIn'");
            }
        }
        "Exists" | "DoesNotExist" => {
            if !values.is_empty() {
                faults.forbidden(&path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
            }
        }
        "Gt" | "Lt" => {
            if values.len() != 1 {
                faults.required(&path, "must be specified single value when `operator` is 'Lt' or 'Gt'");
            }
        }
        other => faults.invalid_text(format!("{field}.operator"), other, "not a valid selector operator"),
    }
    let key = text(rule, "key");
    faults.each(&format!("{field}.key"), key, names::qualified(key));
    if values_checked {
        for (n, value) in values.iter().filter_map(Value::as_str).enumerate() {
            faults.each(&format!("{path}[{n}]"), value, names::label_value(value));
        }
    }
}

fn pod_term(term: &Value, field: &str, faults: &mut Faults) {
    for key in ["labelSelector", "namespaceSelector"] {
        label_selector(term.get(key), &format!("{field}.{key}"), faults);
    }
    for name in list(term, "namespaces").iter().filter_map(Value::as_str) {
        faults.each(&format!("{field}.namespace"), name, names::label(name));
    }
    match_label_keys(term, field, faults);
    let key = text(term, "topologyKey");
    let path = format!("{field}.topologyKey");
    if key.is_empty() {
        faults.required(&path, "can not be empty");
    }
    faults.each(&path, key, names::qualified(key));
}

fn match_label_keys(term: &Value, field: &str, faults: &mut Faults) {
    for kind in ["matchLabelKeys", "mismatchLabelKeys"] {
        let (keys, path) = (list(term, kind), format!("{field}.{kind}"));
        if !keys.is_empty() && some(term, "labelSelector").is_none() {
            faults.forbidden(path, "must not be specified when labelSelector is not set");
            continue;
        }
        for (n, key) in keys.iter().filter_map(Value::as_str).enumerate() {
            faults.each(&format!("{path}[{n}]"), key, names::qualified(key));
        }
    }
    let mismatched = list(term, "mismatchLabelKeys");
    for (n, key) in list(term, "matchLabelKeys").iter().enumerate().filter(|(_, k)| mismatched.contains(k)) {
        let why = "exists in both matchLabelKeys and mismatchLabelKeys";
        faults.invalid_text(format!("{field}.matchLabelKeys[{n}]"), key.as_str().unwrap_or_default(), why);
    }
}

/// Checks `topologySpreadConstraints`.
pub(super) fn spread(spec: &Value, field: &str, faults: &mut Faults) {
    let rules = list(spec, "topologySpreadConstraints");
    for (n, rule) in rules.iter().enumerate() {
        let field = format!("{field}.topologySpreadConstraints[{n}]");
        let skew = int(rule, "maxSkew").unwrap_or(0);
        if skew <= 0 {
            faults.invalid(format!("{field}.maxSkew"), skew.to_string(), "must be greater than zero");
        }
        let (key, action) = (text(rule, "topologyKey"), text(rule, "whenUnsatisfiable"));
        if key.is_empty() {
            faults.required(format!("{field}.topologyKey"), "can not be empty");
        }
        faults.one_of(format!("{field}.whenUnsatisfiable"), action, &["DoNotSchedule", "ScheduleAnyway"]);
        let same = |r: &Value| text(r, "topologyKey") == key && text(r, "whenUnsatisfiable") == action;
        if rules.get(n + 1..).unwrap_or_default().iter().any(same) {
            let shown = quote(&format!("{{{key}, {action}}}"));
            faults.duplicate(format!("{field}.{{topologyKey, whenUnsatisfiable}}"), shown);
        }
        if let Some(domains) = int(rule, "minDomains") {
            let path = format!("{field}.minDomains");
            if domains <= 0 {
                faults.invalid(&path, domains.to_string(), "must be greater than zero");
            }
            if action != "DoNotSchedule" {
                let why = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
                faults.invalid(path, domains.to_string(), &why);
            }
        }
        for key in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            if let Some(policy) = rule.get(key).and_then(Value::as_str) {
                faults.one_of(format!("{field}.{key}"), policy, &["Honor", "Ignore"]);
            }
        }
        match_label_keys(rule, &field, faults);
        label_selector(rule.get("labelSelector"), &format!("{field}.labelSelector"), faults);
    }
}
