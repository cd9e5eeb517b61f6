//! What the exit code of a command says. The numbers are those of `argocd` where it has one.

use std::fmt;
use std::process::ExitCode;

/// Something differs, is unhealthy or failed, as the command's help says.
pub const DIFFERENT: u8 = 1;
/// No engine answers.
pub const UNREACHABLE: u8 = 11;
/// The engine refused the request.
pub const REFUSED: u8 = 12;
/// What is named does not exist.
pub const MISSING: u8 = 13;
/// Everything else.
pub const GENERAL: u8 = 20;

/// The table for `--help`.
pub const EXIT_CODES: &str = "Exit codes:
  0   done
  1   something differs, is not well, failed or took too long
  2   the command line is wrong
  11  no engine answers
  12  the engine refused the request
  13  what is named does not exist
  20  any other error; for up and controller: the engine could not start";

/// An error with an exit code of its own.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: u8,
    /// One clear sentence with what to do; nothing is printed where it is empty.
    pub message: String,
}

impl Failure {
    /// Makes an error.
    pub fn error(code: u8, message: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Self { code, message: message.into() })
    }

    /// Ends with [`DIFFERENT`] where everything has been said already.
    pub fn silent() -> anyhow::Error {
        Self::error(DIFFERENT, "")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Returns the exit code of an error and whether there is something to print.
pub fn code_of(error: &anyhow::Error) -> (ExitCode, bool) {
    match error.downcast_ref::<Failure>() {
        Some(failure) => (ExitCode::from(failure.code), !failure.message.is_empty()),
        None => (ExitCode::from(GENERAL), true),
    }
}
