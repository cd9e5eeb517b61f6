//! The health of single objects in an Application's status, for callers of the API.

use crate::port::Port;
use fairway_argocd::Application;
use fairway_controller::ObjectState;
use fairway_core::{Health, ObjectKey};
use fairway_value::{Map, Value};
use std::collections::BTreeMap;

impl Port {
    /// An Application as callers see it, with the health of its objects.
    pub(crate) fn shown(&self, application: Application) -> Value {
        let compared = self.engine().app_view(&application.id()).and_then(|view| view.compared);
        let objects = compared.as_ref().map(|c| c.objects.as_slice()).unwrap_or_default();
        with_health(application.into_value(), objects)
    }
}

/// Writes the objects' health into `status.resources` where the stored status leaves it to the tree, as Argo CD's API server
/// (`inferResourcesStatusHealth`).
fn with_health(mut application: Value, objects: &[ObjectState]) -> Value {
    let source = application.get_path(&["status", "resourceHealthSource"]).and_then(Value::as_str);
    if source != Some("appTree") {
        return application;
    }
    let known: BTreeMap<&ObjectKey, &Health> =
        objects.iter().filter_map(|o| Some((&o.key, o.health.as_ref()?))).collect();
    if let Some(Value::Array(resources)) = application.get_path_mut(&["status", "resources"]) {
        for resource in resources.make_mut() {
            let text = |field: &str| resource.get(field).and_then(Value::as_str).unwrap_or_default();
            let key = ObjectKey::new(text("group"), text("kind"), text("namespace"), text("name"));
            if let Some(health) = known.get(&key) {
                resource.set_path(&["health"], health_value(health));
            }
        }
    }
    application
}

fn health_value(health: &Health) -> Value {
    let mut out = Map::new();
    out.insert("status", health.status.as_str());
    if !health.message.is_empty() {
        out.insert("message", health.message.clone());
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::{Gvk, HealthStatus};
    use fairway_value::from_json;

    #[test]
    fn health_is_filled_in_where_the_status_leaves_it_to_the_tree() {
        let key = ObjectKey::new("apps", "Deployment", "a", "web");
        let state = ObjectState {
            gvk: Gvk::new("apps", "v1", "Deployment"),
            key,
            status: None,
            health: Some(Health::new(HealthStatus::Degraded, "too slow")),
            is_hook: false,
            requires_pruning: false,
            wave: 0,
            needs_confirmation: false,
            ignores_health: false,
        };
        let shown = |source: &str| {
            let text = format!(
                r#"{{"status":{{{source}"resources":[{{"group":"apps","kind":"Deployment","namespace":"a","name":"web"}},{{"kind":"ConfigMap","namespace":"a","name":"web"}}]}}}}"#
            );
            let app = with_health(from_json(text.as_bytes()).unwrap(), std::slice::from_ref(&state));
            let resources =
                app.get_path(&["status", "resources"]).and_then(Value::as_array).unwrap_or_default();
            resources.iter().map(|r| r.get("health").map(ToString::to_string)).collect::<Vec<_>>()
        };
        let expected = Some(r#"{"message":"too slow","status":"Degraded"}"#.to_owned());
        assert_eq!(shown(r#""resourceHealthSource":"appTree","#), [expected, None]);
        assert_eq!(shown(""), [None, None]);
    }
}
