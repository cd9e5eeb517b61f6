//! What turns a generator into parameters.

mod clusters;
mod combine;
mod git;
mod list;
mod pull_requests;
mod scm;
mod scope;

pub(crate) use scope::{Failure, Params, Scope};
