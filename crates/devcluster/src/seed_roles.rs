//! The ClusterRoles and bindings that every cluster has for people and for discovery (kube-apiserver's bootstrap policy).
//! Those of its own parts (`system:controller:…`, `system:node` …) are left out: nothing here needs them.

use crate::api::Api;
use crate::seed::put;
use serde_json::{Value, json};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Puts in what is missing.
pub(crate) fn fill(api: &Api) {
    let all = rule(&["*"], &["*"], &["*"]);
    role(api, "cluster-admin", &json!({}), &[all, paths(&["*"], &["*"])]);
    bind(api, "cluster-admin", "cluster-admin", &["system:masters"]);
    role(api, "system:discovery", &json!({}), &[paths(&["get"], DISCOVERY)]);
    bind(api, "system:discovery", "system:discovery", &["system:authenticated"]);
    role(api, "system:public-info-viewer", &json!({}), &[paths(&["get"], PUBLIC)]);
    let everybody = ["system:authenticated", "system:unauthenticated"];
    bind(api, "system:public-info-viewer", "system:public-info-viewer", &everybody);
    let reviews = [
        rule(
            &["create"],
            &["authorization.k8s.io"],
            &["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        ),
        rule(&["create"], &["authentication.k8s.io"], &["selfsubjectreviews"]),
    ];
    role(api, "system:basic-user", &json!({}), &reviews);
    bind(api, "system:basic-user", "system:basic-user", &["system:authenticated"]);
    let issuer = [
        "/.well-known/openid-configuration",
        "/.well-known/openid-configuration/",
        "/openid/v1/jwks",
        "/openid/v1/jwks/",
    ];
    role(api, "system:service-account-issuer-discovery", &json!({}), &[paths(&["get"], &issuer)]);
    let accounts = ["system:serviceaccounts"];
    bind(
        api,
        "system:service-account-issuer-discovery",
        "system:service-account-issuer-discovery",
        &accounts,
    );
    people(api);
}

const PUBLIC: &[&str] = &["/healthz", "/livez", "/readyz", "/version", "/version/"];
const DISCOVERY: &[&str] = &[
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
    "/version/",
];

const CORE: &[&str] = &[
    "configmaps",
    "events",
    "persistentvolumeclaims",
    "persistentvolumeclaims/status",
    "pods",
    "pods/log",
    "pods/status",
    "replicationcontrollers",
    "replicationcontrollers/scale",
    "replicationcontrollers/status",
    "serviceaccounts",
    "services",
    "services/status",
    "endpoints",
    "bindings",
    "limitranges",
    "namespaces/status",
    "resourcequotas",
    "resourcequotas/status",
    "namespaces",
];
/// Groups whose resources people of a namespace work with.
const WORKLOADS: &[(&str, &[&str])] = &[
    (
        "apps",
        &[
            "controllerrevisions",
            "daemonsets",
            "daemonsets/status",
            "deployments",
            "deployments/scale",
            "deployments/status",
            "replicasets",
            "replicasets/scale",
            "replicasets/status",
            "statefulsets",
            "statefulsets/scale",
            "statefulsets/status",
        ],
    ),
    ("autoscaling", &["horizontalpodautoscalers", "horizontalpodautoscalers/status"]),
    ("batch", &["cronjobs", "cronjobs/status", "jobs", "jobs/status"]),
    ("discovery.k8s.io", &["endpointslices"]),
    ("networking.k8s.io", &["ingresses", "ingresses/status", "networkpolicies"]),
    ("policy", &["poddisruptionbudgets", "poddisruptionbudgets/status"]),
];
const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];

/// `view`, `edit` and `admin`, the rules already gathered that a real cluster aggregates.
fn people(api: &Api) {
    let mut view = vec![rule(READ, &[""], CORE)];
    view.extend(WORKLOADS.iter().map(|(group, resources)| rule(READ, &[group], resources)));
    let writable = [
        "configmaps",
        "events",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "replicationcontrollers/scale",
        "secrets",
        "serviceaccounts",
        "services",
    ];
    let mut edit = vec![
        rule(
            READ,
            &[""],
            &["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"],
        ),
        rule(WRITE, &[""], &["pods/attach", "pods/exec", "pods/portforward", "pods/proxy"]),
        rule(&["impersonate"], &[""], &["serviceaccounts"]),
        rule(&["create"], &[""], &["pods/eviction", "serviceaccounts/token"]),
        rule(WRITE, &[""], &writable),
    ];
    edit.extend(WORKLOADS.iter().map(|(group, resources)| {
        let own: Vec<&str> = resources.iter().copied().filter(|r| !r.ends_with("/status")).collect();
        rule(WRITE, &[group], &own)
    }));
    edit.extend(view.clone());
    let mut admin = edit.clone();
    admin.push(rule(&["create"], &["authorization.k8s.io"], &["localsubjectaccessreviews"]));
    admin.push(rule(&[WRITE, READ].concat(), &[GROUP], &["rolebindings", "roles"]));
    for (name, into, rules) in [("view", "edit", view), ("edit", "admin", edit), ("admin", "", admin)] {
        let mut labels = json!({});
        if !into.is_empty() {
            labels[format!("rbac.authorization.k8s.io/aggregate-to-{into}")] = json!("true");
        }
        role(api, name, &labels, &rules);
    }
}

fn rule(verbs: &[&str], groups: &[&str], resources: &[&str]) -> Value {
    json!({ "apiGroups": groups, "resources": resources, "verbs": verbs })
}

fn paths(verbs: &[&str], urls: &[&str]) -> Value {
    json!({ "nonResourceURLs": urls, "verbs": verbs })
}

fn labelled(more: &Value) -> Value {
    let mut labels = more.clone();
    labels["kubernetes.io/bootstrapping"] = json!("rbac-defaults");
    json!({ "labels": labels, "annotations": { "rbac.authorization.kubernetes.io/autoupdate": "true" } })
}

fn role(api: &Api, name: &str, labels: &Value, rules: &[Value]) {
    let object = json!({ "apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRole", "metadata": labelled(labels), "rules": rules });
    put(api, &format!("clusterroles.{GROUP}"), "", name, object);
}

fn bind(api: &Api, name: &str, role: &str, groups: &[&str]) {
    let subjects: Vec<Value> =
        groups.iter().map(|g| json!({ "apiGroup": GROUP, "kind": "Group", "name": g })).collect();
    let object = json!({ "apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRoleBinding", "metadata": labelled(&json!({})),
        "roleRef": { "apiGroup": GROUP, "kind": "ClusterRole", "name": role }, "subjects": subjects });
    put(api, &format!("clusterrolebindings.{GROUP}"), "", name, object);
}
