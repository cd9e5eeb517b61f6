//! Chart repositories: HTTP with an index, and OCI registries.

mod archive;
mod charts;
mod dependency;
mod download;
mod index;
mod lock;
mod oci;
mod oci_auth;
mod overlay;

pub(crate) use charts::{ChartName, Charts};
pub(crate) use download::{Ask, Download, download, late, read_body};
