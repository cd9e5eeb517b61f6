//! Go's readers of texts, for what else has to read and refuse as Go does.

use crate::{fmt, re2, time, url};

/// Writes a text as Go's `strconv.Quote`.
#[must_use]
pub fn quote(text: &str) -> String {
    fmt::quote(text)
}

/// Reads a time by a layout, as Go's `time.Parse`.
///
/// # Errors
/// Go's complaint.
pub fn check_time(layout: &str, text: &str) -> Result<(), String> {
    time::parse(layout, text).map(|_| ())
}

/// A regular expression of Go.
#[derive(Clone, Debug)]
pub struct Pattern(re2::Expression);

impl Pattern {
    /// Compiles an expression, as Go's `regexp.Compile`.
    ///
    /// # Errors
    /// Go's complaint.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        re2::compile(pattern).map(Self)
    }

    /// Holds an expression to Go's syntax without compiling it.
    ///
    /// # Errors
    /// Go's complaint.
    pub fn check(pattern: &str) -> Result<(), String> {
        re2::check(pattern)
    }

    /// Whether the expression matches anywhere.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// What Go's `net/url` says of an address.
#[derive(Clone, Debug)]
pub struct Address {
    /// Whether it has a scheme.
    pub is_absolute: bool,
    /// The host with its port.
    pub host: String,
    /// The host without a port and without the brackets of an IPv6 address.
    pub hostname: String,
}

impl Address {
    /// Reads an address or a reference, as Go's `url.Parse`.
    ///
    /// # Errors
    /// Go's complaint.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = url::Url::parse(text)?;
        let hostname = url.hostname().to_owned();
        Ok(Self { is_absolute: !url.scheme.is_empty(), host: url.host, hostname })
    }
}
