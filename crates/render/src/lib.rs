//! Picks the renderer for a source, runs it, and turns what comes out into desired objects.
//!
//! ```text
//! AppSource + SourceTree ──► detect ──► directory | kustomize | helm ──► Rendered { Vec<Desired>, … }
//! ```
//!
//! What was read is recorded by the [`fairway_core::SourceTree`] handed in, which is the key of the cache around this
//! crate. Rendering does no I/O of its own, knows no cluster and no dialect.

mod chart_cache;
mod detect;
mod directory;
mod env;
mod error;
mod helm;
mod input;
mod kustomize;
mod objects;
mod render;
mod value_files;

pub use chart_cache::ChartCache;
pub use detect::detect;
pub use env::BuildEnv;
pub use error::RenderError;
pub use fairway_core::SourceType;
pub use helm::{Inflator, RemoteSchemas};
pub use input::{Capabilities, RefSource, RenderInput, Rendered};
pub use render::render;
