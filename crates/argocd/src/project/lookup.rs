use super::Project;
use crate::words::ANNOTATION_HELM_LOOKUP;
use fairway_core::GroupKind;

impl Project {
    /// Whether charts may look anything up in the cluster. Off unless [`ANNOTATION_HELM_LOOKUP`] says so; Argo CD has no
    /// such setting, there nothing is found.
    #[must_use]
    pub fn allows_lookups(&self) -> bool {
        self.looked_up().next().is_some()
    }

    /// Whether charts may look up objects of a kind, in the namespaces that the project permits. Secrets have to be named.
    #[must_use]
    pub fn permits_lookup(&self, kind: &GroupKind) -> bool {
        let is_secret = kind.group.is_empty() && kind.kind == "Secret";
        self.looked_up().any(|named| match named.split_once('/') {
            _ if named == "*" => !is_secret,
            Some((group, name)) => kind.group == group && kind.kind == name,
            None => kind.group.is_empty() && kind.kind == named,
        })
    }

    fn looked_up(&self) -> impl Iterator<Item = &str> {
        let named = self.object().annotation(ANNOTATION_HELM_LOOKUP).unwrap_or_default();
        named.split(',').map(str::trim).filter(|n| !n.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::{Object, Value};

    fn permits(annotation: &str, group: &str, kind: &str) -> bool {
        let mut project = Value::object();
        project.set_path(&["metadata", "annotations", ANNOTATION_HELM_LOOKUP], annotation);
        Project::new(Object::new(project)).permits_lookup(&GroupKind::new(group, kind))
    }

    #[test]
    fn only_what_is_named_may_be_looked_up() {
        assert!(!permits("", "", "ConfigMap"));
        assert!(permits("Secret, apps/Deployment", "", "Secret"));
        assert!(permits("Secret, apps/Deployment", "apps", "Deployment"));
        assert!(!permits("Secret, apps/Deployment", "extensions", "Deployment"));
        assert!(!permits("Deployment", "apps", "Deployment"));
        assert!(permits("*", "apps", "Deployment"));
        assert!(!permits("*", "", "Secret"));
        assert!(permits("*,Secret", "", "Secret"));
    }
}
