//! Slices of devices, which drivers publish.

use super::devices::{EFFECTS, driver, given, qualified};
use super::fault::{Faults, flag, has, int, list, show, some, text};
use super::pod_affinity::node_selector;
use super::pod_resources::amount;
use super::{names, shown};
use crate::managed::quote;
use crate::quantity::Quantity;
use fairway_value::{Map, Value};

/// Most devices of a slice.
const DEVICES_MAX: usize = 128;
/// Most devices of a slice where some have taints, counters or lists.
const ADVANCED_DEVICES_MAX: usize = 64;
/// Most sets of counters.
const COUNTER_SETS_MAX: usize = 8;
/// Most counters of a set.
const COUNTERS_MAX: usize = 32;
/// Most sets of counters that a device takes from.
const CONSUMED_MAX: usize = 2;
/// Most attributes and capacities of a device, and values of attributes.
const ATTRIBUTES_MAX: usize = 32;
const VALUES_MAX: usize = 48;
/// Longest value of an attribute, in bytes.
const VALUE_BYTES_MAX: usize = 64;
/// Most taints of a device.
const TAINTS_MAX: usize = 16;
/// Most conditions for a binding.
const CONDITIONS_MAX: usize = 4;
/// Most amounts that may be asked for.
const OPTIONS_MAX: usize = 10;

/// Checks each entry of a list that is not too long.
pub(super) fn each(
    items: &[Value],
    max: usize,
    field: &str,
    faults: &mut Faults,
    check: impl Fn(&Value, &str, &mut Faults),
) {
    if items.len() > max {
        return faults.too_many(field, items.len(), max);
    }
    for (n, item) in items.iter().enumerate() {
        check(item, &format!("{field}[{n}]"), faults);
    }
}

/// As [`each`]; no key, as it is shown, may come twice.
pub(super) fn unique(
    items: &[Value],
    max: usize,
    field: &str,
    faults: &mut Faults,
    check: impl Fn(&Value, &str, &mut Faults),
    key: impl Fn(&Value) -> String,
) {
    each(items, max, field, faults, check);
    if items.len() > max {
        return;
    }
    let keys: Vec<String> = items.iter().map(key).collect();
    for (n, key) in keys.iter().enumerate().filter(|(n, key)| keys[..*n].contains(key)) {
        faults.duplicate(format!("{field}[{n}]"), key);
    }
}

/// Checks a slice's specification.
pub(super) fn slice(spec: &Value, faults: &mut Faults) {
    driver(text(spec, "driver"), "spec.driver", faults);
    let empty = Value::object();
    pool(spec.get("pool").unwrap_or(&empty), faults);
    let places = ["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"];
    let set = chosen(spec, &places, "spec", "must be either unset or set to a non-empty string", faults);
    if let Some(selector) = some(spec, "nodeSelector")
        && list(selector, "nodeSelectorTerms").len() != 1
    {
        let field = "spec.nodeSelector.nodeSelectorTerms";
        let value = shown::show("[core.NodeSelectorTerm", selector.get("nodeSelectorTerms"));
        faults.invalid(field, value, "must have exactly one node selector term");
    }
    let one = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
    match set.len() {
        0 => faults.required("spec", one),
        1 => {}
        _ => {
            let why = format!("{one}, but multiple fields are set");
            faults.invalid_text("spec", &format!("{{{}}}", set.join(", ")), &why);
        }
    }
    if has(spec, "sharedCounters") && has(spec, "devices") {
        faults.invalid_text("spec", "", "only one of `sharedCounters` or `devices` is allowed");
    }
    let devices = list(spec, "devices");
    let lists = ["bools", "ints", "strings", "versions"];
    let advanced = devices.iter().any(|device| {
        let attributes = device.get("attributes").and_then(Value::as_object);
        !list(device, "taints").is_empty()
            || !list(device, "consumesCounters").is_empty()
            || attributes.is_some_and(|a| a.values().any(|v| lists.iter().any(|key| has(v, key))))
    });
    let max = if advanced { ADVANCED_DEVICES_MAX } else { DEVICES_MAX };
    let apart = flag(spec, "perDeviceNodeSelection") == Some(true);
    let check = |device: &Value, field: &str, faults: &mut Faults| self::device(device, apart, field, faults);
    unique(devices, max, "spec.devices", faults, check, |d| quote(text(d, "name")));
    let set = |set: &Value, field: &str, faults: &mut Faults| counters(set, "name", field, faults);
    let sets = list(spec, "sharedCounters");
    unique(sets, COUNTER_SETS_MAX, "spec.sharedCounters", faults, set, |s| quote(text(s, "name")));
}

fn pool(pool: &Value, faults: &mut Faults) {
    let name = text(pool, "name");
    if faults.present("spec.pool.name", name) {
        if name.len() > 253 {
            faults.too_long("spec.pool.name", 253);
        }
        for part in name.split('/') {
            faults.each("spec.pool.name", part, names::subdomain(part));
        }
    }
    let count = int(pool, "resourceSliceCount").unwrap_or(0);
    if count <= 0 {
        faults.invalid("spec.pool.resourceSliceCount", count.to_string(), "must be greater than zero");
    }
    let generation = int(pool, "generation").unwrap_or(0);
    if generation < 0 {
        let why = "must be greater than or equal to zero";
        faults.invalid("spec.pool.generation", generation.to_string(), why);
    }
}

/// Checks where devices are; returns the ways in which that is said.
fn chosen(holder: &Value, keys: &[&str], field: &str, no_name: &str, faults: &mut Faults) -> Vec<String> {
    let mut set = Vec::new();
    for key in keys.iter().filter(|key| given(holder, key)) {
        let path = format!("{field}.{key}");
        match holder.get(key) {
            Some(Value::String(name)) if name.is_empty() => {
                faults.invalid_text(path, name, no_name);
                continue;
            }
            Some(Value::String(name)) => faults.each(&path, name, names::subdomain(name)),
            Some(Value::Bool(false)) => {
                faults.invalid(path, "false", "must be either unset or set to true");
                continue;
            }
            Some(selector) if *key == "nodeSelector" => node_selector(selector, true, &path, faults),
            _ => {}
        }
        set.push(format!("`{key}`"));
    }
    set
}

fn device(device: &Value, apart: bool, field: &str, faults: &mut Faults) {
    let name = text(device, "name");
    faults.each(&format!("{field}.name"), name, names::label(name));
    let map = |key: &str| device.get(key).and_then(Value::as_object);
    let count = map("attributes").map_or(0, Map::len) + map("capacity").map_or(0, Map::len);
    if count > ATTRIBUTES_MAX {
        let why = format!("the total number of attributes and capacities must not exceed {ATTRIBUTES_MAX}");
        faults.invalid(field, count.to_string(), &why);
    }
    let lists = ["bools", "ints", "strings", "versions"];
    let in_lists = |a: &Value| lists.iter().map(|key| list(a, key).len()).sum::<usize>().max(1);
    let values: usize = map("attributes").into_iter().flat_map(Map::values).map(in_lists).sum();
    if values > VALUES_MAX {
        let why = format!("the total number of attribute values must not exceed {VALUES_MAX}");
        faults.invalid(field, values.to_string(), &why);
    }
    for (name, attribute) in map("attributes").into_iter().flat_map(Map::iter) {
        qualified(name, &format!("{field}.attributes"), faults);
        self::attribute(attribute, &format!("{field}.attributes[{name}]"), faults);
    }
    let shared = flag(device, "allowMultipleAllocations") == Some(true);
    for (name, capacity) in map("capacity").into_iter().flat_map(Map::iter) {
        qualified(name, &format!("{field}.capacity"), faults);
        let field = format!("{field}.capacity[{name}].requestPolicy");
        match some(capacity, "requestPolicy") {
            Some(policy) if shared => request_policy(capacity, policy, &field, faults),
            Some(_) => faults.forbidden(field, "allowMultipleAllocations must be true"),
            None => {}
        }
    }
    each(list(device, "taints"), TAINTS_MAX, &format!("{field}.taints"), faults, taint);
    let consumed = |set: &Value, field: &str, faults: &mut Faults| counters(set, "counterSet", field, faults);
    let path = format!("{field}.consumesCounters");
    let sets = list(device, "consumesCounters");
    unique(sets, CONSUMED_MAX, &path, faults, consumed, |s| quote(text(s, "counterSet")));
    place(device, apart, field, faults);
    conditions(device, field, faults);
}

fn place(device: &Value, apart: bool, field: &str, faults: &mut Faults) {
    let keys = ["nodeName", "nodeSelector", "allNodes"];
    if !apart {
        if keys.iter().any(|key| has(device, key)) {
            let why = "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in \
                       the ResourceSlice spec";
            faults.invalid(field, "null", why);
        }
        return;
    }
    let set = chosen(device, &keys, field, "must not be empty", faults);
    let why = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to \
               true in the ResourceSlice spec";
    match set.len() {
        0 => faults.required(field, why),
        1 => {}
        _ => faults.invalid_text(field, &format!("{{{}}}", set.join(", ")), why),
    }
}

fn attribute(attribute: &Value, field: &str, faults: &mut Faults) {
    let keys = ["bool", "int", "string", "version", "bools", "ints", "strings", "versions"];
    let set = keys.iter().filter(|key| has(attribute, key)).count();
    let bounded = |value: &str, field: &str, faults: &mut Faults| {
        if value.len() > VALUE_BYTES_MAX {
            faults.too_long(field, VALUE_BYTES_MAX);
        }
    };
    let version = |value: &str, field: &str, faults: &mut Faults| {
        if !is_semver(value) {
            faults.invalid_text(field, value, "must be a string compatible with semver.org spec 2.0.0");
        }
        bounded(value, field, faults);
    };
    if let Some(value) = attribute.get("string").and_then(Value::as_str) {
        bounded(value, &format!("{field}.string"), faults);
    }
    if let Some(value) = attribute.get("version").and_then(Value::as_str) {
        version(value, &format!("{field}.version"), faults);
    }
    for key in ["bools", "ints", "strings", "versions"] {
        let path = format!("{field}.{key}");
        if has(attribute, key) && list(attribute, key).is_empty() {
            faults.invalid(&path, "[]", "must not be empty if specified");
        }
        for (n, value) in list(attribute, key).iter().enumerate() {
            match (key, value.as_str()) {
                ("strings", Some(value)) => bounded(value, &format!("{path}[{n}]"), faults),
                ("versions", Some(value)) => version(value, &format!("{path}[{n}]"), faults),
                _ => {}
            }
        }
    }
    match set {
        0 => faults.invalid_text(field, "", "exactly one value must be specified"),
        1 => {}
        _ => {
            let shown = shown::show("resource.DeviceAttribute", Some(attribute));
            faults.invalid(field, shown, "exactly one value must be specified");
        }
    }
}

fn is_semver(value: &str) -> bool {
    let (value, build) = value.split_once('+').map_or((value, None), |(v, b)| (v, Some(b)));
    let (core, before) = value.split_once('-').map_or((value, None), |(v, p)| (v, Some(p)));
    let plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part.len() == 1 || !part.starts_with('0'))
    };
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let before_fits = |part: &str| word(part) && (!part.bytes().all(|b| b.is_ascii_digit()) || plain(part));
    core.split('.').count() == 3
        && core.split('.').all(plain)
        && before.is_none_or(|b| b.split('.').all(before_fits))
        && build.is_none_or(|b| b.split('.').all(word))
}

fn taint(taint: &Value, field: &str, faults: &mut Faults) {
    let (key, value) = (text(taint, "key"), text(taint, "value"));
    faults.each(&format!("{field}.key"), key, names::qualified(key));
    if !value.is_empty() {
        faults.each(&format!("{field}.value"), value, names::label_value(value));
    }
    let effect = text(taint, "effect");
    if faults.present(format!("{field}.effect"), effect) {
        faults.one_of(format!("{field}.effect"), effect, &EFFECTS);
    }
}

/// A set of counters, by the key of its name.
fn counters(set: &Value, key: &str, field: &str, faults: &mut Faults) {
    let (name, path) = (text(set, key), format!("{field}.{key}"));
    if faults.present(&path, name) {
        faults.each(&path, name, names::label(name));
    }
    let path = format!("{field}.counters");
    let Some(counters) = set.get("counters").and_then(Value::as_object).filter(|c| !c.is_empty()) else {
        return faults.required(path, "");
    };
    if counters.len() > COUNTERS_MAX {
        return faults.too_many(path, counters.len(), COUNTERS_MAX);
    }
    for name in counters.keys() {
        faults.each(&path, name, names::label(name));
    }
}

fn conditions(device: &Value, field: &str, faults: &mut Faults) {
    let (for_it, against) = ("bindingConditions", "bindingFailureConditions");
    let one = |name: &Value, field: &str, faults: &mut Faults| {
        let name = name.as_str().unwrap_or_default();
        faults.each(field, name, names::qualified(name));
    };
    for key in [for_it, against] {
        each(list(device, key), CONDITIONS_MAX, &format!("{field}.{key}"), faults, one);
    }
    for key in [for_it, against] {
        let all = list(device, key);
        for (n, name) in all.iter().enumerate() {
            let path = format!("{field}.{key}[{n}]");
            if all[..n].contains(name) {
                faults.duplicate(&path, show(Some(name)));
            }
            if key == against && list(device, for_it).contains(name) {
                let why = "bindingFailureConditions must not overlap with bindingConditions";
                faults.invalid(path, show(Some(name)), why);
            }
        }
    }
    let without = |a: &str, b: &str, faults: &mut Faults| {
        if list(device, a).is_empty() && !list(device, b).is_empty() {
            let why = format!("{a} are required to use {b}");
            let shown = if has(device, a) { "[]" } else { "null" };
            faults.invalid(format!("{field}.{a}"), shown, &why);
        }
    };
    without(for_it, against, faults);
    without(against, for_it, faults);
}

fn request_policy(capacity: &Value, policy: &Value, field: &str, faults: &mut Faults) {
    let of = |holder: &Value, key: &str| some(holder, key).and_then(amount);
    let at = |key: &str| format!("{field}.{key}");
    let Some(most) = of(capacity, "value") else { return };
    let values = list(policy, "validValues");
    let range = some(policy, "validRange");
    match (values.is_empty(), range) {
        (false, Some(_)) => {
            let why = "exactly one policy can be specified, cannot specify \"validValues\" and \"validRange\" at the same time";
            faults.forbidden(field, why);
        }
        (false, None) => match of(policy, "default") {
            None => faults.required(at("default"), "required when validValues is defined"),
            Some(default) => valid_values(values, &default, &most, &at("validValues"), faults),
        },
        (true, Some(range)) => match of(policy, "default") {
            None => faults.required(at("default"), "required when validRange is defined"),
            Some(default) => valid_range(range, &default, &most, &at("validRange"), faults),
        },
        (true, None) => {}
    }
}

fn valid_values(values: &[Value], default: &Quantity, most: &Quantity, field: &str, faults: &mut Faults) {
    let nano = |value: &Value| amount(value).map_or(0, |q| q.nano());
    for n in 1..values.len() {
        if nano(&values[n - 1]) > nano(&values[n]) {
            let shown = show(values.get(n));
            faults.invalid(format!("{field}[{n}]"), shown, "values must be sorted in ascending order");
        }
    }
    let one = |value: &Value, field: &str, faults: &mut Faults| {
        if nano(value) > most.nano() {
            let why = format!("option is larger than capacity value: {most}");
            faults.invalid(field, show(Some(value)), &why);
        }
    };
    let whole = |value: &Value| quote(&rounded(nano(value)).to_string());
    unique(values, OPTIONS_MAX, field, faults, one, whole);
    if !values.iter().any(|value| nano(value) == default.nano()) {
        let why = "default value is not valid according to the requestPolicy";
        faults.invalid_text(field, &default.to_string(), why);
    }
}

/// A whole number, rounded away from nought.
fn rounded(nano: i128) -> i128 {
    const ONE: i128 = 1_000_000_000;
    nano / ONE + (nano % ONE).signum()
}

fn valid_range(range: &Value, default: &Quantity, most: &Quantity, field: &str, faults: &mut Faults) {
    let of = |key: &str| some(range, key).and_then(amount);
    let at = |key: &str| format!("{field}.{key}");
    let Some(least) = of("min") else {
        return faults.required(at("min"), "required when validRange is defined");
    };
    let wrong = |key: &str, value: &Quantity, why: String, faults: &mut Faults| {
        faults.invalid_text(at(key), &value.to_string(), &why);
    };
    if least.nano() > most.nano() {
        wrong("min", &least, format!("min is larger than capacity value: {most}"), faults);
    }
    if default.nano() < least.nano() {
        wrong("min", default, format!("default is less than min: {least}"), faults);
    }
    let max = of("max");
    if let Some(max) = &max {
        if least.nano() > max.nano() {
            wrong("max", &least, format!("min is larger than max: {max}"), faults);
        }
        if max.nano() > most.nano() {
            wrong("max", max, format!("max is larger than capacity value: {most}"), faults);
        }
        if default.nano() > max.nano() {
            wrong("max", default, format!("default is more than max: {max}"), faults);
        }
    }
    let Some(step) = of("step").filter(|s| rounded(s.nano()) != 0) else { return };
    for value in [Some(default), max.as_ref()].into_iter().flatten() {
        if (rounded(value.nano()) - rounded(least.nano())) % rounded(step.nano()) != 0 {
            let why = format!("value is not a multiple of a given step ({step}) from ({least})");
            wrong("step", value, why, faults);
        }
    }
}
