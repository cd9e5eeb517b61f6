//! The clusters as Argo CD's API lists them, without credentials.

use fairway_argocd::{IN_CLUSTER_NAME, IN_CLUSTER_SERVER};
use fairway_cluster::ClusterState;
use fairway_controller::Engine;
use fairway_core::LiveView as _;
use fairway_value::Value;

/// Returns one `Cluster` each.
pub fn items(engine: &Engine) -> Vec<Value> {
    let snapshot = engine.snapshot();
    let mut out = Vec::new();
    if !snapshot.clusters.iter().any(|c| c.server == IN_CLUSTER_SERVER) {
        out.push(cluster(IN_CLUSTER_SERVER, IN_CLUSTER_NAME, ""));
    }
    out.extend(snapshot.clusters.iter().map(|c| cluster(&c.server, &c.name, &c.project)));
    if let Some(home) =
        out.iter_mut().find(|c| c.get("server").and_then(Value::as_str) == Some(IN_CLUSTER_SERVER))
    {
        let (status, message) = match engine.home().state() {
            ClusterState::Ready => ("Successful", String::new()),
            ClusterState::Starting => ("Unknown", "objects are being listed".to_owned()),
            ClusterState::Away(why) => ("Failed", why),
        };
        let cache = engine.home().cache();
        home.set_path(&["connectionState", "status"], status);
        home.set_path(&["connectionState", "message"], message);
        home.set_path(&["serverVersion"], cache.kube_version().trim_start_matches('v'));
        let count = i64::try_from(cache.stats().objects).unwrap_or(i64::MAX);
        home.set_path(&["info", "cacheInfo", "resourcesCount"], count);
        let apps = i64::try_from(engine.applications().len()).unwrap_or(i64::MAX);
        home.set_path(&["info", "applicationsCount"], apps);
    }
    out
}

fn cluster(server: &str, name: &str, project: &str) -> Value {
    let mut out = Value::object();
    out.set_path(&["server"], server);
    out.set_path(&["name"], name);
    if !project.is_empty() {
        out.set_path(&["project"], project);
    }
    out.set_path(&["config", "tlsClientConfig", "insecure"], false);
    out
}
