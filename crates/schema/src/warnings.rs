//! What the API server warns of while it takes an object.
//!
//! Source: Kubernetes 1.36 `pkg/api/{pod,service}/warnings.go`.

use crate::quantity::Quantity;
use fairway_value::{Map, Value};

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).unwrap_or_default()
}

/// Returns the warnings about a write: none again about a template that an update leaves as it was (`WarningsOnUpdate` of
/// the kinds' strategies).
#[must_use]
pub fn on_write(live: Option<&Value>, object: &Value) -> Vec<String> {
    let generation = |object: &Value| object.get_path(&["metadata", "generation"]).cloned();
    let by_generation = matches!(
        text(object, "kind"),
        "Deployment"
            | "DaemonSet"
            | "StatefulSet"
            | "ReplicaSet"
            | "ReplicationController"
            | "Job"
            | "CronJob"
            | "PodTemplate"
    );
    match live {
        Some(live) if by_generation && generation(live) == generation(object) => Vec::new(),
        _ => warnings(object),
    }
}

/// Returns the warnings about an object that is about to be stored, in the server's order.
#[must_use]
pub fn warnings(object: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let empty = Value::object();
    let spec = object.get("spec").unwrap_or(&empty);
    match (text(object, "apiVersion"), text(object, "kind")) {
        ("v1", "Endpoints") => {
            out.push(
                "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice".to_owned(),
            );
        }
        ("v1", "Service") => service(spec, &mut out),
        ("v1", "Pod") => pod(object, "", &mut out),
        ("v1", "Secret") if text(object, "type") == "kubernetes.io/tls" => {
            let certificate = object.get("data").map(|d| text(d, "tls.crt")).unwrap_or_default();
            let pem = crate::base64::decode(certificate).unwrap_or_default();
            if !pem.windows(11).any(|w| w == b"-----BEGIN ") {
                out.push("tls: failed to find any PEM data in certificate input".to_owned());
            }
        }
        ("storage.k8s.io/v1", "CSIDriver") => {
            let asks = !list(spec, "tokenRequests").is_empty();
            if asks && spec.get("serviceAccountTokenInSecrets").is_none_or(Value::is_null) {
                out.push(
                    "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent \
                     possible logging of tokens in volume attributes"
                        .to_owned(),
                );
            }
        }
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition") => {
            let mut unknown: Vec<&str> = Vec::new();
            formats(spec, &mut unknown);
            unknown.sort_unstable();
            unknown.dedup();
            out.extend(
                unknown.into_iter().map(|f| format!("unrecognized format {}", crate::managed::quote(f))),
            );
        }
        ("v1", "PersistentVolume") => {
            for (kind, note) in OLD_VOLUMES {
                if spec.get(kind).is_some_and(|v| !v.is_null()) && kind != "gitRepo" {
                    out.push(format!("spec.{kind}: {note}"));
                }
            }
        }
        ("apps/v1", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch/v1", "Job") => {
            if let Some(template) = spec.get("template") {
                pod(template, "spec.template.", &mut out);
            }
        }
        ("batch/v1", "CronJob") => {
            if let Some(template) = spec.get_path(&["jobTemplate", "spec", "template"]) {
                pod(template, "spec.jobTemplate.spec.template.", &mut out);
            }
        }
        _ => {}
    }
    out
}

/// Kinds of volumes that are no more.
const OLD_VOLUMES: [(&str, &str); 8] = [
    ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

/// Formats of strings that the server checks.
const FORMATS: [&str; 27] = [
    "bsonobjectid",
    "uri",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "cidr",
    "mac",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
    "isbn",
    "isbn10",
    "isbn13",
    "creditcard",
    "ssn",
    "hexcolor",
    "rgbcolor",
    "byte",
    "password",
    "date",
    "duration",
    "datetime",
    "date-time",
    "k8s-short-name",
    "k8s-long-name",
];

/// Collects formats of strings that the server does not know.
fn formats<'v>(schema: &'v Value, out: &mut Vec<&'v str>) {
    match schema {
        Value::Object(map) => {
            let format = text(schema, "format");
            if text(schema, "type") == "string" && !format.is_empty() && !FORMATS.contains(&format) {
                out.push(format);
            }
            map.values().for_each(|v| formats(v, out));
        }
        Value::Array(items) => items.iter().for_each(|v| formats(v, out)),
        _ => {}
    }
}

fn service(spec: &Value, out: &mut Vec<String>) {
    let headless = text(spec, "clusterIP") == "None";
    if !headless && !list(spec, "externalIPs").is_empty() {
        out.push(
            "spec.externalIPs is deprecated and may no longer be implemented in some clusters".to_owned(),
        );
    }
    if headless {
        for (key, ignored) in [
            ("loadBalancerIP", !text(spec, "loadBalancerIP").is_empty()),
            ("externalIPs", !list(spec, "externalIPs").is_empty()),
            ("SessionAffinity", !matches!(text(spec, "sessionAffinity"), "" | "None")),
        ] {
            if ignored {
                out.push(format!("spec.{key} is ignored for headless services"));
            }
        }
    }
    if text(spec, "trafficDistribution") == "PreferClose" {
        out.push(
            "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"".to_owned(),
        );
    }
}

/// Warns of a pod or template of pods; `at` is its path with a dot behind it.
fn pod(pod: &Value, at: &str, out: &mut Vec<String>) {
    let empty = Value::object();
    let spec = pod.get("spec").unwrap_or(&empty);
    for (n, rule) in list(spec, "topologySpreadConstraints").iter().enumerate() {
        if rule.get("labelSelector").is_none_or(Value::is_null) {
            let field = format!("{at}spec.topologySpreadConstraints[{n}].labelSelector");
            out.push(format!("{field}: a null labelSelector results in matching no pod"));
        }
    }
    for (n, volume) in list(spec, "volumes").iter().enumerate() {
        for (kind, note) in OLD_VOLUMES {
            if volume.get(kind).is_some_and(|v| !v.is_null()) {
                // The server writes this one kind otherwise than its field.
                let kind = if kind == "storageos" { "storageOS" } else { kind };
                out.push(format!("{at}spec.volumes[{n}].{kind}: {note}"));
            }
        }
        let projected = volume.get("projected").filter(|p| !p.is_null());
        let nothing = |source: &Value| source.as_object().is_none_or(Map::is_empty);
        if projected.is_some_and(|p| list(p, "sources").iter().all(nothing)) {
            out.push(format!(
                "volume {} (Projected) has no sources provided",
                crate::managed::quote(text(volume, "name"))
            ));
        }
    }
    for kind in ["initContainers", "containers"] {
        for (n, container) in list(spec, kind).iter().enumerate() {
            of_container(pod, spec, container, (at, &format!("{at}spec.{kind}[{n}]")), out);
        }
    }
    let containers = list(spec, "containers");
    let mut ports: Vec<(i64, &str, String)> = Vec::new();
    for (n, container) in containers.iter().enumerate() {
        env(list(container, "env"), &format!("{at}spec.containers[{n}].env"), out);
        for (i, port) in list(container, "ports").iter().enumerate() {
            let number = port.get("containerPort").and_then(Value::as_i64).unwrap_or(0);
            let field = format!("{at}spec.containers[{n}].ports[{i}]");
            let twin = ports
                .iter()
                .find(|(other, protocol, _)| *other == number && *protocol == text(port, "protocol"));
            if let Some((_, _, first)) = twin {
                out.push(format!("{field}: duplicate port definition with {first}"));
            } else {
                ports.push((number, text(port, "protocol"), field));
            }
        }
    }
}

/// The AppArmor annotation where no field says the same, and amounts of bytes that are no whole numbers.
fn of_container(
    pod: &Value,
    spec: &Value,
    container: &Value,
    (at, field): (&str, &str),
    out: &mut Vec<String>,
) {
    let profile = ["securityContext", "appArmorProfile"];
    let set = |v: &Value| v.get_path(&profile).is_some_and(|p| !p.is_null());
    let key = format!("container.apparmor.security.beta.kubernetes.io/{}", text(container, "name"));
    let annotation = pod.get_path(&["metadata", "annotations", &key]).and_then(Value::as_str);
    if let Some(annotation) = annotation
        && !at.is_empty()
        && !set(container)
        && !spec.get_path(&profile).is_some_and(|p| says(p, annotation))
    {
        let field = format!("{at}metadata.annotations[{key}]");
        out.push(format!("{field}: deprecated since v1.30; use the \"appArmorProfile\" field instead"));
    }
    for resource in ["memory", "ephemeral-storage"] {
        for part in ["limits", "requests"] {
            let amount = container.get_path(&["resources", part, resource]).and_then(Value::as_str);
            let Some(amount) = amount.and_then(|a| Quantity::parse(a).ok()) else { continue };
            if amount.nano() % 1_000_000_000 != 0 {
                out.push(format!(
                    "{field}.resources.{part}[{resource}]: fractional byte value \"{amount}\" is invalid, must be an integer"
                ));
            }
        }
    }
}

/// Whether a profile is what the annotation of old times says.
fn says(profile: &Value, annotation: &str) -> bool {
    match text(profile, "type") {
        "RuntimeDefault" => annotation == "runtime/default",
        "Unconfined" => annotation == "unconfined",
        "Localhost" => annotation.strip_prefix("localhost/") == Some(text(profile, "localhostProfile")),
        _ => false,
    }
}

fn env(env: &[Value], field: &str, out: &mut Vec<String>) {
    for (n, variable) in env.iter().enumerate() {
        let name = text(variable, "name");
        let value = text(variable, "value");
        // A value that builds on the one before is meant to stand behind it.
        let builds_on = value.contains(&format!("$({name})"));
        if env.iter().take(n).any(|v| text(v, "name") == name) && !builds_on {
            out.push(format!(
                "{field}[{n}]: hides previous definition of {}, which may be dropped when using apply",
                crate::managed::quote(name)
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_warned_of_again_only_where_it_changed() {
        let deployment = |generation: u8| {
            let text = format!(
                r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"generation":{generation}}},"spec":{{"template":{{"spec":
                {{"containers":[{{"name":"c","env":[{{"name":"A","value":"1"}},{{"name":"A","value":"2"}}]}}]}}}}}}}}"#
            );
            fairway_value::from_json(text.as_bytes()).unwrap()
        };
        let (one, two) = (deployment(1), deployment(2));
        assert_eq!(on_write(None, &one).len(), 1);
        assert_eq!(on_write(Some(&one), &one), Vec::<String>::new());
        assert_eq!(on_write(Some(&one), &two).len(), 1);
    }
}
