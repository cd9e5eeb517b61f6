//! The `fairway` binary: joins the shells to the ports.
#![expect(clippy::print_stderr, reason = "a command-line tool speaks on its standard streams")]

mod app_metrics;
mod audit;
mod bootstrap;
mod chart_signatures;
mod cli;
mod cluster_list;
mod controller_cmd;
mod data_dir;
mod devcluster_cmd;
mod embedded;
mod floor;
mod json_patch;
mod operation;
mod plan_items;
mod port;
mod port_actions;
mod port_health;
mod port_objects;
mod port_secrets;
mod progress;
mod signals;
mod up;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// What is logged unless the command line says.
const WARNINGS: &str = "warn,kube_client=off";

#[derive(Parser)]
#[command(
    name = "fairway",
    version,
    about = "GitOps continuous delivery for Kubernetes",
    propagate_version = true,
    after_help = cli::EXIT_CODES
)]
struct Args {
    #[command(flatten)]
    log: LogFlags,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Args)]
struct LogFlags {
    /// How much is logged: error, warn (unless said), info, debug, or a filter such as fairway_controller=debug.
    #[arg(long, global = true, env = "FAIRWAY_LOG")]
    log: Option<String>,
    /// Logs as JSON, one object a line.
    #[arg(long, global = true)]
    log_json: bool,
}

impl LogFlags {
    /// Sets up what is logged.
    fn set_up(&self, usual: &str) {
        log_to_stderr(self.log.as_deref().unwrap_or(usual), self.log_json);
    }
}

#[derive(Subcommand)]
enum Command {
    /// Starts everything in one process: a cluster, a Git server with an example, the engine, the dashboard.
    #[command(after_help = cli::EXIT_CODES)]
    Up(up::Args),
    /// Runs the engine and its API inside a cluster.
    #[command(after_help = cli::EXIT_CODES)]
    Controller(controller_cmd::Args),
    /// Lists, shows, compares, syncs and deletes Applications of a running engine.
    App(cli::AppArgs),
    /// Lists, shows, creates and deletes ApplicationSets.
    Appset(cli::AppsetArgs),
    /// Lists, shows, creates and deletes projects.
    Proj(cli::ProjArgs),
    /// Lists, shows, adds and removes repositories.
    Repo(Box<cli::RepoArgs>),
    /// Lists and shows clusters.
    Cluster(cli::ClusterArgs),
    /// Lists accounts, changes passwords, issues tokens, says what one may do.
    Account(cli::AccountArgs),
    /// Shows what the next sync of an Application would do, and why.
    #[command(after_help = cli::EXIT_CODES)]
    Plan(cli::PlanArgs),
    /// Compares what two revisions of a repository render to, Applications in it included.
    #[command(after_help = cli::EXIT_CODES)]
    Diff(cli::DiffArgs),
    /// Deploys a configuration repository into a cluster in memory and says what would fail.
    #[command(after_help = cli::EXIT_CODES)]
    Check(cli::CheckArgs),
    /// Renders a folder, a repository or an Application, without a cluster.
    #[command(after_help = cli::EXIT_CODES)]
    Render(Box<cli::RenderArgs>),
    #[command(flatten)]
    Tool(ToolCommand),
    /// Prints the completions of a shell.
    Completion(cli::CompletionArgs),
    /// Shows what the platform does, on the running `fairway up`.
    Demo(cli::DemoArgs),
    /// Runs the cluster in memory alone, until Ctrl-C.
    #[command(hide = true)]
    Devcluster(devcluster_cmd::Args),
    /// Applies the objects of a file and prints how long it took.
    #[command(hide = true)]
    BenchFloor(floor::Args),
}

/// The commands that stand in for other tools, by themselves. Scripts call them hundreds of times, so they set up
/// nothing that they may not need: not the rest of the command line (`C` is what of it was asked for), no threads,
/// no network.
#[derive(Parser)]
#[command(name = "fairway", version, propagate_version = true)]
struct ToolArgs<C: Subcommand> {
    #[command(flatten)]
    log: LogFlags,
    #[command(subcommand)]
    command: C,
}

impl<C: Subcommand> ToolArgs<C> {
    /// Reads the command line, and sets up the log if it is asked for one. What is logged otherwise comes from the
    /// network, which sets it up with itself.
    fn read() -> anyhow::Result<C> {
        let args = match Self::try_parse() {
            Ok(args) => args,
            Err(help) if cli::is_help(&help) => {
                let _ = help.print();
                std::process::exit(0);
            }
            Err(wrong) => return Err(cli::wrong_flags(&wrong)),
        };
        if args.log.log.is_some() || args.log.log_json {
            args.log.set_up(WARNINGS);
        }
        Ok(args.command)
    }
}

#[derive(Subcommand)]
enum ToolCommand {
    /// Helm's commands for charts: template, lint, show, pull, dependency.
    Helm(cli::HelmArgs),
    /// Kustomize: build, edit.
    Kustomize(cli::KustomizeArgs),
}

/// `fairway helm template`, which most scripts mean.
#[derive(Subcommand)]
enum HelmTemplateCommand {
    /// Helm's commands for charts: template, lint, show, pull, dependency.
    Helm(cli::HelmTemplateArgs),
}

/// `fairway kustomize build`, likewise.
#[derive(Subcommand)]
enum KustomizeBuildCommand {
    /// Kustomize: build, edit.
    Kustomize(cli::KustomizeBuildArgs),
}

impl ToolCommand {
    fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Helm(args) => cli::run_helm(args),
            Self::Kustomize(args) => cli::run_kustomize(args),
        }
    }
}

fn main() -> ExitCode {
    match run_tool() {
        Some(outcome) => exit_code(outcome, true),
        None => run_command(),
    }
}

/// Runs any other command. By itself, since what it keeps on the stack is five pages that a build need not have.
#[inline(never)]
fn run_command() -> ExitCode {
    let args = Args::parse();
    let is_tool = matches!(args.command, Command::Tool(_));
    // What is not well is what `check` prints, in a table; the engine's log would say it once more, in between.
    let usual = if matches!(args.command, Command::Check(_)) { "error,kube_client=off" } else { WARNINGS };
    args.log.set_up(usual);
    // Installing twice is the only way to fail.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let outcome = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let outcome = runtime.block_on(run(args.command));
            // Threads that still render must not hold up the end.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(error.into()),
    };
    exit_code(outcome, is_tool)
}

/// Runs a command that stands in for another tool, if the command line begins with one.
fn run_tool() -> Option<anyhow::Result<()>> {
    let mut words = std::env::args_os().skip(1);
    let command: Vec<_> = words.by_ref().take(2).collect();
    let command: Vec<_> = command.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    Some(match command.as_slice() {
        ["helm", "template"] => {
            let with_clap = || ToolArgs::read().map(|HelmTemplateCommand::Helm(args)| args);
            cli::plain(words).map_or_else(with_clap, Ok).and_then(cli::run_helm_template)
        }
        ["kustomize", "build"] => {
            let with_clap = || ToolArgs::read().map(|KustomizeBuildCommand::Kustomize(args)| args);
            cli::plain(words).map_or_else(with_clap, Ok).and_then(cli::run_kustomize_build)
        }
        ["helm" | "kustomize", ..] => ToolArgs::<ToolCommand>::read().and_then(ToolCommand::run),
        _ => return None,
    })
}

/// Says what went wrong, if anything did, and turns it into the exit code. What stands in for helm and kustomize begins an
/// error as they do, which scripts may look for, and ends with 1 whatever it is.
fn exit_code(outcome: anyhow::Result<()>, is_tool: bool) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    let (code, has_words) = cli::code_of(&error);
    let word = if is_tool { "Error" } else { "error" };
    if has_words {
        eprintln!("{word}: {}", in_one_line(&error));
    }
    if is_tool { ExitCode::FAILURE } else { code }
}

/// Joins an error and its causes; one whose words the text above it ends with says nothing new.
fn in_one_line(error: &anyhow::Error) -> String {
    let mut out = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if out.is_empty() {
            out = cause;
        } else if !out.ends_with(&cause) {
            out.push_str(": ");
            out.push_str(&cause);
        }
    }
    out
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Up(args) => up::run(args).await,
        Command::Controller(args) => controller_cmd::run(args).await,
        Command::App(args) => cli::run_app(args).await,
        Command::Appset(args) => cli::run_appset(args).await,
        Command::Proj(args) => cli::run_proj(args).await,
        Command::Repo(args) => cli::run_repo(*args).await,
        Command::Cluster(args) => cli::run_cluster(args).await,
        Command::Account(args) => cli::run_account(args).await,
        Command::Plan(args) => cli::run_plan(args).await,
        Command::Diff(args) => cli::run_diff(args).await,
        Command::Check(args) => cli::run_check(args).await,
        Command::Render(args) => cli::run_render(*args).await,
        // They wait for repositories, which async code must not do.
        Command::Tool(command) => tokio::task::spawn_blocking(move || command.run()).await?,
        Command::Completion(args) => cli::run_completion(&args, <Args as clap::CommandFactory>::command()),
        Command::Demo(args) => cli::run_demo(args).await,
        Command::Devcluster(args) => devcluster_cmd::run(args).await,
        Command::BenchFloor(args) => floor::run(args).await,
    }
}

/// Sets up what is logged, unless it is set up already.
fn log_to_stderr(filter: &str, json: bool) {
    use tracing_subscriber::EnvFilter;
    // kube says on every connection that a certificate is not checked; the cluster says it once.
    let quiet = format!("kube_client::client::tls=error,{filter}");
    let filter = EnvFilter::try_new(quiet).unwrap_or_else(|_| EnvFilter::new("warn"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(cli::takes_colour(&std::io::stderr()))
        .with_writer(std::io::stderr);
    // The first one stands.
    let _ = if json { builder.json().try_init() } else { builder.try_init() };
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn causes_that_say_nothing_new_are_left_out() {
        let error =
            anyhow::anyhow!("address in use").context("cannot listen: address in use").context("start");
        assert_eq!(super::in_one_line(&error), "start: cannot listen: address in use");
    }

    #[test]
    fn the_command_line_is_consistent() {
        super::Args::command().debug_assert();
        super::ToolArgs::<super::ToolCommand>::command().debug_assert();
        super::ToolArgs::<super::HelmTemplateCommand>::command().debug_assert();
        super::ToolArgs::<super::KustomizeBuildCommand>::command().debug_assert();
    }
}
