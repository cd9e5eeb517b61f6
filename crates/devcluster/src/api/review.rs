//! Reviews: answers that are asked for by creating an object that is never stored.

use super::auth::User;
use super::call::{Call, Reply};
use super::decode;
use super::encode;
use super::rbac::{self, Attributes};
use super::registry::Resource;
use super::status::{ApiError, ApiResult, to_value};
use fairway_value::Value;
use serde_json::json;

/// Whether the resource is a question.
pub(crate) fn is_review(resource: &Resource) -> bool {
    matches!(resource.group.as_str(), "authorization.k8s.io" | "authentication.k8s.io")
}

/// Answers one.
pub(crate) fn answer(call: &Call<'_>) -> ApiResult<Reply> {
    let resource = &call.resource;
    let mut review = decode::object(call, &resource.kind, &resource.api_version())?;
    if review.get("metadata").is_none() {
        review.set_path(&["metadata"], Value::object());
    }
    let status = match resource.plural.as_str() {
        "selfsubjectaccessreviews" => access(call, call.user, &review),
        "subjectaccessreviews" | "localsubjectaccessreviews" => {
            let spec = review.get("spec").cloned().unwrap_or_default();
            let user = User {
                name: text(&spec, "user").to_owned(),
                uid: String::new(),
                groups: texts(&spec, "groups"),
            };
            access(call, &user, &review)
        }
        "selfsubjectrulesreviews" => rules(call, &review),
        "selfsubjectreviews" => {
            let mut info = json!({ "username": call.user.name, "groups": call.user.groups });
            if !call.user.uid.is_empty() {
                info["uid"] = json!(call.user.uid);
            }
            json!({ "userInfo": info })
        }
        other => return Err(ApiError::unsupported(other)),
    };
    review.set_path(&["status"], to_value(&status));
    encode::value(call, 201, &review)
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    let list = value.get(key).and_then(Value::as_array).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn access(call: &Call<'_>, user: &User, review: &Value) -> serde_json::Value {
    let spec = review.get("spec").cloned().unwrap_or_default();
    let asked = match (spec.get("resourceAttributes"), spec.get("nonResourceAttributes")) {
        (Some(r), _) => Attributes {
            verb: text(r, "verb").to_owned(),
            group: text(r, "group").to_owned(),
            resource: text(r, "resource").to_owned(),
            subresource: text(r, "subresource").to_owned(),
            namespace: text(r, "namespace").to_owned(),
            name: text(r, "name").to_owned(),
            path: String::new(),
        },
        (None, Some(n)) => Attributes {
            verb: text(n, "verb").to_owned(),
            path: text(n, "path").to_owned(),
            ..Attributes::default()
        },
        (None, None) => Attributes::default(),
    };
    json!({ "allowed": rbac::allowed(call.api, user, &asked) })
}

fn rules(call: &Call<'_>, review: &Value) -> serde_json::Value {
    let namespace = review.get_path(&["spec", "namespace"]).and_then(Value::as_str).unwrap_or_default();
    let mut all = rbac::rules(call.api, call.user, namespace);
    if call.user.is_master() && all.is_empty() {
        all.push(to_value(&json!({ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] })));
    }
    let (paths, resources): (Vec<_>, Vec<_>) = all.iter().partition(|r| r.get("nonResourceURLs").is_some());
    let pick = |rules: &[&Value], fields: &[&str]| -> Vec<serde_json::Value> {
        rules
            .iter()
            .map(|r| fields.iter().filter(|f| r.get(f).is_some()).map(|f| (*f, texts(r, f))).collect())
            .map(|fields: std::collections::BTreeMap<_, _>| json!(fields))
            .collect()
    };
    json!({ "resourceRules": pick(&resources, &["verbs", "apiGroups", "resources", "resourceNames"]),
        "nonResourceRules": pick(&paths, &["verbs", "nonResourceURLs"]), "incomplete": false })
}
