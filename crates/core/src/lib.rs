//! The field's words, and the ports that shells implement.
//!
//! ```text
//! App ──► SourceTree@Revision ──► Vec<Desired> ──► ChangeSet ──► SyncPlan ──► SyncReport
//!     source                 render            diff          plan          apply
//! ```
//!
//! | Fairway | Argo CD | Flux |
//! |---|---|---|
//! | App | Application | Kustomization, HelmRelease |
//! | desired | target | desired |
//! | live | live | cluster object |
//! | drifted | OutOfSync | drifted |
//! | destination | destination | targetNamespace, kubeConfig |
//!
//! This crate does no I/O, reads no clock, and knows no wire format: the dialect crates translate at the edge.

mod app;
pub mod calendar;
mod condition;
mod error;
mod glob;
mod health;
mod install_order;
mod key;
mod live_view;
mod object;
mod policy;
mod port;
mod sync;
mod tool;
mod tree;

pub use app::{
    App, AppId, AppSource, AutomatedSync, Backoff, Destination, HistoryEntry, Retry, SyncPolicy,
    TrackingMethod,
};
pub use condition::{Condition, ConditionKind};
pub use error::{ApiError, ApiErrorKind, FailureCategory, RetryAdvice, with_causes};
pub use glob::glob_match;
pub use health::{Health, HealthStatus};
pub use install_order::install_rank;
pub use key::{GroupKind, Gvk, ObjectKey};
pub use live_view::{LiveView, Scope};
pub use object::{Desired, Live, Object, Origin};
pub use policy::{Marks, ObjectPolicy, SyncPhase};
pub use port::{
    ApplyMode, ApplyRequest, BoxFuture, Clock, ClusterWriter, DeleteRequest, Discovered, Propagation,
    Validation,
};
pub use sync::{
    HookDeletePolicy, IgnoreRule, Operation, OperationSync, SyncOptions, SyncStatus, SyncTarget, Tristate,
};
pub use tool::{
    DirectoryOptions, HelmOptions, HelmParameter, KustomizeOptions, KustomizePatch, KustomizeReplica,
    PluginOptions, SourceType, Tool,
};
pub use tree::{
    ContentId, FileTree, MemoryTree, NodeKind, Read, ReadSet, SourceTree, SubTree, TreeEntry, TreeError,
    normalize_path,
};

pub use fairway_value::{Map, Str, Value};

/// The field manager of every write that Fairway makes.
pub const FIELD_MANAGER: &str = "fairway";
