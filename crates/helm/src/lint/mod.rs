//! What `helm lint` says about a chart, as Helm 3's `pkg/lint`.
//!
//! Differs: kinds are not held against the list of deprecated API versions.

mod chart_file;
mod finding;
mod linter;
mod names;
mod templates;

pub use finding::{Finding, Severity};
pub use linter::lint;
