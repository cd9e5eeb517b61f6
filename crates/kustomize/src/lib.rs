//! `kustomize build` as kustomize v5 does it, over a tree in memory.
//!
//! ```text
//! FileTree ──► loader ──► Kustomization ──► accumulate (resources, generators, components)
//!                             ▲                 │
//!                          overrides            ▼
//!                                       transformers ──► name references, vars ──► order ──► Built
//! ```
//!
//! Remote bases and Helm charts come through the ports [`Remote`] and [`ChartInflator`]; without one they are errors.
//! This crate does no I/O of its own and knows no Application, no cluster and no Helm.

mod build;
mod error;
mod options;
mod overrides;
mod port;

pub use build::{Built, build};
pub use error::Error;
pub use options::{BuildOptions, LoadRestrictor, Reorder};
pub use overrides::Overrides;
pub use port::{ChartInflator, ChartRequest, Remote, RemoteTree, RepoSpec};
