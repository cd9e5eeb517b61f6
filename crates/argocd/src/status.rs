use crate::application::Application;
use crate::json::{put, texts};
use crate::operation_state::{HistoryRecord, OperationState, history_value, put_revisions};
use fairway_core::{Condition, Gvk, Health, HealthStatus, Map, SourceType, Str, SyncStatus, Value};
use std::collections::BTreeMap;

/// One entry of `status.resources`.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceStatus {
    /// Group, version and kind.
    pub gvk: Gvk,
    /// Namespace, empty where cluster-scoped.
    pub namespace: Str,
    /// Name.
    pub name: Str,
    /// Whether desired and live agree; nothing for hooks.
    pub status: Option<SyncStatus>,
    /// Health, where the kind has one.
    pub health: Option<Health>,
    /// Whether it is a hook.
    pub hook: bool,
    /// Whether it is no longer desired.
    pub requires_pruning: bool,
    /// Wave.
    pub sync_wave: i32,
    /// Whether deleting it waits for a person.
    pub requires_deletion_confirmation: bool,
}

/// `status.summary`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Container images of all live objects.
    pub images: Vec<Str>,
    /// Addresses that people reach the App at.
    pub external_urls: Vec<Str>,
    /// Whether the App's objects include Applications.
    pub is_app_of_apps: bool,
}

/// What an App's status is built from.
pub struct StatusInput<'a> {
    /// The Application with the status it has now: unchanged parts keep their times, unknown parts stay.
    pub application: &'a Application,
    /// The time (RFC 3339, UTC, seconds) that changed parts get.
    pub now: &'a str,
    /// Whether desired and live agree.
    pub sync_status: SyncStatus,
    /// Revisions compared, by source; empty where none could be resolved.
    pub revisions: &'a [Str],
    /// The App's health.
    pub health: &'a Health,
    /// The App's objects; sorted by the caller if order matters to it.
    pub resources: &'a [ResourceStatus],
    /// Whether each object's health is written too (`controller.resource.health.persist`).
    pub persist_resource_health: bool,
    /// The operation's state, if any operation ever ran.
    pub operation_state: Option<&'a OperationState>,
    /// History, oldest first, already cut to its limit.
    pub history: &'a [HistoryRecord],
    /// Conditions.
    pub conditions: &'a [Condition],
    /// Images and addresses.
    pub summary: &'a Summary,
    /// How the sources were rendered, in order.
    pub source_types: &'a [SourceType],
    /// When desired and live were last compared; empty to keep what is there.
    pub reconciled_at: &'a str,
    /// Namespace of the controller.
    pub controller_namespace: &'a str,
}

/// Builds `status` with Argo CD's field names. What has no value is left out, as Go's `omitempty` does; the same
/// state gives the same tree, so that a caller can compare before it writes.
#[must_use]
pub fn raise(input: &StatusInput<'_>) -> Value {
    let before = input.application.get(&["status"]);
    let mut status = before.and_then(Value::as_object).cloned().unwrap_or_default();
    status.insert("sync", sync_value(input));
    status.insert("health", health_value(input, before));
    replace(&mut status, "resources", input.resources.iter().map(|r| resource_value(r, input)).collect());
    replace(&mut status, "conditions", conditions_value(input, before));
    replace(&mut status, "history", input.history.iter().map(history_value).collect());
    if let Some(state) = input.operation_state {
        status.insert("operationState", state.to_value());
    }
    let mut summary = Map::new();
    put(&mut summary, "images", texts(&input.summary.images));
    put(&mut summary, "externalURLs", texts(&input.summary.external_urls));
    put(&mut summary, "isAppOfApps", input.summary.is_app_of_apps);
    status.insert("summary", summary);
    let types: Vec<Value> = input.source_types.iter().map(|t| Value::from(t.as_str())).collect();
    let (one, many) = if input.application.is_multi_source() {
        (Value::Null, Value::from(types))
    } else {
        (types.into_iter().next().unwrap_or_default(), Value::Null)
    };
    replace(&mut status, "sourceType", one);
    replace(&mut status, "sourceTypes", many);
    put(&mut status, "reconciledAt", input.reconciled_at);
    put(&mut status, "controllerNamespace", input.controller_namespace);
    if !input.persist_resource_health {
        put(&mut status, "resourceHealthSource", "appTree");
    } else {
        status.remove("resourceHealthSource");
    }
    Value::Object(status)
}

/// Sets a value, or removes the one that was there where the new one is empty.
fn replace(map: &mut Map, key: &str, value: Value) {
    map.remove(key);
    put(map, key, value);
}

fn sync_value(input: &StatusInput<'_>) -> Value {
    let spec = |key: &str| input.application.get(&["spec", key]).cloned().unwrap_or_default();
    let multi = input.application.is_multi_source();
    let mut compared = Map::new();
    put(&mut compared, "source", if multi { Value::Null } else { spec("source") });
    put(&mut compared, "sources", if multi { spec("sources") } else { Value::Null });
    let destination = spec("destination");
    compared.insert("destination", if destination.is_null() { Value::object() } else { destination });
    put(&mut compared, "ignoreDifferences", spec("ignoreDifferences"));
    let mut sync = Map::new();
    sync.insert("status", input.sync_status.as_str());
    sync.insert("comparedTo", compared);
    put_revisions(&mut sync, input.revisions, multi);
    Value::Object(sync)
}

fn health_value(input: &StatusInput<'_>, before: Option<&Value>) -> Value {
    let old = before.and_then(|s| s.get("health"));
    let old_status = old.and_then(|h| h.get("status")).and_then(Value::as_str);
    let old_time = old.and_then(|h| h.get("lastTransitionTime")).and_then(Value::as_str);
    let mut health = Map::new();
    health.insert("status", input.health.status.as_str());
    put(&mut health, "message", input.health.message.clone());
    // Argo CD moves the time only where the status changes.
    let time = old_time.filter(|_| old_status == Some(input.health.status.as_str())).unwrap_or(input.now);
    put(&mut health, "lastTransitionTime", time);
    Value::Object(health)
}

fn resource_value(resource: &ResourceStatus, input: &StatusInput<'_>) -> Value {
    let mut out = Map::new();
    put(&mut out, "group", resource.gvk.group.clone());
    put(&mut out, "version", resource.gvk.version.clone());
    put(&mut out, "kind", resource.gvk.kind.clone());
    put(&mut out, "namespace", resource.namespace.clone());
    put(&mut out, "name", resource.name.clone());
    put(&mut out, "status", resource.status.map(SyncStatus::as_str).unwrap_or_default());
    if let Some(health) = resource.health.as_ref().filter(|_| input.persist_resource_health) {
        out.insert("health", plain_health(health));
    }
    put(&mut out, "hook", resource.hook);
    put(&mut out, "requiresPruning", resource.requires_pruning);
    put(&mut out, "syncWave", i64::from(resource.sync_wave));
    put(&mut out, "requiresDeletionConfirmation", resource.requires_deletion_confirmation);
    Value::Object(out)
}

fn plain_health(health: &Health) -> Value {
    let mut out = Map::new();
    out.insert("status", HealthStatus::as_str(health.status));
    put(&mut out, "message", health.message.clone());
    Value::Object(out)
}

fn conditions_value(input: &StatusInput<'_>, before: Option<&Value>) -> Value {
    let old = before.and_then(|s| s.get("conditions")).and_then(Value::as_array).unwrap_or_default();
    let text = |c: &Value, key: &str| c.get(key).and_then(Value::as_str).map(Str::from).unwrap_or_default();
    let times: BTreeMap<(Str, Str), Str> =
        old.iter().map(|c| ((text(c, "type"), text(c, "message")), text(c, "lastTransitionTime"))).collect();
    let mut conditions: Vec<&Condition> = input.conditions.iter().collect();
    conditions.sort_by_key(|c| (c.kind.as_str(), &c.message));
    conditions.dedup();
    let value = |c: &&Condition| {
        let kind: Str = c.kind.as_str().into();
        let known = times.get(&(kind.clone(), c.message.clone())).filter(|t| !t.is_empty());
        let time = known.cloned().unwrap_or_else(|| input.now.into());
        [("type", kind), ("message", c.message.clone()), ("lastTransitionTime", time)]
            .into_iter()
            .map(|(k, v)| (k, Value::String(v)))
            .collect::<Value>()
    };
    conditions.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::{ConditionKind, Object};

    const LATER: &str = "2026-01-02T00:00:00Z";

    fn application(status: &str) -> Application {
        let json = format!(
            r#"{{"metadata":{{"name":"a"}},"spec":{{"source":{{"repoURL":"r","path":"p"}},"destination":{{"name":"c"}}}},
            "status":{status}}}"#
        );
        Application::new(Object::new(fairway_value::from_json(json.as_bytes()).unwrap()))
    }

    fn raised(application: &Application, health: &Health, conditions: &[Condition]) -> Value {
        raise(&StatusInput {
            application,
            now: LATER,
            sync_status: SyncStatus::Synced,
            revisions: &["abc".into()],
            health,
            resources: &[],
            persist_resource_health: false,
            operation_state: None,
            history: &[],
            conditions,
            summary: &Summary::default(),
            source_types: &[SourceType::Helm],
            reconciled_at: LATER,
            controller_namespace: "argocd",
        })
    }

    #[test]
    fn what_clients_need_is_always_there() {
        let status = raised(&application("null"), &Health::default(), &[]);
        let text = |pointer: &str| status.pointer(pointer).and_then(Value::as_str);
        assert_eq!(text("/sync/status"), Some("Synced"));
        assert_eq!(text("/sync/revision"), Some("abc"));
        assert_eq!(text("/sync/comparedTo/destination/name"), Some("c"));
        assert_eq!(text("/health/status"), Some("Healthy"));
        assert_eq!(text("/sourceType"), Some("Helm"));
        assert_eq!(status.get("conditions"), None);
    }

    #[test]
    fn only_what_changes_gets_a_new_time_and_unknown_parts_stay() {
        let before = application(
            r#"{"health":{"status":"Healthy","lastTransitionTime":"old"},"extra":1,
            "conditions":[{"type":"SyncError","message":"m","lastTransitionTime":"old"}]}"#,
        );
        let conditions =
            [Condition::new(ConditionKind::SyncError, "m"), Condition::new(ConditionKind::SyncError, "n")];
        let status = raised(&before, &Health::default(), &conditions);
        let text = |pointer: &str| status.pointer(pointer).and_then(Value::as_str);
        assert_eq!(text("/health/lastTransitionTime"), Some("old"));
        assert_eq!(text("/conditions/0/lastTransitionTime"), Some("old"));
        assert_eq!(text("/conditions/1/lastTransitionTime"), Some(LATER));
        assert_eq!(status.get("extra"), Some(&Value::Int(1)));
        let worse = Health::new(HealthStatus::Degraded, "");
        let status = raised(&before, &worse, &[]);
        assert_eq!(status.pointer("/health/lastTransitionTime").and_then(Value::as_str), Some(LATER));
    }

    #[test]
    fn an_operation_state_survives_writing_and_reading() {
        let json = br#"{"operation":{"sync":{}},"phase":"Running","startedAt":"t","finishedAt":"u","retryCount":2,
            "message":"m","syncResult":{"revision":"abc","source":{"repoURL":"r"},"resources":[{"group":"apps",
            "version":"v1","kind":"Deployment","namespace":"n","name":"d","status":"Synced","message":"x",
            "hookPhase":"Running","syncPhase":"Sync"}]}}"#;
        let value = fairway_value::from_json(json).unwrap();
        assert_eq!(OperationState::from_value(&value).unwrap().to_value(), value);
    }
}
