//! `fairway helm`: Helm's commands for charts, in process.

mod chart;
mod dependency;
mod lint;
mod pull;
mod release_flags;
mod repository;
mod show;
mod template;
mod values;
mod verify;

use crate::cli::one_of::OneOf;
use clap::ArgAction;

/// Arguments of `fairway helm`.
#[derive(clap::Args, Debug)]
pub struct HelmArgs {
    #[command(subcommand)]
    command: HelmCommand,
}

#[derive(clap::Subcommand, Debug)]
enum HelmCommand {
    /// Renders a chart and prints the manifests, as `helm template` does.
    #[command(mut_args(as_pflag))]
    Template(Box<template::Args>),
    /// Looks for faults in charts, as `helm lint` does.
    #[command(mut_args(as_pflag))]
    Lint(Box<lint::Args>),
    /// Prints parts of a chart, as `helm show` does.
    #[command(visible_alias = "inspect", mut_args(as_pflag))]
    Show(Box<show::Args>),
    /// Lists and brings the dependencies of a chart, as `helm dependency` does.
    #[command(visible_aliases = ["dep", "dependencies"])]
    Dependency(Box<dependency::Args>),
    /// Checks an archive against its provenance file, as `helm verify` does.
    #[command(mut_args(as_pflag))]
    Verify(Box<verify::Args>),
    /// Downloads a chart, as `helm pull` does.
    #[command(visible_alias = "fetch", mut_args(as_pflag))]
    Pull(Box<pull::Args>),
}

/// Arguments of `fairway helm template` alone, without what the other commands take.
pub type HelmTemplateArgs = OneOf<HelmTemplateCommand>;

#[derive(clap::Subcommand, Debug)]
pub enum HelmTemplateCommand {
    /// Renders a chart and prints the manifests, as `helm template` does.
    #[command(mut_args(as_pflag))]
    Template(Box<template::Args>),
}

/// Lets a flag take `=true` and `=false`, as Go's pflag does.
fn as_pflag(flag: clap::Arg) -> clap::Arg {
    if !matches!(flag.get_action(), ArgAction::SetTrue) {
        return flag;
    }
    flag.action(ArgAction::Set)
        .value_parser(clap::value_parser!(bool))
        .value_name("BOOL")
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .default_value("false")
        .hide_default_value(true)
        .hide_possible_values(true)
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
