//! ResourceQuota: what objects use, what a namespace may use, and the refusal of what is too much.

use super::call::Call;
use super::limits::{amount, pod_total};
use super::parts::text;
use super::status::{ApiError, ApiResult};
use crate::store::Store;
use fairway_schema::quantity::Quantity;
use fairway_value::{Map, Value};
use std::collections::BTreeMap;

type Amounts = BTreeMap<String, Quantity>;

/// Kinds of the core group whose count has a name of its own.
const COUNTED: &[&str] = &[
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
];

fn whole(count: usize) -> Option<Quantity> {
    Quantity::parse(&count.to_string()).ok()
}

/// Returns what one object of a table uses, by the names that quotas have for it.
fn usage(table: &str, object: &Value) -> Amounts {
    let mut out = Amounts::new();
    let mut put = |name: String, amount: Option<Quantity>| {
        if let Some(amount) = amount {
            out.insert(name, amount);
        }
    };
    put(format!("count/{table}"), whole(1));
    match table {
        "pods" => {
            let over = matches!(text(object, &["status", "phase"]), "Succeeded" | "Failed");
            if over {
                return out;
            }
            put("pods".to_owned(), whole(1));
            for kind in ["requests", "limits"] {
                for resource in asked_resources(object, kind) {
                    let total = pod_total(object, kind, &resource);
                    if kind == "requests"
                        && matches!(resource.as_str(), "cpu" | "memory" | "ephemeral-storage")
                    {
                        put(resource.clone(), total);
                    }
                    put(format!("{kind}.{resource}"), total);
                }
            }
        }
        "services" => {
            put("services".to_owned(), whole(1));
            let kind = text(object, &["spec", "type"]);
            let ports = object.get_path(&["spec", "ports"]).and_then(Value::as_array).unwrap_or_default();
            let allocates =
                object.get_path(&["spec", "allocateLoadBalancerNodePorts"]).and_then(Value::as_bool)
                    != Some(false);
            let with_node_port = ports
                .iter()
                .filter(|p| p.get("nodePort").and_then(Value::as_i64).unwrap_or_default() != 0)
                .count();
            let node_ports = match kind {
                "NodePort" => ports.len(),
                "LoadBalancer" if allocates => ports.len(),
                "LoadBalancer" => with_node_port,
                _ => 0,
            };
            put("services.nodeports".to_owned(), whole(node_ports));
            put("services.loadbalancers".to_owned(), whole(usize::from(kind == "LoadBalancer")));
        }
        "persistentvolumeclaims" => {
            put("persistentvolumeclaims".to_owned(), whole(1));
            let storage = object.get_path(&["spec", "resources", "requests", "storage"]).and_then(amount);
            put("requests.storage".to_owned(), storage);
            let class = text(object, &["spec", "storageClassName"]);
            if !class.is_empty() {
                let root = format!("{class}.storageclass.storage.k8s.io");
                put(format!("{root}/persistentvolumeclaims"), whole(1));
                put(format!("{root}/requests.storage"), storage);
            }
        }
        core if COUNTED.contains(&core) => put(core.to_owned(), whole(1)),
        _ => {}
    }
    out
}

fn asked_resources(pod: &Value, kind: &str) -> Vec<String> {
    let mut names: Vec<String> = ["containers", "initContainers"]
        .into_iter()
        .flat_map(|l| pod.get_path(&["spec", l]).and_then(Value::as_array).unwrap_or_default())
        .chain(pod.get("spec"))
        .filter_map(|c| c.get_path(&["resources", kind]).and_then(Value::as_object))
        .flat_map(Map::keys)
        .map(ToString::to_string)
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Returns the table whose objects a name of a quota counts.
fn table_of(name: &str) -> &str {
    if let Some(table) = name.strip_prefix("count/") {
        return table;
    }
    if name == "requests.storage" || name.contains(".storageclass.storage.k8s.io/") {
        return "persistentvolumeclaims";
    }
    if name.starts_with("services.") {
        return "services";
    }
    if COUNTED.contains(&name) { name } else { "pods" }
}

/// Whether a quota counts an object, by its scopes.
fn in_scope(quota: &Value, table: &str, object: &Value) -> bool {
    let scopes = quota.get_path(&["spec", "scopes"]).and_then(Value::as_array).unwrap_or_default();
    let selected = quota
        .get_path(&["spec", "scopeSelector", "matchExpressions"])
        .and_then(Value::as_array)
        .unwrap_or_default();
    if scopes.is_empty() && selected.is_empty() {
        return true;
    }
    if table != "pods" {
        return false;
    }
    scopes.iter().filter_map(Value::as_str).all(|s| scope_matches(s, object))
        && selected.iter().all(|e| {
            let scope = text(e, &["scopeName"]);
            let values = e.get("values").and_then(Value::as_array).unwrap_or_default();
            let class = text(object, &["spec", "priorityClassName"]);
            let listed = values.iter().any(|v| v.as_str() == Some(class));
            match (scope, text(e, &["operator"])) {
                ("PriorityClass", "In") => listed,
                ("PriorityClass", "NotIn") => !listed,
                ("PriorityClass", "DoesNotExist") => class.is_empty(),
                ("PriorityClass", _) => !class.is_empty(),
                (scope, _) => scope_matches(scope, object),
            }
        })
}

fn scope_matches(scope: &str, pod: &Value) -> bool {
    let terminating = pod.get_path(&["spec", "activeDeadlineSeconds"]).and_then(Value::as_i64).is_some();
    let best_effort = ["requests", "limits"]
        .into_iter()
        .all(|kind| !asked_resources(pod, kind).iter().any(|r| matches!(r.as_str(), "cpu" | "memory")));
    match scope {
        "Terminating" => terminating,
        "NotTerminating" => !terminating,
        "BestEffort" => best_effort,
        "NotBestEffort" => !best_effort,
        "PriorityClass" => !text(pod, &["spec", "priorityClassName"]).is_empty(),
        _ => false,
    }
}

/// Returns what a namespace uses of one name of a quota.
fn used(store: &Store, quota: &Value, namespace: &str, name: &str) -> Quantity {
    let table = table_of(name);
    let (_, objects) = store.list(table, &format!("{namespace}/"));
    objects
        .iter()
        .filter(|o| in_scope(quota, table, &o.value))
        .filter_map(|o| usage(table, &o.value).remove(name))
        .fold(None, |sum: Option<Quantity>, amount| match sum {
            None => Some(amount),
            Some(sum) => Some(sum.plus(amount)),
        })
        .unwrap_or_else(nothing)
}

fn nothing() -> Quantity {
    Quantity::parse("0").expect("because 0 is a quantity")
}

/// Returns what the namespace of a quota uses of what the quota limits, for its status.
pub(crate) fn status(store: &Store, quota: &Value) -> Value {
    let namespace = text(quota, &["metadata", "namespace"]);
    let mut out = Value::object();
    let hard = quota.get_path(&["spec", "hard"]).and_then(Value::as_object);
    for name in hard.into_iter().flat_map(Map::keys) {
        out.set_path(&[name], used(store, quota, namespace, name).to_string());
    }
    out
}

/// Refuses what a quota of the namespace has no room for.
pub(crate) fn check(call: &Call<'_>, object: &Value, old: Option<&Value>) -> ApiResult<()> {
    let resource = &call.resource;
    let table = resource.table.as_str();
    // An update uses more only where a Service changes its type or a claim grows.
    let counts = resource.namespaced
        && call.target.subresource.is_empty()
        && (old.is_none() || matches!(table, "services" | "persistentvolumeclaims"));
    if !counts {
        return Ok(());
    }
    let (_, quotas) = call.api.store.list("resourcequotas", &format!("{}/", call.target.namespace));
    if quotas.is_empty() {
        return Ok(());
    }
    let wanted = usage(table, object);
    let before = old.map(|o| usage(table, o)).unwrap_or_default();
    let more = |name: &str| -> Option<Quantity> {
        let (wanted, had) = (wanted.get(name)?, before.get(name));
        let extra = wanted.nano() - had.map_or(0, Quantity::nano);
        (extra > 0).then(|| if had.is_some() { from_nano(extra) } else { *wanted })
    };
    let object_name = text(object, &["metadata", "name"]);
    for quota in quotas.iter().filter(|q| in_scope(&q.value, table, object)) {
        let Some(hard) = quota.value.get_path(&["spec", "hard"]).and_then(Value::as_object) else { continue };
        let quota_name = text(&quota.value, &["metadata", "name"]);
        if table == "pods"
            && let Some(missing) = unspecified(hard, object)
        {
            let why = format!("failed quota: {quota_name}: must specify {missing}");
            return Err(ApiError::forbidden(resource, object_name, &why));
        }
        let (mut requested, mut have, mut limited) = (Vec::new(), Vec::new(), Vec::new());
        for (name, limit) in hard.iter() {
            let (Some(more), Some(limit)) = (more(name), amount(limit)) else { continue };
            let used = used(&call.api.store, &quota.value, &call.target.namespace, name);
            if used.nano() + more.nano() > limit.nano() {
                requested.push(format!("{name}={more}"));
                have.push(format!("{name}={used}"));
                limited.push(format!("{name}={limit}"));
            }
        }
        if !requested.is_empty() {
            let why = format!(
                "exceeded quota: {quota_name}, requested: {}, used: {}, limited: {}",
                requested.join(","),
                have.join(","),
                limited.join(",")
            );
            return Err(ApiError::forbidden(resource, object_name, &why));
        }
    }
    Ok(())
}

fn from_nano(nano: i128) -> Quantity {
    Quantity::parse(&format!("{nano}n")).unwrap_or_else(|_| nothing())
}

/// Says which containers do not ask for what a quota limits.
fn unspecified(hard: &Map, pod: &Value) -> Option<String> {
    const COMPUTE: &[(&str, &str, &str)] = &[
        ("cpu", "requests", "cpu"),
        ("limits.cpu", "limits", "cpu"),
        ("limits.memory", "limits", "memory"),
        ("memory", "requests", "memory"),
        ("requests.cpu", "requests", "cpu"),
        ("requests.memory", "requests", "memory"),
    ];
    let mut missing = Vec::new();
    for (name, kind, resource) in COMPUTE.iter().filter(|(name, _, _)| hard.contains_key(name)) {
        let mut without: Vec<&str> = ["containers", "initContainers"]
            .into_iter()
            .flat_map(|l| pod.get_path(&["spec", l]).and_then(Value::as_array).unwrap_or_default())
            .filter(|c| c.get_path(&["resources", kind, resource]).is_none())
            .map(|c| text(c, &["name"]))
            .collect();
        without.sort_unstable();
        if !without.is_empty() {
            missing.push(format!("{name} for: {}", without.join(",")));
        }
    }
    (!missing.is_empty()).then(|| missing.join("; "))
}
