//! The Kubernetes API of a managed cluster.
//!
//! ```text
//! discovery ──► one watch per kind ──► Cache (LiveView) ──► events to the loop
//!                                         ▲
//! ClusterWriter::apply / delete ──► API ──┘ (answers go into the cache at once)
//! ```
//!
//! At rest nothing is asked: every question is answered out of the cache that the watches fill. What an object
//! means (whose it is, whether its data may be kept) is handed in as [`CacheRules`]; this crate knows no dialect.

mod cache;
mod client;
mod client_side;
mod cluster;
mod config;
mod discovery;
mod object_api;
mod status;
mod watch;
mod writer;

pub use cache::{Cache, CacheRules, CacheStats, ClusterEvent, EventKind};
pub use client::ApiClient;
pub use cluster::{Cluster, ClusterState};
pub use config::{ConfigError, RemoteCluster, from_kubeconfig, from_remote, in_cluster};
pub use discovery::{ResourceTable, ServedResource};
pub use kube::{Client, Config};
pub use object_api::{LogLines, LogQuery, PatchType};
