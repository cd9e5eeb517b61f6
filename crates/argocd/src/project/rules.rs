use crate::project::git_url::normalize_git_url;
use fairway_core::glob_match;
use fairway_core::{App, Condition, ConditionKind, GroupKind, Object, ObjectKey, Scope, Str, Value};
use std::fmt;

/// Whether an object may be deployed, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permission {
    /// It may.
    Granted,
    /// It may not; the message is Argo CD's.
    Denied(Str),
}

/// An AppProject, read where it is asked. Unknown fields are kept.
#[derive(Clone, PartialEq)]
pub struct Project {
    object: Object,
}

impl fmt::Debug for Project {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Project({})", self.name())
    }
}

/// A cluster as projects compare it.
#[derive(Clone, Copy)]
struct Place<'a> {
    server: &'a str,
    name: &'a str,
    namespace: &'a str,
}

impl Project {
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

    /// Returns the project's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.object.name()
    }

    pub(crate) fn list(&self, key: &str) -> Option<&[Value]> {
        self.object.value().get_path(&["spec", key])?.as_array()
    }

    fn texts(&self, key: &str) -> impl Iterator<Item = &str> {
        self.list(key).unwrap_or_default().iter().filter_map(Value::as_str)
    }

    /// Whether Applications of a namespace may use this project.
    #[must_use]
    pub fn admits_namespace(&self, control_namespace: &str, namespace: &str) -> bool {
        namespace == control_namespace
            || self.texts("sourceNamespaces").any(|glob| glob_match(glob, namespace, None))
    }

    /// Whether a repository may be used. A `!` in front of a glob denies, and denial wins; what no denial names it allows,
    /// as upstream.
    #[must_use]
    pub fn permits_source(&self, repo_url: &str) -> bool {
        let url = normalize_git_url(repo_url);
        let mut permitted = false;
        for glob in self.texts("sourceRepos") {
            match glob.strip_prefix('!') {
                Some(denied) if glob_match(&normalize_git_url(denied), &url, Some('/')) => return false,
                Some(_) => permitted = true,
                None if glob == "*" || glob_match(&normalize_git_url(glob), &url, Some('/')) => {
                    permitted = true
                }
                None => {}
            }
        }
        permitted
    }

    /// Whether a namespace of a cluster may be deployed to. `server` and `name` are those of the cluster itself,
    /// whichever of them the App names.
    #[must_use]
    pub fn permits_destination(&self, server: &str, name: &str, namespace: &str) -> bool {
        let place = Place { server, name, namespace };
        let mut permitted = false;
        for item in self.list("destinations").unwrap_or_default() {
            match destination_matches(item, place) {
                Some(true) => permitted = true,
                Some(false) => return false,
                None => {}
            }
        }
        permitted
    }

    /// Whether a kind of object may be deployed.
    #[must_use]
    pub fn permits_kind(&self, kind: &GroupKind, name: &str, scope: Scope) -> bool {
        let listed = |key: &str| {
            self.list(key).map(|list| list.iter().any(|item| item_matches(item, kind, name, scope)))
        };
        match scope {
            Scope::Namespaced => {
                listed("namespaceResourceWhitelist").unwrap_or(true)
                    && !listed("namespaceResourceBlacklist").unwrap_or(false)
            }
            Scope::Cluster => {
                listed("clusterResourceWhitelist").unwrap_or(false)
                    && !listed("clusterResourceBlacklist").unwrap_or(false)
            }
        }
    }

    /// Checks one desired object. `server` and `name` are those of the destination cluster.
    #[must_use]
    pub fn permits_object(&self, key: &ObjectKey, scope: Scope, server: &str, name: &str) -> Permission {
        let gk = key.group_kind();
        if !self.permits_kind(&gk, &key.name, scope) {
            let name = self.name();
            let message = format!("resource {}:{} is not permitted in project {name}", key.group, key.kind);
            return Permission::Denied(message.into());
        }
        if scope == Scope::Namespaced && !self.permits_destination(server, name, &key.namespace) {
            return Permission::Denied(
                format!("namespace {} is not permitted in project '{}'", key.namespace, self.name()).into(),
            );
        }
        Permission::Granted
    }

    /// Checks what an App uses, as Argo CD's `ValidatePermissions`: its namespace, sources and destination.
    /// `server` and `name` are those of the destination cluster.
    #[must_use]
    pub fn check_app(&self, app: &App, control_namespace: &str, server: &str, name: &str) -> Vec<Condition> {
        let mut messages = Vec::new();
        if !self.admits_namespace(control_namespace, &app.id.namespace) {
            messages.push(format!(
                "application '{}' in namespace '{}' is not permitted to use project '{}'",
                app.id.name,
                app.id.namespace,
                self.name()
            ));
        }
        for source in app.sources.iter().filter(|s| !self.permits_source(&s.repo_url)) {
            messages.push(format!(
                "application repo {} is not permitted in project '{}'",
                source.repo_url,
                self.name()
            ));
        }
        let namespace = &app.destination.namespace;
        if !self.permits_destination(server, name, namespace) {
            let shown = if app.destination.name.is_empty() { server } else { name };
            messages.push(format!(
                "application destination server '{shown}' and namespace '{namespace}' do not match any of the \
                 allowed destinations in project '{}'",
                self.name()
            ));
        }
        messages.into_iter().map(|m| Condition::new(ConditionKind::InvalidSpecError, m)).collect()
    }
}

/// Whether a pattern matches; a `!` in front turns the answer round.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.strip_prefix('!') {
        Some(denied) => !glob_match(denied, text, None),
        None => pattern == "*" || glob_match(pattern, text, None),
    }
}

/// Returns true where an item allows a place, false where it denies it, nothing where it says nothing.
fn destination_matches(item: &Value, place: Place<'_>) -> Option<bool> {
    let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
    let denies = |pattern: &str| pattern.starts_with('!');
    let (server, name, namespace) = (text("server"), text("name"), text("namespace"));
    let name_matched = !place.name.is_empty() && matches(name, place.name);
    let server_matched = !place.server.is_empty() && matches(server, place.server);
    let namespace_matched = matches(namespace, place.namespace);
    let cluster_denied =
        (!name_matched && denies(name)) || (!server_matched && denies(server)) && namespace_matched;
    let namespace_denied = server_matched && !namespace_matched && denies(namespace);
    if (server_matched || name_matched) && namespace_matched {
        Some(true)
    } else if cluster_denied || namespace_denied {
        Some(false)
    } else {
        None
    }
}

fn item_matches(item: &Value, kind: &GroupKind, name: &str, scope: Scope) -> bool {
    let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
    let named = match scope {
        Scope::Namespaced => true,
        Scope::Cluster => text("name").is_empty() || glob_match(text("name"), name, None),
    };
    glob_match(text("group"), &kind.group, None) && glob_match(text("kind"), &kind.kind, None) && named
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::{AppId, AppSource};

    fn project(spec: &str) -> Project {
        let json = format!(r#"{{"metadata":{{"name":"p"}},"spec":{spec}}}"#);
        Project::new(Object::new(fairway_value::from_json(json.as_bytes()).unwrap()))
    }

    #[test]
    fn sources_are_globs_and_a_denial_wins() {
        let project = project(r#"{"sourceRepos":["https://g.com/team/*","!https://g.com/team/secret"]}"#);
        assert!(project.permits_source("https://G.com/team/app.git"));
        assert!(!project.permits_source("https://g.com/team/secret.git"));
        // As upstream, a denial allows what it does not deny.
        assert!(project.permits_source("https://elsewhere/app"));
        let without = self::project(r#"{"sourceRepos":["https://g.com/team/*"]}"#);
        assert!(!without.permits_source("https://g.com/team/deep/app"));
    }

    #[test]
    fn destinations_are_globs_and_a_denial_wins() {
        let spec = r#"{"destinations":[{"server":"*","namespace":"team-*"},{"server":"*","namespace":"!team-x"},
            {"name":"prod","namespace":"*"}]}"#;
        let project = project(spec);
        assert!(project.permits_destination("https://c", "", "team-a"));
        assert!(!project.permits_destination("https://c", "", "team-x"));
        // As upstream, a denial allows what it does not deny.
        assert!(project.permits_destination("https://c", "dev", "other"));
        let without = self::project(
            r#"{"destinations":[{"server":"*","namespace":"team-*"},{"name":"prod","namespace":"*"}]}"#,
        );
        assert!(!without.permits_destination("https://c", "dev", "other"));
        assert!(without.permits_destination("", "prod", "other"));
    }

    #[test]
    fn cluster_kinds_need_a_permission_and_namespaced_ones_only_no_denial() {
        let open = project("{}");
        let role = GroupKind::new("rbac.authorization.k8s.io", "ClusterRole");
        let secret = GroupKind::new("", "Secret");
        assert!(!open.permits_kind(&role, "x", Scope::Cluster));
        assert!(open.permits_kind(&secret, "x", Scope::Namespaced));
        let named = project(
            r#"{"clusterResourceWhitelist":[{"group":"*","kind":"*","name":"team-*"}],
            "namespaceResourceBlacklist":[{"group":"","kind":"Secret"}]}"#,
        );
        assert!(named.permits_kind(&role, "team-a", Scope::Cluster));
        assert!(!named.permits_kind(&role, "other", Scope::Cluster));
        assert!(!named.permits_kind(&secret, "x", Scope::Namespaced));
        assert!(!project(r#"{"namespaceResourceWhitelist":[]}"#).permits_kind(
            &secret,
            "x",
            Scope::Namespaced
        ));
    }

    #[test]
    fn an_app_outside_its_project_is_told_so_in_argo_cds_words() {
        let project = project(r#"{"sourceRepos":["https://g.com/*"],"destinations":[]}"#);
        let mut app = App { id: AppId::new("elsewhere", "a"), ..App::default() };
        app.sources.push(AppSource { repo_url: "https://other/r".into(), ..AppSource::default() });
        app.destination.namespace = "n".into();
        let messages: Vec<String> = project
            .check_app(&app, "argocd", "https://c", "c")
            .into_iter()
            .map(|c| c.message.into())
            .collect();
        assert_eq!(
            messages,
            [
                "application 'a' in namespace 'elsewhere' is not permitted to use project 'p'",
                "application repo https://other/r is not permitted in project 'p'",
                "application destination server 'https://c' and namespace 'n' do not match any of the allowed \
                 destinations in project 'p'",
            ]
        );
    }
}
