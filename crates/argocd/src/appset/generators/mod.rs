//! What turns a generator into parameters.

mod clusters;
mod combine;
mod decisions;
mod git;
mod list;
mod plugin;
mod pull_requests;
mod scm;
mod scope;

pub(crate) use scope::{Failure, Params, Scope};
