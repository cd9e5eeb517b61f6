//! What templates can call.

mod call;
mod compare;
mod escape;
mod go;
mod helm;
mod helm4;
mod index;
mod limit;
mod registry;

pub use call::{CallError, Context, RenderCall, RenderSource};
pub(crate) use registry::Native;
pub use registry::{Body, Function, Functions, Signature};

/// What Helm puts around the messages of `required` and `fail`, to find them again inside an error.
pub const WARN_START: &str = "HELM_ERR_START";
/// The end of such a message.
pub const WARN_END: &str = "HELM_ERR_END";
