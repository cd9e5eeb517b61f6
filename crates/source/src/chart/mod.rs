//! Chart repositories: HTTP with an index, and OCI registries.

mod charts;

pub(crate) use charts::Charts;
