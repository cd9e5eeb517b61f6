//! `fairway kustomize`: `kustomize build` in process, `kustomize create`, and `kustomize edit` that keeps comments.

mod build;
mod create;
mod edit;

use crate::cli::one_of::OneOf;
use crate::cli::output::print;
use crate::cli::pflag::as_pflag;
use crate::cli::plain::{Plain, Words};
use fairway_value::{HtmlEscape, Value, to_json_pretty};
use std::env::consts::{ARCH, OS};

/// Arguments of `fairway kustomize`.
#[derive(clap::Args, Debug)]
pub struct KustomizeArgs {
    #[command(subcommand)]
    command: KustomizeCommand,
}

/// What every command of kustomize takes.
#[derive(clap::Args, Debug, Default)]
struct EveryFlag {
    /// No effect: an error says where it comes from.
    #[arg(long, global = true, hide = true)]
    stack_trace: bool,
}

#[derive(clap::Subcommand, Debug)]
enum KustomizeCommand {
    /// Builds a kustomization and prints it, as `kustomize build` does.
    #[command(mut_args(as_pflag))]
    Build(Box<build::BuildArgs>),
    /// Changes a kustomization file and keeps its comments, order and style.
    #[command(mut_args(as_pflag))]
    Edit(Box<edit::EditArgs>),
    /// Writes a new kustomization file.
    #[command(alias = "init", mut_args(as_pflag))]
    Create(Box<create::CreateArgs>),
    /// Prints the version of kustomize that builds are those of.
    #[command(mut_args(as_pflag))]
    Version {
        /// No effect.
        #[arg(long, hide = true)]
        short: bool,
        /// What to print it as.
        #[arg(long, short = 'o')]
        output: Option<Form>,
        #[command(flatten)]
        every: EveryFlag,
    },
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Form {
    Json,
    Yaml,
}

/// Arguments of `fairway kustomize build` alone, without what `edit` takes.
pub type KustomizeBuildArgs = OneOf<KustomizeBuildCommand>;

#[derive(clap::Subcommand, Debug)]
pub enum KustomizeBuildCommand {
    /// Builds a kustomization and prints it, as `kustomize build` does.
    #[command(mut_args(as_pflag))]
    Build(Box<build::BuildArgs>),
}

impl Plain for KustomizeBuildArgs {
    const VARIABLES: &[&str] = build::BuildArgs::VARIABLES;

    fn read(words: Words) -> Option<Self> {
        Some(Self { command: KustomizeBuildCommand::Build(Box::new(Plain::read(words)?)) })
    }
}

/// Runs `fairway kustomize build`; as [`run`].
pub fn run_build(args: KustomizeBuildArgs) -> anyhow::Result<()> {
    let KustomizeBuildCommand::Build(args) = args.command;
    build::run(&args)
}

/// Runs `fairway kustomize`. Waits for repositories on the way, so it is not for async code.
pub fn run(args: KustomizeArgs) -> anyhow::Result<()> {
    match args.command {
        KustomizeCommand::Build(args) => build::run(&args),
        KustomizeCommand::Edit(args) => edit::run(*args),
        KustomizeCommand::Create(args) => create::run(&args),
        KustomizeCommand::Version { output, .. } => print(&version(output)),
    }
}

fn version(form: Option<Form>) -> String {
    let version = fairway_kustomize::VERSION;
    let parts = [("version", version), ("os", OS), ("arch", ARCH)];
    let told: Value = parts.into_iter().map(|(key, value)| (key, Value::from(value))).collect();
    match form {
        None => format!("{version}\n"),
        Some(Form::Json) => format!("{}\n", to_json_pretty(&told, "  ", HtmlEscape::No)),
        Some(Form::Yaml) => fairway_yaml::to_string(&told),
    }
}

#[cfg(test)]
mod tests {
    use super::KustomizeArgs;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        _args: KustomizeArgs,
    }

    #[test]
    fn flags_are_taken_as_kustomize_takes_them() {
        for line in [
            "build . --enable-helm=true --enable-alpha-plugins=false --stack-trace",
            "edit set image a=b:c --stack-trace=true",
            "edit --stack-trace fix",
            "create --autodetect=true --stack-trace",
            "version -o json --stack-trace",
        ] {
            if let Err(why) = Cli::try_parse_from(["kustomize"].into_iter().chain(line.split(' '))) {
                panic!("{line}: {why}");
            }
        }
        assert!(Cli::try_parse_from(["kustomize", "version", "-o", "xml"]).is_err());
    }
}
