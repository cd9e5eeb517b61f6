use crate::words::{
    ANNOTATION_DELETION_APPROVED, ANNOTATION_REFRESH, ANNOTATION_SKIP_RECONCILE, FINALIZER_POST_DELETE,
    FINALIZER_POST_DELETE_CLEANUP, FINALIZER_PRE_DELETE, FINALIZER_PRE_DELETE_CLEANUP, FINALIZER_RESOURCES,
};
use fairway_core::{AppId, Object, Propagation, Str, Value};
use std::fmt;

/// What `argocd.argoproj.io/refresh` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// Look at Git and the cluster again.
    Normal,
    /// Render again too, whatever caches hold.
    Hard,
}

/// An `argoproj.io/v1alpha1` Application as it was read: unknown fields are kept.
#[derive(Clone, PartialEq)]
pub struct Application {
    object: Object,
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Application({})", self.id())
    }
}

impl Application {
    /// Wraps an object.
    #[must_use]
    pub fn new(object: Object) -> Self {
        Self { object }
    }

    /// Returns the whole object.
    #[must_use]
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// Returns the whole object for writing.
    pub fn object_mut(&mut self) -> &mut Object {
        &mut self.object
    }

    /// Unwraps the tree.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.object.into_value()
    }

    /// Returns the App's name.
    #[must_use]
    pub fn id(&self) -> AppId {
        AppId::new(self.object.namespace(), self.object.name())
    }

    /// Returns a value below the root.
    #[must_use]
    pub fn get(&self, path: &[&str]) -> Option<&Value> {
        self.object.value().get_path(path).filter(|v| !v.is_null())
    }

    fn text(&self, path: &[&str]) -> &str {
        self.get(path).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the project's name; `default` where none is named.
    #[must_use]
    pub fn project(&self) -> Str {
        match self.text(&["spec", "project"]) {
            "" => "default".into(),
            name => name.into(),
        }
    }

    /// Returns the refresh that was asked for, if any. Argo CD takes any value but `hard` for a normal one.
    #[must_use]
    pub fn refresh(&self) -> Option<Refresh> {
        self.object
            .annotation(ANNOTATION_REFRESH)
            .map(|word| if word == "hard" { Refresh::Hard } else { Refresh::Normal })
    }

    /// Whether the controller passes this App over.
    #[must_use]
    pub fn skips_reconcile(&self) -> bool {
        self.object.annotation(ANNOTATION_SKIP_RECONCILE) == Some("true")
    }

    /// Returns the time (RFC 3339) at which a person approved deletions, if one did.
    #[must_use]
    pub fn deletion_approved_at(&self) -> Option<&str> {
        self.object.annotation(ANNOTATION_DELETION_APPROVED).filter(|t| !t.is_empty())
    }

    /// Whether the App is being deleted.
    #[must_use]
    pub fn is_deleting(&self) -> bool {
        self.object.deletion_timestamp().is_some()
    }

    /// Returns what becomes of the App's objects when it is deleted: nothing without the finalizer.
    #[must_use]
    pub fn cascade(&self) -> Option<Propagation> {
        self.object.finalizers().find_map(|f| match f.strip_prefix(FINALIZER_RESOURCES)? {
            "" | "/foreground" => Some(Propagation::Foreground),
            "/background" => Some(Propagation::Background),
            _ => None,
        })
    }

    /// Returns the next step of the App's deletion; nothing where none of Argo CD's finalizers is left.
    #[must_use]
    pub fn deletion_step(&self) -> Option<DeletionStep> {
        self.object.finalizers().filter_map(DeletionStep::of).min()
    }

    /// Returns the finalizers that are left when a step is done.
    pub fn finalizers_after(&self, step: DeletionStep) -> impl Iterator<Item = &str> {
        self.object.finalizers().filter(move |f| DeletionStep::of(f) != Some(step))
    }

    /// Returns the `operation` that was asked for and not yet taken up, if any.
    #[must_use]
    pub fn operation(&self) -> Option<&Value> {
        self.get(&["operation"])
    }

    /// Returns `status.operationState.phase`, empty where there is none.
    #[must_use]
    pub fn operation_phase(&self) -> &str {
        self.text(&["status", "operationState", "phase"])
    }

    /// Returns `status.sync.status`, empty where there is none.
    #[must_use]
    pub fn sync_status(&self) -> &str {
        self.text(&["status", "sync", "status"])
    }

    /// Returns `status.health.status`, empty where there is none.
    #[must_use]
    pub fn health_status(&self) -> &str {
        self.text(&["status", "health", "status"])
    }

    /// Returns the sources in order: those of `spec.sources` where there are any, else `spec.source`.
    #[must_use]
    pub fn sources(&self) -> Vec<&Value> {
        match self.get(&["spec", "sources"]).and_then(Value::as_array).filter(|s| !s.is_empty()) {
            Some(list) => list.iter().collect(),
            None => self.get(&["spec", "source"]).into_iter().collect(),
        }
    }

    /// Whether the App has a list of sources.
    #[must_use]
    pub fn is_multi_source(&self) -> bool {
        self.get(&["spec", "sources"]).and_then(Value::as_array).is_some_and(|s| !s.is_empty())
    }
}

/// A step of an App's deletion, in the order of time. Finalizers hold the App until it is done, so that none is taken twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeletionStep {
    /// PreDelete hooks run.
    PreDelete,
    /// Its objects are deleted.
    Objects,
    /// PostDelete hooks run.
    PostDelete,
    /// The hooks whose policy says so are deleted.
    Cleanup,
}

impl DeletionStep {
    /// Returns the step that a finalizer waits for; nothing where it is somebody else's.
    fn of(finalizer: &str) -> Option<Self> {
        match finalizer {
            FINALIZER_PRE_DELETE => Some(Self::PreDelete),
            FINALIZER_POST_DELETE => Some(Self::PostDelete),
            FINALIZER_PRE_DELETE_CLEANUP | FINALIZER_POST_DELETE_CLEANUP => Some(Self::Cleanup),
            other => other.contains("finalizer.argocd.argoproj.io").then_some(Self::Objects),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deleted(finalizers: &[&str]) -> Application {
        let list: Value = finalizers.iter().map(|f| Value::from(*f)).collect();
        let mut value = Value::object();
        value.set_path(&["metadata", "finalizers"], list);
        Application::new(Object::new(value))
    }

    #[test]
    fn a_deletion_goes_on_with_the_first_step_that_a_finalizer_waits_for() {
        let all = [
            FINALIZER_POST_DELETE_CLEANUP,
            FINALIZER_POST_DELETE,
            "resources-finalizer.argocd.argoproj.io/background",
            "somebody.example/else",
            FINALIZER_PRE_DELETE,
        ];
        let mut left: Vec<String> = all.map(str::to_owned).to_vec();
        let mut steps = Vec::new();
        loop {
            let app = deleted(&left.iter().map(String::as_str).collect::<Vec<_>>());
            let Some(step) = app.deletion_step() else { break };
            left = app.finalizers_after(step).map(str::to_owned).collect();
            steps.push(step);
        }
        use DeletionStep::{Cleanup, Objects, PostDelete, PreDelete};
        assert_eq!(steps, [PreDelete, Objects, PostDelete, Cleanup]);
        assert_eq!(left, ["somebody.example/else"]);
    }
}
