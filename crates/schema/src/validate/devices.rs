//! Claims, classes and slices of devices.
//!
//! Source: Kubernetes 1.36 `pkg/apis/resource/validation`.

use super::device_slices::{each, unique};
use super::fault::{Faults, has, int, list, some, text};
use super::policy_expressions::{Gives, Names};
use super::{meta, names};
use crate::managed::quote;
use fairway_value::Value;

/// Most requests of a claim.
const REQUESTS_MAX: usize = 32;
/// Most requests of which the first that fits is taken.
const ALTERNATIVES_MAX: usize = 8;
/// Most constraints, configurations, or selectors.
const PARTS_MAX: usize = 32;
/// Longest expression of a selector, in bytes.
const EXPRESSION_BYTES_MAX: usize = 10 << 10;
/// Longest name of a driver, in bytes.
const DRIVER_BYTES_MAX: usize = 63;
/// Longest name of an attribute without its domain, in bytes.
const ID_BYTES_MAX: usize = 32;
/// Largest parameters of a driver, in bytes.
const PARAMETERS_BYTES_MAX: usize = 10 << 10;

/// Checks the device kinds.
pub(super) fn check(object: &Value, kind: &str, faults: &mut Faults) {
    let empty = Value::object();
    let spec = object.get("spec").unwrap_or(&empty);
    match kind {
        "ResourceClaim" => claim(spec, "spec", faults),
        "ResourceClaimTemplate" => {
            template_meta(spec.get("metadata"), faults);
            claim(spec.get("spec").unwrap_or(&empty), "spec.spec", faults);
        }
        "DeviceClass" => class(spec, faults),
        "ResourceSlice" => super::device_slices::slice(spec, faults),
        _ => {}
    }
}

fn template_meta(found: Option<&Value>, faults: &mut Faults) {
    let Some(found) = found.and_then(Value::as_object) else { return };
    meta::annotations(found.get("annotations"), "spec.metadata.annotations", faults);
    meta::labels(found.get("labels"), "spec.metadata.labels", faults);
    for (key, value) in found.iter().filter(|(key, _)| !matches!(key.as_str(), "annotations" | "labels")) {
        let empty = match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            // Lists, maps and numbers by reference count even where they are empty.
            Value::Array(_) => false,
            other => other.as_i64() == Some(0) && key == "generation",
        };
        if !empty {
            // The server shows the name of the Go field with its first letter made small.
            let name = if key == "uid" { "uID" } else { key };
            faults.forbidden(format!("spec.metadata.{name}"), "cannot be set");
        }
    }
}

fn class(spec: &Value, faults: &mut Faults) {
    selectors(spec, "spec.selectors", faults);
    each(list(spec, "config"), PARTS_MAX, "spec.config", faults, configuration);
    if let Some(name) = spec.get("extendedResourceName").and_then(Value::as_str)
        && !super::pod_resources::is_extended(name)
    {
        let why = "must be a valid extended resource name";
        faults.invalid_text("spec.extendedResourceName", name, why);
    }
}

fn claim(spec: &Value, field: &str, faults: &mut Faults) {
    let empty = Value::object();
    let devices = spec.get("devices").unwrap_or(&empty);
    let at = |key: &str| format!("{field}.devices.{key}");
    let requests = list(devices, "requests");
    unique(requests, REQUESTS_MAX, &at("requests"), faults, request, |r| quote(text(r, "name")));
    each(list(devices, "constraints"), PARTS_MAX, &at("constraints"), faults, |found, field, faults| {
        references(found, requests, field, faults);
        constraint(found, field, faults);
    });
    each(list(devices, "config"), PARTS_MAX, &at("config"), faults, |found, field, faults| {
        references(found, requests, field, faults);
        configuration(found, field, faults);
    });
}

fn request(request: &Value, field: &str, faults: &mut Faults) {
    let name = text(request, "name");
    faults.each(&format!("{field}.name"), name, names::label(name));
    let first = list(request, "firstAvailable");
    let exactly = some(request, "exactly");
    let one = "exactly one of `exactly` or `firstAvailable` is required";
    match (exactly, first.is_empty()) {
        (None, true) => faults.required(field, one),
        (Some(_), false) => faults.invalid(field, "null", &format!("{one}, but multiple fields are set")),
        (Some(exactly), true) => one_request(exactly, &format!("{field}.exactly"), faults),
        (None, false) => {
            let part = |part: &Value, field: &str, faults: &mut Faults| {
                let name = text(part, "name");
                faults.each(&format!("{field}.name"), name, names::label(name));
                one_request(part, field, faults);
            };
            let field = format!("{field}.firstAvailable");
            unique(first, ALTERNATIVES_MAX, &field, faults, part, |r| quote(text(r, "name")));
        }
    }
}

fn one_request(request: &Value, field: &str, faults: &mut Faults) {
    let class = text(request, "deviceClassName");
    let path = format!("{field}.deviceClassName");
    if faults.present(&path, class) {
        faults.each(&path, class, names::subdomain(class));
    }
    selectors(request, &format!("{field}.selectors"), faults);
    let (mode, count) = (text(request, "allocationMode"), int(request, "count").unwrap_or(0));
    let path = format!("{field}.count");
    match mode {
        "All" if count != 0 => {
            faults.invalid(path, count.to_string(), "must not be specified when allocationMode is 'All'");
        }
        "ExactCount" if count <= 0 => faults.invalid(path, count.to_string(), "must be greater than zero"),
        "All" | "ExactCount" => {}
        other => faults.one_of(format!("{field}.allocationMode"), other, &["All", "ExactCount"]),
    }
    for (n, toleration) in list(request, "tolerations").iter().enumerate() {
        self::toleration(toleration, &format!("{field}.tolerations[{n}]"), faults);
    }
}

pub(super) const EFFECTS: [&str; 3] = ["NoExecute", "NoSchedule", "None"];

fn toleration(toleration: &Value, field: &str, faults: &mut Faults) {
    let at = |key: &str| format!("{field}.{key}");
    let (key, value) = (text(toleration, "key"), text(toleration, "value"));
    if !key.is_empty() {
        faults.each(&at("key"), key, names::qualified(key));
    }
    match text(toleration, "operator") {
        "Exists" if !value.is_empty() => {
            faults.invalid_text(at("value"), value, "must be empty for operator `Exists`");
        }
        "Exists" => {}
        "Equal" => faults.each(&at("value"), value, names::label_value(value)),
        "" => faults.required(at("operator"), ""),
        other => faults.one_of(at("operator"), other, &["Equal", "Exists"]),
    }
    let effect = text(toleration, "effect");
    if !effect.is_empty() {
        faults.one_of(at("effect"), effect, &EFFECTS);
    }
}

fn selectors(holder: &Value, field: &str, faults: &mut Faults) {
    each(list(holder, "selectors"), PARTS_MAX, field, faults, |selector, field, faults| {
        let Some(cel) = some(selector, "cel") else { return faults.required(format!("{field}.cel"), "") };
        let (expression, path) = (text(cel, "expression"), format!("{field}.cel.expression"));
        if expression.len() > EXPRESSION_BYTES_MAX {
            return faults.too_long(path, EXPRESSION_BYTES_MAX);
        }
        Names::of_devices().check(expression, Gives::BoolOrUnknown, &path, faults);
    });
}

/// Names of requests, or of requests and one of their alternatives.
fn references(holder: &Value, requests: &[Value], field: &str, faults: &mut Faults) {
    let why = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
    let known = |name: &str| {
        let (first, rest) = name.split_once('/').map_or((name, None), |(a, b)| (a, Some(b)));
        requests.iter().rfind(|r| text(r, "name") == first).is_some_and(|request| {
            rest.is_none_or(|rest| list(request, "firstAvailable").iter().any(|p| text(p, "name") == rest))
        })
    };
    let one = |name: &Value, field: &str, faults: &mut Faults| {
        let name = name.as_str().unwrap_or_default();
        if name.matches('/').count() > 1 {
            return faults.invalid_text(field, name, why);
        }
        for part in name.split('/') {
            faults.each(field, part, names::label(part));
        }
        if !known(name) {
            faults.invalid_text(field, name, why);
        }
    };
    let field = format!("{field}.requests");
    let name = |n: &Value| quote(n.as_str().unwrap_or_default());
    unique(list(holder, "requests"), REQUESTS_MAX, &field, faults, one, name);
}

fn constraint(constraint: &Value, field: &str, faults: &mut Faults) {
    let of =
        |key: &str| constraint.get(key).and_then(Value::as_str).map(|name| (format!("{field}.{key}"), name));
    match of("matchAttribute").or_else(|| of("distinctAttribute")) {
        Some((path, name)) => {
            qualified(name, &path, faults);
            if !name.contains('/') {
                let why = "a fully qualified name must be a domain and a name separated by a slash";
                faults.invalid_text(path, name, why);
            }
        }
        None => {
            let why = "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set";
            faults.required(field, why);
        }
    }
}

fn configuration(config: &Value, field: &str, faults: &mut Faults) {
    let Some(opaque) = some(config, "opaque") else { return faults.required(format!("{field}.opaque"), "") };
    driver(text(opaque, "driver"), &format!("{field}.opaque.driver"), faults);
    let path = format!("{field}.opaque.parameters");
    match some(opaque, "parameters") {
        None => faults.required(path, ""),
        Some(found) if found.to_string().len() > PARAMETERS_BYTES_MAX => {
            faults.too_long(path, PARAMETERS_BYTES_MAX);
        }
        Some(Value::Object(_)) => {}
        Some(_) => faults.invalid_text(path, "<value omitted>", "must be a valid JSON object"),
    }
}

/// The name of a driver.
pub(super) fn driver(name: &str, field: &str, faults: &mut Faults) {
    if !faults.present(field, name) {
        return;
    }
    if name.len() > DRIVER_BYTES_MAX {
        faults.too_long(field, DRIVER_BYTES_MAX);
    }
    faults.each(field, name, names::subdomain(&name.to_lowercase()));
}

/// The name of an attribute, maybe with a domain.
pub(super) fn qualified(name: &str, field: &str, faults: &mut Faults) {
    let parts: Vec<&str> = name.split('/').collect();
    match parts[..] {
        [id] => identifier(id, field, faults),
        [domain, id] => {
            if domain.is_empty() {
                faults.invalid_text(field, "", "the domain must not be empty");
            } else {
                driver(domain, field, faults);
            }
            if id.is_empty() {
                faults.invalid_text(field, "", "the name must not be empty");
            } else {
                identifier(id, field, faults);
            }
        }
        _ => {}
    }
}

fn identifier(id: &str, field: &str, faults: &mut Faults) {
    if id.len() > ID_BYTES_MAX {
        faults.too_long(field, ID_BYTES_MAX);
    }
    let fits = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !id.is_empty()
        && !id.starts_with(|c: char| c.is_ascii_digit());
    if !fits {
        let why = "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric \
                   characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is \
                   '[A-Za-z_][A-Za-z0-9_]*')";
        faults.invalid_text(field, id, why);
    }
}

/// Whether a flag is given, true or false.
pub(super) fn given(holder: &Value, key: &str) -> bool {
    has(holder, key)
}
