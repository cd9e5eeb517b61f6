use crate::Trace;
use std::fmt;

/// What stopped a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The text is no template.
    Parse,
    /// Running it failed.
    Exec,
    /// A limit was reached; the message names it.
    Limit,
}

/// A template that cannot be parsed or run, in Go's words: `template: NAME:LINE:COLUMN: executing "NAME" at <…>: …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// Name of the outermost file that was parsed or run.
    pub template: String,
    /// Line in it, from 1; nought where there is none.
    pub line: usize,
    /// Column in it, bytes from 0, as Go counts.
    pub column: usize,
    /// The whole message.
    pub message: String,
    /// The way there, for whoever wants more than the message.
    pub trace: Box<Trace>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
