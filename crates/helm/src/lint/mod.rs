//! What `helm lint` says about a chart, as Helm 3's `pkg/lint`.

mod chart_file;
mod deprecation;
mod finding;
mod linter;
mod names;
mod templates;

pub use finding::{Finding, Severity};
pub use linter::lint;
