//! Policies of admission and their bindings.
//!
//! Source: Kubernetes 1.36 `pkg/apis/admissionregistration/validation`, apiserver `pkg/admission/plugin/cel`.

use super::fault::{Faults, has, list, show, some, text, words};
use super::policy_expressions::{Gives, Names};
use super::workload::label_selector;
use super::{names, webhook};
use crate::expression::RESERVED;
use crate::managed::quote;
use fairway_value::Value;

/// Most conditions for a match.
const CONDITIONS_MAX: usize = 64;

/// Most annotations of audit events.
const ANNOTATIONS_MAX: usize = 20;

/// Longest expression of an annotation, in bytes.
const ANNOTATION_BYTES_MAX: usize = 5 << 10;

/// Operations that policies which change objects may name.
const MUTATING: [&str; 4] = ["*", "CONNECT", "CREATE", "UPDATE"];

/// Checks a policy.
pub(super) fn policy(object: &Value, spec: &Value, mutating: bool, faults: &mut Faults) {
    word(spec, "failurePolicy", &["Fail", "Ignore"], "spec", faults);
    let params = some(spec, "paramKind");
    if let Some(kind) = params {
        param_kind(kind, faults);
    }
    match some(spec, "matchConstraints") {
        None => faults.required("spec.matchConstraints", ""),
        Some(constraints) => {
            match_resources(constraints, "spec.matchConstraints", faults);
            if list(constraints, "resourceRules").is_empty() {
                faults.required("spec.matchConstraints.resourceRules", "");
            }
            if mutating {
                mutable(constraints, "spec.matchConstraints", faults);
            }
        }
    }
    let mut names = Names::new(params.is_some());
    conditions(list(spec, "matchConditions"), &names, "spec.matchConditions", faults);
    let variables = list(spec, "variables");
    if mutating || !variables.is_empty() {
        names.with_variables();
    }
    for (n, variable) in variables.iter().enumerate() {
        self::variable(variable, &mut names, &format!("spec.variables[{n}]"), faults);
    }
    if mutating {
        mutations(spec, &names, faults);
    } else {
        validations(object, spec, &names, faults);
    }
}

/// Checks a binding.
pub(super) fn binding(spec: &Value, mutating: bool, faults: &mut Faults) {
    let name = text(spec, "policyName");
    if faults.present("spec.policyName", name) {
        faults.each("spec.policyName", name, names::subdomain(name));
    }
    if let Some(params) = some(spec, "paramRef") {
        param_ref(params, faults);
    }
    if let Some(resources) = some(spec, "matchResources") {
        match_resources(resources, "spec.matchResources", faults);
        if mutating {
            mutable(resources, "spec.matchResources", faults);
        }
    }
}

/// A word that must be there and be one of a few.
fn word(holder: &Value, key: &str, supported: &[&str], field: &str, faults: &mut Faults) {
    let field = format!("{field}.{key}");
    match holder.get(key).and_then(Value::as_str) {
        None => faults.required(field, ""),
        Some(found) => faults.one_of(field, found, supported),
    }
}

fn param_kind(kind: &Value, faults: &mut Faults) {
    let (version, field) = (text(kind, "apiVersion"), "spec.paramKind.apiVersion");
    if faults.present(field, version) {
        let (group, rest) = version.split_once('/').unwrap_or(("", version));
        if rest.contains('/') {
            faults.invalid_text(field, version, &format!("unexpected GroupVersion string: {version}"));
        } else {
            let wrong = if group.is_empty() { Vec::new() } else { names::subdomain(group) };
            faults.joined(field, group, &wrong, ",");
            if rest.is_empty() {
                faults.invalid_text(field, version, "version must be specified");
            } else {
                faults.joined(field, rest, &names::label_1035(rest), ",");
            }
        }
    }
    let name = text(kind, "kind");
    if faults.present("spec.paramKind.kind", name) {
        faults.kind("spec.paramKind.kind", name);
    }
}

fn match_resources(found: &Value, field: &str, faults: &mut Faults) {
    word(found, "matchPolicy", &["Equivalent", "Exact"], field, faults);
    for key in ["namespaceSelector", "objectSelector"] {
        let field = format!("{field}.{key}");
        match some(found, key) {
            None => faults.required(field, ""),
            selector => label_selector(selector, &field, faults),
        }
    }
    for key in ["resourceRules", "excludeResourceRules"] {
        for (n, rule) in list(found, key).iter().enumerate() {
            let field = format!("{field}.{key}[{n}]");
            resource_names(rule, &field, faults);
            webhook::rule(rule, &field, faults);
        }
    }
}

fn resource_names(rule: &Value, field: &str, faults: &mut Faults) {
    let all = words(rule, "resourceNames");
    for (n, name) in all.iter().enumerate() {
        let field = format!("{field}.resourceNames[{n}]");
        faults.each(&field, name, names::segment(name));
        if all[..n].contains(name) {
            faults.duplicate(field, quote(name));
        }
    }
}

fn mutable(found: &Value, field: &str, faults: &mut Faults) {
    for rule in list(found, "resourceRules") {
        for operation in words(rule, "operations") {
            faults.one_of(format!("{field}.resourceRules.operations"), operation, &MUTATING);
        }
    }
}

/// Checks conditions for a match; of webhooks, too.
pub(super) fn conditions(found: &[Value], names: &Names, field: &str, faults: &mut Faults) {
    if found.len() > CONDITIONS_MAX {
        faults.too_many(field, found.len(), CONDITIONS_MAX);
    }
    for (n, condition) in found.iter().enumerate() {
        let field = format!("{field}[{n}]");
        let expression = text(condition, "expression").trim();
        if faults.present(format!("{field}.expression"), expression) {
            names.check(expression, Gives::Bool, &format!("{field}.expression"), faults);
        }
        let (name, path) = (text(condition, "name"), format!("{field}.name"));
        if faults.present(&path, name) {
            faults.each(&path, name, names::qualified(name));
            if found[..n].iter().any(|c| text(c, "name") == name) {
                faults.duplicate(path, quote(name));
            }
        }
    }
}

fn variable(variable: &Value, names: &mut Names, field: &str, faults: &mut Faults) {
    let name = text(variable, "name");
    let is_word = !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !RESERVED.contains(&name);
    if name.trim().is_empty() {
        faults.required(format!("{field}.name"), "name is not specified");
    } else if !is_word {
        faults.invalid_text(format!("{field}.name"), name, "must be a valid CEL identifier");
    }
    let expression = text(variable, "expression");
    if expression.trim().is_empty() {
        return faults.required(format!("{field}.expression"), "expression is not specified");
    }
    let kind = names.check(expression, Gives::Anything, &format!("{field}.expression"), faults);
    names.add_variable(name, kind);
}

fn validations(object: &Value, spec: &Value, names: &Names, faults: &mut Faults) {
    let (validations, annotations) = (list(spec, "validations"), list(spec, "auditAnnotations"));
    if validations.is_empty() && annotations.is_empty() {
        let why = "validations or auditAnnotations must contain at least one item";
        faults.required("spec.validations", why);
        return faults.required("spec.auditAnnotations", why);
    }
    for (n, validation) in validations.iter().enumerate() {
        self::validation(validation, names, &format!("spec.validations[{n}]"), faults);
    }
    if annotations.len() > ANNOTATIONS_MAX {
        let why = format!("must not have more than {ANNOTATIONS_MAX} auditAnnotations");
        faults.invalid("spec.auditAnnotations", show(spec.get("auditAnnotations")), &why);
    }
    let owner = object.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
    for (n, annotation) in annotations.iter().enumerate() {
        let field = format!("spec.auditAnnotations[{n}]");
        audit_annotation(annotation, owner, names, &field, faults);
        let key = text(annotation, "key");
        if annotations[..n].iter().any(|a| text(a, "key") == key) {
            faults.duplicate(format!("{field}.key"), quote(key));
        }
    }
}

fn validation(validation: &Value, names: &Names, field: &str, faults: &mut Faults) {
    let at = |key: &str| format!("{field}.{key}");
    let (expression, message) = (text(validation, "expression"), text(validation, "message"));
    if expression.trim().is_empty() {
        faults.required(at("expression"), "expression is not specified");
    } else {
        names.check(expression, Gives::Bool, &at("expression"), faults);
    }
    let spoken = text(validation, "messageExpression");
    if !spoken.is_empty() && spoken.trim().is_empty() {
        faults.invalid_text(at("messageExpression"), spoken, "must be non-empty if specified");
    } else if !spoken.is_empty() {
        names.without_authorizer().check(spoken, Gives::String, &at("messageExpression"), faults);
    }
    if !message.is_empty() && message.trim().is_empty() {
        faults.invalid_text(at("message"), message, "must be non-empty if specified");
    } else if message.trim().contains(['\n', '\r']) {
        faults.invalid_text(at("message"), message, "must not contain line breaks");
    }
    if let Some(reason) = validation.get("reason").and_then(Value::as_str) {
        faults.one_of(at("reason"), reason, &["Forbidden", "Invalid", "RequestEntityTooLarge"]);
    }
}

fn audit_annotation(found: &Value, owner: &str, names: &Names, field: &str, faults: &mut Faults) {
    let key = format!("{owner}/{}", text(found, "key"));
    faults.each(&format!("{field}.key"), &key, names::qualified(&key));
    let (value, path) = (text(found, "valueExpression"), format!("{field}.valueExpression"));
    if value.trim().is_empty() {
        faults.required(path, "valueExpression is not specified");
    } else if value.trim().len() > ANNOTATION_BYTES_MAX {
        faults.required(path, &format!("must not exceed {ANNOTATION_BYTES_MAX} bytes in length"));
    } else {
        names.check(value.trim(), Gives::StringOrNull, &path, faults);
    }
}

fn mutations(spec: &Value, names: &Names, faults: &mut Faults) {
    let mutations = list(spec, "mutations");
    if mutations.is_empty() {
        faults.required("spec.mutations", "mutations must contain at least one item");
    }
    for (n, mutation) in mutations.iter().enumerate() {
        let field = format!("spec.mutations[{n}]");
        let kind = text(mutation, "patchType");
        let (own, other, gives) = match kind {
            "" => {
                faults.required(format!("{field}.patchType"), "");
                continue;
            }
            "JSONPatch" => ("jsonPatch", "applyConfiguration", Gives::Patches),
            "ApplyConfiguration" => ("applyConfiguration", "jsonPatch", Gives::Object),
            _ => {
                faults.one_of(format!("{field}.patchType"), kind, &["ApplyConfiguration", "JSONPatch"]);
                continue;
            }
        };
        match some(mutation, own) {
            None => faults
                .required(format!("{field}.{own}"), &format!("must be specified when patchType is {kind}")),
            Some(patch) => {
                let (expression, path) =
                    (text(patch, "expression").trim(), format!("{field}.{own}.expression"));
                if faults.present(&path, expression) {
                    names.check(expression, gives, &path, faults);
                }
            }
        }
        if has(mutation, other) {
            let why = format!("must not be specified when patchType is {kind}");
            faults.invalid_text(format!("{field}.{other}"), &format!("{{{other}}}"), &why);
        }
    }
    let (policy, field) = (text(spec, "reinvocationPolicy"), "spec.reinvocationPolicy");
    if faults.present(field, policy) {
        faults.one_of(field, policy, &["IfNeeded", "Never"]);
    }
}

fn param_ref(params: &Value, faults: &mut Faults) {
    let (name, selector) = (text(params, "name"), some(params, "selector"));
    let both = "name and selector are mutually exclusive";
    if !name.is_empty() {
        faults.each("spec.paramRef.name", name, names::segment(name));
        if selector.is_some() {
            faults.forbidden("spec.paramRef.name", both);
        }
    }
    label_selector(selector, "spec.paramRef.selector", faults);
    if selector.is_some() && !name.is_empty() {
        faults.forbidden("spec.paramRef.selector", both);
    }
    if name.is_empty() && selector.is_none() {
        faults.required("spec.paramRef", "one of name or selector must be specified");
    }
    let action = text(params, "parameterNotFoundAction");
    if faults.present("spec.paramRef.parameterNotFoundAction", action) {
        faults.one_of("spec.paramRef.parameterNotFoundAction", action, &["Deny", "Allow"]);
    }
}
