//! Services, endpoints, ingresses, policies.

use super::text::{Cells, Row, get, labels, list, map, number, or, selector, text};
use fairway_value::Value;

pub(super) fn cells(table: &str, row: Row<'_>) -> Option<Cells> {
    let o = row.object;
    Some(match table {
        "services" => service(row),
        "endpoints" => vec![row.name(), Value::from(endpoints(o)), row.age()],
        "endpointslices.discovery.k8s.io" => {
            let ports: Vec<String> = list(o, "ports")
                .iter()
                .map(|p| get(p, "port").map_or_else(|| "*".to_owned(), Value::to_string))
                .collect();
            let addresses: Vec<&str> = list(o, "endpoints")
                .iter()
                .flat_map(|e| list(e, "addresses"))
                .filter_map(Value::as_str)
                .collect();
            vec![
                row.name(),
                Value::from(row.text("addressType")),
                Value::from(few(&ports)),
                Value::from(few(&addresses)),
                row.age(),
            ]
        }
        "ingresses.networking.k8s.io" => ingress(row),
        "ingressclasses.networking.k8s.io" => {
            let parameters = match (row.text("spec.parameters.kind"), row.text("spec.parameters.apiGroup")) {
                ("", _) => "<none>".to_owned(),
                (kind, "") => format!("{kind}/{}", row.text("spec.parameters.name")),
                (kind, group) => format!("{kind}.{group}/{}", row.text("spec.parameters.name")),
            };
            vec![row.name(), Value::from(row.text("spec.controller")), Value::from(parameters), row.age()]
        }
        "networkpolicies.networking.k8s.io" => {
            vec![row.name(), Value::from(selector(get(o, "spec.podSelector"))), row.age()]
        }
        "ipaddresses.networking.k8s.io" => {
            let parts =
                ["group", "resource", "namespace", "name"].map(|p| text(o, &format!("spec.parentRef.{p}")));
            let [group, resource, namespace, name] = parts;
            let first = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
            let parent: Vec<&str> =
                [first.as_str(), namespace, name].into_iter().filter(|p| !p.is_empty()).collect();
            vec![row.name(), Value::from(parent.join("/")), row.age()]
        }
        "servicecidrs.networking.k8s.io" => {
            let cidrs: Vec<&str> = list(o, "spec.cidrs").iter().filter_map(Value::as_str).collect();
            vec![row.name(), Value::from(cidrs.join(",")), row.age()]
        }
        _ => return None,
    })
}

/// Most addresses and ports that are printed.
const SHOWN_MAX: usize = 3;

/// Joins the first few; `<unset>` where there are none.
fn few<S: AsRef<str>>(all: &[S]) -> String {
    if all.is_empty() {
        return "<unset>".to_owned();
    }
    let shown: Vec<&str> = all.iter().take(SHOWN_MAX).map(AsRef::as_ref).collect();
    let rest = all.len().saturating_sub(SHOWN_MAX);
    if rest > 0 { format!("{} + {rest} more...", shown.join(",")) } else { shown.join(",") }
}

fn service(row: Row<'_>) -> Cells {
    let o = row.object;
    let kind = row.text("spec.type");
    let cluster_ip = list(o, "spec.clusterIPs")
        .first()
        .and_then(Value::as_str)
        .unwrap_or_else(|| row.text("spec.clusterIP"));
    let external: Vec<&str> = list(o, "spec.externalIPs").iter().filter_map(Value::as_str).collect();
    let balancer: Vec<&str> = list(o, "status.loadBalancer.ingress")
        .iter()
        .map(|i| if text(i, "ip").is_empty() { text(i, "hostname") } else { text(i, "ip") })
        .collect();
    let outside = match kind {
        "ExternalName" => row.text("spec.externalName").to_owned(),
        "LoadBalancer" if balancer.is_empty() && external.is_empty() => "<pending>".to_owned(),
        "LoadBalancer" => balancer.into_iter().chain(external).collect::<Vec<_>>().join(","),
        _ if external.is_empty() => "<none>".to_owned(),
        _ => external.join(","),
    };
    let ports: Vec<String> = list(o, "spec.ports")
        .iter()
        .map(|p| match number(p, "nodePort") {
            0 => format!("{}/{}", number(p, "port"), text(p, "protocol")),
            node => format!("{}:{node}/{}", number(p, "port"), text(p, "protocol")),
        })
        .collect();
    vec![
        row.name(),
        Value::from(kind),
        or(cluster_ip, "<none>"),
        Value::from(outside),
        or(&ports.join(","), "<none>"),
        row.age(),
        Value::from(labels(map(o, "spec.selector"))),
    ]
}

fn endpoints(o: &Value) -> String {
    let mut all = Vec::new();
    for subset in list(o, "subsets") {
        let ports = list(subset, "ports");
        for address in list(subset, "addresses") {
            let ip = text(address, "ip");
            if ports.is_empty() {
                all.push(ip.to_owned());
            }
            all.extend(ports.iter().map(|p| format!("{ip}:{}", number(p, "port"))));
        }
    }
    if all.is_empty() { "<none>".to_owned() } else { few(&all) }
}

fn ingress(row: Row<'_>) -> Cells {
    let o = row.object;
    let class = match row.text("spec.ingressClassName") {
        "" => get(o, "metadata.annotations")
            .and_then(|a| a.get("kubernetes.io/ingress.class"))
            .and_then(Value::as_str)
            .unwrap_or_default(),
        class => class,
    };
    let hosts: Vec<&str> =
        list(o, "spec.rules").iter().map(|r| text(r, "host")).filter(|h| !h.is_empty()).collect();
    let hosts = if hosts.is_empty() { "*".to_owned() } else { few(&hosts) };
    let addresses: Vec<&str> = list(o, "status.loadBalancer.ingress")
        .iter()
        .map(|i| if text(i, "ip").is_empty() { text(i, "hostname") } else { text(i, "ip") })
        .collect();
    let ports = if list(o, "spec.tls").is_empty() { "80" } else { "80, 443" };
    vec![
        row.name(),
        or(class, "<none>"),
        Value::from(hosts),
        Value::from(addresses.join(",")),
        Value::from(ports),
        row.age(),
    ]
}
