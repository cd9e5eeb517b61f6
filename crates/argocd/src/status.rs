use crate::application::Application;
use fairway_core::{Condition, Gvk, Health, HealthStatus, Map, ObjectKey, Str, SyncPhase, SyncStatus, Value};
use std::collections::BTreeMap;

/// `operationState.phase`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationPhase {
    /// Under way, or waiting for its next attempt.
    Running,
    /// Asked to end.
    Terminating,
    /// Ended without success.
    Failed,
    /// Could not be carried out.
    Error,
    /// Ended with success.
    Succeeded,
}

impl OperationPhase {
    /// Returns Argo CD's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Terminating => "Terminating",
            Self::Failed => "Failed",
            Self::Error => "Error",
            Self::Succeeded => "Succeeded",
        }
    }

    /// Reads Argo CD's word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Running, Self::Terminating, Self::Failed, Self::Error, Self::Succeeded]
            .into_iter()
            .find(|p| p.as_str() == word)
    }

    /// Whether nothing more happens.
    #[must_use]
    pub fn is_completed(self) -> bool {
        matches!(self, Self::Failed | Self::Error | Self::Succeeded)
    }
}

/// `operationState.syncResult.resources[].status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultCode {
    /// Written, or found as wanted.
    Synced,
    /// The write failed.
    SyncFailed,
    /// Deleted.
    Pruned,
    /// Should be deleted, but is not.
    PruneSkipped,
}

impl ResultCode {
    /// Returns Argo CD's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Synced => "Synced",
            Self::SyncFailed => "SyncFailed",
            Self::Pruned => "Pruned",
            Self::PruneSkipped => "PruneSkipped",
        }
    }
}

/// How a source was rendered: `status.sourceType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceType {
    /// A Helm chart.
    Helm,
    /// A kustomization.
    Kustomize,
    /// Plain manifests.
    Directory,
    /// A plugin.
    Plugin,
}

impl SourceType {
    /// Returns Argo CD's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Helm => "Helm",
            Self::Kustomize => "Kustomize",
            Self::Directory => "Directory",
            Self::Plugin => "Plugin",
        }
    }
}

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

/// One entry of `operationState.syncResult.resources`.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceResult {
    /// The object.
    pub key: ObjectKey,
    /// Its API version.
    pub version: Str,
    /// How it ended, once it has.
    pub status: Option<ResultCode>,
    /// For people.
    pub message: Str,
    /// The hook it is, if it is one.
    pub hook_type: Option<SyncPhase>,
    /// How the hook stands; also set for objects that are waited for.
    pub hook_phase: Option<OperationPhase>,
    /// Phase it belongs to.
    pub sync_phase: SyncPhase,
    /// Container images of a workload.
    pub images: Vec<Str>,
}

/// `status.operationState`.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationState {
    /// The operation as it was asked for.
    pub operation: Value,
    /// How it stands.
    pub phase: OperationPhase,
    /// For people.
    pub message: Str,
    /// What it synced, once it is known which revision it syncs.
    pub sync_result: Option<SyncResult>,
    /// RFC 3339.
    pub started_at: Str,
    /// RFC 3339; empty while under way. With phase `Running` it means waiting for the next attempt.
    pub finished_at: Str,
    /// How many attempts failed before this one.
    pub retry_count: i64,
}

/// `operationState.syncResult`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncResult {
    /// Revisions by source.
    pub revisions: Vec<Str>,
    /// Sources as written in the App.
    pub sources: Vec<Value>,
    /// Whether the App has a list of sources.
    pub multi_source: bool,
    /// Per object.
    pub resources: Vec<ResourceResult>,
}

/// One entry of `status.history`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryRecord {
    /// Number, growing by one.
    pub id: i64,
    /// Revisions by source.
    pub revisions: Vec<Str>,
    /// Sources as written in the App.
    pub sources: Vec<Value>,
    /// Whether the App had a list of sources.
    pub multi_source: bool,
    /// RFC 3339.
    pub deployed_at: Str,
    /// RFC 3339.
    pub deploy_started_at: Str,
    /// `initiatedBy` as in the operation.
    pub initiated_by: Value,
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

fn put(map: &mut Map, key: &str, value: impl Into<Value>) {
    let value = value.into();
    let is_empty = match &value {
        Value::Null | Value::Bool(false) => true,
        Value::Int(n) => *n == 0,
        Value::String(s) => s.is_empty(),
        Value::Array(a) => a.is_empty(),
        Value::Object(m) => m.is_empty(),
        Value::Bool(true) | Value::Uint(_) | Value::Float(_) => false,
    };
    if !is_empty {
        map.insert(key, value);
    }
}

fn texts(list: &[Str]) -> Value {
    list.iter().cloned().map(Value::String).collect()
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

fn put_revisions(map: &mut Map, revisions: &[Str], multi_source: bool) {
    if multi_source {
        put(map, "revisions", texts(revisions));
    } else {
        put(map, "revision", revisions.first().cloned().unwrap_or_default());
    }
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

fn put_sources(map: &mut Map, sources: &[Value], multi_source: bool) {
    if multi_source {
        put(map, "sources", sources.to_vec());
    } else if let Some(source) = sources.first() {
        put(map, "source", source.clone());
    }
}

fn history_value(record: &HistoryRecord) -> Value {
    let mut out = Map::new();
    out.insert("id", record.id);
    put_revisions(&mut out, &record.revisions, record.multi_source);
    put_sources(&mut out, &record.sources, record.multi_source);
    out.insert("deployedAt", record.deployed_at.clone());
    put(&mut out, "deployStartedAt", record.deploy_started_at.clone());
    put(&mut out, "initiatedBy", record.initiated_by.clone());
    Value::Object(out)
}

impl HistoryRecord {
    /// Reads one entry of `status.history`.
    #[must_use]
    pub fn from_value(value: &Value) -> Self {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(Str::from).unwrap_or_default();
        let (revisions, sources, multi_source) = read_revisions(value);
        Self {
            id: value.get("id").and_then(Value::as_i64).unwrap_or_default(),
            revisions,
            sources,
            multi_source,
            deployed_at: text("deployedAt"),
            deploy_started_at: text("deployStartedAt"),
            initiated_by: value.get("initiatedBy").cloned().unwrap_or_default(),
        }
    }
}

fn read_revisions(value: &Value) -> (Vec<Str>, Vec<Value>, bool) {
    let list = |key: &str| value.get(key).and_then(Value::as_array).unwrap_or_default();
    let multi_source = !list("sources").is_empty();
    if multi_source {
        let revisions = list("revisions").iter().filter_map(Value::as_str).map(Str::from).collect();
        return (revisions, list("sources").to_vec(), true);
    }
    let revision = value.get("revision").and_then(Value::as_str).filter(|r| !r.is_empty());
    let source = value.get("source").filter(|s| !s.is_null());
    (revision.into_iter().map(Str::from).collect(), source.into_iter().cloned().collect(), false)
}

impl OperationState {
    /// Writes `status.operationState`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut out = Map::new();
        out.insert("operation", self.operation.clone());
        out.insert("phase", self.phase.as_str());
        put(&mut out, "message", self.message.clone());
        if let Some(result) = &self.sync_result {
            let mut sync = Map::new();
            put(&mut sync, "resources", result.resources.iter().map(result_value).collect::<Value>());
            // Not `omitempty` upstream: clients may rely on the field.
            sync.insert("revision", "");
            put_revisions(&mut sync, &result.revisions, result.multi_source);
            put_sources(&mut sync, &result.sources, result.multi_source);
            out.insert("syncResult", sync);
        }
        out.insert("startedAt", self.started_at.clone());
        put(&mut out, "finishedAt", self.finished_at.clone());
        put(&mut out, "retryCount", self.retry_count);
        Value::Object(out)
    }

    /// Reads `status.operationState`; nothing where the phase is missing or unknown.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(Str::from).unwrap_or_default();
        Some(Self {
            operation: value.get("operation").cloned().unwrap_or_default(),
            phase: OperationPhase::from_word(&text("phase"))?,
            message: text("message"),
            sync_result: value.get("syncResult").filter(|r| !r.is_null()).map(read_result),
            started_at: text("startedAt"),
            finished_at: text("finishedAt"),
            retry_count: value.get("retryCount").and_then(Value::as_i64).unwrap_or_default(),
        })
    }
}

fn result_value(result: &ResourceResult) -> Value {
    let mut out = Map::new();
    // The first five are not `omitempty` upstream.
    out.insert("group", result.key.group.clone());
    out.insert("version", result.version.clone());
    out.insert("kind", result.key.kind.clone());
    out.insert("namespace", result.key.namespace.clone());
    out.insert("name", result.key.name.clone());
    put(&mut out, "status", result.status.map(ResultCode::as_str).unwrap_or_default());
    put(&mut out, "message", result.message.clone());
    put(&mut out, "hookType", result.hook_type.map(SyncPhase::as_str).unwrap_or_default());
    put(&mut out, "hookPhase", result.hook_phase.map(OperationPhase::as_str).unwrap_or_default());
    put(&mut out, "syncPhase", result.sync_phase.as_str());
    put(&mut out, "images", texts(&result.images));
    Value::Object(out)
}

fn read_result(value: &Value) -> SyncResult {
    let (revisions, sources, multi_source) = read_revisions(value);
    let resources = value.get("resources").and_then(Value::as_array).unwrap_or_default();
    SyncResult {
        revisions,
        sources,
        multi_source,
        resources: resources.iter().map(read_resource_result).collect(),
    }
}

fn phase_from_word(word: &str) -> Option<SyncPhase> {
    [
        SyncPhase::PreSync,
        SyncPhase::Sync,
        SyncPhase::PostSync,
        SyncPhase::SyncFail,
        SyncPhase::PreDelete,
        SyncPhase::Delete,
        SyncPhase::PostDelete,
    ]
    .into_iter()
    .find(|p| p.as_str() == word)
}

fn read_resource_result(value: &Value) -> ResourceResult {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let images = value.get("images").and_then(Value::as_array).unwrap_or_default();
    let codes = [ResultCode::Synced, ResultCode::SyncFailed, ResultCode::Pruned, ResultCode::PruneSkipped];
    ResourceResult {
        key: ObjectKey::new(text("group"), text("kind"), text("namespace"), text("name")),
        version: text("version").into(),
        status: codes.into_iter().find(|c| c.as_str() == text("status")),
        message: text("message").into(),
        hook_type: phase_from_word(text("hookType")),
        hook_phase: OperationPhase::from_word(text("hookPhase")),
        sync_phase: phase_from_word(text("syncPhase")).unwrap_or_default(),
        images: images.iter().filter_map(Value::as_str).map(Str::from).collect(),
    }
}
