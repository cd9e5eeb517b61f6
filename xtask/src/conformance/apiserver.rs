//! What a real Kubernetes 1.36 API server did: defaulting, refusals, sequences of writes, drift.

pub(super) mod case;
mod defaulting;
mod drift;
mod invalid;
mod patches;
mod ssa;

pub use defaulting::run as defaulting;
pub use drift::run as drift;
pub use invalid::run as invalid;
pub use patches::run as patches;
pub use ssa::run as ssa;
