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

/// Runs `fairway kustomize`.
pub async fn run(args: KustomizeArgs) -> anyhow::Result<()> {
    match args.command {
        // Remote bases are waited for on the way, which async code must not do.
        KustomizeCommand::Build(args) => {
            let runtime = tokio::runtime::Handle::current();
            tokio::task::spawn_blocking(move || build::run(&args, runtime)).await?
        }
        KustomizeCommand::Edit(args) => edit::run(args),
    }
}
