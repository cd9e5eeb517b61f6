//! What the API server warns of while it takes an object.
//!
//! Source: Kubernetes 1.36 `pkg/api/*/{warnings,util}.go`, and `WarningsOnCreate` and `WarningsOnUpdate` of each kind's strategy.

mod address;
mod pod;

use crate::managed::{equal, quote};
use crate::quantity::Quantity;
use crate::validate::{is_text_format, label};
use fairway_value::{Map, Value};

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).unwrap_or_default()
}

/// Returns the warnings about a write of a custom resource: of finalizers that anybody could use.
#[must_use]
pub fn on_custom_write(live: Option<&Value>, object: &Value) -> Vec<String> {
    let of = |object: &Value| -> Vec<String> {
        let all = object.get_path(&["metadata", "finalizers"]).and_then(Value::as_array).unwrap_or_default();
        all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let before = live.map(of).unwrap_or_default();
    let mut added = of(object);
    let own =
        |name: &str| matches!(name, "kubernetes" | "orphan" | "foregroundDeletion") || name.contains('/');
    added.retain(|name| !before.contains(name) && !own(name));
    added.sort_unstable();
    added.dedup();
    let one = |name: &String| {
        let how = if name.contains('.') { " including a path (/)" } else { "" };
        format!(
            "metadata.finalizers: {}: prefer a domain-qualified finalizer name{how} to avoid accidental conflicts with other \
             finalizer writers",
            quote(name)
        )
    };
    added.iter().map(one).collect()
}

/// Returns the warnings about a write, in the server's order. `live` is what is replaced: a template that an update leaves as it
/// was is not warned of again.
#[must_use]
pub fn on_write(live: Option<&Value>, object: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let empty = Value::object();
    let spec = object.get("spec").unwrap_or(&empty);
    let new = live.is_none();
    match (text(object, "apiVersion"), text(object, "kind")) {
        // Pods are written often, and mostly not by people: an update is not warned of.
        ("v1", "Pod") if new => pod::pod(object, "", &mut out),
        ("v1", "PodTemplate" | "ReplicationController")
        | ("apps/v1", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch/v1", "Job" | "CronJob") => workload(live, object, spec, &mut out),
        ("v1", "Service") => service(object, spec, &mut out),
        ("v1", "Endpoints") => {
            out.push(
                "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice".to_owned(),
            );
        }
        ("discovery.k8s.io/v1", "EndpointSlice") => endpoint_slice(object, new, &mut out),
        ("v1", "Secret") if text(object, "type") == "kubernetes.io/tls" => {
            let certificate = object.get("data").map(|d| text(d, "tls.crt")).unwrap_or_default();
            let pem = crate::base64::decode(certificate).unwrap_or_default();
            if !pem.windows(11).any(|w| w == b"-----BEGIN ") {
                out.push("tls: failed to find any PEM data in certificate input".to_owned());
            }
        }
        ("v1", "PersistentVolumeClaim") => {
            let class = "volume.beta.kubernetes.io/storage-class";
            if annotated(object, class) {
                out.push(format!("metadata.annotations[{class}]: {OLD_CLASS}"));
            }
            storage(spec, "spec", &mut out);
        }
        ("v1", "PersistentVolume") => volume(object, spec, &mut out),
        ("v1", "ResourceQuota") if new => quota(spec, &mut out),
        ("v1", "Node") => node(spec, &mut out),
        ("storage.k8s.io/v1", "StorageClass") => topologies(object, &mut out),
        ("storage.k8s.io/v1", "CSIDriver") => driver(live, spec, &mut out),
        ("storage.k8s.io/v1", "CSIStorageCapacity") => capacity(object, &mut out),
        ("node.k8s.io/v1", "RuntimeClass") => {
            let labels = object.get_path(&["scheduling", "nodeSelector"]).and_then(Value::as_object);
            let old = labels.into_iter().flat_map(Map::keys).filter_map(|key| pod::old_label(key));
            out.extend(old.map(|why| format!("scheduling.nodeSelector: {why}")));
        }
        ("networking.k8s.io/v1", "Ingress") if new => {
            let class = "kubernetes.io/ingress.class";
            if annotated(object, class) && spec.get("ingressClassName").is_none_or(Value::is_null) {
                out.push(format!(
                    "annotation \"{class}\" is deprecated, please use 'spec.ingressClassName' instead"
                ));
            }
        }
        ("networking.k8s.io/v1", "NetworkPolicy") => policy(spec, &mut out),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition") => {
            let mut unknown: Vec<&str> = Vec::new();
            for version in list(spec, "versions") {
                if let Some(schema) = version.get_path(&["schema", "openAPIV3Schema"]) {
                    formats(schema, &mut unknown);
                }
            }
            unknown.sort_unstable();
            unknown.dedup();
            out.extend(unknown.into_iter().map(|f| format!("unrecognized format {}", quote(f))));
        }
        _ => {}
    }
    out
}

const OLD_CLASS: &str = "deprecated since v1.8; use \"storageClassName\" attribute instead";

fn annotated(object: &Value, key: &str) -> bool {
    object.get_path(&["metadata", "annotations", key]).is_some()
}

/// An amount of bytes that is no whole number.
fn fractional(amounts: Option<&Value>, resource: &str, field: &str, out: &mut Vec<String>) {
    let amount = amounts.and_then(|a| a.get(resource)).and_then(Value::as_str);
    let Some(amount) = amount.and_then(|a| Quantity::parse(a).ok()) else { return };
    if amount.nano() % 1_000_000_000 != 0 {
        out.push(format!(
            "{field}[{resource}]: fractional byte value \"{amount}\" is invalid, must be an integer"
        ));
    }
}

/// Warns of the storage that a claim asks for.
fn storage(claim: &Value, field: &str, out: &mut Vec<String>) {
    for part in ["requests", "limits"] {
        let amounts = claim.get_path(&["resources", part]);
        fractional(amounts, "storage", &format!("{field}.resources.{part}"), out);
    }
}

/// Warns of what has a template of pods.
fn workload(live: Option<&Value>, object: &Value, spec: &Value, out: &mut Vec<String>) {
    let kind = text(object, "kind");
    let named = matches!(kind, "Deployment" | "ReplicaSet" | "ReplicationController" | "Job" | "CronJob");
    if live.is_none() && named {
        let name = object.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
        let wrong = label(name);
        if !wrong.is_empty() {
            out.push(format!(
                "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is \
                 recommended: [{}]",
                wrong.join(" ")
            ));
        }
    }
    if live.is_none_or(|live| changed(live, object, kind)) {
        match kind {
            "PodTemplate" => template(object.get("template"), "template.", out),
            "CronJob" => {
                let job = spec.get_path(&["jobTemplate", "spec"]);
                indexed(job, "spec.jobTemplate.spec", out);
                template(job.and_then(|j| j.get("template")), "spec.jobTemplate.spec.template.", out);
            }
            "Job" => {
                indexed(Some(spec), "spec", out);
                template(spec.get("template"), "spec.template.", out);
            }
            // An update warns of the template that was there before.
            "ReplicationController" => {
                let of = live.unwrap_or(object);
                template(of.get_path(&["spec", "template"]), "spec.template.", out);
            }
            _ => template(spec.get("template"), "spec.template.", out),
        }
    }
    if kind == "CronJob" && live.is_some() && text(spec, "schedule").contains("TZ") {
        out.push(
            "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see \
             https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
                .to_owned(),
        );
    }
    if kind == "StatefulSet" {
        let below = if live.is_some() { ".Spec" } else { "" };
        for (n, claim) in list(spec, "volumeClaimTemplates").iter().enumerate() {
            if let Some(claim) = claim.get("spec") {
                storage(claim, &format!("spec.volumeClaimTemplates[{n}]{below}"), out);
            }
        }
        if spec.get("revisionHistoryLimit").and_then(Value::as_i64).is_some_and(|n| n < 0) {
            out.push(
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"
                    .to_owned(),
            );
        }
    }
}

fn template(template: Option<&Value>, at: &str, out: &mut Vec<String>) {
    if let Some(template) = template {
        pod::pod(template, at, out);
    }
}

/// Whether an update changes what is warned of.
fn changed(live: &Value, object: &Value, kind: &str) -> bool {
    let path: &[&str] = if kind == "DaemonSet" { &["spec", "template"] } else { &["metadata", "generation"] };
    match (live.get_path(path), object.get_path(path)) {
        (Some(before), Some(now)) => !equal(before, now),
        (None, None) => false,
        _ => true,
    }
}

/// Indexed Jobs with so many pods that not all can be kept count of.
fn indexed(job: Option<&Value>, field: &str, out: &mut Vec<String>) {
    let Some(job) = job.filter(|j| text(j, "completionMode") == "Indexed") else { return };
    let count = |key: &str| job.get(key).and_then(Value::as_i64).unwrap_or(0);
    if count("completions") > 100_000 && count("parallelism") > 10_000 {
        out.push(format!(
            "{field}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes \
             might not be able to track completedIndexes when a big number of indexes fail"
        ));
    }
}

fn service(object: &Value, spec: &Value, out: &mut Vec<String>) {
    let hints = "service.kubernetes.io/topology-aware-hints";
    if annotated(object, hints) {
        out.push(format!(
            "annotation {hints} is deprecated, please use service.kubernetes.io/topology-mode instead"
        ));
    }
    let kind = text(spec, "type");
    let texts = |key: &str| list(spec, key).iter().filter_map(Value::as_str).enumerate();
    if !matches!(text(spec, "clusterIP"), "" | "None") {
        for (n, ip) in texts("clusterIPs") {
            address::ip(&format!("spec.clusterIPs[{n}]"), ip, out);
        }
    }
    let headless = kind == "ClusterIP" && text(spec, "clusterIP") == "None";
    let external = !list(spec, "externalIPs").is_empty();
    if headless {
        for (key, ignored) in [
            ("loadBalancerIP", !text(spec, "loadBalancerIP").is_empty()),
            ("externalIPs", external),
            ("SessionAffinity", text(spec, "sessionAffinity") != "None"),
        ] {
            if ignored {
                out.push(format!("spec.{key} is ignored for headless services"));
            }
        }
    }
    for (n, ip) in texts("externalIPs") {
        address::ip(&format!("spec.externalIPs[{n}]"), ip, out);
    }
    if external && !headless && kind != "ExternalName" {
        out.push(
            "spec.externalIPs is deprecated and may no longer be implemented in some clusters".to_owned(),
        );
    }
    address::ip("spec.loadBalancerIP", text(spec, "loadBalancerIP"), out);
    for (n, range) in texts("loadBalancerSourceRanges") {
        address::cidr(&format!("spec.loadBalancerSourceRanges[{n}]"), range, out);
    }
    if kind == "ExternalName" && external {
        out.push("spec.externalIPs is ignored when spec.type is \"ExternalName\"".to_owned());
    }
    if kind != "ExternalName" && !text(spec, "externalName").is_empty() {
        out.push("spec.externalName is ignored when spec.type is not \"ExternalName\"".to_owned());
    }
    if text(spec, "trafficDistribution") == "PreferClose" {
        out.push(
            "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"".to_owned(),
        );
    }
}

fn endpoint_slice(object: &Value, new: bool, out: &mut Vec<String>) {
    if new && text(object, "addressType") == "FQDN" {
        out.push("spec.addressType: FQDN endpoints are deprecated".to_owned());
    }
    let label = ["metadata", "labels", "endpointslice.kubernetes.io/managed-by"];
    let by = object.get_path(&label).and_then(Value::as_str).unwrap_or_default();
    if matches!(by, "endpointslice-controller.k8s.io" | "endpointslicemirroring-controller.k8s.io") {
        return;
    }
    for (n, endpoint) in list(object, "endpoints").iter().enumerate() {
        for (i, ip) in list(endpoint, "addresses").iter().filter_map(Value::as_str).enumerate() {
            address::ip(&format!("endpoints[{n}].addresses[{i}]"), ip, out);
        }
    }
}

fn volume(object: &Value, spec: &Value, out: &mut Vec<String>) {
    let mounts = "deprecated since v1.31; use \"mountOptions\" attribute instead";
    for (key, why) in [
        ("volume.beta.kubernetes.io/storage-class", OLD_CLASS),
        ("volume.beta.kubernetes.io/mount-options", mounts),
    ] {
        if annotated(object, key) {
            out.push(format!("metadata.annotations[{key}]: {why}"));
        }
    }
    if text(spec, "persistentVolumeReclaimPolicy") == "Recycle" {
        out.push(
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to \
             use dynamic provisioning."
                .to_owned(),
        );
    }
    let required = spec.get_path(&["nodeAffinity", "required"]);
    for (n, term) in required.map(|r| list(r, "nodeSelectorTerms")).unwrap_or_default().iter().enumerate() {
        pod::node_term(term, false, &format!("spec.nodeAffinity.required.nodeSelectorTerms[{n}]"), out);
    }
    for (kind, shown, since, until) in [
        ("cephfs", "cephfs", "1.28", "1.31"),
        ("photonPersistentDisk", "photonPersistentDisk", "1.11", "1.16"),
        ("scaleIO", "scaleIO", "1.16", "1.22"),
        ("storageos", "storageOS", "1.22", "1.25"),
        ("glusterfs", "glusterfs", "1.25", "1.26"),
        ("rbd", "rbd", "1.28", "1.31"),
    ] {
        if spec.get(kind).is_some_and(|v| !v.is_null()) {
            out.push(format!("spec.{shown}: deprecated in v{since}, non-functional in v{until}+"));
        }
    }
}

/// Requests that may be more than the limits.
fn quota(spec: &Value, out: &mut Vec<String>) {
    let amount = |key: &str| {
        let text = spec.get_path(&["hard", key]).and_then(Value::as_str)?;
        Quantity::parse(text).ok().map(|q| (key.to_owned(), q))
    };
    for resource in ["cpu", "memory", "storage", "ephemeral-storage"] {
        let bare = || if matches!(resource, "cpu" | "memory") { amount(resource) } else { None };
        let request = amount(&format!("requests.{resource}")).or_else(bare);
        let limit = amount(&format!("limits.{resource}"));
        if let (Some((name, request)), Some((of, limit))) = (request, limit)
            && request.nano() > limit.nano()
        {
            out.push(format!("ResourceQuota {name} ({request}) should be less than {of} ({limit})"));
        }
    }
}

fn node(spec: &Value, out: &mut Vec<String>) {
    if !text(spec, "externalID").is_empty() {
        out.push("spec.externalID: this field is deprecated, and is unused by Kubernetes".to_owned());
    }
    for (n, range) in list(spec, "podCIDRs").iter().filter_map(Value::as_str).enumerate() {
        address::cidr(&format!("spec.podCIDRs[{n}]"), range, out);
    }
}

fn topologies(object: &Value, out: &mut Vec<String>) {
    for (n, topology) in list(object, "allowedTopologies").iter().enumerate() {
        for (i, rule) in list(topology, "matchLabelExpressions").iter().enumerate() {
            if let Some(why) = pod::old_label(text(rule, "key")) {
                out.push(format!("allowedTopologies[{n}].matchLabelExpressions[{i}].key: {why}"));
            }
        }
    }
}

fn driver(live: Option<&Value>, spec: &Value, out: &mut Vec<String>) {
    let asked = |s: &Value| s.get("tokenRequests").cloned().unwrap_or_default();
    let as_before =
        live.and_then(|l| l.get("spec")).is_some_and(|before| equal(&asked(before), &asked(spec)));
    let asks = !list(spec, "tokenRequests").is_empty() && !as_before;
    if asks && spec.get("serviceAccountTokenInSecrets").is_none_or(Value::is_null) {
        out.push(
            "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging \
             of tokens in volume attributes"
                .to_owned(),
        );
    }
}

fn capacity(object: &Value, out: &mut Vec<String>) {
    let Some(nodes) = object.get("nodeTopology") else { return };
    pod::node_term(nodes, false, "nodeTopology", out);
    for key in nodes.get("matchLabels").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
        if let Some(why) = pod::old_label(key) {
            out.push(format!("nodeTopology.matchLabels.{key}: {why}"));
        }
    }
}

fn policy(spec: &Value, out: &mut Vec<String>) {
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for (n, rule) in list(spec, direction).iter().enumerate() {
            for (i, peer) in list(rule, peers).iter().enumerate() {
                let Some(block) = peer.get("ipBlock").filter(|b| !b.is_null()) else { continue };
                let field = format!("spec.{direction}[{n}].{peers}[{i}].ipBlock");
                address::cidr(&format!("{field}.cidr"), text(block, "cidr"), out);
                for (k, except) in list(block, "except").iter().filter_map(Value::as_str).enumerate() {
                    address::cidr(&format!("{field}.except[{k}]"), except, out);
                }
            }
        }
    }
}

/// Collects the formats of strings that the server does not know.
fn formats<'v>(schema: &'v Value, out: &mut Vec<&'v str>) {
    match schema {
        Value::Object(_) => {
            let format = text(schema, "format");
            let known = match text(schema, "type") {
                "string" | "" => is_text_format(format),
                "integer" => matches!(format, "int32" | "int64"),
                "number" => matches!(format, "float" | "double"),
                _ => false,
            };
            if !format.is_empty() && !known {
                out.push(format);
            }
            for key in ["items", "additionalProperties", "not", "allOf", "anyOf", "oneOf"] {
                schema.get(key).into_iter().for_each(|v| formats(v, out));
            }
            let properties = schema.get("properties").and_then(Value::as_object);
            properties.into_iter().flat_map(Map::values).for_each(|v| formats(v, out));
        }
        Value::Array(items) => items.iter().for_each(|v| formats(v, out)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_warned_of_again_only_where_it_changed() {
        let deployment = |generation: u8| {
            let text = format!(
                r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"d","generation":{generation}}},"spec":{{"template":{{"spec":
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
