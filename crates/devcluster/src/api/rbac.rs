//! Who may do what: Role-based access control over the stored Roles and bindings.

use super::auth::User;
use super::server::Api;
use crate::store::Stored;
use fairway_value::Value;
use std::sync::Arc;

/// What somebody wants to do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes {
    pub(crate) verb: String,
    pub(crate) group: String,
    pub(crate) resource: String,
    pub(crate) subresource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// For paths that are no resources.
    pub(crate) path: String,
}

/// Whether the user may.
pub(crate) fn allowed(api: &Api, user: &User, asked: &Attributes) -> bool {
    if user.is_master() {
        return true;
    }
    let (_, cluster) = api.store.list("clusterrolebindings.rbac.authorization.k8s.io", "");
    if cluster.iter().any(|b| binds(&b.value, user, "") && role_allows(api, &b.value, "", asked)) {
        return true;
    }
    if asked.namespace.is_empty() {
        return false;
    }
    let prefix = format!("{}/", asked.namespace);
    let (_, local) = api.store.list("rolebindings.rbac.authorization.k8s.io", &prefix);
    local.iter().any(|b| {
        binds(&b.value, user, &asked.namespace) && role_allows(api, &b.value, &asked.namespace, asked)
    })
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn binds(binding: &Value, user: &User, namespace: &str) -> bool {
    let subjects = binding.get("subjects").and_then(Value::as_array).unwrap_or_default();
    subjects.iter().any(|s| match text(s, "kind") {
        "User" => text(s, "name") == user.name,
        "Group" => user.groups.iter().any(|g| g == text(s, "name")),
        "ServiceAccount" => {
            let own = text(s, "namespace");
            let ns = if own.is_empty() { namespace } else { own };
            user.name == format!("system:serviceaccount:{ns}:{}", text(s, "name"))
        }
        _ => false,
    })
}

fn role_of(api: &Api, binding: &Value, namespace: &str) -> Option<Arc<Stored>> {
    let reference = binding.get("roleRef")?;
    let name = text(reference, "name");
    match text(reference, "kind") {
        "ClusterRole" => api.store.get("clusterroles.rbac.authorization.k8s.io", name),
        _ => api.store.get("roles.rbac.authorization.k8s.io", &crate::store::object_key(namespace, name)),
    }
}

fn rules_of(role: &Value) -> &[Value] {
    role.get("rules").and_then(Value::as_array).unwrap_or_default()
}

fn role_allows(api: &Api, binding: &Value, namespace: &str, asked: &Attributes) -> bool {
    role_of(api, binding, namespace).is_some_and(|r| rules_of(&r.value).iter().any(|r| rule_allows(r, asked)))
}

/// Returns the rules that hold for a user in a namespace.
pub(crate) fn rules(api: &Api, user: &User, namespace: &str) -> Vec<Value> {
    let (_, cluster) = api.store.list("clusterrolebindings.rbac.authorization.k8s.io", "");
    let (_, local) = api.store.list("rolebindings.rbac.authorization.k8s.io", &format!("{namespace}/"));
    let cluster = cluster.iter().filter(|b| binds(&b.value, user, "")).map(|b| (b, ""));
    let local = local.iter().filter(|b| binds(&b.value, user, namespace)).map(|b| (b, namespace));
    cluster
        .chain(local)
        .filter_map(|(b, place)| role_of(api, &b.value, place))
        .flat_map(|r| rules_of(&r.value).to_vec())
        .collect()
}

fn rule_allows(rule: &Value, asked: &Attributes) -> bool {
    let list = |key: &str| -> Vec<&str> {
        let list = rule.get(key).and_then(Value::as_array).unwrap_or_default();
        list.iter().filter_map(Value::as_str).collect()
    };
    let has = |key: &str, word: &str| list(key).iter().any(|w| *w == "*" || *w == word);
    if !has("verbs", &asked.verb) {
        return false;
    }
    if !asked.path.is_empty() {
        return list("nonResourceURLs").iter().any(|u| match u.strip_suffix('*') {
            Some(prefix) => asked.path.starts_with(prefix),
            None => *u == asked.path,
        });
    }
    let full = if asked.subresource.is_empty() {
        asked.resource.clone()
    } else {
        format!("{}/{}", asked.resource, asked.subresource)
    };
    let any_sub = format!("*/{}", asked.subresource);
    let resource = list("resources")
        .iter()
        .any(|r| *r == "*" || *r == full || (!asked.subresource.is_empty() && *r == any_sub));
    let names = list("resourceNames");
    has("apiGroups", &asked.group) && resource && (names.is_empty() || names.contains(&asked.name.as_str()))
}

/// Says no in the server's words.
pub(crate) fn refusal(user: &User, asked: &Attributes) -> super::ApiError {
    if !asked.path.is_empty() {
        let message = format!("forbidden: User {:?} cannot {} path {:?}", user.name, asked.verb, asked.path);
        return super::ApiError::forbidden_user(message, serde_json::json!({}));
    }
    let named = if asked.group.is_empty() {
        asked.resource.clone()
    } else {
        format!("{}.{}", asked.resource, asked.group)
    };
    let object = if asked.name.is_empty() { named } else { format!("{named} {:?}", asked.name) };
    let resource = if asked.subresource.is_empty() {
        asked.resource.clone()
    } else {
        format!("{}/{}", asked.resource, asked.subresource)
    };
    let place = if asked.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {:?}", asked.namespace)
    };
    let message = format!(
        "{object} is forbidden: User {:?} cannot {} resource {resource:?} in API group {:?} {place}",
        user.name, asked.verb, asked.group
    );
    let mut details = serde_json::json!({});
    if !asked.name.is_empty() {
        details["name"] = serde_json::json!(asked.name);
    }
    if !asked.group.is_empty() {
        details["group"] = serde_json::json!(asked.group);
    }
    details["kind"] = serde_json::json!(asked.resource);
    super::ApiError::forbidden_user(message, details)
}
