//! Small controllers that make the built-in kinds behave: they react to events, never poll, and write only what differs.

mod queue;

pub(crate) use queue::Controllers;
