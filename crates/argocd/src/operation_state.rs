use crate::json::{put, texts};
use fairway_core::{Map, ObjectKey, Str, SyncPhase, Value};

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

/// Writes `revision`, or `revisions` of a list of sources.
pub(crate) fn put_revisions(map: &mut Map, revisions: &[Str], multi_source: bool) {
    if multi_source {
        put(map, "revisions", texts(revisions));
    } else {
        put(map, "revision", revisions.first().cloned().unwrap_or_default());
    }
}

fn put_sources(map: &mut Map, sources: &[Value], multi_source: bool) {
    if multi_source {
        put(map, "sources", sources.to_vec());
    } else if let Some(source) = sources.first() {
        put(map, "source", source.clone());
    }
}

pub(crate) fn history_value(record: &HistoryRecord) -> Value {
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
