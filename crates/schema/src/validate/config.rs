use super::fault::{Faults, has, int, list, text};
use super::pod::toleration;
use super::{claim, flow, meta, names, pod_resources, quota, rbac, shown, storage};
use crate::managed::quote;
use crate::quantity::Quantity;
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
        "Secret" => secret(object, faults),
        "Node" => {
            let taints = list(spec, "taints");
            for (n, taint) in taints.iter().enumerate() {
                let field = format!("metadata.taints[{n}]");
                let key = text(taint, "key");
                faults.each(&format!("{field}.key"), key, names::qualified(key));
                let value = text(taint, "value");
                faults.joined(format!("{field}.value"), value, &names::label_value(value), ";");
                match text(taint, "effect") {
                    "" => faults.required(format!("{field}.effect"), ""),
                    effect => faults.one_of(
                        format!("{field}.effect"),
                        effect,
                        &["NoSchedule", "PreferNoSchedule", "NoExecute"],
                    ),
                }
                let pair = |t: &Value| (text(t, "key").to_owned(), text(t, "effect").to_owned());
                if taints.iter().take(n).any(|other| pair(other) == pair(taint)) {
                    let why = "taints must be unique by key and effect pair";
                    faults.duplicate(field, format!("{}: {why}", shown::show("core.Taint", Some(taint))));
                }
            }
            node_ranges(spec, faults);
        }
        "PersistentVolume" => claim::volume(spec, faults),
        "PersistentVolumeClaim" => claim::spec(spec, "spec", faults),
        "LimitRange" => quota::limits(spec, faults),
        "ResourceQuota" => quota::quota(spec, faults),
        "Role" | "ClusterRole" => rbac::role(object, kind, faults),
        "RoleBinding" | "ClusterRoleBinding" => rbac::binding(object, kind, faults),
        "Event" => event(object, faults),
        "StorageClass" => storage::class(object, faults),
        "CSIStorageCapacity" => {
            super::workload::label_selector(object.get("nodeTopology"), "nodeTopology", faults);
            let name = text(object, "storageClassName");
            faults.each("storageClassName", name, names::subdomain(name));
            let capacity = text(object, "capacity");
            if Quantity::parse(capacity).is_ok_and(|amount| amount.nano() < 0) {
                faults.invalid_text("capacity", capacity, "must be greater than or equal to 0");
            }
        }
        "Lease" => {
            if let Some(seconds) = int(spec, "leaseDurationSeconds").filter(|s| *s <= 0) {
                faults.invalid("spec.leaseDurationSeconds", seconds.to_string(), "must be greater than 0");
            }
            if let Some(count) = int(spec, "leaseTransitions").filter(|n| *n < 0) {
                let why = "must be greater than or equal to 0";
                faults.invalid("spec.leaseTransitions", count.to_string(), why);
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
            if let Some(fixed) = object.get_path(&["overhead", "podFixed"]) {
                let limits: Value = [("limits", fixed.clone())].into_iter().collect();
                pod_resources::requirements(Some(&limits), "overhead", &[], faults);
            }
            meta::labels(object.get_path(&["scheduling", "nodeSelector"]), "scheduling.nodeSelector", faults);
            let tolerations = object.get_path(&["scheduling", "tolerations"]).and_then(Value::as_array);
            for (n, item) in tolerations.unwrap_or_default().iter().enumerate() {
                toleration(item, &format!("scheduling.tolerations[{n}]"), faults);
            }
            let same = |a: &Value, b: &Value| {
                ["key", "operator", "value", "effect"].iter().all(|key| text(a, key) == text(b, key))
            };
            let all = tolerations.unwrap_or_default();
            for (n, item) in
                all.iter().enumerate().filter(|(n, item)| all[..*n].iter().any(|o| same(o, item)))
            {
                let shown = shown::show("core.Toleration", Some(item));
                faults.duplicate(format!("scheduling.tolerations[{n}]"), shown);
            }
        }
        "VolumeAttachment" => storage::attachment(object, spec, faults),
        "VolumeAttributesClass" => storage::attributes_class(object, faults),
        "CSINode" => storage::node(spec, faults),
        "CSIDriver" => storage::driver(spec, faults),
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

/// At most one range of each family.
fn node_ranges(spec: &Value, faults: &mut Faults) {
    let ranges: Vec<&str> = list(spec, "podCIDRs").iter().filter_map(Value::as_str).collect();
    let read: Vec<_> = ranges.iter().map(|range| names::cidr(range)).collect();
    for (n, range) in ranges.iter().enumerate().filter(|(n, _)| read.get(*n).is_some_and(Option::is_none)) {
        faults.invalid_text(format!("spec.podCIDRs[{n}]"), range, names::NOT_A_CIDR);
    }
    let fours = read.iter().flatten().filter(|(address, _)| address.is_ipv4()).count();
    let both = fours > 0 && fours < read.len();
    if ranges.len() > 2 || (ranges.len() == 2 && !both && read.iter().all(Option::is_some)) {
        let shown = shown::strings(spec.get("podCIDRs"));
        faults.invalid("spec.podCIDRs", shown, "may specify no more than one CIDR for each IP family");
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
    let bundle = text(spec, "caBundle");
    if spec.get("service").is_none_or(Value::is_null) && !bundle.is_empty() {
        let shown = format!("{} bytes", crate::base64::decode(bundle).map_or(0, |b| b.len()));
        faults.invalid_text("spec.caBundle", &shown, "local APIServices may not have a caBundle");
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
        if !bundle.is_empty() && spec.get("insecureSkipTLSVerify") == Some(&Value::Bool(true)) {
            let why = "may not be true if caBundle is present";
            faults.invalid("spec.insecureSkipTLSVerify", "true", why);
        }
    }
}

/// An event is in the namespace of what it is about.
fn event(event: &Value, faults: &mut Faults) {
    let namespace = event.get_path(&["metadata", "namespace"]).and_then(Value::as_str).unwrap_or_default();
    let about =
        ["involvedObject", "regarding"].iter().find_map(|k| event.get(k)).map(|o| text(o, "namespace"));
    let about = about.unwrap_or_default();
    if has(event, "eventTime") {
        return new_event(event, about, namespace, faults);
    }
    let at_home = about == namespace || (about.is_empty() && namespace == "default");
    if !at_home {
        faults.invalid_text("involvedObject.namespace", about, "does not match event.namespace");
    }
}

/// What an event that says its time must say, too. Texts have bounds, in bytes.
fn new_event(event: &Value, about: &str, namespace: &str, faults: &mut Faults) {
    if about.is_empty() && !matches!(namespace, "default" | "kube-system") {
        faults.invalid_text("involvedObject.namespace", about, "does not match event.namespace");
    }
    let old = text(event, "apiVersion") == "v1";
    let (reporter, note) =
        if old { ("reportingComponent", "message") } else { ("reportingController", "note") };
    let name = text(event, reporter);
    faults.present(reporter, name);
    faults.each(reporter, name, names::qualified(name));
    for (key, max) in [("reportingInstance", 128), ("action", 128), ("reason", 128), (note, 1024)] {
        let value = text(event, key);
        let field = if key == "note" { "message" } else { key };
        if key != note {
            faults.present(field, value);
        }
        if value.len() > max {
            faults.invalid_text(field, "", &format!("can have at most {max} characters"));
        }
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
