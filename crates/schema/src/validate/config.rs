use super::fault::{Faults, has, int, list, show, text};
use super::pod::toleration;
use super::{meta, names};
use crate::managed::quote;
use fairway_value::{Map, Value};

/// Checks the kinds of the core group that hold no pods, and the small groups.
pub(super) fn check(object: &Value, kind: &str, faults: &mut Faults) {
    let empty = Value::object();
    let spec = object.get("spec").unwrap_or(&empty);
    match kind {
        "ConfigMap" => {
            for part in ["data", "binaryData"] {
                keys(object.get(part), part, faults);
            }
            if data_size(object) > DATA_MAX {
                faults.too_long("[]", DATA_MAX);
            }
        }
        "PriorityClass" if object.get("preemptionPolicy").is_some_and(|p| p.as_str() == Some("")) => {
            faults.required("preemptionPolicy", "");
        }
        "ResourceSlice" => {
            let node = text(spec, "nodeName");
            if has(spec, "nodeName") {
                faults.each("spec.nodeName", node, names::subdomain(node));
            }
            for (n, device) in list(spec, "devices").iter().enumerate() {
                let name = text(device, "name");
                faults.each(&format!("spec.devices[{n}].name"), name, names::label(name));
            }
        }
        "ResourceClaim" => device_claim(spec, "spec", faults),
        "ResourceClaimTemplate" => device_claim(spec.get("spec").unwrap_or(&empty), "spec.spec", faults),
        "Secret" => secret(object, faults),
        "Node" => {
            for (n, taint) in list(spec, "taints").iter().enumerate() {
                let field = format!("metadata.taints[{n}]");
                let key = text(taint, "key");
                faults.each(&format!("{field}.key"), key, names::qualified(key));
                match text(taint, "effect") {
                    "" => faults.required(format!("{field}.effect"), ""),
                    effect => faults.one_of(
                        format!("{field}.effect"),
                        effect,
                        &["NoSchedule", "PreferNoSchedule", "NoExecute"],
                    ),
                }
            }
        }
        "PersistentVolume" => persistent_volume(spec, faults),
        "PersistentVolumeClaim" => claim(spec, "spec", faults),
        "LimitRange" => limit_range(spec, faults),
        "Role" | "ClusterRole" => role(object, kind, faults),
        "RoleBinding" | "ClusterRoleBinding" => binding(object, kind, faults),
        "StorageClass" => storage_class(object, faults),
        "CSIStorageCapacity" => {
            let name = text(object, "storageClassName");
            faults.each("storageClassName", name, names::subdomain(name));
        }
        "Lease" => {
            if let Some(seconds) = int(spec, "leaseDurationSeconds").filter(|s| *s <= 0) {
                faults.invalid("spec.leaseDurationSeconds", seconds.to_string(), "must be greater than 0");
            }
        }
        "APIService" => api_service(object, spec, faults),
        "PriorityLevelConfiguration" if text(spec, "type").is_empty() => faults.required("spec.type", ""),
        "RuntimeClass" => {
            meta::labels(object.get_path(&["scheduling", "nodeSelector"]), "scheduling.nodeSelector", faults);
            let tolerations = object.get_path(&["scheduling", "tolerations"]).and_then(Value::as_array);
            for (n, item) in tolerations.unwrap_or_default().iter().enumerate() {
                toleration(item, &format!("scheduling.tolerations[{n}]"), faults);
            }
        }
        "EndpointSlice" => {
            let kind = text(object, "addressType");
            faults.one_of("addressType", kind, &["FQDN", "IPv4", "IPv6"]);
        }
        "VolumeAttachment" => volume_attachment(spec, faults),
        "VolumeAttributesClass" => {
            if text(object, "driverName").is_empty() {
                faults.required("driverName", "");
            }
            if object.get("parameters").and_then(Value::as_object).is_none_or(Map::is_empty) {
                faults.required("parameters", "must contain at least one key/value pair");
            }
        }
        "CSINode" => {
            for (n, driver) in list(spec, "drivers").iter().enumerate() {
                for key in ["name", "nodeID"] {
                    if text(driver, key).is_empty() {
                        faults.required(format!("spec.drivers[{n}].{key}"), "");
                    }
                }
            }
        }
        "CSIDriver" => {
            for mode in list(spec, "volumeLifecycleModes").iter().filter_map(Value::as_str) {
                faults.one_of("spec.volumeLifecycleModes", mode, &["Persistent", "Ephemeral"]);
            }
        }
        _ => {}
    }
}

/// Largest sum of what a ConfigMap or Secret holds, in bytes.
const DATA_MAX: usize = 1024 * 1024;

fn data_size(object: &Value) -> usize {
    let text = object.get("data").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let binary = object.get("binaryData").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let plain: usize = text.filter_map(Value::as_str).map(str::len).sum();
    plain + binary.filter_map(Value::as_str).map(|s| s.len() / 4 * 3).sum::<usize>()
}

fn device_claim(spec: &Value, field: &str, faults: &mut Faults) {
    let requests = spec.get_path(&["devices", "requests"]).and_then(Value::as_array).unwrap_or_default();
    for (n, request) in requests.iter().enumerate() {
        let field = format!("{field}.devices.requests[{n}]");
        let name = text(request, "name");
        faults.each(&format!("{field}.name"), name, names::label(name));
        let first = list(request, "firstAvailable");
        match request.get("exactly").filter(|e| !e.is_null()) {
            Some(exactly) if text(exactly, "deviceClassName").is_empty() => {
                faults.required(format!("{field}.exactly.deviceClassName"), "");
            }
            Some(_) => {}
            None if first.is_empty() => {
                faults.required(&field, "exactly one of `exactly` or `firstAvailable` is required");
            }
            None => {}
        }
        for (i, part) in first.iter().enumerate() {
            let field = format!("{field}.firstAvailable[{i}]");
            let name = text(part, "name");
            faults.each(&format!("{field}.name"), name, names::label(name));
            if text(part, "deviceClassName").is_empty() {
                faults.required(format!("{field}.deviceClassName"), "");
            }
        }
    }
}

fn keys(data: Option<&Value>, field: &str, faults: &mut Faults) {
    for key in data.and_then(Value::as_object).into_iter().flat_map(Map::keys) {
        faults.each(&format!("{field}[{key}]"), key, names::config_key(key));
    }
}

fn secret(secret: &Value, faults: &mut Faults) {
    keys(secret.get("data"), "data", faults);
    let data = |key: &str| secret.get("data").is_some_and(|d| has(d, key));
    match text(secret, "type") {
        "kubernetes.io/service-account-token" => {
            let account = secret.get_path(&["metadata", "annotations", "kubernetes.io/service-account.name"]);
            if account.and_then(Value::as_str).unwrap_or_default().is_empty() {
                faults.required("metadata.annotations[kubernetes.io/service-account.name]", "");
            }
        }
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"] {
                if !data(key) {
                    faults.required(format!("data[{key}]"), "");
                }
            }
        }
        "kubernetes.io/dockerconfigjson" if !data(".dockerconfigjson") => {
            faults.required("data[.dockerconfigjson]", "");
        }
        "kubernetes.io/dockercfg" if !data(".dockercfg") => faults.required("data[.dockercfg]", ""),
        "kubernetes.io/ssh-auth" if !data("ssh-privatekey") => faults.required("data[ssh-privatekey]", ""),
        "kubernetes.io/basic-auth" if !data("username") && !data("password") => {
            faults.required("data[username]", "");
            faults.required("data[password]", "");
        }
        _ => {}
    }
}

fn persistent_volume(spec: &Value, faults: &mut Faults) {
    if list(spec, "accessModes").is_empty() {
        faults.required("spec.accessModes", "");
    }
    let capacity = spec.get("capacity").and_then(Value::as_object);
    match capacity {
        None => faults.required("spec.capacity", ""),
        Some(map) if !map.contains_key("storage") || map.len() > 1 => {
            faults.unsupported("spec.capacity", show(spec.get("capacity")), &["storage"]);
        }
        Some(_) => {}
    }
    if let Some(host) = spec.get("hostPath")
        && text(host, "path").is_empty()
    {
        faults.required("spec.hostPath.path", "");
    }
    let terms = spec.get_path(&["nodeAffinity", "required", "nodeSelectorTerms"]).and_then(Value::as_array);
    for (n, term) in terms.unwrap_or_default().iter().enumerate() {
        for (i, rule) in list(term, "matchExpressions").iter().enumerate() {
            if matches!(text(rule, "operator"), "In" | "NotIn") && list(rule, "values").is_empty() {
                let field =
                    format!("spec.nodeAffinity.required.nodeSelectorTerms[{n}].matchExpressions[{i}].values");
                faults.required(field, "must be specified when `operator` is 'In' or 'NotIn'");
            }
        }
    }
}

/// Checks a claim's specification.
fn claim(spec: &Value, field: &str, faults: &mut Faults) {
    let modes = list(spec, "accessModes");
    if modes.is_empty() {
        faults.required(format!("{field}.accessModes"), "at least 1 access mode is required");
    }
    for mode in modes.iter().filter_map(Value::as_str) {
        let supported = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
        faults.one_of(format!("{field}.accessModes"), mode, &supported);
    }
    if spec.get_path(&["resources", "requests", "storage"]).is_none() {
        faults.required(format!("{field}.resources[storage]"), "");
    }
    let class = text(spec, "storageClassName");
    if !class.is_empty() {
        faults.each(&format!("{field}.storageClassName"), class, names::subdomain(class));
    }
}

fn limit_range(spec: &Value, faults: &mut Faults) {
    let mut seen: Vec<&str> = Vec::new();
    for (n, item) in list(spec, "limits").iter().enumerate() {
        let field = format!("spec.limits[{n}].type");
        let kind = text(item, "type");
        faults.each(&field, kind, names::qualified(kind));
        if seen.contains(&kind) {
            faults.duplicate(&field, quote(kind));
        }
        seen.push(kind);
    }
}

fn role(role: &Value, kind: &str, faults: &mut Faults) {
    for (n, rule) in list(role, "rules").iter().enumerate() {
        let field = format!("rules[{n}]");
        if list(rule, "verbs").is_empty() {
            faults.required(format!("{field}.verbs"), "verbs must contain at least one value");
        }
        let urls = list(rule, "nonResourceURLs");
        if !urls.is_empty() {
            if kind == "Role" {
                let why = "namespaced rules cannot apply to non-resource URLs";
                faults.invalid(format!("{field}.nonResourceURLs"), show(rule.get("nonResourceURLs")), why);
            }
            continue;
        }
        if list(rule, "apiGroups").is_empty() {
            faults
                .required(format!("{field}.apiGroups"), "resource rules must supply at least one api group");
        }
        if list(rule, "resources").is_empty() {
            faults.required(format!("{field}.resources"), "resource rules must supply at least one resource");
        }
    }
}

fn binding(binding: &Value, kind: &str, faults: &mut Faults) {
    let empty = Value::object();
    let target = binding.get("roleRef").unwrap_or(&empty);
    let group = text(target, "apiGroup");
    if group != "rbac.authorization.k8s.io" {
        faults.one_of("roleRef.apiGroup", group, &["rbac.authorization.k8s.io"]);
    }
    let supported: &[&str] = if kind == "RoleBinding" { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    faults.one_of("roleRef.kind", text(target, "kind"), supported);
    if text(target, "name").is_empty() {
        faults.required("roleRef.name", "");
    }
    for (n, subject) in list(binding, "subjects").iter().enumerate() {
        let field = format!("subjects[{n}]");
        if text(subject, "name").is_empty() {
            faults.required(format!("{field}.name"), "");
        }
        match text(subject, "kind") {
            "ServiceAccount" => {
                let name = text(subject, "name");
                if !name.is_empty() {
                    faults.each(&format!("{field}.name"), name, names::subdomain(name));
                }
                if text(subject, "namespace").is_empty() && kind == "ClusterRoleBinding" {
                    faults.required(format!("{field}.namespace"), "");
                }
            }
            "User" | "Group" => {}
            other => faults.one_of(format!("{field}.kind"), other, &["ServiceAccount", "User", "Group"]),
        }
    }
}

fn storage_class(class: &Value, faults: &mut Faults) {
    if text(class, "provisioner").is_empty() {
        faults.required("provisioner", "");
    }
    for (n, topology) in list(class, "allowedTopologies").iter().enumerate() {
        for (i, rule) in list(topology, "matchLabelExpressions").iter().enumerate() {
            let key = text(rule, "key");
            let field = format!("allowedTopologies[{n}].matchLabelExpressions[{i}].key");
            faults.each(&field, key, names::qualified(key));
        }
    }
}

fn api_service(object: &Value, spec: &Value, faults: &mut Faults) {
    let (group, version) = (text(spec, "group"), text(spec, "version"));
    let name = object.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
    let expected = format!("{version}.{group}");
    if name != expected {
        let why = format!("must be `spec.version+\".\"+spec.group`: {}", quote(&expected));
        faults.invalid_text("metadata.name", name, &why);
    }
    if group.is_empty() && version != "v1" {
        faults.required("spec.group", "only v1 may have an empty group and it better be legacy kube");
    }
    if !group.is_empty() {
        faults.each("spec.group", group, names::subdomain(group));
    }
    faults.each("spec.version", version, names::label_1035(version));
    let minimum = int(spec, "groupPriorityMinimum").unwrap_or(0);
    if !(1..=20_000).contains(&minimum) {
        let why = "must be positive and less than 20000";
        faults.invalid("spec.groupPriorityMinimum", minimum.to_string(), why);
    }
    let priority = int(spec, "versionPriority").unwrap_or(0);
    if !(1..=1000).contains(&priority) {
        faults.invalid("spec.versionPriority", priority.to_string(), "must be positive and less than 1000");
    }
    if let Some(service) = spec.get("service").filter(|s| !s.is_null()) {
        for key in ["namespace", "name"] {
            if text(service, key).is_empty() {
                faults.required(format!("spec.service.{key}"), "");
            }
        }
        let port = int(service, "port").unwrap_or(443);
        if let Some(why) = names::port(port) {
            faults.invalid("spec.service.port", port.to_string(), &format!("port is not valid: {why}"));
        }
    }
}

fn volume_attachment(spec: &Value, faults: &mut Faults) {
    let attacher = text(spec, "attacher");
    if attacher.is_empty() {
        faults.required("spec.attacher", "");
    }
    let empty = Value::object();
    let source = spec.get("source").unwrap_or(&empty);
    if has(source, "persistentVolumeName") && !has(source, "inlineVolumeSpec") {
        let name = text(source, "persistentVolumeName");
        let field = "spec.source.persistentVolumeName";
        if name.is_empty() {
            faults.required(field, "must specify non empty persistentVolumeName");
        }
        faults.each(field, name, names::subdomain(name));
    }
    let node = text(spec, "nodeName");
    faults.each("spec.nodeName", node, names::subdomain(node));
}
