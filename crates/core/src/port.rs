use crate::{ApiError, GroupKind, Live, Object, ObjectKey};
use fairway_value::Str;
use std::future::Future;
use std::pin::Pin;
use std::time::SystemTime;

/// A future that a port returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The time, handed in.
pub trait Clock: Send + Sync {
    /// Returns the time.
    fn now(&self) -> SystemTime;
}

/// What becomes of the objects that a deleted object owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// They go first.
    #[default]
    Foreground,
    /// They go afterwards.
    Background,
    /// They stay.
    Orphan,
}

impl Propagation {
    /// Returns the API's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Foreground => "Foreground",
            Self::Background => "Background",
            Self::Orphan => "Orphan",
        }
    }
}

/// How an object is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApplyMode {
    /// Server-side apply, taking over fields from other managers.
    #[default]
    ServerSide,
    /// Client-side apply: a three-way patch with the last-applied annotation, as `kubectl apply` makes it.
    ClientSide,
    /// Create, or replace what is there keeping its resourceVersion.
    Replace,
    /// Delete what is there, wait until it is gone, create.
    Recreate,
    /// Create only.
    Create,
}

/// Whether the API server checks field names and types strictly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validation {
    /// `fieldValidation=Strict` where the verb has it.
    #[default]
    Strict,
    /// `fieldValidation=Ignore`.
    Ignore,
}

/// One write.
#[derive(Clone, Debug)]
pub struct ApplyRequest {
    /// The object to write.
    pub object: Object,
    /// How.
    pub mode: ApplyMode,
    /// Whether the server only checks.
    pub dry_run: bool,
    /// Whether fields of other managers are taken over; a conflict is an error otherwise.
    pub force_conflicts: bool,
    /// How strictly fields are checked.
    pub validation: Validation,
    /// Field managers of earlier tools, whose fields are taken over first.
    pub take_over_from: Vec<Str>,
}

/// One deletion. It takes place only while the object is still the one that was decided on.
#[derive(Clone, Debug)]
pub struct DeleteRequest {
    /// The object.
    pub key: ObjectKey,
    /// Its API version where known; empty for the preferred one.
    pub version: Str,
    /// Its uid when it was decided on; another object under the name is left alone. Empty for any.
    pub uid: Str,
    /// What becomes of what it owns.
    pub propagation: Propagation,
    /// Whether the server only checks.
    pub dry_run: bool,
}

/// A kind that discovery names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovered {
    /// Group and kind.
    pub kind: GroupKind,
    /// Version.
    pub version: Str,
    /// Resource name in URLs.
    pub plural: Str,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
}

/// Writes to a cluster. Implementations bound their own concurrency and time.
pub trait ClusterWriter: Send + Sync {
    /// Writes one object and returns it as the server has it.
    fn apply(&self, request: ApplyRequest) -> BoxFuture<'_, Result<Live, ApiError>>;

    /// Deletes one object. Success when it is gone or going.
    fn delete(&self, request: DeleteRequest) -> BoxFuture<'_, Result<(), ApiError>>;

    /// Reads one object from the API server, past any cache.
    fn get<'a>(&'a self, key: &'a ObjectKey) -> BoxFuture<'a, Result<Option<Live>, ApiError>>;

    /// Applies a JSON merge patch to one object.
    fn merge_patch<'a>(
        &'a self,
        key: &'a ObjectKey,
        patch: fairway_value::Value,
    ) -> BoxFuture<'a, Result<Live, ApiError>>;

    /// Reads what kinds the server has once more: after a CRD was applied.
    fn rediscover(&self) -> BoxFuture<'_, Result<(), ApiError>>;
}
