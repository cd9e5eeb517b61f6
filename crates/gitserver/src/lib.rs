//! An embedded Git server and small forge for trying and testing.
//!
//! ```text
//! git clone/fetch/push ──► smart HTTP ──► bare repository on disk ──► event, before the answer goes out
//! ApplicationSet, CLI  ──► /api/v3 (GitHub's REST shapes) ──► the same repositories + a small JSON file each
//! ```
//!
//! Loopback only. It runs `git upload-pack` and `git receive-pack`, so a `git` program must be installed; the
//! reconcile path reads the repositories in place and needs neither this server nor that program.
//!
//! This crate knows no Applications, no clusters and no credentials of others.

mod api;
mod blocking;
mod content;
mod error;
mod event;
mod fault;
mod forge_data;
mod name;
mod server;
mod smart_http;
mod store;
mod tree_build;

pub use error::GitServerError;
pub use event::{ForgeEvent, Push, PushedRef};
pub use fault::{Fault, Faults};
pub use forge_data::{PullInfo, RepositoryInfo};
pub use name::RepoName;
pub use server::{GitServer, GitServerOptions};
pub use store::{NewRepository, Store};
