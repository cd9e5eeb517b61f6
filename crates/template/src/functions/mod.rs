//! What templates can call.

mod call;
mod compare;
mod escape;
mod go;
mod index;
mod limit;
mod registry;

pub use call::{CallError, Context, RenderCall, RenderSource};
pub use registry::{Body, Function, Functions, Signature};
