//! Chart repositories: HTTP with an index, and OCI registries.

mod archive;
mod charts;
mod download;
mod index;
mod oci;
mod oci_auth;

pub(crate) use charts::{ChartName, Charts};
pub(crate) use download::{Ask, Download, download};
