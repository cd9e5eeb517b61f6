//! Sources against real servers on ephemeral loopback ports.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod charts;
mod git;
mod logins;
