use super::create::{Chooser, Refused};
use crate::quantity::Quantity;
use fairway_value::{Map, Str, Value};

/// Where a pod finds the token of its ServiceAccount.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What the admission plugins ServiceAccount, Priority and DefaultTolerationSeconds and the pod's strategy add.
///
/// # Errors
/// A priority of its own.
pub(super) fn create(object: &mut Value, chooser: &mut dyn Chooser) -> Result<(), Refused> {
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        service_account(spec, chooser);
        priority(spec, chooser)?;
        tolerations(spec);
    }
    let qos = qos_class(object);
    let status: Value =
        [("phase", Value::from("Pending")), ("qosClass", Value::from(qos))].into_iter().collect();
    object.set_path(&["status"], status);
    if object.get_path(&["spec", "schedulingGates"]).and_then(Value::as_array).is_some_and(|g| !g.is_empty())
    {
        let gated: Value = [
            ("type", Value::from("PodScheduled")),
            ("status", Value::from("False")),
            ("reason", Value::from("SchedulingGated")),
            ("message", Value::from("Scheduling is blocked due to non-empty scheduling gates")),
            ("lastProbeTime", Value::Null),
            ("lastTransitionTime", Value::from(chooser.now())),
        ]
        .into_iter()
        .collect();
        object.set_path(&["status", "conditions"], Value::from(vec![gated]));
    }
    Ok(())
}

fn service_account(spec: &mut Map, chooser: &mut dyn Chooser) {
    let name = spec.get("serviceAccountName").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() {
        spec.insert("serviceAccountName", "default");
        spec.insert("serviceAccount", "default");
    }
    if spec.get("automountServiceAccountToken") == Some(&Value::Bool(false)) {
        return;
    }
    let mut volume: Option<Str> = None;
    for list in ["initContainers", "containers"] {
        let Some(containers) = spec.get_mut(list).and_then(Value::as_array_mut) else { continue };
        for container in containers.make_mut().iter_mut().filter_map(Value::as_object_mut) {
            let mut mounts =
                container.get("volumeMounts").and_then(Value::as_array).unwrap_or_default().to_vec();
            if mounts.iter().any(|m| m.get("mountPath").and_then(Value::as_str) == Some(TOKEN_PATH)) {
                continue;
            }
            let name = volume.get_or_insert_with(|| {
                let mut name = Str::from("kube-api-access-");
                name.push_str(&chooser.suffix());
                name
            });
            mounts.push(
                [
                    ("name", Value::from(name.clone())),
                    ("readOnly", Value::Bool(true)),
                    ("mountPath", Value::from(TOKEN_PATH)),
                ]
                .into_iter()
                .collect(),
            );
            container.insert("volumeMounts", Value::from(mounts));
        }
    }
    if let Some(name) = volume {
        let mut volumes = spec.get("volumes").and_then(Value::as_array).unwrap_or_default().to_vec();
        volumes.push(token_volume(name));
        spec.insert("volumes", Value::from(volumes));
    }
}

fn token_volume(name: Str) -> Value {
    let entry = |pairs: &[(&str, &str)]| -> Value {
        pairs.iter().map(|(k, v)| (Str::from(*k), Value::from(*v))).collect()
    };
    let mut token = Value::object();
    token.set_path(&["serviceAccountToken", "expirationSeconds"], 3607_i64);
    token.set_path(&["serviceAccountToken", "path"], "token");
    let mut roots = Value::object();
    roots.set_path(&["configMap", "name"], "kube-root-ca.crt");
    roots.set_path(
        &["configMap", "items"],
        Value::from(vec![entry(&[("key", "ca.crt"), ("path", "ca.crt")])]),
    );
    let mut namespace = Value::object();
    let mut item = entry(&[("path", "namespace")]);
    item.set_path(&["fieldRef"], entry(&[("apiVersion", "v1"), ("fieldPath", "metadata.namespace")]));
    namespace.set_path(&["downwardAPI", "items"], Value::from(vec![item]));
    let mut volume = entry(&[("name", &name)]);
    volume.set_path(&["projected", "sources"], Value::from(vec![token, roots, namespace]));
    volume.set_path(&["projected", "defaultMode"], 0o644_i64);
    volume
}

/// As kubernetes 1.36 `plugin/pkg/admission/priority`.
fn priority(spec: &mut Map, chooser: &dyn Chooser) -> Result<(), Refused> {
    let class = Str::from(spec.get("priorityClassName").and_then(Value::as_str).unwrap_or_default());
    let known = match class.as_str() {
        "system-node-critical" => Some((2_000_001_000, Str::from("PreemptLowerPriority"))),
        "system-cluster-critical" => Some((2_000_000_000, Str::from("PreemptLowerPriority"))),
        name => chooser.priority(name),
    };
    // A class that is not there is refused by name where classes are known.
    let is_known = known.is_some() || class.is_empty();
    let (value, policy) = known.unwrap_or((0, Str::from("PreemptLowerPriority")));
    let must = |what: &str, own: &str, computed: &str| {
        Err(Refused::Forbidden(format!(
            "{what} ({own}) must not be provided in pod spec; priority admission controller computed {computed} from the given \
             PriorityClass name"
        )))
    };
    if let Some(own) = spec.get("priority").and_then(Value::as_i64).filter(|own| is_known && *own != value) {
        return must("the integer value of priority", &own.to_string(), &value.to_string());
    }
    spec.insert("priority", value);
    match spec.get("preemptionPolicy").and_then(Value::as_str) {
        Some(own) if is_known && own != policy => {
            return must("the string value of PreemptionPolicy", own, &policy);
        }
        Some(_) => {}
        None => {
            spec.insert("preemptionPolicy", policy);
        }
    }
    Ok(())
}

/// Nodes that are away are borne for a while (`DefaultTolerationSeconds`, on updates too).
pub(super) fn tolerations(spec: &mut Map) {
    let mut all = spec.get("tolerations").and_then(Value::as_array).unwrap_or_default().to_vec();
    let before = all.len();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerates = |t: &Value| {
            let text = |k: &str| t.get(k).and_then(Value::as_str).unwrap_or_default();
            (text("key") == key || text("key").is_empty()) && matches!(text("effect"), "NoExecute" | "")
        };
        if !all.iter().take(before).any(tolerates) {
            all.push(
                [
                    ("key", Value::from(key)),
                    ("operator", Value::from("Exists")),
                    ("effect", Value::from("NoExecute")),
                    ("tolerationSeconds", Value::Int(300)),
                ]
                .into_iter()
                .collect(),
            );
        }
    }
    spec.insert("tolerations", Value::from(all));
}

/// Whether a pod's containers are limited in all, in part, or not at all.
fn qos_class(object: &Value) -> &'static str {
    let amount = |list: Option<&Value>, key: &str| -> i128 {
        let text = list.and_then(|l| l.get(key)).and_then(Value::as_str);
        text.and_then(|t| Quantity::parse(t).ok()).map_or(0, |q| q.nano())
    };
    let mut some = false;
    let mut all = true;
    let mut see = |resources: Option<&Value>| {
        for key in ["cpu", "memory"] {
            let request = amount(resources.and_then(|r| r.get("requests")), key);
            let limit = amount(resources.and_then(|r| r.get("limits")), key);
            some |= request > 0 || limit > 0;
            all &= limit > 0 && request == limit;
        }
    };
    match object.get_path(&["spec", "resources"]).filter(|r| r.as_object().is_some_and(|r| !r.is_empty())) {
        Some(whole) => see(Some(whole)),
        None => {
            for list in ["containers", "initContainers"] {
                let containers =
                    object.get_path(&["spec", list]).and_then(Value::as_array).unwrap_or_default();
                containers.iter().for_each(|c| see(c.get("resources")));
            }
        }
    }
    match (some, all) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}
