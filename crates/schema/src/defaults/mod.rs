//! Defaults that the API server fills in on decoding, for built-in kinds and for custom resources.
//!
//! Source: Kubernetes 1.36 `pkg/apis/*/v*/defaults.go`. What only storing an object adds (cluster IPs, statuses, finalizers) is
//! in [`crate::strategy`].

mod config;
mod core;
mod former;
mod set;
mod walk;
mod workload;

pub(crate) use walk::apply_over;
pub use walk::{apply, apply_unconverted};
