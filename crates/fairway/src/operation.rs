//! Operations as the API's requests ask for them.

use fairway_argocd::Application;
use fairway_value::{Map, Value};

/// Builds the `operation` of an `ApplicationSyncRequest`.
pub fn from_sync_request(request: &Value, username: &str) -> Value {
    let mut sync = Map::new();
    for field in ["revision", "revisions", "prune", "dryRun", "resources", "manifests", "source", "sources"] {
        if let Some(value) = request.get(field).filter(|v| !v.is_null()) {
            sync.insert(field, value.clone());
        }
    }
    if let Some(strategy) = request.get("strategy").filter(|v| !v.is_null()) {
        sync.insert("syncStrategy", strategy.clone());
    }
    if let Some(options) = request.get_path(&["syncOptions", "items"]).filter(|v| !v.is_null()) {
        sync.insert("syncOptions", options.clone());
    }
    let mut operation = Map::new();
    operation.insert("sync", sync);
    operation.insert("initiatedBy", by(username));
    if let Some(retry) = request.get("retryStrategy").filter(|v| !v.is_null()) {
        operation.insert("retry", retry.clone());
    }
    if let Some(infos) = request.get("infos").filter(|v| !v.is_null()) {
        operation.insert("info", infos.clone());
    }
    Value::Object(operation)
}

fn by(username: &str) -> Value {
    [("username", Value::from(username))].into_iter().collect()
}

/// Builds the `operation` of an `ApplicationRollbackRequest`. As Argo CD, refused while automated sync is on.
pub fn from_rollback_request(
    application: &Application,
    request: &Value,
    username: &str,
) -> Result<Value, String> {
    let app = fairway_argocd::lower(application.object().value()).app;
    if app.sync_policy.automated.is_some() {
        return Err("rollback cannot be initiated when auto-sync is enabled".to_owned());
    }
    let id = request.get("id").and_then(|v| v.as_i64().or_else(|| v.as_str()?.parse().ok())).unwrap_or(0);
    let history = application.get(&["status", "history"]).and_then(Value::as_array).unwrap_or_default();
    let entry = history
        .iter()
        .find(|h| h.get("id").and_then(Value::as_i64).unwrap_or(0) == id)
        .ok_or_else(|| format!("application {} does not have deployment with id {id}", app.id.name))?;
    let mut sync = Map::new();
    for field in ["revision", "revisions", "source", "sources"] {
        if let Some(value) = entry.get(field).filter(|v| !v.is_null()) {
            sync.insert(field, value.clone());
        }
    }
    for field in ["prune", "dryRun"] {
        if let Some(value) = request.get(field).filter(|v| !v.is_null()) {
            sync.insert(field, value.clone());
        }
    }
    sync.insert("syncStrategy", [("apply", Value::object())].into_iter().collect::<Value>());
    let mut operation = Map::new();
    operation.insert("sync", sync);
    operation.insert("initiatedBy", by(username));
    Ok(Value::Object(operation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::Object;
    use fairway_value::from_json;

    fn read(text: &str) -> Value {
        from_json(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_sync_request_becomes_an_operation_with_upstreams_names() {
        let request = read(
            r#"{"prune":true,"strategy":{"hook":{"force":true}},"syncOptions":{"items":["Replace=true"]},"resources":null}"#,
        );
        let operation = from_sync_request(&request, "ann");
        assert_eq!(
            operation,
            read(
                r#"{"initiatedBy":{"username":"ann"},"sync":{"prune":true,"syncOptions":["Replace=true"],"syncStrategy":{"hook":{"force":true}}}}"#
            )
        );
    }

    #[test]
    fn a_rollback_takes_the_revision_and_source_of_its_entry_and_is_refused_with_automated_sync() {
        let app = |policy: &str| {
            Application::new(Object::new(read(&format!(
                r#"{{"metadata":{{"name":"a"}},"spec":{{"destination":{{"server":"s"}},"source":{{"repoURL":"r"}}{policy}}},
                "status":{{"history":[{{"id":3,"revision":"abc","source":{{"repoURL":"r","path":"old"}}}}]}}}}"#
            ))))
        };
        let operation = from_rollback_request(&app(""), &read(r#"{"id":3}"#), "ann").unwrap();
        assert_eq!(operation.get_path(&["sync", "source", "path"]).and_then(Value::as_str), Some("old"));
        assert!(from_rollback_request(&app(""), &read(r#"{"id":4}"#), "ann").is_err());
        assert!(
            from_rollback_request(&app(r#","syncPolicy":{"automated":{}}"#), &read(r#"{"id":3}"#), "a")
                .is_err()
        );
    }
}
