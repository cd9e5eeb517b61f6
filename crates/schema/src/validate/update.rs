//! What an update may not change.

use super::fault::{Faults, has, int, list, show, text};
use super::{shown, text_diff};
use crate::managed::equal;
use fairway_value::{Map, Value};

const IMMUTABLE: &str = "field is immutable";

/// Whether the server looks at what may not change before it looks at the rest. Source: Kubernetes 1.36 `Validate…Update`.
pub(super) fn comes_first(group: &str, kind: &str) -> bool {
    matches!(
        (group, kind),
        ("", "ConfigMap" | "Secret" | "Service")
            | ("apps", "DaemonSet")
            | ("networking.k8s.io", "IngressClass")
            | ("storage.k8s.io", "VolumeAttributesClass")
    )
}

/// Checks a built-in object about to replace another.
pub(super) fn immutable(new: &Value, old: &Value, faults: &mut Faults) {
    match (group(new), text(new, "kind")) {
        ("apps", "Deployment" | "ReplicaSet" | "DaemonSet") if changed(new, old, &["spec", "selector"]) => {
            let selector = new.get_path(&["spec", "selector"]).filter(|s| !s.is_null());
            let shown = selector.map_or_else(|| "null".to_owned(), super::workload::show_selector);
            faults.invalid("spec.selector", shown, IMMUTABLE);
        }
        ("apps", "StatefulSet") => stateful_set(new, old, faults),
        ("batch", "Job") => job(new, old, faults),
        ("", "Secret") => {
            same(new, old, &["type"], faults);
            frozen(new, old, &["data"], faults);
        }
        ("", "ConfigMap") => frozen(new, old, &["data", "binaryData"], faults),
        ("", "Service") => cluster_ip(new, old, faults),
        ("", "Node") => node(new, old, faults),
        ("", "Pod") => pod(new, old, faults),
        ("", "PersistentVolumeClaim") => claim(new, old, faults),
        ("", "PersistentVolume") => volume(new, old, faults),
        ("discovery.k8s.io", "EndpointSlice") => same(new, old, &["addressType"], faults),
        ("networking.k8s.io", "IngressClass") => {
            let of = |o: &Value| {
                let controller = o.get_path(&["spec", "controller"]);
                controller.and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            if of(new) != of(old) {
                faults.invalid_text("spec.controller", &of(new), IMMUTABLE);
            }
        }
        ("node.k8s.io", "RuntimeClass") => same(new, old, &["handler"], faults),
        ("apps", "ControllerRevision") => same(new, old, &["data"], faults),
        ("storage.k8s.io", "CSIDriver") => {
            // The server writes the first otherwise than its field.
            if changed(new, old, &["spec", "attachRequired"]) {
                let shown = show(new.get_path(&["spec", "attachRequired"]));
                faults.invalid("spec.attachedRequired", shown, IMMUTABLE);
            }
            same(new, old, &["spec", "volumeLifecycleModes"], faults);
        }
        ("storage.k8s.io", "StorageClass") => {
            let none = |o: &Value| o.get("parameters").and_then(Value::as_object).is_none_or(Map::is_empty);
            if !(none(new) && none(old)) {
                same(new, old, &["parameters"], faults);
            }
            for key in ["provisioner", "reclaimPolicy", "volumeBindingMode"] {
                same(new, old, &[key], faults);
            }
        }
        ("storage.k8s.io", "VolumeAttributesClass") => {
            for key in ["driverName", "parameters"].into_iter().filter(|k| changed(new, old, &[k])) {
                faults.forbidden(key, &format!("updates to {key} are forbidden."));
            }
        }
        ("storage.k8s.io", "VolumeAttachment") if changed(new, old, &["spec"]) => {
            let shown = shown::show("storage.VolumeAttachmentSpec", new.get("spec"));
            faults.invalid("spec", shown, IMMUTABLE);
        }
        ("storage.k8s.io", "CSINode") => csi_drivers(new, old, faults),
        ("networking.k8s.io", "IPAddress") if changed(new, old, &["spec", "parentRef"]) => {
            let parent = new.get_path(&["spec", "parentRef"]);
            faults.invalid("spec.parentRef", shown::show("*networking.ParentReference", parent), IMMUTABLE);
        }
        ("networking.k8s.io", "ServiceCIDR") => cidrs(new, old, faults),
        ("resource.k8s.io", kind @ ("ResourceClaim" | "ResourceClaimTemplate"))
            if changed(new, old, &["spec"]) =>
        {
            faults.invalid("spec", shown::show(&format!("resource.{kind}Spec"), new.get("spec")), IMMUTABLE);
        }
        ("resource.k8s.io", "ResourceSlice") => {
            for path in [&["spec", "pool", "name"][..], &["spec", "driver"], &["spec", "nodeName"]] {
                same(new, old, path, faults);
            }
        }
        ("storage.k8s.io", "CSIStorageCapacity") => {
            if changed(new, old, &["nodeTopology"]) {
                let nodes = new.get("nodeTopology").filter(|n| !n.is_null());
                let shown = nodes.map_or_else(|| "null".to_owned(), super::workload::show_selector);
                faults.invalid("nodeTopology", shown, IMMUTABLE);
            }
            let class = |o: &Value| text(o, "storageClassName").to_owned();
            if class(new) != class(old) {
                faults.invalid_text("storageClassName", &class(new), IMMUTABLE);
            }
        }
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding")
            if changed(new, old, &["roleRef"]) =>
        {
            let shown = shown::show("rbac.RoleRef", new.get("roleRef"));
            faults.invalid("roleRef", shown, "cannot change roleRef");
        }
        ("scheduling.k8s.io", "PriorityClass") => {
            if changed(new, old, &["value"]) {
                faults.forbidden("value", "may not be changed in an update.");
            }
            same(new, old, &["preemptionPolicy"], faults);
        }
        _ => {}
    }
}

/// What a Node has been given once stays its own.
fn node(new: &Value, old: &Value, faults: &mut Faults) {
    let of = |o: &Value, key: &str| o.get_path(&["spec", key]).filter(|v| !v.is_null()).cloned();
    let ranges =
        |o: &Value| of(o, "podCIDRs").and_then(|v| v.as_array().map(<[Value]>::to_vec)).unwrap_or_default();
    let (now, then) = (ranges(new), ranges(old));
    let moved = match now.len() == then.len() {
        true => now.iter().zip(&then).filter(|(a, b)| a != b).count(),
        false => usize::from(!then.is_empty()),
    };
    let why = "node updates may not change podCIDR except from \"\" to valid";
    (0..moved).for_each(|_| faults.forbidden("spec.podCIDRs", why));
    if of(old, "providerID").is_some() && of(new, "providerID") != of(old, "providerID") {
        let why = "node updates may not change providerID except from \"\" to valid";
        faults.forbidden("spec.providerID", why);
    }
    if of(new, "externalID") != of(old, "externalID") {
        faults.forbidden("spec.externalID", "may not be updated");
    }
}

/// What a node tells of a driver stays, but for how many volumes it holds.
fn csi_drivers(new: &Value, old: &Value, faults: &mut Faults) {
    let of = |object: &Value| -> Vec<Value> {
        let drivers = object.get_path(&["spec", "drivers"]).and_then(Value::as_array).unwrap_or_default();
        let without = |driver: &Value| {
            let mut driver = driver.clone();
            driver.remove_path(&["allocatable"]);
            driver
        };
        drivers.iter().map(without).collect()
    };
    let (new, old) = (of(new), of(old));
    for before in &old {
        for driver in new.iter().filter(|d| text(d, "name") == text(before, "name") && !equal(d, before)) {
            faults.invalid("spec.drivers", shown::show("storage.CSINodeDriver", Some(driver)), IMMUTABLE);
        }
    }
}

/// A range may get a second family; none may change.
fn cidrs(new: &Value, old: &Value, faults: &mut Faults) {
    let of = |object: &Value| {
        object.get_path(&["spec", "cidrs"]).and_then(Value::as_array).unwrap_or_default().to_vec()
    };
    let (all, before) = (of(new), of(old));
    if all.len() != before.len() && (before.len(), all.len()) != (1, 2) {
        return faults.invalid("spec.cidrs", show(new.get_path(&["spec", "cidrs"])), IMMUTABLE);
    }
    for (n, (cidr, _)) in all.iter().zip(&before).enumerate().filter(|(_, (a, b))| a != b) {
        faults.invalid(format!("spec.cidrs[{n}]"), show(Some(cidr)), IMMUTABLE);
    }
}

fn group(object: &Value) -> &str {
    text(object, "apiVersion").split_once('/').map_or("", |(group, _)| group)
}

fn changed(new: &Value, old: &Value, path: &[&str]) -> bool {
    match (new.get_path(path), old.get_path(path)) {
        (Some(new), Some(old)) => !equal(new, old),
        (None, None) => false,
        (Some(one), None) | (None, Some(one)) => !one.is_null(),
    }
}

fn same(new: &Value, old: &Value, path: &[&str], faults: &mut Faults) {
    if changed(new, old, path) {
        faults.invalid(path.join("."), show(new.get_path(path)), IMMUTABLE);
    }
}

/// Data that `immutable: true` has frozen.
fn frozen(new: &Value, old: &Value, keys: &[&str], faults: &mut Faults) {
    if old.get("immutable") != Some(&Value::Bool(true)) {
        return;
    }
    let why = "field is immutable when `immutable` is set";
    if new.get("immutable") != Some(&Value::Bool(true)) {
        faults.forbidden("immutable", why);
    }
    for key in keys.iter().filter(|k| changed(new, old, &[k])) {
        faults.forbidden(*key, why);
    }
}

fn stateful_set(new: &Value, old: &Value, faults: &mut Faults) {
    let free = [
        "replicas",
        "template",
        "updateStrategy",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
        "ordinals",
        "revisionHistoryLimit",
    ];
    let without = |object: &Value| {
        let mut spec = object.get("spec").cloned().unwrap_or_default();
        for key in free {
            spec.remove_path(&[key]);
        }
        spec
    };
    if !equal(&without(new), &without(old)) {
        faults.forbidden(
            "spec",
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', \
             'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        );
    }
}

/// Differences of two values of an internal type, as messages end with them.
fn differences(kind: &str, old: Option<&Value>, new: Option<&Value>) -> String {
    text_diff::unified(&shown::pretty(kind, old), &shown::pretty(kind, new))
}

/// A running pod's specification is fixed but for a few fields.
fn pod(new: &Value, old: &Value, faults: &mut Faults) {
    let empty = Value::object();
    let (new_spec, old_spec) = (new.get("spec").unwrap_or(&empty), old.get("spec").unwrap_or(&empty));
    for key in ["containers", "initContainers"] {
        if list(new_spec, key).len() != list(old_spec, key).len() {
            faults.forbidden(format!("spec.{key}"), "pod updates may not add or remove containers");
            return;
        }
        for (n, container) in list(new_spec, key).iter().enumerate() {
            faults.present(format!("spec.{key}[{n}].image"), text(container, "image"));
        }
    }
    let (now, then) = (int(new_spec, "activeDeadlineSeconds"), int(old_spec, "activeDeadlineSeconds"));
    let field = "spec.activeDeadlineSeconds";
    match (now, then) {
        (Some(now), _) if !(0..=i64::from(i32::MAX)).contains(&now) => {
            return faults.between(field, Some(now), (0, i64::from(i32::MAX)));
        }
        (Some(now), Some(then)) if then < now => {
            let why = "must be less than or equal to previous value";
            return faults.invalid(field, now.to_string(), why);
        }
        (None, Some(_)) => {
            faults.invalid(field, "null", "must not update from a positive integer to nil value");
        }
        _ => {}
    }
    added_tolerations(new_spec, old_spec, faults);
    deleted_gates(new_spec, old_spec, faults);
    let munged = munged(new_spec, old_spec);
    if !equal(&munged, old_spec) {
        let why = format!(
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
             `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
             `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n{}",
            differences("core.PodSpec", Some(old_spec), Some(&munged))
        );
        faults.forbidden("spec", &why);
    }
}

/// The new specification with the old one's values of what may change.
fn munged(new: &Value, old: &Value) -> Value {
    let mut out = new.clone();
    for key in ["activeDeadlineSeconds", "schedulingGates", "tolerations"] {
        take(&mut out, old, &[key]);
    }
    for key in ["containers", "initContainers"] {
        let before = list(old, key);
        let containers = out.get_mut(key).and_then(Value::as_array_mut);
        for (container, before) in containers.into_iter().flat_map(|c| c.make_mut().iter_mut()).zip(before) {
            take(container, before, &["image"]);
        }
    }
    if !list(old, "schedulingGates").is_empty() {
        // A pod that waits may be narrowed to fewer nodes.
        take(&mut out, old, &["nodeSelector"]);
        take(&mut out, old, &["affinity", "nodeAffinity"]);
        if out.get("affinity").and_then(Value::as_object).is_some_and(Map::is_empty)
            && old.get("affinity").is_none()
        {
            out.remove_path(&["affinity"]);
        }
    }
    out
}

/// Puts a part of one value in the place of another's.
fn take(into: &mut Value, from: &Value, path: &[&str]) {
    match from.get_path(path) {
        Some(value) => {
            into.set_path(path, value.clone());
        }
        None => {
            into.remove_path(path);
        }
    }
}

fn added_tolerations(new: &Value, old: &Value, faults: &mut Faults) {
    let timeless = |toleration: &Value| {
        let mut out = toleration.clone();
        out.remove_path(&["tolerationSeconds"]);
        out
    };
    let now: Vec<Value> = list(new, "tolerations").iter().map(timeless).collect();
    if list(old, "tolerations").iter().any(|t| !now.contains(&timeless(t))) {
        let why = "existing toleration can not be modified except its tolerationSeconds";
        return faults.forbidden("spec.tolerations", why);
    }
    for (n, toleration) in list(new, "tolerations").iter().enumerate() {
        super::pod::toleration(toleration, &format!("spec.tolerations[{n}]"), faults);
    }
}

fn deleted_gates(new: &Value, old: &Value, faults: &mut Faults) {
    let before: Vec<&str> = list(old, "schedulingGates").iter().map(|g| text(g, "name")).collect();
    for (n, gate) in list(new, "schedulingGates").iter().enumerate() {
        let name = text(gate, "name");
        if !before.contains(&name) {
            let why = format!("only deletion is allowed, but found new scheduling gate '{name}'");
            faults.forbidden(format!("spec.schedulingGates[{n}].name"), &why);
        }
    }
}

/// A claim asks once; only a bound one may ask for more.
fn claim(new: &Value, old: &Value, faults: &mut Faults) {
    let bound = new.get_path(&["status", "phase"]).and_then(Value::as_str) == Some("Bound");
    let class = "volume.beta.kubernetes.io/storage-class";
    let annotation = |o: &Value| {
        o.get_path(&["metadata", "annotations", class]).and_then(Value::as_str).map(str::to_owned)
    };
    let (mut now, mut then) = (spec_of(new), spec_of(old));
    if text(&then, "volumeName").is_empty() {
        take(&mut then, &now.clone(), &["volumeName"]);
    }
    if annotation(new) != annotation(old) {
        let field = format!("metadata.annotations.{class}");
        faults.invalid_text(field, &annotation(new).unwrap_or_default(), IMMUTABLE);
    }
    let fits = annotation(old).is_none_or(|a| a == text(&now, "storageClassName"));
    if has(&now, "storageClassName") && !has(&then, "storageClassName") && fits {
        now.remove_path(&["storageClassName"]);
    }
    let storage = &["resources", "requests", "storage"];
    let (size, size_before) = (spec_of(new), spec_of(old));
    if bound {
        take(&mut now, &then.clone(), storage);
        take(&mut now, &then.clone(), &["volumeAttributesClassName"]);
    }
    if !equal(&now, &then) {
        let why = format!(
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n{}",
            differences("core.PersistentVolumeClaimSpec", Some(&then), Some(&now))
        );
        faults.forbidden("spec", &why);
    }
    let nano = |v: Option<&Value>| v.and_then(super::pod_resources::amount).map_or(0, |q| q.nano());
    let asked = nano(size.get_path(storage));
    let status = nano(old.get_path(&["status", "capacity", "storage"]));
    if asked < nano(size_before.get_path(storage)) && asked <= status {
        let why = "field can not be less than status.capacity";
        faults.forbidden("spec.resources.requests.storage", why);
    }
    if changed(new, old, &["spec", "volumeMode"]) {
        faults.invalid("volumeMode", show(new.get_path(&["spec", "volumeMode"])), IMMUTABLE);
    }
}

fn spec_of(object: &Value) -> Value {
    object.get("spec").cloned().unwrap_or_else(Value::object)
}

/// Where a volume's data is does not change.
fn volume(new: &Value, old: &Value, faults: &mut Faults) {
    let kind = "core.PersistentVolumeSource";
    let (now, then) = (spec_of(new), spec_of(old));
    let mut seen = now.clone();
    if has(&then, "csi") && has(&now, "csi") && then.get_path(&["csi", "controllerExpandSecretRef"]).is_none()
    {
        seen.remove_path(&["csi", "controllerExpandSecretRef"]);
    }
    if shown::show(kind, Some(&seen)) != shown::show(kind, Some(&then)) {
        let why = format!(
            "spec.persistentvolumesource is immutable after creation\n{}",
            differences(kind, Some(&then), Some(&seen))
        );
        faults.forbidden("spec.persistentvolumesource", &why);
    }
    if changed(new, old, &["spec", "volumeMode"]) {
        faults.invalid("volumeMode", show(new.get_path(&["spec", "volumeMode"])), IMMUTABLE);
    }
    if has(&then, "nodeAffinity") && changed(new, old, &["spec", "nodeAffinity"]) {
        let shown = shown::show("core.VolumeNodeAffinity", now.get("nodeAffinity"));
        let shown = if has(&now, "nodeAffinity") { shown } else { "null".to_owned() };
        faults.invalid("nodeAffinity", shown, IMMUTABLE);
    }
    if has(&then, "volumeAttributesClassName") && !has(&now, "volumeAttributesClassName") {
        faults.forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden");
    }
}

/// A Job's template may change while it waits suspended, and then only where pods are placed and what they may use.
fn job(new: &Value, old: &Value, faults: &mut Faults) {
    let count = |o: &Value, key: &str| o.get_path(&["spec", key]).and_then(Value::as_i64);
    if changed(new, old, &["spec", "completions"]) {
        let indexed = new.get_path(&["spec", "completionMode"]).and_then(Value::as_str) == Some("Indexed");
        if !indexed {
            same(new, old, &["spec", "completions"], faults);
        } else if count(new, "completions").is_some()
            && count(new, "completions") != count(new, "parallelism")
        {
            let shown = show(new.get_path(&["spec", "completions"]));
            faults.invalid("spec.completions", shown, "can only be modified in tandem with spec.parallelism");
        }
    }
    same(new, old, &["spec", "selector"], faults);
    job_template(new, old, faults);
    same(new, old, &["spec", "completionMode"], faults);
    for (key, kind) in
        [("podFailurePolicy", "batch.PodFailurePolicy"), ("successPolicy", "batch.SuccessPolicy")]
    {
        if key == "successPolicy" {
            same(new, old, &["spec", "backoffLimitPerIndex"], faults);
            same(new, old, &["spec", "managedBy"], faults);
        }
        if changed(new, old, &["spec", key]) {
            let value = new.get_path(&["spec", key]);
            let shown = value.map_or_else(|| "null".to_owned(), |v| shown::show(kind, Some(v)));
            faults.invalid(format!("spec.{key}"), shown, IMMUTABLE);
        }
    }
}

fn job_template(new: &Value, old: &Value, faults: &mut Faults) {
    let template = |o: &Value| o.get_path(&["spec", "template"]).cloned().unwrap_or_else(Value::object);
    let (now, mut then) = (template(new), template(old));
    let suspended = old.get_path(&["spec", "suspend"]) == Some(&Value::Bool(true));
    let started = old.get("status").is_some_and(|s| has(s, "startTime"));
    if suspended && !started {
        for path in [
            &["metadata", "labels"][..],
            &["metadata", "annotations"],
            &["spec", "nodeSelector"],
            &["spec", "affinity", "nodeAffinity"],
            &["spec", "tolerations"],
            &["spec", "schedulingGates"],
        ] {
            take(&mut then, &now, path);
        }
        let none = |o: &Value| {
            o.get_path(&["spec", "affinity"]).and_then(Value::as_object).is_none_or(Map::is_empty)
        };
        if none(&now) && none(&then) {
            take(&mut then, &now, &["spec", "affinity"]);
        }
    }
    if !suspended {
        if !equal(&then, &now) {
            let shown = shown::show("core.PodTemplateSpec", Some(&now));
            faults.invalid("spec.template", shown, IMMUTABLE);
        }
        return;
    }
    let (now, mut then) = (spec_of(&now), spec_of(&then));
    for key in ["containers", "initContainers"] {
        let current = list(&now, key).to_vec();
        let before = then.get_mut(key).and_then(Value::as_array_mut).filter(|b| b.len() == current.len());
        for (before, current) in before.into_iter().flat_map(|b| b.make_mut().iter_mut()).zip(&current) {
            if text(before, "name") == text(current, "name") {
                take(before, current, &["resources"]);
            }
        }
    }
    if !equal(&then, &now) {
        let shown = shown::show("core.PodSpec", Some(&now));
        faults.invalid("spec.template.spec", shown, IMMUTABLE);
    }
}

fn cluster_ip(new: &Value, old: &Value, faults: &mut Faults) {
    let kind =
        |o: &Value| o.get_path(&["spec", "type"]).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ip =
        |o: &Value| o.get_path(&["spec", "clusterIP"]).and_then(Value::as_str).unwrap_or_default().to_owned();
    if kind(new) != "ExternalName" && kind(old) != "ExternalName" && !ip(old).is_empty() && ip(new) != ip(old)
    {
        let shown = show(new.get_path(&["spec", "clusterIPs"]));
        faults.invalid("spec.clusterIPs[0]", shown, "may not change once set");
    }
    if kind(new) == "LoadBalancer"
        && kind(old) == "LoadBalancer"
        && changed(new, old, &["spec", "loadBalancerClass"])
    {
        let shown = show(new.get_path(&["spec", "loadBalancerClass"]));
        faults.invalid("spec.loadBalancerClass", shown, "may not change once set");
    }
}
