//! Resource actions: which there are for a live object, and what one does.

use crate::engine::Engine;
use crate::error::ReconcileError;
use crate::scripts::aside;
use fairway_argocd::{Permission, lower};
use fairway_core::{AppId, LiveView as _, Object, Scope, Str};
use fairway_lua::{Action, ActionError, Effect};
use std::collections::BTreeMap;

impl Engine {
    /// Returns the actions for a live object, built in and users' own, ordered by name.
    ///
    /// # Errors
    /// The object lacks what tells, or a user's script fails.
    pub fn actions_of(&self, object: &Object) -> Result<Vec<Action>, ActionError> {
        aside(|| self.snapshot().customizations.actions_of(object, self.now_unix()))
    }

    /// Returns what an action would write; it writes nothing itself.
    ///
    /// # Errors
    /// There is no such action, it fails, or the object lacks what it reads.
    pub fn action_effects(
        &self,
        object: &Object,
        action: &str,
        params: &BTreeMap<Str, Str>,
    ) -> Result<Vec<Effect>, ActionError> {
        aside(|| self.snapshot().customizations.run_action(object, action, params, self.now_unix()))
    }

    /// Checks what an action would write against the App's project, as Argo CD's `verifyResourcePermitted`.
    ///
    /// # Errors
    /// The project denies an object, or the App, its project or destination is not known.
    pub async fn check_effects(&self, id: &AppId, effects: &[Effect]) -> Result<(), ReconcileError> {
        let refuse = |why: String| Err(ReconcileError::Invalid(why));
        let Some(application) = self.application(id) else {
            return refuse(format!("application {id} not found"));
        };
        let app = lower(application.object().value()).app;
        let snapshot = self.snapshot();
        let Some(project) = snapshot.projects.get(&app.project) else {
            return refuse(format!("project {} does not exist", app.project));
        };
        let place = self.clusters.find(&app.destination, &snapshot).await?;
        for effect in effects {
            let key = Object::new(effect.object.clone()).key();
            let guess = if key.namespace.is_empty() { Scope::Cluster } else { Scope::Namespaced };
            let scope = place.cluster.cache().scope(&key.group_kind()).unwrap_or(guess);
            if let Permission::Denied(_) = project.permits_object(&key, scope, &place.server, &place.name) {
                return refuse(format!(
                    "application is not permitted to manage {}/{}/{} in {}",
                    key.group, key.kind, key.name, key.namespace
                ));
            }
        }
        Ok(())
    }
}
