//! A Kubernetes API server in memory, with small controllers, for trying, for tests and for checks of a config
//! repository. Never a production cluster: it binds to loopback addresses only.
//!
//! ```text
//! kubectl, kube ──HTTP──► server ──► api (one request: decode, admit, default, own, validate) ──► store
//!                            ▲                                                                    │ events
//!                            └──── watch frames, serialised once ◄────────────────────────────────┤
//!                          controllers (Deployment, Job, Namespace, garbage …) ◄──────────────────┤
//!                          data_dir: snapshot + append log ◄──────────────────────────────────────┘
//! ```
//!
//! What types mean (defaults, merges, ownership, refusals) is `fairway-schema`'s; this crate is everything around it.
//! It must not know Git, rendering, Argo CD or Flux.

mod api;
mod clock;
mod cluster;
mod controllers;
mod http;
mod seed;
mod seed_roles;
mod store;
mod table;
mod tls;

pub use clock::{Clock, ManualClock, SystemClock};
pub use cluster::{Answer, DevCluster, InProcess, OpenWatch, Options, StartError};
