//! Services and Ingresses: who stands behind them, and the addresses they get.

use super::object::{deleting, flag, get, is_ready, key, list, name, namespace, number, text, uid};
use super::work::{World, collection};
use crate::api::{CONTROLLER, LabelSelector, Part, fnv32a, to_value};
use crate::store::Stored;
use fairway_value::Value;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Queues the Services that a Pod stands behind. One that has no address yet stands behind none.
pub(crate) fn pod_changed(world: &World, pod: &Value, gone: bool) {
    if text(pod, "status.podIP").is_empty() && !gone {
        return;
    }
    for key in world.index.services_like(pod) {
        world.queue.push("services", &key, None);
    }
}

/// Writes a Service's endpoints and its balancer's address.
pub(crate) fn reconcile(world: &World, service: &Value) {
    balancer(world, service);
    let selector = get(service, "spec.selector").and_then(Value::as_object);
    let Some(selector) = selector.filter(|s| !s.is_empty()) else { return };
    if text(service, "spec.type") == "ExternalName" {
        return;
    }
    let candidates = world.index.pods_like(namespace(service), selector);
    let selector = LabelSelector::from_map(selector);
    let behind: Vec<Arc<Stored>> = candidates
        .iter()
        .filter_map(|key| world.api.store.get("pods", key))
        .filter(|p| selector.matches(&p.value) && !text(&p.value, "status.podIP").is_empty())
        .filter(|p| !matches!(text(&p.value, "status.phase"), "Succeeded" | "Failed") && !deleting(&p.value))
        .collect();
    let all_ready = flag(service, "spec.publishNotReadyAddresses");
    endpoints(world, service, &behind, all_ready);
    slice(world, service, &behind, all_ready);
}

/// Finds the number that a target port names in a Pod.
fn target(service_port: &Value, pod: Option<&Value>) -> i64 {
    let own = number(service_port, "port").unwrap_or_default();
    match get(service_port, "targetPort") {
        Some(Value::String(port_name)) => pod
            .into_iter()
            .flat_map(|p| list(p, "spec.containers"))
            .flat_map(|c| list(c, "ports"))
            .find(|p| text(p, "name") == port_name.as_str())
            .and_then(|p| number(p, "containerPort"))
            .unwrap_or(own),
        Some(port) => port.as_i64().unwrap_or(own),
        None => own,
    }
}

fn ports(service: &Value, pod: Option<&Value>) -> Vec<Json> {
    list(service, "spec.ports")
        .iter()
        .map(|p| {
            let protocol = if text(p, "protocol").is_empty() { "TCP" } else { text(p, "protocol") };
            json!({ "name": text(p, "name"), "port": target(p, pod), "protocol": protocol })
        })
        .collect()
}

fn reference(pod: &Value) -> Json {
    json!({ "kind": "Pod", "namespace": namespace(pod), "name": name(pod), "uid": uid(pod) })
}

fn labels(service: &Value) -> Value {
    get(service, "metadata.labels").cloned().unwrap_or_else(Value::object)
}

fn endpoints(world: &World, service: &Value, behind: &[Arc<Stored>], all_ready: bool) {
    let address = |p: &Arc<Stored>| {
        json!({ "ip": text(&p.value, "status.podIP"), "nodeName": text(&p.value, "spec.nodeName"),
            "targetRef": reference(&p.value) })
    };
    let (ready, waiting): (Vec<_>, Vec<_>) = behind.iter().partition(|p| all_ready || is_ready(&p.value));
    let mut subsets = Vec::new();
    if !behind.is_empty() {
        let mut subset = json!({});
        if !ready.is_empty() {
            subset["addresses"] = ready.iter().map(|p| address(p)).collect();
        }
        if !waiting.is_empty() {
            subset["notReadyAddresses"] = waiting.iter().map(|p| address(p)).collect();
        }
        let mut ports = ports(service, behind.first().map(|p| &p.value));
        for port in &mut ports {
            if port["name"] == "" {
                port.as_object_mut().map(|p| p.remove("name"));
            }
        }
        if !ports.is_empty() {
            subset["ports"] = json!(ports);
        }
        subsets.push(subset);
    }
    let mut labels = labels(service);
    labels.set_path(&["endpoints.kubernetes.io/managed-by"], "endpoint-controller");
    let subsets = to_value(&json!(subsets));
    let key = key(service);
    if world.api.store.get("endpoints", &key).is_none() {
        let mut object = to_value(
            &json!({ "apiVersion": "v1", "kind": "Endpoints", "metadata": { "name": name(service) } }),
        );
        object.set_path(&["metadata", "labels"], labels);
        object.set_path(&["subsets"], subsets);
        // Refused only where the namespace is going.
        let _ = world.api.make(&collection("v1", namespace(service), "endpoints"), &object);
        return;
    }
    world.api.change("endpoints", &key, CONTROLLER, Part::Object, |o| {
        if subsets.as_array().is_some_and(<[Value]>::is_empty) {
            o.remove_path(&["subsets"]);
        } else {
            o.set_path(&["subsets"], subsets.clone());
        }
    });
}

fn slice(world: &World, service: &Value, behind: &[Arc<Stored>], all_ready: bool) {
    let entries: Vec<Json> = behind
        .iter()
        .map(|p| {
            let ready = all_ready || is_ready(&p.value);
            json!({ "addresses": [text(&p.value, "status.podIP")],
                "conditions": { "ready": ready, "serving": ready, "terminating": false },
                "nodeName": text(&p.value, "spec.nodeName"), "targetRef": reference(&p.value) })
        })
        .collect();
    let entries = to_value(&json!(entries));
    let ports = if behind.is_empty() {
        Value::Null
    } else {
        to_value(&json!(ports(service, behind.first().map(|p| &p.value))))
    };
    // One slice a Service.
    let known = world.owned("endpointslices.discovery.k8s.io", uid(service));
    let Some(known) = known.first() else {
        let mut labels = labels(service);
        labels.set_path(&["kubernetes.io/service-name"], name(service));
        labels.set_path(&["endpointslice.kubernetes.io/managed-by"], "endpointslice-controller.k8s.io");
        let mut object = to_value(&json!({ "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {}, "addressType": "IPv4" }));
        super::object::generate_name(&mut object, &format!("{}-", name(service)), &world.api.random);
        object.set_path(&["metadata", "labels"], labels);
        object.set_path(&["metadata", "ownerReferences"], vec![super::object::reference(service)]);
        object.set_path(&["endpoints"], entries);
        object.set_path(&["ports"], ports);
        let _ =
            world.api.make(&collection("discovery.k8s.io/v1", namespace(service), "endpointslices"), &object);
        return;
    };
    world.api.change("endpointslices.discovery.k8s.io", &key(&known.value), CONTROLLER, Part::Object, |o| {
        o.set_path(&["endpoints"], entries.clone());
        o.set_path(&["ports"], ports.clone());
    });
}

/// Returns an address that stays the same for one object.
fn address_of(object: &Value) -> String {
    let hash = fnv32a(key(object).as_bytes());
    format!("172.18.{}.{}", hash >> 8 & 0xff, (hash & 0xff).clamp(1, 254))
}

fn balancer(world: &World, service: &Value) {
    let wants = text(service, "spec.type") == "LoadBalancer";
    let has = !list(service, "status.loadBalancer.ingress").is_empty();
    if wants == has {
        return;
    }
    let ingress = to_value(&json!([{ "ip": address_of(service), "ipMode": "VIP" }]));
    world.api.change("services", &key(service), CONTROLLER, Part::Status, |o| {
        if wants {
            o.set_path(&["status", "loadBalancer", "ingress"], ingress.clone());
        } else {
            o.set_path(&["status", "loadBalancer"], Value::object());
        }
    });
}

/// Gives an Ingress the address that its controller would.
pub(crate) fn ingress(world: &World, ingress: &Value) {
    if !list(ingress, "status.loadBalancer.ingress").is_empty() {
        return;
    }
    let address = to_value(&json!([{ "ip": "127.0.0.1" }]));
    world.api.change("ingresses.networking.k8s.io", &key(ingress), "ingress-controller", Part::Status, |o| {
        o.set_path(&["status", "loadBalancer", "ingress"], address.clone());
    });
}
