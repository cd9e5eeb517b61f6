//! What Kubernetes types mean, and how the API server merges, owns, defaults and checks objects by that meaning.
//!
//! ```text
//! data/*.json (built-in kinds) ─┐
//! CRDs, OpenAPI v3 documents ───┴─► Schemas ──► Resource, TypeRef
//!                                                  │
//!             merge (strategic merge patch) ◄──────┼──► managed (server-side apply, field ownership)
//!             defaults (built-in and CRD)   ◄──────┴──► validate (refusals in the API server's words)
//! ```
//!
//! One implementation serves the drift prediction and the in-memory API server, so the two cannot disagree.
//! This crate knows no cluster, no Git and no dialect (Argo CD, Flux); it reads no clock: times are handed in.

mod address;
mod base64;
pub mod canonical;
pub mod defaults;
pub mod expression;
pub mod jsonpath;
pub mod managed;
pub mod merge;
pub mod quantity;
mod registry;
pub mod request;
pub mod strategy;
pub mod structural;
mod time;
mod typeref;
mod types;
mod uri;
pub mod validate;
pub mod versions;
pub mod warnings;

pub use fairway_core::Scope;
pub use registry::{Resource, SchemaError, Schemas, Subresource, compare_versions};
pub use typeref::{Field, TypeRef};
pub use types::{Empty, ListType, Scalar};

/// Encodes bytes as base64, as the API server writes the values of Secrets.
#[must_use]
pub fn encode_base64(bytes: &[u8]) -> String {
    base64::encode(bytes)
}
