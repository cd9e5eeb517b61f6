use super::fault::{Faults, has, int, list, show, some, text};
use super::names;
use super::workload::label_selector;
use fairway_value::Value;

/// Checks the networking group.
pub(super) fn check(object: &Value, kind: &str, new: bool, faults: &mut Faults) {
    let empty = Value::object();
    let spec = object.get("spec").unwrap_or(&empty);
    match kind {
        "Ingress" => ingress(object, spec, new, faults),
        "IngressClass" => ingress_class(spec, faults),
        "NetworkPolicy" => network_policy(spec, faults),
        "IPAddress" => match some(spec, "parentRef") {
            None => faults.required("spec.parentRef", ""),
            Some(parent) => parent_ref(parent, faults),
        },
        "ServiceCIDR" if new => service_cidrs(spec, faults),
        _ => {}
    }
}

fn parent_ref(parent: &Value, faults: &mut Faults) {
    let at = |key: &str| format!("spec.parentRef.{key}");
    let group = text(parent, "group");
    if !group.is_empty() {
        faults.each(&at("group"), group, names::subdomain(group));
    }
    for key in ["resource", "name", "namespace"] {
        let value = text(parent, key);
        if value.is_empty() && key != "namespace" {
            faults.required(at(key), "");
        } else {
            faults.each(&at(key), value, names::segment(value));
        }
    }
}

fn service_cidrs(spec: &Value, faults: &mut Faults) {
    let cidrs = list(spec, "cidrs");
    if cidrs.is_empty() {
        return faults.required("spec.cidrs", "at least one CIDR required");
    }
    if cidrs.len() > 2 {
        let shown = format!("{{\"CIDRs\":{}}}", show(spec.get("cidrs")));
        return faults.invalid("spec.cidrs", shown, "may only hold up to 2 values");
    }
    let read: Vec<Option<(std::net::IpAddr, u32)>> =
        cidrs.iter().map(|c| names::cidr(c.as_str().unwrap_or_default())).collect();
    for (n, (cidr, read)) in cidrs.iter().zip(&read).enumerate() {
        let cidr = cidr.as_str().unwrap_or_default();
        let field = format!("spec.cidrs[{n}]");
        match read.map(names::network) {
            None => faults.invalid_text(field, cidr, names::NOT_A_CIDR),
            Some(network) if network != cidr => {
                let why = format!("must be in canonical form (\"{network}\")");
                faults.invalid_text(field, cidr, &why);
            }
            Some(_) => {}
        }
    }
    if let [Some((a, _)), Some((b, _))] = read[..]
        && a.is_ipv4() == b.is_ipv4()
    {
        let why = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
        faults.invalid("spec.cidrs", show(spec.get("cidrs")), why);
    }
}

fn ingress(object: &Value, spec: &Value, new: bool, faults: &mut Faults) {
    let rules = list(spec, "rules");
    if rules.is_empty() && !has(spec, "defaultBackend") {
        // The server shows nothing where there are no rules.
        faults.invalid(
            "spec",
            show(spec.get("rules")),
            "either `defaultBackend` or `rules` must be specified",
        );
    }
    if let Some(backend) = spec.get("defaultBackend").filter(|b| !b.is_null()) {
        self::backend(backend, "spec.defaultBackend", faults);
    }
    for (n, rule) in rules.iter().enumerate() {
        let field = format!("spec.rules[{n}]");
        let host = text(rule, "host");
        if !host.is_empty() {
            let field = format!("{field}.host");
            if names::is_ip(host) {
                faults.invalid_text(&field, host, "must be a DNS name, not an IP address");
            }
            let wrong =
                if host.contains('*') { names::wildcard_subdomain(host) } else { names::subdomain(host) };
            faults.each(&field, host, wrong);
        }
        let paths = rule.get_path(&["http", "paths"]).and_then(Value::as_array);
        if has(rule, "http") && paths.is_none_or(<[Value]>::is_empty) {
            faults.required(format!("{field}.http.paths"), "");
        }
        for (i, path) in paths.unwrap_or_default().iter().enumerate() {
            ingress_path(path, &format!("{field}.http.paths[{i}]"), faults);
        }
    }
    for (n, tls) in list(spec, "tls").iter().enumerate() {
        for (i, host) in list(tls, "hosts").iter().filter_map(Value::as_str).enumerate() {
            let field = format!("spec.tls[{n}].hosts[{i}]");
            let wrong =
                if host.contains('*') { names::wildcard_subdomain(host) } else { names::subdomain(host) };
            faults.each(&field, host, wrong);
        }
        let secret = text(tls, "secretName");
        if !secret.is_empty() {
            faults.each(&format!("spec.tls[{n}].secretName"), secret, names::subdomain(secret));
        }
    }
    if let Some(class) = spec.get("ingressClassName").and_then(Value::as_str) {
        faults.each("spec.ingressClassName", class, names::subdomain(class));
        let annotation = ["metadata", "annotations", "kubernetes.io/ingress.class"];
        let old = object.get_path(&annotation).and_then(Value::as_str);
        if let Some(old) = old.filter(|old| new && *old != class) {
            let why = "must match `ingressClassName` when both are specified";
            faults.invalid_text("annotations.kubernetes.io/ingress.class", old, why);
        }
    }
}

fn ingress_class(spec: &Value, faults: &mut Faults) {
    let controller = text(spec, "controller");
    if controller.len() > 250 {
        faults.too_long("spec.controller", 250);
    }
    if faults.present("spec.controller", controller) {
        match controller.split_once('/').filter(|(domain, path)| !domain.is_empty() && !path.is_empty()) {
            None => {
                let why = "must be a domain-prefixed path (such as \"acme.io/foo\")";
                faults.invalid_text("spec.controller", controller, why);
            }
            Some((domain, _)) => faults.each("spec.controller", domain, names::subdomain(domain)),
        }
    }
    let Some(parameters) = some(spec, "parameters") else { return };
    let at = |key: &str| format!("spec.parameters.{key}");
    let group = text(parameters, "apiGroup");
    if !group.is_empty() {
        faults.each(&at("apiGroup"), group, names::subdomain(group));
    }
    for key in ["kind", "name"] {
        let value = text(parameters, key);
        if faults.present(at(key), value) {
            faults.each(&at(key), value, names::segment(value));
        }
    }
    let (scope, namespace) = (text(parameters, "scope"), text(parameters, "namespace"));
    if faults.present(at("scope"), scope) {
        faults.one_of(at("scope"), scope, &["Cluster", "Namespace"]);
    }
    match scope {
        "Namespace" if namespace.is_empty() => {
            faults.required(at("namespace"), "`parameters.scope` is set to 'Namespace'");
        }
        "Namespace" => faults.each(&at("namespace"), namespace, names::label(namespace)),
        "Cluster" if has(parameters, "namespace") => {
            faults.forbidden(at("namespace"), "`parameters.scope` is set to 'Cluster'");
        }
        _ => {}
    }
}

fn ingress_path(path: &Value, field: &str, faults: &mut Faults) {
    let value = text(path, "path");
    match path.get("pathType").and_then(Value::as_str) {
        None => return faults.required(format!("{field}.pathType"), "pathType must be specified"),
        Some("Exact" | "Prefix") => {
            if !value.starts_with('/') {
                faults.invalid_text(format!("{field}.path"), value, "must be an absolute path");
            }
            for bad in ["//", "/./", "/../", "%2f", "%2F"] {
                if value.contains(bad) {
                    faults.invalid_text(format!("{field}.path"), value, &format!("must not contain '{bad}'"));
                }
            }
        }
        Some("ImplementationSpecific") => {
            if !value.is_empty() && !value.starts_with('/') {
                faults.invalid_text(format!("{field}.path"), value, "must be an absolute path");
            }
        }
        Some(other) => {
            faults.one_of(format!("{field}.pathType"), other, &["Exact", "ImplementationSpecific", "Prefix"]);
        }
    }
    let empty = Value::object();
    backend(path.get("backend").unwrap_or(&empty), &format!("{field}.backend"), faults);
}

fn resource_backend(reference: &Value, field: &str, faults: &mut Faults) {
    if let Some(group) = reference.get("apiGroup").and_then(Value::as_str) {
        faults.each(&format!("{field}.apiGroup"), group, names::subdomain(group));
    }
    for key in ["kind", "name"] {
        let (path, value) = (format!("{field}.{key}"), text(reference, key));
        if faults.present(&path, value) {
            faults.each(&path, value, names::segment(value));
        }
    }
}

fn backend(backend: &Value, field: &str, faults: &mut Faults) {
    let service = backend.get("service").filter(|s| !s.is_null());
    let resource = has(backend, "resource");
    match service {
        Some(_) if resource => {
            faults.invalid_text(field, "", "cannot set both resource and service backends")
        }
        Some(service) => {
            let name = text(service, "name");
            if name.is_empty() {
                faults.required(format!("{field}.service.name"), "");
            } else {
                faults.each(&format!("{field}.service.name"), name, names::label(name));
            }
            let port = service.get("port");
            let port_name = port.map(|p| text(p, "name")).unwrap_or_default();
            let number = port.and_then(|p| int(p, "number")).unwrap_or(0);
            match (port_name.is_empty(), number) {
                (true, 0) => faults.required(field, "port name or number is required"),
                (false, 0) => {
                    faults.each(&format!("{field}.service.port.name"), port_name, names::port_name(port_name))
                }
                (true, n) => {
                    if let Some(why) = names::port(n) {
                        faults.invalid(format!("{field}.service.port.number"), n.to_string(), why);
                    }
                }
                (false, _) => faults.invalid_text(field, "", "cannot set both port name & port number"),
            }
        }
        None if resource => {
            let empty = Value::object();
            resource_backend(backend.get("resource").unwrap_or(&empty), &format!("{field}.resource"), faults);
        }
        None if !resource => faults.invalid_text(field, "", "resource or service backend is required"),
        None => {}
    }
}

fn network_policy(spec: &Value, faults: &mut Faults) {
    label_selector(spec.get("podSelector"), "spec.podSelector", faults);
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for (n, rule) in list(spec, direction).iter().enumerate() {
            let field = format!("spec.{direction}[{n}]");
            for (i, port) in list(rule, "ports").iter().enumerate() {
                policy_port(port, &format!("{field}.ports[{i}]"), faults);
            }
            for (i, peer) in list(rule, peers).iter().enumerate() {
                policy_peer(peer, &format!("{field}.{peers}[{i}]"), faults);
            }
        }
    }
    let types = list(spec, "policyTypes");
    if types.len() > 2 {
        faults.invalid(
            "spec.policyTypes",
            show(spec.get("policyTypes")),
            "may not specify more than two policyTypes",
        );
        return;
    }
    for (n, kind) in types.iter().filter_map(Value::as_str).enumerate() {
        faults.one_of(format!("spec.policyTypes[{n}]"), kind, &["Ingress", "Egress"]);
    }
}

fn policy_port(port: &Value, field: &str, faults: &mut Faults) {
    let protocol = text(port, "protocol");
    if has(port, "protocol") {
        faults.one_of(format!("{field}.protocol"), protocol, &["TCP", "UDP", "SCTP"]);
    }
    let last = int(port, "endPort");
    let path = format!("{field}.endPort");
    match port.get("port") {
        Some(Value::Int(number)) => {
            if let Some(why) = names::port(*number) {
                faults.invalid(format!("{field}.port"), number.to_string(), why);
            }
            if let Some(last) = last {
                if last < *number {
                    // The server shows the port.
                    faults.invalid(&path, number.to_string(), "must be greater than or equal to `port`");
                }
                faults.between(path, Some(last), (1, 65_535));
            }
        }
        Some(Value::String(name)) => {
            if let Some(last) = last {
                let why = "may not be specified when `port` is non-numeric";
                faults.invalid(path, last.to_string(), why);
            }
            faults.each(&format!("{field}.port"), name, names::port_name(name));
        }
        _ => {
            if let Some(last) = last {
                faults.invalid(path, last.to_string(), "may not be specified when `port` is not specified");
            }
        }
    }
}

fn policy_peer(peer: &Value, field: &str, faults: &mut Faults) {
    let selectors = ["podSelector", "namespaceSelector"].iter().filter(|k| has(peer, k)).count();
    for key in ["podSelector", "namespaceSelector"] {
        label_selector(peer.get(key), &format!("{field}.{key}"), faults);
    }
    match peer.get("ipBlock").filter(|b| !b.is_null()) {
        Some(block) => {
            ip_block(block, &format!("{field}.ipBlock"), faults);
            if selectors > 0 {
                faults.forbidden(field, "may not specify both ipBlock and another peer");
            }
        }
        None if selectors == 0 => faults.required(field, "must specify a peer"),
        None => {}
    }
}

fn ip_block(block: &Value, field: &str, faults: &mut Faults) {
    let cidr = text(block, "cidr");
    if cidr.is_empty() {
        return faults.required(format!("{field}.cidr"), "");
    }
    let Some(outer) = names::cidr(cidr) else {
        return faults.invalid_text(format!("{field}.cidr"), cidr, names::NOT_A_CIDR);
    };
    for (n, except) in list(block, "except").iter().filter_map(Value::as_str).enumerate() {
        let field = format!("{field}.except[{n}]");
        match names::cidr(except) {
            None => faults.invalid_text(field, except, names::NOT_A_CIDR),
            Some(inner) if !inside(inner, outer) => {
                faults.invalid_text(field, except, "must be a strict subset of `cidr`");
            }
            Some(_) => {}
        }
    }
}

fn inside(inner: (std::net::IpAddr, u32), outer: (std::net::IpAddr, u32)) -> bool {
    use std::net::IpAddr::{V4, V6};
    let (a, b, width) = match (inner.0, outer.0) {
        (V4(a), V4(b)) => (u128::from(u32::from(a)), u128::from(u32::from(b)), 32),
        (V6(a), V6(b)) => (u128::from(a), u128::from(b), 128),
        _ => return false,
    };
    let shift = width - outer.1;
    let same = shift >= 128 || a >> shift == b >> shift;
    same && inner.1 > outer.1
}

/// Checks an Endpoints object.
pub(super) fn endpoints(object: &Value, faults: &mut Faults) {
    for (n, subset) in list(object, "subsets").iter().enumerate() {
        let field = format!("subsets[{n}]");
        let all = ["addresses", "notReadyAddresses"];
        if all.iter().all(|k| list(subset, k).is_empty()) {
            faults.required(&field, "must specify `addresses` or `notReadyAddresses`");
        }
        for key in all {
            for (i, address) in list(subset, key).iter().enumerate() {
                let ip = text(address, "ip");
                let path = format!("{field}.{key}[{i}]");
                faults.ip(format!("{path}.ip"), ip);
                let host = text(address, "hostname");
                if !host.is_empty() {
                    faults.each(&format!("{path}.hostname"), host, names::label(host));
                }
                if let Some(node) = address.get("nodeName").and_then(Value::as_str) {
                    faults.each(&format!("{path}.nodeName"), node, names::subdomain(node));
                }
                endpoint_ip(ip, &format!("{path}.ip"), faults);
            }
        }
        let ports = list(subset, "ports");
        for (i, port) in ports.iter().enumerate() {
            let field = format!("{field}.ports[{i}]");
            let name = text(port, "name");
            if ports.len() > 1 && name.is_empty() {
                faults.required(format!("{field}.name"), "");
            } else if !name.is_empty() {
                faults.each(&format!("{field}.name"), name, names::label(name));
            }
            let number = int(port, "port").unwrap_or(0);
            if let Some(why) = names::port(number) {
                faults.invalid(format!("{field}.port"), number.to_string(), why);
            }
            let protocol = text(port, "protocol");
            if faults.present(format!("{field}.protocol"), protocol) {
                faults.one_of(format!("{field}.protocol"), protocol, &["SCTP", "TCP", "UDP"]);
            }
            if let Some(name) = port.get("appProtocol").and_then(Value::as_str) {
                faults.each(&format!("{field}.appProtocol"), name, names::qualified(name));
            }
        }
    }
}

/// Addresses that cannot be those of an endpoint.
pub(super) fn endpoint_ip(text: &str, field: &str, faults: &mut Faults) {
    use std::net::IpAddr;
    let Ok(ip) = text.parse::<IpAddr>() else {
        return faults.invalid_text(field, text, "must be a valid IP address");
    };
    let (local, multicast) = match ip {
        IpAddr::V4(ip) => (ip.is_link_local(), ip.octets().starts_with(&[224, 0, 0])),
        IpAddr::V6(ip) => (ip.segments()[0] & 0xffc0 == 0xfe80, ip.segments()[0] & 0xff0f == 0xff02),
    };
    let wrong = [
        (ip.is_unspecified(), format!("may not be unspecified ({text})")),
        (ip.is_loopback(), "may not be in the loopback range (127.0.0.0/8, ::1/128)".to_owned()),
        (local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)".to_owned()),
        (multicast, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".to_owned()),
    ];
    for (_, why) in wrong.iter().filter(|(wrong, _)| *wrong) {
        faults.invalid_text(field, text, why);
    }
}
