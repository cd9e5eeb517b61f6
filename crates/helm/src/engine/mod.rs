//! Runs a chart's templates.

mod data;
mod files;
mod render;

pub use render::Lookup;
pub(crate) use render::{Program, Rendering, functions, lenient};
