use super::endpoint::{counts_generation, has_status, reset_status, resource_of};
use super::{pod, service};
use crate::Schemas;
use crate::validate::Cause;
use fairway_value::{Str, Value};

/// Why a server cannot choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The server's own trouble.
    Message(String),
    /// Fields of the object ask for what is not to be had.
    Causes(Vec<Cause>),
    /// An admission plugin forbids it.
    Forbidden(String),
}

impl From<String> for Refused {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Message(message) | Self::Forbidden(message) => f.write_str(message),
            Self::Causes(causes) => {
                let parts: Vec<String> =
                    causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
                f.write_str(&parts.join(", "))
            }
        }
    }
}

/// Chooses what only a server can.
pub trait Chooser {
    /// Returns a free cluster IP, or takes the one asked for.
    ///
    /// # Errors
    /// The message for the user: none is free, or the one asked for is taken.
    fn cluster_ip(&mut self, asked: Option<&str>) -> Result<Value, String>;
    /// Returns a free node port.
    ///
    /// # Errors
    /// The message for the user: none is free.
    fn node_port(&mut self) -> Result<Value, String>;

    /// Hears of a node port that the writer of a Service asks for, in the order in which ports are chosen.
    fn port_asked(&mut self, _port: i64) {}
    /// Returns a random suffix of five characters for generated names.
    fn suffix(&mut self) -> Str;
    /// Returns the time, RFC 3339 in seconds.
    fn now(&self) -> Str;
    /// Returns the value of a PriorityClass and its preemption policy; nothing where there is none of that name. The empty
    /// name asks for the global default.
    fn priority(&self, class: &str) -> Option<(i64, Str)>;
    /// Returns the address families that Services may have, the default one first; nothing where that is not known.
    fn families(&self) -> Option<&[&str]> {
        None
    }
    /// Takes the addresses and ports that a Service asks for and that it does not hold yet (`live` is the stored one).
    ///
    /// # Errors
    /// What is taken or out of range.
    fn claim(&mut self, service: &Value, live: Option<&Value>) -> Result<(), Vec<Cause>> {
        let _ = (service, live);
        Ok(())
    }
}

/// Makes of a decoded and defaulted object what is stored at its creation: no status where that has an endpoint of its own,
/// generation 1 where the kind counts, and what admission and the kind's strategy add. `metadata.uid` must be set before.
///
/// # Errors
/// What the chooser refuses.
pub fn prepare_create(
    object: &mut Value,
    schemas: &Schemas,
    chooser: &mut dyn Chooser,
) -> Result<(), Refused> {
    let Some(resource) = resource_of(object, schemas) else { return Ok(()) };
    if has_status(resource) && !keeps_status(&resource.kind) {
        reset_status(object, None, schemas);
    }
    super::gates::drop_disabled(object, None, schemas);
    if counts_generation(resource) && resource.kind != "CSIDriver" {
        object.set_path(&["metadata", "generation"], 1_i64);
    }
    if resource.custom {
        return Ok(());
    }
    match resource.kind.as_str() {
        "Namespace" => {
            object.set_path(&["status"], phase("Active"));
            let kept = object.get_path(&["spec", "finalizers"]).and_then(Value::as_array).unwrap_or_default();
            if !kept.iter().any(|f| f.as_str() == Some("kubernetes")) {
                let mut all: Vec<Value> = kept.to_vec();
                all.push(Value::from("kubernetes"));
                object.set_path(&["spec", "finalizers"], Value::from(all));
            }
        }
        "Pod" => pod::create(object, chooser)?,
        "PersistentVolume" => {
            let mut status = phase("Pending");
            status.set_path(&["lastPhaseTransitionTime"], chooser.now());
            object.set_path(&["status"], status);
            add_finalizer(object, "kubernetes.io/pv-protection");
        }
        "PersistentVolumeClaim" => {
            object.set_path(&["status"], phase("Pending"));
            add_finalizer(object, "kubernetes.io/pvc-protection");
            same_data_sources(object);
        }
        "Service" => match service::create(object, chooser) {
            // What is wrong with the object itself is said first.
            Err(Refused::Causes(_)) if !crate::validate::create(object, schemas).is_empty() => {}
            other => other?,
        },
        "ServiceAccount" => named_secrets(object),
        "ResourceSlice" => timed_taints(object, chooser),
        "Job" => job(object),
        "DaemonSet" => {
            object.set_path(&["metadata", "annotations", super::endpoint::TEMPLATE_GENERATION], "1");
        }
        "Node" => not_ready(object),
        "VolumeAttributesClass" => add_finalizer(object, "kubernetes.io/vac-protection"),
        "APIService" => api_service(object, chooser),
        "CustomResourceDefinition" => crd(object),
        _ => {}
    }
    // What is read back from the store is defaulted once more.
    crate::defaults::apply(object, schemas);
    Ok(())
}

/// A node that says nothing of its taints starts as not ready.
fn not_ready(object: &mut Value) {
    let mut taints =
        object.get_path(&["spec", "taints"]).and_then(Value::as_array).unwrap_or_default().to_vec();
    let key = "node.kubernetes.io/not-ready";
    if !taints.iter().any(|t| t.get("key").and_then(Value::as_str) == Some(key)) {
        taints.push([("effect", Value::from("NoSchedule")), ("key", Value::from(key))].into_iter().collect());
        object.set_path(&["spec", "taints"], Value::from(taints));
    }
}

/// An APIService without a service behind it is served by the server itself, and available from the start.
fn api_service(object: &mut Value, chooser: &dyn Chooser) {
    if object.get_path(&["spec", "service"]).is_some_and(|s| !s.is_null()) {
        return;
    }
    let local: Value = [
        ("type", Value::from("Available")),
        ("status", Value::from("True")),
        ("reason", Value::from("Local")),
        ("message", Value::from("Local APIServices are always available")),
        ("lastTransitionTime", Value::from(chooser.now())),
    ]
    .into_iter()
    .collect();
    object.set_path(&["status", "conditions"], Value::from(vec![local]));
}

/// Kinds whose creation takes a status or sets its own.
fn keeps_status(kind: &str) -> bool {
    matches!(kind, "Node")
}

fn phase(phase: &str) -> Value {
    [("phase", Value::from(phase))].into_iter().collect()
}

fn add_finalizer(object: &mut Value, name: &str) {
    let mut all =
        object.get_path(&["metadata", "finalizers"]).and_then(Value::as_array).unwrap_or_default().to_vec();
    if !all.iter().any(|f| f.as_str() == Some(name)) {
        all.push(Value::from(name));
        object.set_path(&["metadata", "finalizers"], Value::from(all));
    }
}

/// Taints of devices say since when they are there.
fn timed_taints(slice: &mut Value, chooser: &dyn Chooser) {
    let devices = slice.get_path_mut(&["spec", "devices"]).and_then(Value::as_array_mut);
    for device in devices.into_iter().flat_map(|d| d.make_mut().iter_mut()) {
        let taints = device.get_mut("taints").and_then(Value::as_array_mut);
        for taint in taints.into_iter().flat_map(|t| t.make_mut().iter_mut()) {
            if taint.get("timeAdded").is_none_or(Value::is_null) {
                taint.set_path(&["timeAdded"], chooser.now());
            }
        }
    }
}

/// Of the secrets of an account only the names are kept.
fn named_secrets(account: &mut Value) {
    let Some(secrets) = account.get_mut("secrets").and_then(Value::as_array_mut) else { return };
    for secret in secrets.make_mut() {
        let name = secret.get("name").cloned();
        *secret = name.into_iter().map(|name| ("name", name)).collect();
    }
}

fn is_claim_or_snapshot(source: &Value) -> bool {
    let text = |key: &str| source.get(key).and_then(Value::as_str).unwrap_or_default();
    matches!(
        (text("apiGroup"), text("kind")),
        ("", "PersistentVolumeClaim") | ("snapshot.storage.k8s.io", "VolumeSnapshot")
    )
}

/// `dataSource` and `dataSourceRef` say the same. What names a namespace is dropped, and so is an old source of any but the two kinds
/// that it always could be.
fn same_data_sources(claim: &mut Value) {
    let Some(spec) = claim.get_mut("spec").and_then(Value::as_object_mut) else { return };
    let apart = spec.get("dataSourceRef").and_then(|s| s.get("namespace")).and_then(Value::as_str);
    if apart.is_some_and(|namespace| !namespace.is_empty()) {
        spec.remove("dataSourceRef");
    }
    let (old, new) = (spec.get("dataSource").cloned(), spec.get("dataSourceRef").cloned());
    match (old, new) {
        (Some(source), None) if is_claim_or_snapshot(&source) => {
            spec.insert("dataSourceRef", source);
        }
        (Some(_), None) => {
            spec.remove("dataSource");
        }
        (None, Some(mut source)) => {
            source.remove_path(&["namespace"]);
            spec.insert("dataSource", source);
        }
        _ => {}
    }
}

/// A Job that selects its own pods gets labels that nobody else has.
fn job(object: &mut Value) {
    if object.get_path(&["spec", "manualSelector"]) == Some(&Value::Bool(true)) {
        return;
    }
    let text = |path: &[&str]| Str::from(object.get_path(path).and_then(Value::as_str).unwrap_or_default());
    let (uid, name) = (text(&["metadata", "uid"]), text(&["metadata", "name"]));
    for (key, value) in [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("job-name", &name),
    ] {
        object.set_path(&["spec", "template", "metadata", "labels", key], value.clone());
    }
    if object.get_path(&["spec", "selector"]).is_none_or(Value::is_null) {
        object.set_path(&["spec", "selector"], Value::object());
    }
    object.set_path(&["spec", "selector", "matchLabels", "batch.kubernetes.io/controller-uid"], uid);
}

/// The stored versions are the only part of a CRD's status that creation sets.
fn crd(object: &mut Value) {
    let versions = object.get_path(&["spec", "versions"]).and_then(Value::as_array).unwrap_or_default();
    let stored: Value = versions
        .iter()
        .filter(|v| v.get("storage") == Some(&Value::Bool(true)))
        .filter_map(|v| v.get("name").cloned())
        .take(1)
        .collect();
    let mut status = Value::object();
    status.set_path(&["conditions"], Value::Null);
    status.set_path(&["acceptedNames", "plural"], "");
    status.set_path(&["acceptedNames", "kind"], "");
    status.set_path(&["storedVersions"], stored);
    object.set_path(&["status"], status);
}
