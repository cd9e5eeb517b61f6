//! `fairway helm`: Helm's offline commands, in process.

mod chart;
mod lint;
mod show;
mod template;
mod values;

/// Arguments of `fairway helm`.
#[derive(clap::Args, Debug)]
pub struct HelmArgs {
    #[command(subcommand)]
    command: HelmCommand,
}

#[derive(clap::Subcommand, Debug)]
enum HelmCommand {
    /// Renders a chart and prints the manifests, as `helm template` does.
    Template(Box<template::Args>),
    /// Looks for faults in charts, as `helm lint` does.
    Lint(Box<lint::Args>),
    /// Prints parts of a chart, as `helm show` does.
    #[command(visible_alias = "inspect")]
    Show(show::Args),
}

/// Runs `fairway helm`.
pub fn run(args: HelmArgs) -> anyhow::Result<()> {
    match args.command {
        HelmCommand::Template(args) => template::run(&args),
        HelmCommand::Lint(args) => lint::run(&args),
        HelmCommand::Show(args) => show::run(&args),
    }
}
