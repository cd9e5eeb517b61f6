//! Roles and their bindings.

use super::fault::{Faults, list, show, some, text};
use super::names;
use super::workload::label_selector;
use fairway_value::Value;

const GROUP: &str = "rbac.authorization.k8s.io";

/// Checks a Role or ClusterRole.
pub(super) fn role(role: &Value, kind: &str, faults: &mut Faults) {
    for (n, rule) in list(role, "rules").iter().enumerate() {
        let field = format!("rules[{n}]");
        if list(rule, "verbs").is_empty() {
            faults.required(format!("{field}.verbs"), "verbs must contain at least one value");
        }
        if !list(rule, "nonResourceURLs").is_empty() {
            let path = format!("{field}.nonResourceURLs");
            let shown = show(rule.get("nonResourceURLs"));
            if kind == "Role" {
                faults.invalid(&path, &shown, "namespaced rules cannot apply to non-resource URLs");
            }
            if ["apiGroups", "resources", "resourceNames"].iter().any(|k| !list(rule, k).is_empty()) {
                let why = "rules cannot apply to both regular resources and non-resource URLs";
                faults.invalid(path, shown, why);
            }
            continue;
        }
        if list(rule, "apiGroups").is_empty() {
            faults
                .required(format!("{field}.apiGroups"), "resource rules must supply at least one api group");
        }
        if list(rule, "resources").is_empty() {
            faults.required(format!("{field}.resources"), "resource rules must supply at least one resource");
        }
    }
    if kind == "ClusterRole"
        && let Some(aggregation) = some(role, "aggregationRule")
    {
        let field = "aggregationRule.clusterRoleSelectors";
        let selectors = list(aggregation, "clusterRoleSelectors");
        if selectors.is_empty() {
            let why = "at least one clusterRoleSelector required if aggregationRule is non-nil";
            faults.required(field, why);
        }
        for (n, selector) in selectors.iter().enumerate() {
            let field = format!("{field}[{n}]");
            label_selector(Some(selector), &field, faults);
            if !super::workload::is_readable(selector) {
                faults.invalid(field, "null", "invalid label selector.");
            }
        }
    }
}

/// Checks a RoleBinding or ClusterRoleBinding.
pub(super) fn binding(binding: &Value, kind: &str, faults: &mut Faults) {
    let empty = Value::object();
    let target = binding.get("roleRef").unwrap_or(&empty);
    faults.one_of("roleRef.apiGroup", text(target, "apiGroup"), &[GROUP]);
    let namespaced = kind == "RoleBinding";
    let supported: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    faults.one_of("roleRef.kind", text(target, "kind"), supported);
    let name = text(target, "name");
    if faults.present("roleRef.name", name) {
        faults.each("roleRef.name", name, names::segment(name));
    }
    for (n, subject) in list(binding, "subjects").iter().enumerate() {
        self::subject(subject, namespaced, &format!("subjects[{n}]"), faults);
    }
}

fn subject(subject: &Value, namespaced: bool, field: &str, faults: &mut Faults) {
    let (name, group) = (text(subject, "name"), text(subject, "apiGroup"));
    faults.present(format!("{field}.name"), name);
    let path = format!("{field}.apiGroup");
    match text(subject, "kind") {
        "ServiceAccount" => {
            if !name.is_empty() {
                faults.each(&format!("{field}.name"), name, names::subdomain(name));
            }
            faults.one_of(path, group, &[""]);
            if !namespaced {
                faults.present(format!("{field}.namespace"), text(subject, "namespace"));
            }
        }
        "User" | "Group" => faults.one_of(path, group, &[GROUP]),
        other => faults.one_of(format!("{field}.kind"), other, &["ServiceAccount", "User", "Group"]),
    }
}
