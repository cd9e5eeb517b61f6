//! What storing an object does to it beyond decoding: fields that an endpoint resets, the generation's count, and what the
//! default admission plugins and the registry's strategies add to a new object.
//!
//! Source: Kubernetes 1.36 `pkg/registry/*/strategy.go`, `plugin/pkg/admission`, and apiextensions-apiserver
//! `registry/customresource`.

mod create;
mod endpoint;
mod families;
mod gates;
mod pod;
mod service;

pub use create::{Chooser, Refused, prepare_create};
pub(crate) use endpoint::TEMPLATE_GENERATION;
pub use endpoint::{counts_generation, prepare_update, reset_fields};
pub use service::{release_service, update_service};
