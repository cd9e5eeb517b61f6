//! `fairway helm`: Helm's commands for charts, in process.

mod chart;
mod dependency;
mod idle_flags;
mod lint;
mod pull;
mod release_flags;
mod repository;
mod show;
mod template;
mod values;
mod verify;

use crate::cli::one_of::OneOf;
use crate::cli::pflag::as_pflag;
use crate::cli::plain::{Plain, Words};

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

impl Plain for HelmTemplateArgs {
    const VARIABLES: &[&str] = template::Args::VARIABLES;

    fn read(words: Words) -> Option<Self> {
        Some(Self { command: HelmTemplateCommand::Template(Box::new(Plain::read(words)?)) })
    }
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

#[cfg(test)]
mod tests {
    use super::HelmArgs;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        _args: HelmArgs,
    }

    /// The flags that `helm --help` lists for all commands.
    const EVERYWHERE: [&str; 16] = [
        "--burst-limit=100",
        "--debug",
        "--kube-apiserver=https://k",
        "--kube-as-group=a",
        "--kube-as-user=b",
        "--kube-ca-file=c",
        "--kube-context=d",
        "--kube-insecure-skip-tls-verify=true",
        "--kube-tls-server-name=e",
        "--kube-token=f",
        "--kubeconfig=g",
        "--namespace=h",
        "--qps=1.5",
        "--registry-config=i",
        "--repository-cache=j",
        "--repository-config=k",
    ];

    #[test]
    fn every_command_takes_what_all_of_helms_take() {
        for command in [
            "template c",
            "lint c",
            "show values c",
            "inspect all c",
            "dependency list c",
            "dep build c --skip-refresh=true",
            "dep up c --skip-refresh",
            "pull c",
            "verify c",
        ] {
            let words = ["helm"].into_iter().chain(command.split(' ')).chain(EVERYWHERE);
            if let Err(why) = Cli::try_parse_from(words) {
                panic!("{command}: {why}");
            }
        }
        assert!(Cli::try_parse_from(["helm", "lint", "c", "--kube-contex=d"]).is_err());
    }
}
