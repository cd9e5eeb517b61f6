//! The Argo CD dialect: its API types, and what they mean in Fairway's words.
//!
//! ```text
//! Application ──► lower ──► App + conditions          App's state ──► raise ──► Application.status
//! ApplicationSet + Environment ──► generate ──► Applications ──► reconcile ──► actions
//! AppProject ──► rules that an App must keep          annotations on objects ──► ObjectPolicy, owner
//! ```
//!
//! An [`Application`] stays the tree that was read, so that fields nobody here knows are kept. Every field that has no
//! effect is reported as a condition with its path; none is passed over in silence.
//!
//! This crate reads no clock, no files and no cluster: whatever it needs is handed in.

mod application;
mod appset;
mod crds;
mod fields;
mod go_duration;
mod json;
mod lower;
mod object_policy;
mod operation;
mod operation_state;
mod project;
mod secrets;
mod settings;
mod source;
mod status;
mod sync_options;
mod tracking;
mod words;

pub use application::{Application, DeletionStep, Refresh};
pub use appset::{
    AppSetAction, AppSetCluster, AppSetError, AppSetPolicy, DataRequest, Decisions, Environment, Generated,
    GitFiles, LeaveOut, PullRequest, ScmRepository, generate, reconcile, selects,
};
pub use crds::crd_documents;
pub use fairway_core::SourceType;
pub use go_duration::parse_go_duration;
pub use lower::{Lowered, lower};
pub use object_policy::object_policy;
pub use operation::{OperationError, lower_operation, operation_of};
pub use operation_state::{
    HistoryRecord, OperationPhase, OperationState, ResourceResult, ResultCode, SyncResult,
};
pub use project::{
    GlobalProject, Permission, Project, SyncDecision, SyncMoment, cron_is_active, unix_of,
    with_global_projects,
};
pub use secrets::{ClusterSecret, RepositoryKind, RepositorySecret, Secret, parse_cluster, parse_repository};
pub use settings::{ResourceFilter, Settings};
pub use status::{ResourceStatus, StatusInput, Summary, raise};
pub use sync_options::parse_sync_options;
pub use tracking::{ArgoMarks, TrackingId};
pub use words::*;
