//! Small controllers that make the built-in kinds behave. They react to events, never poll, and write only what differs.
//!
//! ```text
//! store events ──► queue (each object once) ──► reconcile by table ──► writes through the API ──► events …
//!        └──► index of owners and what they own       timers ──► queue
//! ```

mod batch;
mod cron;
mod cron_schedule;
mod daemon;
mod deployment;
mod endpoints;
mod events;
mod garbage;
mod index;
mod namespace;
mod object;
mod pod;
mod policy;
mod queue;
mod replicas;
mod revisions;
mod schedule;
mod stateful;
mod storage;
mod work;

pub(crate) use work::Controllers;
