use super::fault::{Faults, list, show, text};
use super::names;
use super::workload::label_selector;
use fairway_value::Value;

/// Checks the admission registration group.
pub(super) fn check(object: &Value, kind: &str, faults: &mut Faults) {
    let empty = Value::object();
    let spec = object.get("spec").unwrap_or(&empty);
    match kind {
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => {
            for (n, webhook) in list(object, "webhooks").iter().enumerate() {
                self::webhook(webhook, &format!("webhooks[{n}]"), faults);
            }
        }
        "ValidatingAdmissionPolicy" | "MutatingAdmissionPolicy" => {
            let Some(constraints) = spec.get("matchConstraints") else {
                return faults.required("spec.matchConstraints", "");
            };
            let rules = list(constraints, "resourceRules");
            let field = "spec.matchConstraints.resourceRules";
            if rules.is_empty() {
                faults.required(field, "");
            }
            for (n, rule) in rules.iter().enumerate() {
                self::rule(rule, &format!("{field}[{n}]"), faults);
            }
        }
        "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding" => {
            let name = text(spec, "policyName");
            if name.is_empty() {
                faults.required("spec.policyName", "");
            } else {
                faults.each("spec.policyName", name, names::subdomain(name));
            }
            if kind.starts_with("Validating") && list(spec, "validationActions").is_empty() {
                faults.required("spec.validationActions", "at least one validation action is required");
            }
        }
        _ => {}
    }
}

fn webhook(webhook: &Value, field: &str, faults: &mut Faults) {
    let name = text(webhook, "name");
    if name.is_empty() {
        faults.required(format!("{field}.name"), "");
    } else {
        let wrong = names::subdomain(name);
        let fine = wrong.is_empty();
        faults.each(&format!("{field}.name"), name, wrong);
        if fine && name.split('.').count() < 3 {
            let why = "should be a domain with at least three segments separated by dots";
            faults.invalid_text(format!("{field}.name"), name, why);
        }
    }
    label_selector(webhook.get("namespaceSelector"), &format!("{field}.namespaceSelector"), faults);
    label_selector(webhook.get("objectSelector"), &format!("{field}.objectSelector"), faults);
    for (n, rule) in list(webhook, "rules").iter().enumerate() {
        self::rule(rule, &format!("{field}.rules[{n}]"), faults);
    }
    for (key, supported) in [("failurePolicy", ["Fail", "Ignore"]), ("matchPolicy", ["Equivalent", "Exact"])]
    {
        let value = text(webhook, key);
        if !value.is_empty() {
            faults.one_of(format!("{field}.{key}"), value, &supported);
        }
    }
    match text(webhook, "sideEffects") {
        "" => faults.required(format!("{field}.sideEffects"), "must specify one of None, NoneOnDryRun"),
        value => faults.one_of(format!("{field}.sideEffects"), value, &["None", "NoneOnDryRun"]),
    }
    if let Some(seconds) = webhook.get("timeoutSeconds").and_then(Value::as_i64)
        && !(1..=30).contains(&seconds)
    {
        let why = "the timeout value must be between 1 and 30 seconds";
        faults.invalid(format!("{field}.timeoutSeconds"), seconds.to_string(), why);
    }
    versions(webhook, field, faults);
}

fn versions(webhook: &Value, field: &str, faults: &mut Faults) {
    let versions = list(webhook, "admissionReviewVersions");
    let field = format!("{field}.admissionReviewVersions");
    if versions.is_empty() {
        return faults.required(field, "must specify one of v1, v1beta1");
    }
    let mut known = false;
    for (n, version) in versions.iter().enumerate() {
        let version = version.as_str().unwrap_or_default();
        faults.each(&format!("{field}[{n}]"), version, names::label_1035(version));
        known |= matches!(version, "v1" | "v1beta1");
    }
    if !known {
        let shown = show(webhook.get("admissionReviewVersions"));
        faults.invalid(field, shown, "must include at least one of v1, v1beta1");
    }
}

fn rule(rule: &Value, field: &str, faults: &mut Faults) {
    let operations = list(rule, "operations");
    if operations.is_empty() {
        faults.required(format!("{field}.operations"), "");
    }
    for (n, operation) in operations.iter().filter_map(Value::as_str).enumerate() {
        let supported = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
        faults.one_of(format!("{field}.operations[{n}]"), operation, &supported);
    }
    for key in ["apiGroups", "apiVersions", "resources"] {
        if list(rule, key).is_empty() {
            faults.required(format!("{field}.{key}"), "");
        }
    }
}
