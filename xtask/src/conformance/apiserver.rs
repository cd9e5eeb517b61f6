//! What a real Kubernetes 1.36 API server did: defaulting, refusals, sequences of writes, drift.

mod case;
mod defaulting;
mod patches;

pub use defaulting::run as defaulting;
pub use patches::run as patches;
