use super::fault::{Faults, has, int, list, show, text};
use super::pod::toleration;
use super::{claim, flow, meta, names, quota, rbac};
use crate::managed::quote;
use fairway_value::{Map, Value};

/// Checks the kinds of the core group that hold no pods, and the small groups.
pub(super) fn check(object: &Value, kind: &str, faults: &mut Faults) {
    let empty = Value::object();
    let spec = object.get("spec").unwrap_or(&empty);
    match kind {
        "ConfigMap" => {
            let binary = object.get("binaryData");
            for key in object.get("data").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
                faults.each(&format!("data[{key}]"), key, names::config_key(key));
                if binary.is_some_and(|b| b.get(key).is_some()) {
                    faults.invalid_text(
                        format!("data[{key}]"),
                        key,
                        "duplicate of key present in binaryData",
                    );
                }
            }
            keys(binary, "binaryData", faults);
            if data_size(object) > DATA_MAX {
                faults.too_long("[]", DATA_MAX);
            }
        }
        "PriorityClass" => priority_class(object, faults),
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
        "PersistentVolume" => claim::volume(spec, faults),
        "PersistentVolumeClaim" => claim::spec(spec, "spec", faults),
        "LimitRange" => quota::limits(spec, faults),
        "ResourceQuota" => quota::quota(spec, faults),
        "Role" | "ClusterRole" => rbac::role(object, kind, faults),
        "RoleBinding" | "ClusterRoleBinding" => rbac::binding(object, kind, faults),
        "Event" => event(object, faults),
        "StorageClass" => storage_class(object, faults),
        "CSIStorageCapacity" => {
            super::workload::label_selector(object.get("nodeTopology"), "nodeTopology", faults);
            let name = text(object, "storageClassName");
            faults.each("storageClassName", name, names::subdomain(name));
        }
        "Lease" => {
            if let Some(seconds) = int(spec, "leaseDurationSeconds").filter(|s| *s <= 0) {
                faults.invalid("spec.leaseDurationSeconds", seconds.to_string(), "must be greater than 0");
            }
        }
        "APIService" => api_service(object, spec, faults),
        "PriorityLevelConfiguration" => flow::level(spec, faults),
        "FlowSchema" => {
            let name = object.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
            flow::schema(name, spec, faults);
        }
        "RuntimeClass" => {
            let handler = text(object, "handler");
            if faults.present("handler", handler) {
                faults.each("handler", handler, names::label(handler));
            }
            meta::labels(object.get_path(&["scheduling", "nodeSelector"]), "scheduling.nodeSelector", faults);
            let tolerations = object.get_path(&["scheduling", "tolerations"]).and_then(Value::as_array);
            for (n, item) in tolerations.unwrap_or_default().iter().enumerate() {
                toleration(item, &format!("scheduling.tolerations[{n}]"), faults);
            }
        }
        "VolumeAttachment" => volume_attachment(spec, faults),
        "VolumeAttributesClass" => {
            if text(object, "driverName").is_empty() {
                faults.required("driverName", "");
            }
            let driver = text(object, "driverName").to_lowercase();
            if !driver.is_empty() {
                faults.each("driverName", text(object, "driverName"), names::qualified(&driver));
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
            let policies = ["File", "None", "ReadWriteOnceWithFSType"];
            faults.one_of("spec.fsGroupPolicy", text(spec, "fsGroupPolicy"), &policies);
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

fn storage_class(class: &Value, faults: &mut Faults) {
    let provisioner = text(class, "provisioner");
    if faults.present("provisioner", provisioner) {
        // Shown in lower case, as it is compared.
        let lower = provisioner.to_lowercase();
        faults.each("provisioner", &lower, names::qualified(&lower));
    }
    let policy = text(class, "reclaimPolicy");
    if has(class, "reclaimPolicy") {
        faults.one_of("reclaimPolicy", policy, &["Delete", "Retain"]);
    }
    match class.get("volumeBindingMode").and_then(Value::as_str) {
        None => faults.required("volumeBindingMode", ""),
        Some(mode) => faults.one_of("volumeBindingMode", mode, &["Immediate", "WaitForFirstConsumer"]),
    }
    for (n, topology) in list(class, "allowedTopologies").iter().enumerate() {
        for (i, rule) in list(topology, "matchLabelExpressions").iter().enumerate() {
            let key = text(rule, "key");
            let values = list(rule, "values");
            let path = format!("allowedTopologies[{n}].matchLabelExpressions[{i}].values");
            if values.is_empty() {
                faults.required(&path, "");
            }
            for (m, value) in values.iter().enumerate().filter(|(m, v)| values[..*m].contains(v)) {
                faults.duplicate(format!("{path}[{m}]"), show(Some(value)));
            }
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
    if spec.get("service").is_none_or(Value::is_null)
        && spec.get("insecureSkipTLSVerify") == Some(&Value::Bool(true))
    {
        let why = "local APIServices may not have insecureSkipTLSVerify";
        faults.invalid("spec.insecureSkipTLSVerify", "true", why);
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
    super::pod_volume::csi_driver(text(spec, "attacher"), "spec.attacher", faults);
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
    match (has(source, "persistentVolumeName"), has(source, "inlineVolumeSpec")) {
        (false, false) | (true, true) => {
            let why = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
            faults.required("spec.source", why);
        }
        _ => {}
    }
    let node = text(spec, "nodeName");
    faults.each("spec.nodeName", node, names::subdomain(node));
}

/// An event is in the namespace of what it is about.
fn event(event: &Value, faults: &mut Faults) {
    let namespace = event.get_path(&["metadata", "namespace"]).and_then(Value::as_str).unwrap_or_default();
    let about =
        ["involvedObject", "regarding"].iter().find_map(|k| event.get(k)).map(|o| text(o, "namespace"));
    let about = about.unwrap_or_default();
    let at_home = about == namespace || (about.is_empty() && namespace == "default");
    if !at_home {
        faults.invalid_text("involvedObject.namespace", about, "does not match event.namespace");
    }
}

/// Largest value of a priority that users may define.
const PRIORITY_MAX: i64 = 1_000_000_000;

fn priority_class(class: &Value, faults: &mut Faults) {
    let name = class.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
    if int(class, "value").is_some_and(|v| v > PRIORITY_MAX) && !name.starts_with("system-") {
        let why = format!("maximum allowed value of a user defined priority is {PRIORITY_MAX}");
        faults.forbidden("value", &why);
    }
    if let Some(policy) = class.get("preemptionPolicy").and_then(Value::as_str)
        && faults.present("preemptionPolicy", policy)
    {
        faults.one_of("preemptionPolicy", policy, &["PreemptLowerPriority", "Never"]);
    }
}
