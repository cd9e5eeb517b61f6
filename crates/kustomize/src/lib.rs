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

mod accumulator;
mod build;
mod config;
mod decode;
mod edit;
mod embedded;
mod error;
mod factory;
mod field;
mod generate;
mod hash;
mod id;
mod json_patch;
mod kustomization;
mod labels;
mod loader;
mod merge;
mod merges;
mod name_reference;
mod openapi;
mod options;
mod origin;
mod overrides;
mod plugin;
mod port;
mod raw;
mod remote;
mod resmap;
mod resource;
mod scalar;
mod selector;
mod shared;
mod sort;
mod target;
mod transform;
mod vars;

pub use build::{Built, VERSION, build};
pub use edit::{Edit, GeneratorField, ListField, MapField, NewGenerator, WithoutVars, edit, without_vars};
pub use error::Error;
pub use factory::holds_objects;
pub use merge::{ListIncrease, MergeOptions};
pub use merges::{merge_patch, merge_three_way};
pub use options::{BuildOptions, LoadRestrictor, Reorder};
pub use overrides::Overrides;
pub use port::{ChartInflator, ChartRequest, Remote, RemoteTree, RepoSpec};
pub use remote::is_remote;
pub use target::FILE_NAMES;
