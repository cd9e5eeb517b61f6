//! Tables: what `kubectl get` prints, as Kubernetes 1.36 `pkg/printers/internalversion` does.

mod build;
mod cluster;
mod core;
mod custom;
mod network;
mod pod;
mod rest;
mod text;
mod workload;

pub(crate) use build::Tables;
