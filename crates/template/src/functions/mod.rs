//! What templates can call.

mod call;
mod registry;

pub use call::{CallError, Context, RenderCall, RenderSource};
#[derive(Default)]
pub(crate) struct RegexCache;

pub use registry::{Body, Function, Functions, Signature};
