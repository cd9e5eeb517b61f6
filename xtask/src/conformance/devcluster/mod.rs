//! The in-memory API server against recordings of a real one, through its request handling without a socket.

mod client;
mod compare;
mod tables;
mod watch;
mod writes;

pub use compare::with_wildcards;
pub use tables::run as tables;
pub use watch::run as watch;
pub use writes::{defaulting, invalid, ssa};
