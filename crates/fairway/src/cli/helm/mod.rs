//! `fairway helm`: Helm's commands for charts, in process.

mod chart;
mod dependency;
mod lint;
mod pull;
mod repository;
mod show;
mod template;
mod values;
mod verify;

use crate::cli::one_of::OneOf;

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
    Show(Box<show::Args>),
    /// Lists and brings the dependencies of a chart, as `helm dependency` does.
    #[command(visible_aliases = ["dep", "dependencies"])]
    Dependency(Box<dependency::Args>),
    /// Checks an archive against its provenance file, as `helm verify` does.
    Verify(Box<verify::Args>),
    /// Downloads a chart, as `helm pull` does.
    #[command(visible_alias = "fetch")]
    Pull(Box<pull::Args>),
}

/// Arguments of `fairway helm template` alone, without what the other commands take.
pub type HelmTemplateArgs = OneOf<HelmTemplateCommand>;

#[derive(clap::Subcommand, Debug)]
pub enum HelmTemplateCommand {
    /// Renders a chart and prints the manifests, as `helm template` does.
    Template(Box<template::Args>),
}

/// Runs `fairway helm template`; as [`run`].
pub fn run_template(args: HelmTemplateArgs) -> anyhow::Result<()> {
    let HelmTemplateCommand::Template(args) = args.command;
    template::run(&args)
}

/// Runs `fairway helm`. Waits for repositories on the way, so it is not for async code.
pub fn run(args: HelmArgs) -> anyhow::Result<()> {
    match args.command {
        HelmCommand::Template(args) => template::run(&args),
        HelmCommand::Lint(args) => lint::run(&args),
        HelmCommand::Show(args) => show::run(&args),
        HelmCommand::Dependency(args) => dependency::run(&args),
        HelmCommand::Verify(args) => verify::run(&args),
        HelmCommand::Pull(args) => pull::run(&args),
    }
}
