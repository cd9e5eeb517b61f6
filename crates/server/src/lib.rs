//! The HTTP API, the event stream and the dashboard's files.
//!
//! ```text
//!  browser, Backstage, scripts ──► router ──► auth ──► routes/* ──► dyn Engine (the binary's)
//!                                    │                    ▲
//!                                    └── assets           └── broadcast of EngineEvent ──► JSON lines, SSE
//! ```
//!
//! Paths, JSON shapes, error bodies and codes are Argo CD's (`server/application`, `assets/swagger.json` of 3.6), so that its
//! clients work unchanged. The crate knows HTTP and Argo CD's wire shapes. It must not know how an application is compared or
//! synced, nor reach a cluster or a repository: all of that is behind [`Engine`].

mod assets;
mod auth;
mod config;
mod engine;
mod error;
mod fields;
mod list;
mod router;
mod routes;
mod state;
mod wire;

pub use assets::HAS_DASHBOARD;
pub use config::{AdminPassword, Config};
pub use engine::{
    AccessData, ActionRun, AppKey, ApplicationList, Caller, Cascade, Change, CredentialKind, Engine,
    EngineError, EngineEvent, EngineFuture, ErrorKind, LogLine, LogLines, LogRequest, PatchKind, RefreshKind,
    Removal, ResourceId, SharedEngine, VersionInfo, WebhookRequest,
};
pub use router::{metrics_router, router};

/// The largest body of a webhook, bytes. Argo CD's default is 50 MB; hosts cap their payloads at 25 MB.
pub const WEBHOOK_BYTES_MAX: usize = 25 * 1024 * 1024;

/// The largest body of any other request, bytes: etcd takes objects up to 1.5 MiB, and a sync request may carry local manifests.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
