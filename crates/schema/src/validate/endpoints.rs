//! EndpointSlices.

use super::fault::{Faults, has, list, some, text};
use super::names;
use crate::managed::{equal, quote};
use fairway_value::Value;

/// Checks an EndpointSlice. Endpoints that stay as they were are not looked at.
pub(super) fn slice(object: &Value, old: Option<&Value>, faults: &mut Faults) {
    let kind = text(object, "addressType");
    if kind.is_empty() {
        faults.required("addressType", "");
    } else {
        faults.one_of("addressType", kind, &["FQDN", "IPv4", "IPv6"]);
    }
    ports(list(object, "ports"), faults);
    let endpoints = object.get("endpoints");
    let unchanged = match (old.and_then(|o| o.get("endpoints")), endpoints) {
        (Some(old), Some(new)) => equal(old, new),
        (None, None) => old.is_some(),
        _ => false,
    };
    if unchanged {
        return;
    }
    for (n, endpoint) in list(object, "endpoints").iter().enumerate() {
        let field = format!("endpoints[{n}]");
        let path = format!("{field}.addresses");
        if list(endpoint, "addresses").is_empty() {
            faults.required(&path, "must contain at least 1 address");
        }
        for (i, address) in list(endpoint, "addresses").iter().filter_map(Value::as_str).enumerate() {
            let at = format!("{path}[{i}]");
            match kind {
                "IPv4" | "IPv6" if !names::is_ip(address) => faults.ip(at, address),
                "IPv4" | "IPv6" => {
                    if (kind == "IPv6") != address.contains(':') {
                        faults.invalid_text(&path, address, &format!("must be an {kind} address"));
                    }
                    super::network::endpoint_ip(address, &at, faults);
                }
                _ => {}
            }
        }
        if let Some(node) = endpoint.get("nodeName").and_then(Value::as_str) {
            faults.each(&format!("{field}.nodeName"), node, names::subdomain(node));
        }
        let topology = endpoint.get("deprecatedTopology");
        super::meta::labels(topology, &format!("{field}.deprecatedTopology"), faults);
        if let Some(host) = endpoint.get("hostname").and_then(Value::as_str) {
            faults.each(&format!("{field}.hostname"), host, names::label(host));
        }
        if let Some(hints) = some(endpoint, "hints") {
            self::hints(hints, &format!("{field}.hints"), faults);
        }
    }
}

/// Most zones, and most nodes, that a hint names.
const HINTS_MAX: usize = 8;

fn hints(hints: &Value, field: &str, faults: &mut Faults) {
    for key in ["forZones", "forNodes"] {
        let (found, path) = (list(hints, key), format!("{field}.{key}"));
        if found.len() > HINTS_MAX {
            return faults.too_many(path, found.len(), HINTS_MAX);
        }
        for (n, hint) in found.iter().enumerate() {
            let (name, path) = (text(hint, "name"), format!("{path}[{n}].name"));
            if found[..n].iter().any(|h| text(h, "name") == name) {
                faults.duplicate(&path, quote(name));
            }
            let wrong = if key == "forZones" { names::label_value(name) } else { names::subdomain(name) };
            faults.each(&path, name, wrong);
        }
    }
}

fn ports(ports: &[Value], faults: &mut Faults) {
    let mut seen: Vec<&str> = Vec::new();
    for (n, port) in ports.iter().enumerate() {
        let field = format!("ports[{n}]");
        let name = text(port, "name");
        if !name.is_empty() {
            faults.each(&format!("{field}.name"), name, names::label(name));
        }
        if seen.contains(&name) {
            faults.duplicate(format!("{field}.name"), quote(name));
        }
        seen.push(name);
        if has(port, "protocol") {
            faults.one_of(format!("{field}.protocol"), text(port, "protocol"), &["SCTP", "TCP", "UDP"]);
        } else {
            faults.required(format!("{field}.protocol"), "");
        }
        if let Some(name) = port.get("appProtocol").and_then(Value::as_str) {
            faults.each(&format!("{field}.appProtocol"), name, names::qualified(name));
        }
    }
}
