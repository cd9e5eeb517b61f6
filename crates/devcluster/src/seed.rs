//! What every cluster holds from the start: its namespaces, its node, its own Service, a storage class.

use crate::api::{Api, format_secs};
use crate::store::object_key;
use fairway_value::{Value, from_json};
use serde_json::json;

/// Name of the one node.
pub(crate) const NODE: &str = "devcluster";

/// Puts in what is missing. Objects that are there stay as they are.
pub(crate) fn fill(api: &Api) {
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        put(
            api,
            "namespaces",
            "",
            name,
            json!({ "apiVersion": "v1", "kind": "Namespace",
            "metadata": { "labels": { "kubernetes.io/metadata.name": name } },
            "spec": { "finalizers": ["kubernetes"] }, "status": { "phase": "Active" } }),
        );
    }
    let port = json!([{ "name": "https", "protocol": "TCP", "port": 443, "targetPort": 6443 }]);
    put(
        api,
        "services",
        "default",
        "kubernetes",
        json!({ "apiVersion": "v1", "kind": "Service",
        "metadata": { "labels": { "component": "apiserver", "provider": "kubernetes" } },
        "spec": { "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "ports": port, "sessionAffinity": "None",
            "type": "ClusterIP" },
        "status": { "loadBalancer": {} } }),
    );
    crate::seed_roles::fill(api);
    for (name, value) in [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)]
    {
        put(
            api,
            "priorityclasses.scheduling.k8s.io",
            "",
            name,
            json!({ "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass", "metadata": { "generation": 1 }, "value": value,
            "preemptionPolicy": "PreemptLowerPriority" }),
        );
    }
    if api.controllers {
        put(api, "nodes", "", NODE, node(api));
        put(
            api,
            "storageclasses.storage.k8s.io",
            "",
            "standard",
            json!({ "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": { "annotations": { "storageclass.kubernetes.io/is-default-class": "true" } },
            "provisioner": "fairway.dev/devcluster", "reclaimPolicy": "Delete",
            "volumeBindingMode": "Immediate" }),
        );
    }
    api.reload_registry();
    api.network().reload(&api.store);
}

fn node(api: &Api) -> serde_json::Value {
    let now = format_secs(api.clock.now_micros());
    let resources = json!({ "cpu": "16", "ephemeral-storage": "100Gi", "memory": "64Gi", "pods": "1000" });
    json!({ "apiVersion": "v1", "kind": "Node",
        "metadata": { "labels": { "kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64", "node-role.kubernetes.io/control-plane": "" } },
        "spec": {},
        "status": { "addresses": [{ "type": "InternalIP", "address": "127.0.0.1" }, { "type": "Hostname", "address": NODE }],
            "allocatable": resources, "capacity": resources,
            "conditions": [{ "type": "Ready", "status": "True", "reason": "KubeletReady",
                "message": "simulated node: no container runs here", "lastHeartbeatTime": now,
                "lastTransitionTime": now }],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": 0 } },
            "nodeInfo": { "machineID": "", "systemUUID": "", "bootID": "", "kernelVersion": "", "osImage": "devcluster",
                "containerRuntimeVersion": "devcluster://0", "kubeletVersion": "v1.36.3", "kubeProxyVersion": "",
                "operatingSystem": "linux", "architecture": "amd64" } } })
}

pub(crate) fn put(api: &Api, table: &str, namespace: &str, name: &str, object: serde_json::Value) {
    let key = object_key(namespace, name);
    if api.store.get(table, &key).is_some() {
        return;
    }
    let mut value: Value = from_json(object.to_string().as_bytes()).unwrap_or_default();
    value.set_path(&["metadata", "name"], name);
    if !namespace.is_empty() {
        value.set_path(&["metadata", "namespace"], namespace);
    }
    value.set_path(&["metadata", "uid"], api.random.uuid());
    value.set_path(&["metadata", "creationTimestamp"], format_secs(api.clock.now_micros()));
    // Nobody else writes while the cluster starts.
    let _ = api.store.create(table, key, value);
}
