use super::fault::{Faults, has, int, list, show, some, text, words};
use super::policy_expressions::Names;
use super::workload::label_selector;
use super::{admission, names};
use fairway_value::Value;

/// Checks the admission registration group.
pub(super) fn check(object: &Value, kind: &str, faults: &mut Faults) {
    let empty = Value::object();
    let spec = object.get("spec").unwrap_or(&empty);
    match kind {
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => {
            for (n, webhook) in list(object, "webhooks").iter().enumerate() {
                self::webhook(webhook, &format!("webhooks[{n}]"), faults);
                let name = text(webhook, "name");
                let before = list(object, "webhooks").get(..n).unwrap_or_default();
                if !name.is_empty() && before.iter().any(|w| text(w, "name") == name) {
                    faults.duplicate(format!("webhooks[{n}].name"), crate::managed::quote(name));
                }
            }
        }
        "ValidatingAdmissionPolicy" | "MutatingAdmissionPolicy" => {
            admission::policy(object, spec, kind.starts_with("Mutating"), faults);
        }
        "ValidatingAdmissionPolicyBinding" => {
            admission::binding(spec, false, faults);
            actions(spec, faults);
        }
        "MutatingAdmissionPolicyBinding" => admission::binding(spec, true, faults),
        _ => {}
    }
}

fn actions(spec: &Value, faults: &mut Faults) {
    let actions = words(spec, "validationActions");
    let field = "spec.validationActions";
    if actions.is_empty() {
        faults.required(field, "at least one validation action is required");
    }
    for (n, action) in actions.iter().enumerate() {
        faults.one_of(format!("{field}[{n}]"), action, &["Audit", "Deny", "Warn"]);
        if actions[..n].contains(action) {
            faults.duplicate(format!("{field}[{n}]"), crate::managed::quote(action));
        }
    }
    if actions.contains(&"Deny") && actions.contains(&"Warn") {
        let shown = show(spec.get("validationActions"));
        faults.invalid(field, shown, "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)");
    }
}

fn webhook(webhook: &Value, field: &str, faults: &mut Faults) {
    let name = text(webhook, "name");
    if faults.present(format!("{field}.name"), name) {
        let wrong = names::subdomain(name);
        let fine = wrong.is_empty();
        faults.each(&format!("{field}.name"), name, wrong);
        if fine && name.split('.').count() < 3 {
            let why = "should be a domain with at least three segments separated by dots";
            faults.invalid_text(format!("{field}.name"), name, why);
        }
    }
    for (n, rule) in list(webhook, "rules").iter().enumerate() {
        self::rule(rule, &format!("{field}.rules[{n}]"), faults);
    }
    let word = |key: &str, supported: &[&str], faults: &mut Faults| {
        if let Some(word) = webhook.get(key).and_then(Value::as_str) {
            faults.one_of(format!("{field}.{key}"), word, supported);
        }
    };
    word("failurePolicy", &["Fail", "Ignore"], faults);
    word("matchPolicy", &["Equivalent", "Exact"], faults);
    if !has(webhook, "sideEffects") {
        faults.required(format!("{field}.sideEffects"), "must specify one of None, NoneOnDryRun");
    }
    word("sideEffects", &["None", "NoneOnDryRun"], faults);
    if let Some(secs) = int(webhook, "timeoutSeconds").filter(|s| !(1..=30).contains(s)) {
        let why = "the timeout value must be between 1 and 30 seconds";
        faults.invalid(format!("{field}.timeoutSeconds"), secs.to_string(), why);
    }
    for key in ["namespaceSelector", "objectSelector"] {
        label_selector(webhook.get(key), &format!("{field}.{key}"), faults);
    }
    word("reinvocationPolicy", &["IfNeeded", "Never"], faults);
    let empty = Value::object();
    client(webhook.get("clientConfig").unwrap_or(&empty), &format!("{field}.clientConfig"), faults);
    let names = Names::new(false);
    admission::conditions(
        list(webhook, "matchConditions"),
        &names,
        &format!("{field}.matchConditions"),
        faults,
    );
    let missing = "must specify one of v1, v1beta1";
    review_versions(webhook, "admissionReviewVersions", field, missing, faults);
}

/// How a webhook is reached: by a URL or as a service.
pub(super) fn client(config: &Value, field: &str, faults: &mut Faults) {
    match (config.get("url").and_then(Value::as_str), some(config, "service")) {
        (Some(url), None) => self::url(url, &format!("{field}.url"), faults),
        (None, Some(found)) => service(found, &format!("{field}.service"), faults),
        _ => faults.required(field, "exactly one of url or service is required"),
    }
}

fn url(url: &str, field: &str, faults: &mut Faults) {
    let form = "; desired format: https://host[/path]";
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    if scheme != "https" {
        let why = format!("'https' is the only allowed URL scheme{form}");
        faults.invalid_text(field, scheme, &why);
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = if scheme.is_empty() { "" } else { rest.split('/').next().unwrap_or_default() };
    let (user, host) = authority.split_once('@').map_or(("", authority), |(u, h)| (u, h));
    if host.is_empty() {
        faults.invalid_text(field, "", &format!("host must be specified{form}"));
    }
    for (part, what) in [
        (user, "user information is not permitted in the URL"),
        (fragment, "fragments are not permitted in the URL"),
        (query, "query parameters are not permitted in the URL"),
    ] {
        if !part.is_empty() {
            faults.invalid_text(field, part, what);
        }
    }
}

/// A service behind a webhook. The server takes name and namespace for each other here.
fn service(service: &Value, field: &str, faults: &mut Faults) {
    faults.present(format!("{field}.name"), text(service, "namespace"));
    faults.present(format!("{field}.namespace"), text(service, "name"));
    let port = int(service, "port").unwrap_or(0);
    if let Some(why) = names::port(port) {
        faults.invalid(format!("{field}.port"), port.to_string(), &format!("port is not valid: {why}"));
    }
    let Some(path) = service.get("path").and_then(Value::as_str).filter(|p| !p.is_empty() && *p != "/")
    else {
        return;
    };
    let field = format!("{field}.path");
    if path == "//" {
        return faults.invalid_text(field, path, "segment[0] may not be empty");
    }
    if !path.starts_with('/') {
        faults.invalid_text(&field, path, "must start with a '/'");
    }
    let inner: String = path.chars().skip(1).collect();
    for (n, step) in inner.strip_suffix('/').unwrap_or(&inner).split('/').enumerate() {
        if step.is_empty() {
            faults.invalid_text(&field, path, &format!("segment[{n}] may not be empty"));
            continue;
        }
        for why in names::subdomain(step) {
            faults.invalid_text(&field, path, &format!("segment[{n}]: {why}"));
        }
    }
}

/// Checks the versions of reviews that a webhook understands; `missing` is what is said where it names none.
pub(super) fn review_versions(hook: &Value, key: &str, field: &str, missing: &str, faults: &mut Faults) {
    let versions = words(hook, key);
    let field = format!("{field}.{key}");
    if versions.is_empty() {
        return faults.required(field, missing);
    }
    for (n, version) in versions.iter().enumerate() {
        let path = format!("{field}[{n}]");
        if versions[..n].contains(version) {
            faults.invalid_text(path, version, "duplicate version");
        } else {
            faults.each(&path, version, names::label_1035(version));
        }
    }
    if !versions.iter().any(|v| matches!(*v, "v1" | "v1beta1")) {
        faults.invalid(field, show(hook.get(key)), "must include at least one of v1, v1beta1");
    }
}

/// Checks what requests a rule is about.
pub(super) fn rule(rule: &Value, field: &str, faults: &mut Faults) {
    let operations = words(rule, "operations");
    if operations.is_empty() {
        faults.required(format!("{field}.operations"), "");
    }
    let alone = |key: &str, what: &str, faults: &mut Faults| {
        let all = words(rule, key);
        if all.len() > 1 && all.contains(&"*") {
            let why = format!("if '*' is present, must not specify other {what}");
            faults.invalid(format!("{field}.{key}"), show(rule.get(key)), &why);
        }
    };
    alone("operations", "operations", faults);
    for (n, operation) in operations.iter().enumerate() {
        let supported = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
        faults.one_of(format!("{field}.operations[{n}]"), operation, &supported);
    }
    for (key, what) in [("apiGroups", "API groups"), ("apiVersions", "API versions")] {
        if list(rule, key).is_empty() {
            faults.required(format!("{field}.{key}"), "");
        }
        alone(key, what, faults);
    }
    for (n, version) in words(rule, "apiVersions").iter().enumerate() {
        faults.present(format!("{field}.apiVersions[{n}]"), version);
    }
    resources(rule, &format!("{field}.resources"), faults);
    if let Some(scope) = rule.get("scope").and_then(Value::as_str) {
        faults.one_of(format!("{field}.scope"), scope, &["*", "Cluster", "Namespaced"]);
    }
}

fn resources(rule: &Value, field: &str, faults: &mut Faults) {
    let resources = words(rule, "resources");
    if resources.is_empty() {
        faults.required(field, "");
    }
    let (mut whole, mut everywhere): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut plain = false;
    for (n, resource) in resources.iter().enumerate() {
        let path = format!("{field}[{n}]");
        if !faults.present(&path, resource) {
            continue;
        }
        let Some((name, below)) = resource.split_once('/') else {
            plain = *resource != "*";
            continue;
        };
        if whole.contains(&name) {
            let why = format!("if '{name}/*' is present, must not specify {resource}");
            faults.invalid_text(&path, resource, &why);
        }
        if everywhere.contains(&below) {
            let why = format!("if '*/{below}' is present, must not specify {resource}");
            faults.invalid_text(&path, resource, &why);
        }
        if below == "*" {
            whole.push(name);
        }
        if name == "*" {
            everywhere.push(below);
        }
    }
    if resources.len() > 1 && resources.contains(&"*/*") {
        let why = "if '*/*' is present, must not specify other resources";
        faults.invalid(field, show(rule.get("resources")), why);
    }
    if plain && resources.contains(&"*") {
        let why = "if '*' is present, must not specify other resources without subresources";
        faults.invalid(field, show(rule.get("resources")), why);
    }
}
