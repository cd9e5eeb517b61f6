use super::{Failure, Params, Scope};
use crate::appset::AppSetCluster;
use crate::appset::names::normalize;
use crate::appset::selector::Selector;
use crate::words::{IN_CLUSTER_NAME, IN_CLUSTER_SERVER, LABEL_SECRET_TYPE};
use fairway_core::{Map, Str, Value};
use std::collections::BTreeMap;

impl Scope<'_> {
    /// `clusters`: one set of parameters for each cluster Secret that the selector matches, and for the cluster Fairway
    /// runs on where it has no Secret and nothing is selected.
    pub(super) fn clusters(&mut self, block: &Value) -> Result<Vec<Params>, Failure> {
        let selector = Selector::parse(block.get("selector").unwrap_or(&Value::Null)).map_err(|why| {
            format!("error getting cluster secrets: error converting label selector: {why}")
        })?;
        let mut by_name: BTreeMap<&str, Params> = BTreeMap::new();
        let mut has_own = false;
        for cluster in &self.environment.clusters {
            let labels = labels(cluster);
            if selector.matches(&labels) {
                by_name.insert(&cluster.name, self.cluster_params(cluster, labels));
                has_own |= cluster.server == IN_CLUSTER_SERVER;
            }
        }
        let mut found: Vec<Params> = by_name.into_values().collect();
        if selector.is_empty() && !has_own && !self.environment.hides_in_cluster {
            let own = [
                ("name", IN_CLUSTER_NAME),
                ("nameNormalized", IN_CLUSTER_NAME),
                ("server", IN_CLUSTER_SERVER),
                ("project", ""),
            ];
            found.push(own.into_iter().map(|(k, v)| (Str::from(k), Value::from(v))).collect());
        }
        for params in &mut found {
            self.add_values(block, params)
                .map_err(|failure| failure.within("error appending templated values for cluster"))?;
        }
        if block.get("flatList").and_then(Value::as_bool) == Some(true) {
            let list: Value = found.into_iter().map(Value::Object).collect();
            return Ok(vec![std::iter::once((Str::from("clusters"), list)).collect()]);
        }
        Ok(found)
    }

    fn cluster_params(&self, cluster: &AppSetCluster, labels: Map) -> Params {
        let mut out = Map::new();
        out.insert("name", cluster.name.clone());
        out.insert("nameNormalized", normalize(&cluster.name));
        out.insert("server", cluster.server.clone());
        out.insert("project", cluster.project.clone());
        let parts = [("annotations", cluster.annotations.clone()), ("labels", labels)];
        if self.renderer.is_go() {
            let metadata: Map = parts
                .into_iter()
                .filter(|(_, map)| !map.is_empty())
                .map(|(key, map)| (Str::from(key), Value::Object(map)))
                .collect();
            out.insert("metadata", metadata);
        } else {
            for (part, map) in parts {
                out.extend(map.into_iter().map(|(k, v)| (Str::from(format!("metadata.{part}.{k}")), v)));
            }
        }
        out
    }
}

/// Every cluster Secret has this label; without it, it would be none.
fn labels(cluster: &AppSetCluster) -> Map {
    let mut labels = cluster.labels.clone();
    labels.insert(LABEL_SECRET_TYPE, "cluster");
    labels
}
