//! The commands that talk to a running engine or work offline.

mod app;
mod client;
mod demo;
mod exit;
mod output;
mod table;

pub use app::{AppArgs, run as run_app};
pub use demo::{DemoArgs, run as run_demo};
pub use exit::{EXIT_CODES, code_of};
