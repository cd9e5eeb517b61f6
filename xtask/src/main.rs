//! The project's own tools. No product code lives here.
#![expect(clippy::print_stdout, reason = "a command-line tool speaks on standard output")]

mod bench;
mod bench_render;
mod ci;
mod conformance;
mod differential;
mod e2e;
mod fuzz;
mod random;
mod read_back;
mod run;
mod schema;
mod start_order;
mod tidy;

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
    /// Everything that is checked without a cluster.
    Ci(ci::Args),
    /// Proves the walls between crates, and holds files to their size.
    Tidy(tidy::Args),
    /// Runs the built binary on a cluster: Git push in, cluster state out.
    E2e(e2e::Args),
    /// Writes at random to a real API server and to ours, and compares the answers.
    Differential(differential::Args),
    /// Measures the engine on the reference workload, against the writes alone.
    Bench(bench::Args),
    /// Measures rendering beside Helm and kustomize, process against process.
    BenchRender(bench_render::Args),
    /// Has the real Helm read back random trees that were written as YAML here.
    ReadBack(read_back::Args),
    /// Runs the fuzz targets for a while.
    Fuzz(fuzz::Args),
    /// Makes the data of the built-in kinds.
    Schema(schema::Args),
    /// Lists the functions that builds and renderings run, for the linker.
    StartOrder(start_order::Args),
}

fn main() -> anyhow::Result<()> {
    match Args::parse().command {
        Command::Conformance(args) => conformance::main(args),
        Command::Ci(args) => ci::main(&args),
        Command::Tidy(args) => tidy::main(&args),
        Command::E2e(args) => e2e::main(&args),
        Command::Differential(args) => differential::main(&args),
        Command::Bench(args) => bench::main(&args),
        Command::BenchRender(args) => bench_render::main(&args),
        Command::ReadBack(args) => read_back::main(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Schema(args) => schema::main(args),
        Command::StartOrder(args) => start_order::main(&args),
    }
}
