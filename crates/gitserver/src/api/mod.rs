//! The part of GitHub's REST API that topic discovery and the golden path need.

mod branches;
mod contents;
mod pulls;
mod repositories;
mod respond;
mod router;

pub(crate) use router::router;
