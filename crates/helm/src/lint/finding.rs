//! What `helm lint` reports.

use crate::Error;
use fairway_core::with_causes;
use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Against the standards, but will likely work.
    Warning,
    /// Will likely not work.
    Error,
}

/// Something that `helm lint` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file or directory that it is in.
    pub path: String,
    /// What it is.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Info => "INFO",
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
        };
        write!(f, "[{severity}] {}: {}", self.path, self.message)
    }
}

/// Everything found so far.
#[derive(Default)]
pub(super) struct Findings(pub Vec<Finding>);

impl Findings {
    pub fn add(&mut self, severity: Severity, path: &str, message: impl Into<String>) {
        self.0.push(Finding { severity, path: path.to_owned(), message: message.into() });
    }

    pub fn check(&mut self, holds: bool, severity: Severity, path: &str, message: impl Into<String>) {
        if !holds {
            self.add(severity, path, message);
        }
    }
}

/// Returns an error with its causes, without the lines that tell the place.
pub(super) fn words(error: &Error) -> String {
    own_words(&with_causes(error)).to_owned()
}

/// Returns what is wrong with a file that Helm reads by itself here: its name is not said.
pub(super) fn why(error: &Error) -> String {
    match error {
        Error::Yaml { why, .. } | Error::Shape { why, .. } => own_words(why).to_owned(),
        other => words(other),
    }
}

/// Takes off what follows Helm's own words in an error, below an empty line.
fn own_words(text: &str) -> &str {
    text.split("\n\n").next().unwrap_or_default()
}
