use super::Project;
use fairway_core::{ObjectKey, Scope, Value, glob_match};

impl Project {
    /// Whether `spec.orphanedResources` asks to look for objects that no Application has; with it, whether to warn of them.
    #[must_use]
    pub fn warns_of_orphans(&self) -> Option<bool> {
        let asked = self.object().value().get_path(&["spec", "orphanedResources"])?;
        if asked.is_null() {
            return None;
        }
        Some(asked.get("warn").and_then(Value::as_bool).unwrap_or(true))
    }

    /// Whether an object without an Application counts as orphaned: the project permits its kind, it is none of those that every
    /// namespace has, and `orphanedResources.ignore` does not name it. As Argo CD 3 `isKnownOrphanedResourceExclusion`.
    #[must_use]
    pub fn counts_as_orphan(&self, key: &ObjectKey) -> bool {
        let everywhere = key.group.is_empty()
            && match key.kind.as_str() {
                "Service" => key.namespace == "default" && key.name == "kubernetes",
                "ServiceAccount" => key.name == "default",
                "ConfigMap" => key.name == "kube-root-ca.crt",
                _ => false,
            };
        let ignore = self.object().value().get_path(&["spec", "orphanedResources", "ignore"]);
        let ignored = |item: &Value| {
            let glob = |field: &str| item.get(field).and_then(Value::as_str).unwrap_or_default();
            (glob("kind").is_empty() || glob_match(glob("kind"), &key.kind, None))
                && glob_match(glob("group"), &key.group, None)
                && (glob("name").is_empty() || glob_match(glob("name"), &key.name, None))
        };
        !everywhere
            && !ignore.and_then(Value::as_array).into_iter().flatten().any(ignored)
            && self.permits_kind(&key.group_kind(), &key.name, Scope::Namespaced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::Object;

    fn project(spec: &str) -> Project {
        let text = format!(r#"{{"metadata":{{"name":"p"}},"spec":{spec}}}"#);
        Project::new(Object::new(fairway_value::from_json(text.as_bytes()).unwrap()))
    }

    #[test]
    fn a_project_that_asks_warns_unless_it_says_otherwise() {
        assert_eq!(project("{}").warns_of_orphans(), None);
        assert_eq!(project(r#"{"orphanedResources":{}}"#).warns_of_orphans(), Some(true));
        assert_eq!(project(r#"{"orphanedResources":{"warn":false}}"#).warns_of_orphans(), Some(false));
    }

    #[test]
    fn what_every_namespace_has_what_is_ignored_and_what_is_not_permitted_does_not_count() {
        let check = |spec: &str, kind: &str, name: &str, expect: bool| {
            let key = ObjectKey::new("", kind, "default", name);
            assert_eq!(project(spec).counts_as_orphan(&key), expect, "{spec} {kind} {name}");
        };
        let plain = r#"{"orphanedResources":{}}"#;
        check(plain, "ConfigMap", "mine", true);
        check(plain, "ConfigMap", "kube-root-ca.crt", false);
        check(plain, "ServiceAccount", "default", false);
        check(plain, "Service", "kubernetes", false);
        let ignore = r#"{"orphanedResources":{"ignore":[{"kind":"ConfigMap","name":"*.example.com"}]}}"#;
        check(ignore, "ConfigMap", "a.example.com", false);
        check(ignore, "ConfigMap", "b", true);
        check(ignore, "Secret", "a.example.com", true);
        let denied =
            r#"{"orphanedResources":{},"namespaceResourceBlacklist":[{"group":"","kind":"Secret"}]}"#;
        check(denied, "Secret", "s", false);
    }
}
