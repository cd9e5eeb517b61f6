use super::create::{Chooser, Refused};
use super::families;
use fairway_value::{Map, Str, Value};

pub(super) fn text<'m>(spec: &'m Map, key: &str) -> &'m str {
    spec.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a field is not there: an empty text is something that was asked for.
pub(super) fn absent(spec: &Map, key: &str) -> bool {
    spec.get(key).is_none_or(Value::is_null)
}

pub(super) fn empty(spec: &Map, key: &str) -> bool {
    match spec.get(key) {
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::String(s)) => s.is_empty(),
        other => other.is_none_or(Value::is_null),
    }
}

pub(super) fn list(items: &[&str]) -> Value {
    items.iter().map(|i| Value::from(*i)).collect()
}

/// Gives a new Service its addresses, families and node ports, as a server with one IPv4 range does.
pub(super) fn create(object: &mut Value, chooser: &mut dyn Chooser) -> Result<(), Refused> {
    allocate(object, None, chooser)?;
    chooser.claim(object, None).map_err(Refused::Causes)?;
    no_internal_policy(object);
    Ok(())
}

/// A name elsewhere has no traffic inside. The server leaves the field out when it is read; what is no policy at all is
/// kept here, for the checks to refuse.
fn no_internal_policy(object: &mut Value) {
    let of = |key: &str| object.get_path(&["spec", key]).and_then(Value::as_str);
    if of("type") == Some("ExternalName") && matches!(of("internalTrafficPolicy"), Some("Cluster" | "Local"))
    {
        object.remove_path(&["spec", "internalTrafficPolicy"]);
    }
}

/// Carries over to a Service about to replace `old` what the server chose for that and the new one leaves open, and chooses what
/// is still missing.
///
/// # Errors
/// What the chooser refuses.
pub fn update_service(object: &mut Value, old: &Value, chooser: &mut dyn Chooser) -> Result<(), Refused> {
    let Some(before) = old.get("spec").and_then(Value::as_object).cloned() else { return Ok(()) };
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return Ok(()) };
    drop_foreign_fields(spec, &before);
    // Whoever changes the one address means the first of the list.
    let changed =
        text(spec, "clusterIP") != text(&before, "clusterIP") && !text(spec, "clusterIP").is_empty();
    if changed && spec.get("clusterIPs") == before.get("clusterIPs") {
        let first = spec.get("clusterIP").cloned().unwrap_or_default();
        spec.insert("clusterIPs", Value::from(vec![first]));
    }
    if text(spec, "type") != "ExternalName" && text(&before, "type") != "ExternalName" {
        for key in ["clusterIP", "clusterIPs"] {
            if empty(spec, key)
                && let Some(value) = before.get(key)
            {
                spec.insert(key, value.clone());
            }
        }
        for (key, none) in
            [("ipFamilies", empty(spec, "ipFamilies")), ("ipFamilyPolicy", absent(spec, "ipFamilyPolicy"))]
        {
            if none && let Some(value) = before.get(key) {
                spec.insert(key, value.clone());
            }
        }
        if needs_node_ports(spec) && needs_node_ports(&before) {
            keep_node_ports(spec, &before);
        }
        if needs_health_port(spec)
            && needs_health_port(&before)
            && empty(spec, "healthCheckNodePort")
            && let Some(port) = before.get("healthCheckNodePort")
        {
            spec.insert("healthCheckNodePort", port.clone());
        }
    }
    allocate(object, Some(&before), chooser)?;
    chooser.claim(object, Some(old)).map_err(Refused::Causes)?;
    no_internal_policy(object);
    Ok(())
}

/// Returns the addresses and node ports that a Service holds, for a server to free them.
#[must_use]
pub fn release_service(object: &Value) -> (Vec<Str>, Vec<i64>) {
    let Some(spec) = object.get("spec") else { return (Vec::new(), Vec::new()) };
    let ips = spec.get("clusterIPs").and_then(Value::as_array).unwrap_or_default();
    let ips = ips.iter().filter_map(Value::as_str).filter(|ip| *ip != "None").map(Str::from).collect();
    let ports = spec.get("ports").and_then(Value::as_array).unwrap_or_default();
    let mut held: Vec<i64> = ports.iter().filter_map(|p| p.get("nodePort")?.as_i64()).collect();
    held.extend(spec.get("healthCheckNodePort").and_then(Value::as_i64));
    (ips, held)
}

/// A change of type leaves behind what only the old type had, unless the user changed it.
fn drop_foreign_fields(spec: &mut Map, before: &Map) {
    let same = |spec: &Map, key: &str| spec.get(key) == before.get(key);
    let is = |spec: &Map, kind: &str| text(spec, "type") == kind;
    if is(before, "ExternalName") && !is(spec, "ExternalName") && same(spec, "externalName") {
        spec.remove("externalName");
    }
    if !is(before, "ExternalName") && is(spec, "ExternalName") {
        for key in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] {
            if same(spec, key) || key == "clusterIPs" {
                spec.remove(key);
            }
        }
    }
    if needs_node_ports(before) && !needs_node_ports(spec) {
        let had = chosen_ports(before);
        // Who asks for another one at the same time is told that it cannot be.
        if chosen_ports(spec).iter().all(|port| had.contains(port)) {
            let ports = spec.get_mut("ports").and_then(Value::as_array_mut);
            for port in ports.into_iter().flat_map(|p| p.make_mut().iter_mut()) {
                port.remove_path(&["nodePort"]);
            }
        }
    }
    if needs_health_port(before) && !needs_health_port(spec) && same(spec, "healthCheckNodePort") {
        spec.remove("healthCheckNodePort");
    }
    if is(before, "LoadBalancer") && !is(spec, "LoadBalancer") {
        for key in ["allocateLoadBalancerNodePorts", "loadBalancerClass"] {
            if same(spec, key) {
                spec.remove(key);
            }
        }
    }
    let external =
        |spec: &Map| is(spec, "NodePort") || is(spec, "LoadBalancer") || !empty(spec, "externalIPs");
    if external(before) && !external(spec) && same(spec, "externalTrafficPolicy") {
        spec.remove("externalTrafficPolicy");
    }
}

fn chosen_ports(spec: &Map) -> Vec<i64> {
    let ports = spec.get("ports").and_then(Value::as_array).unwrap_or_default();
    ports.iter().filter_map(|p| p.get("nodePort").and_then(Value::as_i64)).filter(|n| *n != 0).collect()
}

/// Whether a port has a node port or asks for one.
fn has_node_port(port: &Map) -> bool {
    port.get("nodePort").is_some_and(|n| !n.is_null() && *n != Value::Int(0))
}

/// Whether ports of a Service may have node ports.
fn needs_node_ports(spec: &Map) -> bool {
    matches!(text(spec, "type"), "NodePort" | "LoadBalancer")
}

/// Whether ports that ask for no node port are given one.
fn chooses_node_ports(spec: &Map) -> bool {
    let declined = spec.get("allocateLoadBalancerNodePorts") == Some(&Value::Bool(false));
    needs_node_ports(spec) && !(text(spec, "type") == "LoadBalancer" && declined)
}

fn needs_health_port(spec: &Map) -> bool {
    text(spec, "type") == "LoadBalancer" && text(spec, "externalTrafficPolicy") == "Local"
}

/// Node ports stay with the name that has them, unless they are asked for already (`patchAllocatedValues` of Kubernetes 1.36
/// `pkg/registry/core/service/strategy.go`).
fn keep_node_ports(spec: &mut Map, before: &Map) {
    let held = chosen_ports(before);
    let used: Vec<i64> = chosen_ports(spec).into_iter().filter(|port| held.contains(port)).collect();
    let old = before.get("ports").and_then(Value::as_array).unwrap_or_default();
    let Some(ports) = spec.get_mut("ports").and_then(Value::as_array_mut) else { return };
    for port in ports.make_mut().iter_mut().filter_map(Value::as_object_mut) {
        if has_node_port(port) {
            continue;
        }
        // Of several ports of one name the last counts.
        let named = old.iter().filter_map(Value::as_object).rfind(|o| text(o, "name") == text(port, "name"));
        let kept = named.and_then(|o| o.get("nodePort")?.as_i64()).filter(|n| *n != 0 && !used.contains(n));
        if let Some(node) = kept {
            port.insert("nodePort", node);
        }
    }
}

fn allocate(object: &mut Value, before: Option<&Map>, chooser: &mut dyn Chooser) -> Result<(), Refused> {
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return Ok(()) };
    if text(spec, "type") == "ExternalName" {
        return Ok(());
    }
    let asked = Str::from(text(spec, "clusterIP"));
    if !asked.is_empty() && before.is_none() && empty(spec, "clusterIPs") {
        spec.insert("clusterIPs", list(&[&asked]));
    }
    let known = chooser.families().map(<[&str]>::to_vec);
    families::choose(spec, before, known.as_deref())?;
    if asked != "None" {
        let held = before.map(|b| Str::from(text(b, "clusterIP"))).unwrap_or_default();
        if asked.is_empty() {
            let ip = chooser.cluster_ip(None)?;
            spec.insert("clusterIP", ip);
        } else if asked != held {
            chooser.cluster_ip(Some(&asked))?;
        }
        if empty(spec, "clusterIPs") {
            let ip = spec.get("clusterIP").cloned().unwrap_or_default();
            spec.insert("clusterIPs", Value::from(vec![ip]));
        }
    }
    if needs_node_ports(spec) {
        node_ports(spec, before, chooser)?;
    }
    if needs_health_port(spec) && empty(spec, "healthCheckNodePort") {
        let port = chooser.node_port()?;
        spec.insert("healthCheckNodePort", port);
    }
    Ok(())
}

fn node_ports(spec: &mut Map, old: Option<&Map>, chooser: &mut dyn Chooser) -> Result<(), String> {
    let (held, updates) = (old.map(chosen_ports).unwrap_or_default(), old.is_some());
    let chooses = chooses_node_ports(spec);
    let Some(ports) = spec.get_mut("ports").and_then(Value::as_array_mut) else { return Ok(()) };
    let mut before: Vec<(Option<i64>, Str, Value)> = Vec::new();
    for port in ports.make_mut().iter_mut().filter_map(Value::as_object_mut) {
        let (number, protocol) =
            (port.get("port").and_then(Value::as_i64), Str::from(text(port, "protocol")));
        if has_node_port(port) {
            let asked = port.get("nodePort").and_then(Value::as_i64);
            if let Some(asked) = asked.filter(|n| !held.contains(n)) {
                chooser.port_asked(asked);
            }
        } else if chooses {
            // One port over two protocols shares its node port in a new Service.
            let shared =
                before.iter().find(|(n, ..)| *n == number && !updates).map(|(.., node)| node.clone());
            let node = match shared {
                Some(node) => node,
                None => chooser.node_port()?,
            };
            port.insert("nodePort", node);
        } else {
            continue;
        }
        let node = port.get("nodePort").cloned().unwrap_or_default();
        // What the server would choose is not known to everybody who asks.
        let twice = node.as_i64().is_some() && before.iter().any(|(_, p, n)| *p == protocol && *n == node);
        if updates && twice {
            return Err(format!("duplicate nodePort: {{{protocol} {node}}}"));
        }
        before.push((number, protocol, node));
    }
    Ok(())
}
