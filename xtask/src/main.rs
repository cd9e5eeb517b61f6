//! The project's own tools. No product code lives here.
#![expect(clippy::print_stdout, reason = "a command-line tool speaks on standard output")]

mod conformance;
mod schema;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the corpora of real tools' outputs and checks the ratchet.
    Conformance(conformance::Args),
    /// Makes the data of the built-in kinds.
    Schema(schema::Args),
}

fn main() -> anyhow::Result<()> {
    match Args::parse().command {
        Command::Conformance(args) => conformance::main(args),
        Command::Schema(args) => schema::main(args),
    }
}
