//! From text to events, with the quirks of libyaml's scanner and parser that go-yaml shares.

mod cursor;
mod events;
mod properties;
mod scalars;
mod tokens;

pub(crate) use events::{DEPTH_USUAL, Event, EventKind, Events};
pub(crate) use scalars::escape;

/// A place in the text: 0-based line, 0-based column and index in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub line: usize,
    pub column: usize,
    pub index: usize,
}

/// Text that is no YAML.
#[derive(Debug)]
pub(crate) struct Fault {
    pub mark: Mark,
    pub problem: &'static str,
    /// What was being read; empty where the problem says it all.
    pub context: &'static str,
}

impl Fault {
    fn new(context: &'static str, mark: Mark, problem: &'static str) -> Self {
        Self { mark, problem, context }
    }
}
