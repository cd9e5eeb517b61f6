//! Runs a chart's templates.

mod data;
mod files;
mod render;

pub use render::RenderedFile;
pub(crate) use render::{Program, Rendering, functions, lenient};
