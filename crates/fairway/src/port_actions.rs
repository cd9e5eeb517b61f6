//! What the HTTP server asks about resource actions.

use crate::audit;
use crate::port::{Port, api, invalid, reconcile};
use fairway_cluster::{Cluster, PatchType};
use fairway_controller::{Action, ActionError, EffectKind};
use fairway_core::{ApiError, ApiErrorKind, AppId, ClusterWriter as _, Object};
use fairway_schema::merge::json_two_way;
use fairway_server::{ActionRun, AppKey, EngineError, ErrorKind, ResourceId};
use fairway_value::{Map, Value};

impl Port {
    /// Returns the actions for a live object.
    pub async fn actions(&self, app: &AppKey, resource: &ResourceId) -> Result<Vec<Value>, EngineError> {
        let live = self.whole(app, resource).await?;
        let found = self.engine().actions_of(&live).map_err(|e| refused(&e))?;
        Ok(found.iter().map(action_value).collect())
    }

    /// Runs an action on a live object, as Argo CD `server/application` `RunResourceAction`.
    pub async fn act(&self, app: &AppKey, resource: &ResourceId, run: ActionRun) -> Result<(), EngineError> {
        let ActionRun { action, params, by } = run;
        let live = self.whole(app, resource).await?;
        let params = params.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        let effects = self.engine().action_effects(&live, &action, &params).map_err(|e| refused(&e))?;
        let id = AppId::new(app.namespace.as_str(), app.name.as_str());
        self.engine().check_effects(&id, &effects).await.map_err(|e| reconcile(&e))?;
        let cluster = self.part(app, resource).await?.cluster;
        // All that can be refused is asked first, so that an action is not done by half.
        for effect in effects.iter().filter(|e| e.kind == EffectKind::Create) {
            let object = Object::new(effect.object.clone());
            cluster.create_object(&object, true).await.map_err(|e| api(&e))?;
        }
        for effect in effects {
            let object = Object::new(effect.object);
            match effect.kind {
                EffectKind::Patch => {
                    let patch = json_two_way(live.value(), object.value());
                    patch_with_status(&cluster, &object, &patch).await.map_err(|e| api(&e))?;
                }
                EffectKind::Create => {
                    cluster.create_object(&object, false).await.map_err(|e| api(&e))?;
                }
            }
        }
        self.tell_of_action(&id, &live, &cluster, &format!("{} ran action {action}", by.username)).await;
        Ok(())
    }

    /// Writes the Events that tell who did what, on the Application and on the object, as Argo CD's audit log. That they cannot
    /// be written does not undo what was done.
    async fn tell_of_action(&self, id: &AppId, object: &Object, cluster: &Cluster, words: &str) {
        let key = object.key();
        let reason = "ResourceActionRan";
        if let Some(app) = self.engine().application(id) {
            let words = format!("{words} on resource {}/{}/{}", key.group, key.kind, key.name);
            audit::write(self.engine().home(), app.object(), reason, &words).await;
        }
        audit::write(cluster, object, reason, words).await;
    }

    /// Returns a live object with all its data.
    async fn whole(&self, app: &AppKey, resource: &ResourceId) -> Result<Object, EngineError> {
        let part = self.part(app, resource).await?;
        let live = part.cluster.get(&part.key).await.map_err(|e| api(&e))?;
        live.map(|l| l.0).ok_or_else(|| {
            EngineError::new(ErrorKind::NotFound, format!("{} is not in the cluster", part.key))
        })
    }
}

/// Patches an object. A status has an endpoint of its own where its kind gives it one.
async fn patch_with_status(cluster: &Cluster, object: &Object, patch: &Value) -> Result<(), ApiError> {
    let (key, version) = (object.key(), object.gvk().version);
    let mut rest = patch.as_object().cloned().unwrap_or_default();
    if let Some(status) = rest.remove("status") {
        let of_status: Value = [("status", status)].into_iter().collect();
        match cluster.patch_status(&key, &version, &of_status).await {
            Ok(_) => {}
            Err(e) if e.kind == ApiErrorKind::NotFound => {
                rest = patch.as_object().cloned().unwrap_or_default()
            }
            Err(e) => return Err(e),
        }
    }
    if !rest.is_empty() {
        cluster.patch_object(&key, &version, PatchType::Merge, &Value::Object(rest)).await?;
    }
    Ok(())
}

fn refused(error: &ActionError) -> EngineError {
    invalid(error.to_string())
}

fn action_value(action: &Action) -> Value {
    let mut out = Map::new();
    out.insert("name", action.name.clone());
    out.insert("disabled", action.disabled);
    for (key, text) in [("iconClass", &action.icon_class), ("displayName", &action.display_name)] {
        if !text.is_empty() {
            out.insert(key, text.clone());
        }
    }
    let param = |p: &fairway_controller::ActionParam| -> Value {
        [("name", Value::from(p.name.clone())), ("default", Value::from(p.default.clone()))]
            .into_iter()
            .collect()
    };
    if !action.params.is_empty() {
        out.insert("params", action.params.iter().map(param).collect::<Value>());
    }
    Value::Object(out)
}
