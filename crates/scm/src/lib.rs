//! Talks to forges: topics, pull requests, webhooks.
//!
//! ```text
//! ForgeOptions ──► Forge ──► repositories ──► branches ──► (path exists?)     for scmProvider
//!                        └─► pull requests                                    for pullRequest
//! PluginService ──► sets of parameters                                      for plugin
//! headers + body ──► webhook::parse ──► verified events: repository URLs, revision, changed files
//! ```
//!
//! An answer that is not a full and well-formed list is an error, never an empty list: what is generated from it
//! would be deleted. Filters are the caller's; this crate only fetches.
//!
//! [`webhook`] is pure. This crate knows no ApplicationSets and no clusters.

mod azure;
mod bitbucket_cloud;
mod bitbucket_server;
mod error;
mod forge;
mod gitea;
mod github;
mod gitlab;
mod hub;
mod plugin;
mod rest;
mod types;
pub mod webhook;

pub use error::{ScmError, ScmErrorKind};
pub use forge::{Forge, ForgeKind, ForgeOptions};
pub use plugin::PluginService;
pub use types::{CloneProtocol, PullRequest, PullRequestQuery, ScmBranch, ScmRepository};
