//! `fairway kustomize`: `kustomize build` in process, `kustomize create`, and `kustomize edit` that keeps comments.

mod build;
mod create;
mod edit;

use crate::cli::one_of::OneOf;
use crate::cli::output::print;

/// Arguments of `fairway kustomize`.
#[derive(clap::Args, Debug)]
pub struct KustomizeArgs {
    #[command(subcommand)]
    command: KustomizeCommand,
}

#[derive(clap::Subcommand, Debug)]
enum KustomizeCommand {
    /// Builds a kustomization and prints it, as `kustomize build` does.
    Build(Box<build::BuildArgs>),
    /// Changes a kustomization file and keeps its comments, order and style.
    Edit(Box<edit::EditArgs>),
    /// Writes a new kustomization file.
    #[command(alias = "init")]
    Create(Box<create::CreateArgs>),
    /// Prints the version of kustomize that builds are those of.
    Version {
        /// No effect.
        #[arg(long, hide = true)]
        short: bool,
    },
}

/// Arguments of `fairway kustomize build` alone, without what `edit` takes.
pub type KustomizeBuildArgs = OneOf<KustomizeBuildCommand>;

#[derive(clap::Subcommand, Debug)]
pub enum KustomizeBuildCommand {
    /// Builds a kustomization and prints it, as `kustomize build` does.
    Build(Box<build::BuildArgs>),
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
        KustomizeCommand::Version { .. } => print(&format!("{}\n", fairway_kustomize::VERSION)),
    }
}
