//! Git mirrors and chart repositories, read without a checkout.
//!
//! ```text
//! repository URL ──► alias or path on disk? ──yes──► open in place ─────────────┐
//!        │ no                                                                  ▼
//!        └──► mirror (one per normalised URL) ◄── fetch, joined by all    resolve ──► commit
//!                     waiters, with back-off                                   │
//! chart repository ──► index.yaml / OCI tags ──► version ──► archive      open ┴──► FileTree
//! ```
//!
//! Everything that blocks (the object store, the network on behalf of gix) runs on a bounded pool; the facade
//! [`Sources`] is async. Trees are read straight from the object store, so nothing is checked out and no `git`
//! process is on the way of a reconcile. What is on disk is a cache that may be deleted at any time.
//!
//! This crate knows no Applications, clusters or renderers, and never polls: whoever wants news calls
//! [`Sources::refresh`].

mod chart;
mod credential;
mod error;
mod git;
mod http;
mod jwt;
mod local;
mod mirror;
mod options;
mod replace;
mod repo_url;
mod sources;
mod tokens;
mod verifier;
mod version;

pub use credential::{
    CredentialLookup, Credentials, NoCredentials, SecretCredentials, SecretKind, SecretString,
};
pub use error::{SourceError, SourceErrorKind};
pub use options::SourcesOptions;
pub use replace::AddressMirrors;
pub use repo_url::{is_same_repository, normalize_repo_url};
pub use sources::{CommitMetadata, RefChange, Refresh, Repositories, Sources};
pub use verifier::ChartVerifier;
