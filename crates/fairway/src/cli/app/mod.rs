//! `fairway app`: what is done with Applications, over the API of a running engine.

mod actions;
mod change;
mod delete;
mod diff;
mod get;
mod history;
mod list;
mod look;
mod operation;
mod refresh;
mod spec_flags;
mod sync;
mod transplant;
mod wait;

pub(super) use diff::coloured;
pub(super) use list::or_unknown;

use super::exit::EXIT_CODES;

/// Arguments of `fairway app`.
#[derive(clap::Args, Debug)]
pub struct AppArgs {
    #[command(subcommand)]
    command: AppCommand,
}

#[derive(clap::Subcommand, Debug)]
#[command(after_help = EXIT_CODES)]
enum AppCommand {
    /// Lists Applications.
    #[command(visible_alias = "ls", after_help = EXIT_CODES)]
    List(list::Args),
    /// Shows one Application and its resources.
    #[command(after_help = EXIT_CODES)]
    Get(get::Args),
    /// Shows what a sync would change in the cluster; exit code 1 where there is something.
    #[command(after_help = EXIT_CODES)]
    Diff(diff::Args),
    /// Starts a sync and waits for its end.
    #[command(after_help = EXIT_CODES)]
    Sync(sync::Args),
    /// Waits until Applications are synced, healthy and at rest.
    #[command(after_help = EXIT_CODES)]
    Wait(wait::Args),
    /// Lists what was deployed before.
    #[command(after_help = EXIT_CODES)]
    History(history::Args),
    /// Syncs to an entry of the history.
    #[command(after_help = EXIT_CODES)]
    Rollback(history::RollbackArgs),
    /// Fetches and compares again.
    #[command(after_help = EXIT_CODES)]
    Refresh(refresh::Args),
    /// Creates an Application from flags or a file.
    #[command(after_help = EXIT_CODES)]
    Create(Box<change::CreateArgs>),
    /// Changes the source, destination or policy of an Application.
    #[command(after_help = EXIT_CODES)]
    Set(Box<change::SetArgs>),
    /// Takes parameters, value files or overrides of an Application away.
    #[command(after_help = EXIT_CODES)]
    Unset(change::UnsetArgs),
    /// Patches an Application.
    #[command(after_help = EXIT_CODES)]
    Patch(change::PatchArgs),
    /// Opens the spec of an Application in an editor.
    #[command(after_help = EXIT_CODES)]
    Edit(change::EditArgs),
    /// Lists the objects of an Application.
    #[command(after_help = EXIT_CODES)]
    Resources(look::ResourcesArgs),
    /// Prints the manifests of an Application, as Git or the cluster has them.
    #[command(after_help = EXIT_CODES)]
    Manifests(look::ManifestsArgs),
    /// Prints the logs of an Application's Pods.
    #[command(after_help = EXIT_CODES)]
    Logs(look::LogsArgs),
    /// Ends the running operation of an Application.
    #[command(after_help = EXIT_CODES)]
    TerminateOp(look::TerminateArgs),
    /// Lists and runs the actions for an Application's objects, such as restart and scale.
    #[command(after_help = EXIT_CODES)]
    Actions(actions::Args),
    /// Deletes Applications, with their resources unless told otherwise.
    #[command(after_help = EXIT_CODES)]
    Delete(delete::Args),
}

/// Runs `fairway app`.
pub async fn run(args: AppArgs) -> anyhow::Result<()> {
    match args.command {
        AppCommand::List(args) => list::run(args).await,
        AppCommand::Get(args) => get::run(args).await,
        AppCommand::Diff(args) => diff::run(args).await,
        AppCommand::Sync(args) => sync::run(args).await,
        AppCommand::Wait(args) => wait::run(args).await,
        AppCommand::History(args) => history::run(args).await,
        AppCommand::Rollback(args) => history::rollback(args).await,
        AppCommand::Refresh(args) => refresh::run(args).await,
        AppCommand::Create(args) => change::create(*args).await,
        AppCommand::Set(args) => change::set(*args).await,
        AppCommand::Unset(args) => change::unset(args).await,
        AppCommand::Patch(args) => change::patch(args).await,
        AppCommand::Edit(args) => change::edit(args).await,
        AppCommand::Resources(args) => look::resources(args).await,
        AppCommand::Manifests(args) => look::manifests(args).await,
        AppCommand::Logs(args) => look::logs(args).await,
        AppCommand::TerminateOp(args) => look::terminate(args).await,
        AppCommand::Actions(args) => actions::run(args).await,
        AppCommand::Delete(args) => delete::run(args).await,
    }
}
