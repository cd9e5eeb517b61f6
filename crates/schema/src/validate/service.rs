//! Services.

use super::fault::{Cause, Faults, has, int, list, show, some, text};
use super::{meta, names, pod_probe, shown};
use crate::managed::quote;
use fairway_value::{Map, Value};

/// Checks a Service.
pub(super) fn check(object: &Value, faults: &mut Faults) {
    let empty = Value::object();
    let spec = object.get("spec").unwrap_or(&empty);
    let kind = text(spec, "type");
    let headless = text(spec, "clusterIP") == "None";
    let listed = list(spec, "ports");
    if listed.is_empty() && !headless && kind != "ExternalName" {
        faults.required("spec.ports", "");
    }
    match kind {
        "LoadBalancer" | "NodePort" if headless => {
            let why = format!("may not be set to 'None' for {kind} services");
            faults.invalid("spec.clusterIPs[0]", "\"None\"", &why);
        }
        "ExternalName" => external_name(spec, faults),
        _ => {}
    }
    ports(listed, faults);
    meta::labels(spec.get("selector"), "spec.selector", faults);
    affinity(spec, faults);
    if kind != "ExternalName" {
        cluster_ips(spec, headless, faults);
    }
    for (n, ip) in list(spec, "externalIPs").iter().filter_map(Value::as_str).enumerate() {
        faults.ip(format!("spec.externalIPs[{n}]"), ip);
    }
    if faults.present("spec.type", kind) {
        faults.one_of("spec.type", kind, &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
    }
    once(listed, kind, faults);
    load_balancer(spec, kind, faults);
    let ingress = object.get_path(&["status", "loadBalancer", "ingress"]).and_then(Value::as_array);
    if kind != "LoadBalancer" && ingress.is_some_and(|i| !i.is_empty()) {
        let why = "may only be used when `spec.type` is 'LoadBalancer'";
        faults.forbidden("status.loadBalancer.ingress", why);
    }
    traffic(spec, kind, faults);
}

fn external_name(spec: &Value, faults: &mut Faults) {
    for key in ["clusterIPs", "ipFamilies"] {
        // The one address counts as a list of one.
        let one = key == "clusterIPs" && !text(spec, "clusterIP").is_empty();
        if one || !list(spec, key).is_empty() {
            faults.forbidden(format!("spec.{key}"), "may not be set for ExternalName services");
        }
    }
    if has(spec, "ipFamilyPolicy") {
        faults.forbidden("spec.ipFamilyPolicy", "may not be set for ExternalName services");
    }
    let name = text(spec, "externalName");
    let name = name.strip_suffix('.').unwrap_or(name);
    if faults.present("spec.externalName", name) {
        faults.each("spec.externalName", name, names::subdomain(name));
    }
}

fn ports(ports: &[Value], faults: &mut Faults) {
    let mut seen: Vec<&str> = Vec::new();
    for (n, port) in ports.iter().enumerate() {
        let field = format!("spec.ports[{n}]");
        let name = text(port, "name");
        if ports.len() > 1 && name.is_empty() {
            faults.required(format!("{field}.name"), "");
        } else if !name.is_empty() {
            faults.each(&format!("{field}.name"), name, names::label(name));
            if seen.contains(&name) {
                faults.duplicate(format!("{field}.name"), quote(name));
            }
            seen.push(name);
        }
        faults.between(format!("{field}.port"), Some(int(port, "port").unwrap_or(0)), (1, 65_535));
        let protocol = text(port, "protocol");
        if faults.present(format!("{field}.protocol"), protocol) {
            faults.one_of(format!("{field}.protocol"), protocol, &["SCTP", "TCP", "UDP"]);
        }
        pod_probe::port(port.get("targetPort"), &format!("{field}.targetPort"), faults);
        if let Some(name) = port.get("appProtocol").and_then(Value::as_str) {
            faults.each(&format!("{field}.appProtocol"), name, names::qualified(name));
        }
    }
}

/// Ports that come twice.
fn once(ports: &[Value], kind: &str, faults: &mut Faults) {
    let node = |port: &Value| int(port, "nodePort").unwrap_or(0);
    if kind == "ClusterIP" {
        for n in (0..ports.len()).filter(|n| node(&ports[*n]) != 0) {
            let why = "may not be used when `type` is 'ClusterIP'";
            faults.forbidden(format!("spec.ports[{n}].nodePort"), why);
        }
    }
    let mut nodes: Vec<(i64, &str)> = Vec::new();
    for (n, port) in ports.iter().enumerate().filter(|(_, p)| node(p) != 0) {
        let key = (node(port), text(port, "protocol"));
        if nodes.contains(&key) {
            faults.duplicate(format!("spec.ports[{n}].nodePort"), key.0.to_string());
        }
        nodes.push(key);
    }
    let mut seen: Vec<(i64, &str)> = Vec::new();
    for (n, port) in ports.iter().enumerate() {
        let key = (int(port, "port").unwrap_or(0), text(port, "protocol"));
        if seen.contains(&key) {
            // Shown are the parts that make the port, the others as zero.
            let only: Value =
                [("protocol", Value::from(key.1)), ("port", Value::from(key.0))].into_iter().collect();
            faults.duplicate(format!("spec.ports[{n}]"), shown::show("core.ServicePort", Some(&only)));
        }
        seen.push(key);
    }
}

fn affinity(spec: &Value, faults: &mut Faults) {
    let affinity = text(spec, "sessionAffinity");
    if faults.present("spec.sessionAffinity", affinity) {
        faults.one_of("spec.sessionAffinity", affinity, &["ClientIP", "None"]);
    }
    let config = some(spec, "sessionAffinityConfig");
    let field = "spec.sessionAffinityConfig";
    match (affinity, config) {
        ("None", Some(_)) => faults.forbidden(field, "must not be set when session affinity is None"),
        ("ClientIP", config) => {
            let why = "when session affinity type is ClientIP";
            let Some(config) = config else { return faults.required(field, why) };
            let Some(client) = some(config, "clientIP") else {
                return faults.required(format!("{field}.clientIP"), why);
            };
            let path = format!("{field}.clientIP.timeoutSeconds");
            match int(client, "timeoutSeconds") {
                None => faults.required(path, why),
                Some(secs) if !(1..=86_400).contains(&secs) => {
                    faults.invalid(path, secs.to_string(), "must be greater than 0 and less than 86400");
                }
                Some(_) => {}
            }
        }
        _ => {}
    }
}

/// Checks addresses and families alone, as the server does before it gives any.
pub(crate) fn addresses(spec: &Map) -> Vec<Cause> {
    let spec = Value::Object(spec.clone());
    let mut faults = Faults::default();
    cluster_ips(&spec, text(&spec, "clusterIP") == "None", &mut faults);
    faults.into_causes()
}

fn cluster_ips(spec: &Value, headless: bool, faults: &mut Faults) {
    let ips: Vec<&str> = list(spec, "clusterIPs").iter().filter_map(Value::as_str).collect();
    let field = "spec.clusterIPs";
    let shown = || show(spec.get("clusterIPs"));
    match (text(spec, "clusterIP"), ips.first()) {
        ("", Some(_)) => faults.invalid(field, shown(), "must be empty when `clusterIP` is not specified"),
        ("", None) => {}
        (_, None) => faults.required(field, ""),
        (one, Some(first)) if one != *first => {
            faults.invalid(field, shown(), "first value must match `clusterIP`");
        }
        _ => {}
    }
    let mut seen: Vec<&str> = Vec::new();
    let families: Vec<&str> = list(spec, "ipFamilies").iter().filter_map(Value::as_str).collect();
    for (n, family) in families.iter().enumerate() {
        let path = format!("spec.ipFamilies[{n}]");
        faults.one_of(&path, family, &["IPv4", "IPv6"]);
        if seen.contains(family) {
            faults.duplicate(path, quote(family));
        }
        seen.push(family);
    }
    if let Some(policy) = spec.get("ipFamilyPolicy").and_then(Value::as_str) {
        faults.one_of("spec.ipFamilyPolicy", policy, &["PreferDualStack", "RequireDualStack", "SingleStack"]);
    }
    let before = faults.len();
    for (n, ip) in ips.iter().enumerate() {
        if n == 0 && *ip == "None" {
            if ips.len() > 1 {
                faults.invalid(field, shown(), "'None' must be the first and only value");
            }
        } else if !ip.starts_with('<') {
            faults.ip(format!("{field}[{n}]"), ip);
        }
    }
    let wrong = faults.len() > before;
    if ips.len() > 2 {
        faults.invalid(field, shown(), "may only hold up to 2 values");
    }
    if wrong {
        return;
    }
    let is_six = |ip: &str| ip.contains(':');
    if ips.len() > 1 && ips.iter().filter(|ip| is_six(ip)).count() != 1 {
        faults.invalid(field, shown(), "may specify no more than one IP for each IP family");
    }
    if !headless {
        for (n, (ip, family)) in
            ips.iter().zip(&families).enumerate().filter(|(_, (ip, _))| !ip.starts_with('<'))
        {
            if (*family == "IPv4" && is_six(ip)) || (*family == "IPv6" && !is_six(ip)) {
                let why = format!("expected an {family} value as indicated by `ipFamilies[{n}]`");
                faults.invalid_text(format!("{field}[{n}]"), ip, &why);
            }
        }
    }
}

fn load_balancer(spec: &Value, kind: &str, faults: &mut Faults) {
    let only = "may only be used when `type` is 'LoadBalancer'";
    let ranges = list(spec, "loadBalancerSourceRanges");
    if !ranges.is_empty() {
        let field = "spec.LoadBalancerSourceRanges";
        if kind != "LoadBalancer" {
            faults.forbidden(field, only);
        }
        for (n, range) in ranges.iter().filter_map(Value::as_str).map(str::trim).enumerate() {
            if names::cidr(range).is_none() {
                faults.invalid_text(format!("{field}[{n}]"), range, names::NOT_A_CIDR);
            }
        }
    }
    if has(spec, "allocateLoadBalancerNodePorts") && kind != "LoadBalancer" {
        faults.forbidden("spec.allocateLoadBalancerNodePorts", only);
    }
    if let Some(class) = spec.get("loadBalancerClass").and_then(Value::as_str) {
        if kind == "LoadBalancer" {
            faults.each("spec.loadBalancerClass", class, names::qualified(class));
        } else {
            faults.forbidden("spec.loadBalancerClass", only);
        }
    }
}

fn traffic(spec: &Value, kind: &str, faults: &mut Faults) {
    let reachable = matches!(kind, "LoadBalancer" | "NodePort")
        || (kind == "ClusterIP" && !list(spec, "externalIPs").is_empty());
    let policy = text(spec, "externalTrafficPolicy");
    let field = "spec.externalTrafficPolicy";
    if reachable {
        if faults.present(field, policy) {
            faults.one_of(field, policy, &["Cluster", "Local"]);
        }
    } else if !policy.is_empty() {
        faults.invalid_text(field, policy, "may only be set for externally-accessible services");
    }
    let checked = kind == "LoadBalancer" && policy == "Local";
    let port = int(spec, "healthCheckNodePort").unwrap_or(0);
    if !checked && port != 0 {
        let why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
        faults.invalid("spec.healthCheckNodePort", port.to_string(), why);
    }
    let internal = spec.get("internalTrafficPolicy").and_then(Value::as_str);
    let field = "spec.internalTrafficPolicy";
    match internal {
        None if matches!(kind, "NodePort" | "LoadBalancer" | "ClusterIP") => faults.required(field, ""),
        None => {}
        Some(policy) => faults.one_of(field, policy, &["Cluster", "Local"]),
    }
    if let Some(wish) = spec.get("trafficDistribution").and_then(Value::as_str) {
        let supported = ["PreferClose", "PreferSameZone", "PreferSameNode"];
        faults.one_of("spec.trafficDistribution", wish, &supported);
    }
}
