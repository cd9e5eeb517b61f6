//! `fairway kustomize`: `kustomize build` in process, and `kustomize edit` that keeps comments.

mod build;
mod edit;

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
    Edit(edit::EditArgs),
}

/// Runs `fairway kustomize`. Waits for repositories on the way, so it is not for async code.
pub fn run(args: KustomizeArgs) -> anyhow::Result<()> {
    match args.command {
        KustomizeCommand::Build(args) => build::run(&args),
        KustomizeCommand::Edit(args) => edit::run(args),
    }
}
