//! Objects, their versions and the history that watches read.

mod body;
mod core;
mod event;
mod log;
mod snapshot;
mod watch;

pub(crate) use body::{Stored, object_json};
pub(crate) use core::{CommitError, Sink, Store, object_key};
pub(crate) use event::{Event, EventKind, frame};
pub(crate) use watch::{Start, Watch, WatchError};
