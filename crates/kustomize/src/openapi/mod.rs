//! What kustomize's own OpenAPI knows: which kinds are cluster-scoped, and how lists merge.
//!
//! kustomize embeds the schema of Kubernetes 1.21.2 and reads merge keys and scopes from it whatever the cluster runs,
//! so its facts are kept here as a table of their own; a kustomization's `openapi.path` replaces them.

mod builtin;
mod schema;
mod state;

pub use schema::{Definitions, Schema};
pub use state::OpenApi;
