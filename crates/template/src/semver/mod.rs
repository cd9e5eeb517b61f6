//! Versions and constraints as Masterminds/semver v3.5 (what Helm, Sprig and Argo CD use) understands them.
//!
//! Differs from the semver specification on purpose: `v1.2` is a version, `1.2 || ~2` and `1.x - 2` are constraints,
//! and a constraint without a prerelease never takes a version with one.

mod constraint;
mod version;
mod written;

pub use constraint::{ConstraintError, Constraints};
pub use version::{Version, VersionError};
