//! Times as Go's `time` package has them: layouts, durations, zones. Nothing here reads a clock.

mod civil;
mod duration;
mod format;
mod layout;
mod parse;
mod zone;

pub(crate) use civil::Civil;
pub(crate) use duration::{duration_text, parse_duration};
pub(crate) use format::format;
pub(crate) use parse::parse;
pub(crate) use zone::{Instant, Zone};

pub(crate) const NANOS: i128 = 1_000_000_000;
