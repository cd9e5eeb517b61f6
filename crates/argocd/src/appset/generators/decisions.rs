use super::{Failure, Params, Scope};
use crate::appset::DataRequest;
use crate::appset::params::go_text;
use crate::words::{IN_CLUSTER_NAME, IN_CLUSTER_SERVER};
use fairway_core::{Map, Str, Value};

impl Scope<'_> {
    /// `clusterDecisionResource`: one set of parameters for each cluster that the status of a resource names, as Argo CD
    /// 3.6 `applicationset/generators/duck_type.go`.
    pub(super) fn decisions(&mut self, block: &Value) -> Result<Vec<Params>, Failure> {
        let named = block.get("name").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
        let selector = block.get("labelSelector").and_then(Value::as_object);
        let selected =
            selector.is_some_and(|s| s.contains_key("matchLabels") || s.contains_key("matchExpressions"));
        if named == selected {
            return Err("there is a problem with the definition of the ClusterDecisionResource generator: \
                        give either name or labelSelector"
                .into());
        }
        let request = DataRequest::Decisions { block: block.clone() };
        let found = match self.environment.decisions.get(&request.key()) {
            Some(Ok(found)) => found,
            Some(Err(why)) => return Err(why.to_string().into()),
            None => return Err(self.pending(request)),
        };
        let setting =
            |key: &str| found.config.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        if found.resources.is_empty() {
            return Err("no clusterDecisionResources found".into());
        }
        let list_key = setting("statusListKey").unwrap_or("clusters");
        let lists = found.resources.iter().filter_map(|r| r.get_path(&["status", list_key])?.as_array());
        let decisions: Vec<&Map> = lists.flatten().filter_map(Value::as_object).collect();
        if decisions.is_empty() {
            self.empty_sources.push("the status of a clusterDecisionResource".into());
        }
        let Some(match_key) = setting("matchKey") else {
            self.empty_sources
                .push("the ConfigMap of a clusterDecisionResource, which has no matchKey".into());
            return Ok(Vec::new());
        };
        let values = block.get("values").and_then(Value::as_object).cloned().unwrap_or_default();
        Ok(decisions.into_iter().filter_map(|decision| self.decided(decision, match_key, &values)).collect())
    }

    /// Returns the parameters of one decision; nothing where no cluster has that name.
    fn decided(&self, decision: &Map, match_key: &str, values: &Map) -> Option<Params> {
        let wanted = go_text(decision.get(match_key)?);
        let known = self.environment.clusters.iter().find(|cluster| cluster.name == wanted);
        let server = match known {
            Some(cluster) => cluster.server.clone(),
            None if wanted == IN_CLUSTER_NAME && !self.environment.hides_in_cluster => {
                IN_CLUSTER_SERVER.into()
            }
            None => return None,
        };
        let mut out = Map::new();
        out.insert("name", wanted);
        out.insert("server", server);
        out.extend(decision.iter().map(|(key, value)| (key.clone(), Value::String(go_text(value)))));
        // These are not rendered: upstream takes them as they are.
        if self.renderer.is_go() {
            if !values.is_empty() {
                out.insert("values", values.clone());
            }
        } else {
            out.extend(values.iter().map(|(k, v)| (Str::from(format!("values.{k}")), v.clone())));
        }
        Some(out)
    }
}
