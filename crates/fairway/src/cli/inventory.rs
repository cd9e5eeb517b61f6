//! `fairway proj`, `repo`, `cluster` and `appset`: what the engine works with.

use super::client::{Client, Connection, list, object, qualified, text};
use super::exit::{EXIT_CODES, Failure, MISSING};
use super::input::read_yaml;
use super::output::{Format, for_programs, print};
use super::table::{Table, has_colour};
use anyhow::Context as _;
use fairway_value::Value;
use reqwest::Method;
use std::path::PathBuf;

#[derive(clap::Args, Debug)]
struct Shown {
    /// Output.
    #[arg(long, short = 'o', value_enum, default_value_t)]
    output: Format,
    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Args, Debug)]
struct Named {
    /// Name.
    name: String,
    #[command(flatten)]
    shown: Shown,
}

#[derive(clap::Args, Debug)]
struct FromFile {
    /// File with the object as YAML or JSON; - reads the standard input.
    #[arg(long, short = 'f', value_name = "FILE")]
    file: PathBuf,
    /// Replaces one of this name.
    #[arg(long)]
    upsert: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Arguments of `fairway proj`.
#[derive(clap::Args, Debug)]
pub struct ProjArgs {
    #[command(subcommand)]
    command: ProjCommand,
}

#[derive(clap::Subcommand, Debug)]
#[command(after_help = EXIT_CODES)]
enum ProjCommand {
    /// Lists projects.
    #[command(visible_alias = "ls")]
    List(Shown),
    /// Shows a project.
    Get(Named),
    /// Creates a project from a file.
    Create(FromFile),
    /// Deletes a project that no Application uses.
    Delete(Named),
}

/// Runs `fairway proj`.
pub async fn run_proj(args: ProjArgs) -> anyhow::Result<()> {
    match args.command {
        ProjCommand::List(args) => {
            let row = |p: &Value| {
                let count = |key: &str| list(p, &["spec", key]).len().to_string();
                vec![
                    text(p, &["metadata", "name"]).to_owned(),
                    text(p, &["spec", "description"]).to_owned(),
                    joined(list(p, &["spec", "destinations"]), |d| {
                        format!("{},{}", either(d, "server", "name"), text(d, &["namespace"]))
                    }),
                    joined(list(p, &["spec", "sourceRepos"]), |r| r.as_str().unwrap_or_default().to_owned()),
                    joined(list(p, &["spec", "clusterResourceWhitelist"]), |k| {
                        format!("{}/{}", text(k, &["group"]), text(k, &["kind"]))
                    }),
                    count("syncWindows"),
                ]
            };
            let heading = [
                "NAME",
                "DESCRIPTION",
                "DESTINATIONS",
                "SOURCES",
                "CLUSTER-RESOURCE-WHITELIST",
                "SYNC-WINDOWS",
            ];
            all(&args, &["projects"], &heading, "name", row).await
        }
        ProjCommand::Get(args) => one(&args.shown, &["projects", &args.name]).await,
        ProjCommand::Create(args) => {
            let body = object([("project", read_yaml(&args.file)?), ("upsert", args.upsert.into())]);
            let client = Client::connect(&args.connection).await?;
            let made = client.call(Method::POST, &["projects"], &[], Some(&body)).await?;
            print(&format!("project '{}' created\n", text(&made, &["metadata", "name"])))
        }
        ProjCommand::Delete(args) => {
            let client = Client::connect(&args.shown.connection).await?;
            client.call(Method::DELETE, &["projects", &args.name], &[], None).await?;
            print(&format!("project '{}' deleted\n", args.name))
        }
    }
}

/// Arguments of `fairway repo`.
#[derive(clap::Args, Debug)]
pub struct RepoArgs {
    #[command(subcommand)]
    command: RepoCommand,
}

#[derive(clap::Subcommand, Debug)]
#[command(after_help = EXIT_CODES)]
enum RepoCommand {
    /// Lists the repositories that have credentials or settings of their own.
    #[command(visible_alias = "ls")]
    List(Shown),
    /// Shows a repository and whether it answers.
    Get(Named),
    /// Adds a repository.
    Add(Box<RepoAddArgs>),
    /// Forgets a repository.
    Rm(Named),
}

#[derive(clap::Args, Debug)]
struct RepoAddArgs {
    /// Address of the repository.
    url: String,
    /// Kind of the repository.
    #[arg(long, default_value = "git", value_parser = ["git", "helm", "oci"])]
    r#type: String,
    /// Name; needed for Helm repositories.
    #[arg(long)]
    name: Option<String>,
    /// User name.
    #[arg(long)]
    repo_username: Option<String>,
    /// Password or token.
    #[arg(long, env = "FAIRWAY_REPO_PASSWORD", hide_env_values = true)]
    repo_password: Option<String>,
    /// File with a private key for ssh.
    #[arg(long, value_name = "FILE")]
    ssh_private_key_path: Option<PathBuf>,
    /// Trusts any certificate.
    #[arg(long)]
    insecure_skip_server_verification: bool,
    /// The Helm repository is an OCI registry.
    #[arg(long)]
    enable_oci: bool,
    /// Project that alone may use it.
    #[arg(long)]
    project: Option<String>,
    /// Replaces one of this address.
    #[arg(long)]
    upsert: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Runs `fairway repo`.
pub async fn run_repo(args: RepoArgs) -> anyhow::Result<()> {
    match args.command {
        RepoCommand::List(args) => {
            let row = |r: &Value| {
                ["type", "name", "repo", "username", "project"].map(|f| text(r, &[f]).to_owned()).to_vec()
            };
            all(&args, &["repositories"], &["TYPE", "NAME", "REPO", "USER", "PROJECT"], "repo", row).await
        }
        RepoCommand::Get(args) => one(&args.shown, &["repositories", &args.name]).await,
        RepoCommand::Add(args) => add_repository(*args).await,
        RepoCommand::Rm(args) => {
            let client = Client::connect(&args.shown.connection).await?;
            client.call(Method::DELETE, &["repositories", &args.name], &[], None).await?;
            print(&format!("repository '{}' removed\n", args.name))
        }
    }
}

async fn add_repository(args: RepoAddArgs) -> anyhow::Result<()> {
    let mut body = object([("repo", args.url.as_str().into()), ("type", args.r#type.as_str().into())]);
    let key = args
        .ssh_private_key_path
        .as_ref()
        .map(|file| std::fs::read_to_string(file).with_context(|| format!("read {}", file.display())));
    let texts = [
        ("name", args.name),
        ("username", args.repo_username),
        ("password", args.repo_password),
        ("sshPrivateKey", key.transpose()?),
        ("project", args.project),
    ];
    for (field, text) in texts.into_iter().filter_map(|(field, text)| Some((field, text?))) {
        body.set_path(&[field], text);
    }
    body.set_path(&["insecure"], args.insecure_skip_server_verification);
    body.set_path(&["enableOCI"], args.enable_oci);
    let client = Client::connect(&args.connection).await?;
    let upsert = args.upsert.to_string();
    client.call(Method::POST, &["repositories"], &[("upsert", &upsert)], Some(&body)).await?;
    let found = client.get(&["repositories", &args.url], &[]).await?;
    let state = |field: &str| text(&found, &["connectionState", field]).to_owned();
    let answers = if state("status") == "Successful" {
        "it answers".to_owned()
    } else {
        format!("but it does not answer yet: {}", state("message"))
    };
    print(&format!("repository '{}' added; {answers}\n", args.url))
}

/// Arguments of `fairway cluster`.
#[derive(clap::Args, Debug)]
pub struct ClusterArgs {
    #[command(subcommand)]
    command: ClusterCommand,
}

#[derive(clap::Subcommand, Debug)]
#[command(after_help = EXIT_CODES)]
enum ClusterCommand {
    /// Lists clusters.
    #[command(visible_alias = "ls")]
    List(Shown),
    /// Shows a cluster, by name or address.
    Get(Named),
}

/// Runs `fairway cluster`.
pub async fn run_cluster(args: ClusterArgs) -> anyhow::Result<()> {
    match args.command {
        ClusterCommand::List(args) => {
            let row = |c: &Value| {
                let cells: [&[&str]; 6] = [
                    &["server"],
                    &["name"],
                    &["serverVersion"],
                    &["connectionState", "status"],
                    &["connectionState", "message"],
                    &["project"],
                ];
                cells.map(|path| text(c, path).to_owned()).to_vec()
            };
            let heading = ["SERVER", "NAME", "VERSION", "STATUS", "MESSAGE", "PROJECT"];
            all(&args, &["clusters"], &heading, "server", row).await
        }
        ClusterCommand::Get(args) => {
            let client = Client::connect(&args.shown.connection).await?;
            let answer = client.get(&["clusters"], &[]).await?;
            let is_meant = |c: &&Value| ["name", "server"].iter().any(|f| text(c, &[f]) == args.name);
            let found = list(&answer, &["items"]).iter().find(is_meant);
            let found =
                found.ok_or_else(|| Failure::error(MISSING, format!("there is no cluster {}", args.name)))?;
            print(&for_programs(found, as_text(args.shown.output)).unwrap_or_default())
        }
    }
}

/// Arguments of `fairway appset`.
#[derive(clap::Args, Debug)]
pub struct AppsetArgs {
    #[command(subcommand)]
    command: AppsetCommand,
}

#[derive(clap::Subcommand, Debug)]
#[command(after_help = EXIT_CODES)]
enum AppsetCommand {
    /// Lists ApplicationSets.
    #[command(visible_alias = "ls")]
    List(Shown),
    /// Shows an ApplicationSet.
    Get(Named),
    /// Creates an ApplicationSet from a file.
    Create(FromFile),
    /// Deletes an ApplicationSet, and its Applications as its policy says.
    Delete(Named),
}

/// Runs `fairway appset`.
pub async fn run_appset(args: AppsetArgs) -> anyhow::Result<()> {
    match args.command {
        AppsetCommand::List(args) => {
            let row = |s: &Value| {
                vec![
                    qualified(s),
                    text(s, &["spec", "template", "spec", "project"]).to_owned(),
                    text(s, &["spec", "syncPolicy", "applicationsSync"]).to_owned(),
                    list(s, &["status", "resources"]).len().to_string(),
                    appset_error(s).unwrap_or_default(),
                ]
            };
            let heading = ["NAME", "PROJECT", "SYNCPOLICY", "APPLICATIONS", "ERROR"];
            all(&args, &["applicationsets"], &heading, "name", row).await
        }
        AppsetCommand::Get(args) => one(&args.shown, &["applicationsets", &args.name]).await,
        AppsetCommand::Create(args) => {
            let client = Client::connect(&args.connection).await?;
            let upsert = args.upsert.to_string();
            let body = read_yaml(&args.file)?;
            let made =
                client.call(Method::POST, &["applicationsets"], &[("upsert", &upsert)], Some(&body)).await?;
            print(&format!("applicationset '{}' created\n", text(&made, &["metadata", "name"])))
        }
        AppsetCommand::Delete(args) => {
            let client = Client::connect(&args.shown.connection).await?;
            client.call(Method::DELETE, &["applicationsets", &args.name], &[], None).await?;
            print(&format!("applicationset '{}' deleted\n", args.name))
        }
    }
}

/// Returns what keeps an ApplicationSet from making its Applications.
pub(super) fn appset_error(set: &Value) -> Option<String> {
    let conditions = list(set, &["status", "conditions"]);
    let failed = |c: &&Value| text(c, &["type"]) == "ErrorOccurred" && text(c, &["status"]) == "True";
    conditions.iter().find(failed).map(|c| text(c, &["message"]).to_owned())
}

/// Lists, as a table or for programs.
async fn all(
    shown: &Shown,
    path: &[&str],
    heading: &[&str],
    name: &str,
    row: impl Fn(&Value) -> Vec<String>,
) -> anyhow::Result<()> {
    let client = Client::connect(&shown.connection).await?;
    let answer = client.get(path, &[]).await?;
    let items = list(&answer, &["items"]);
    if let Some(written) = for_programs(&Value::from(items.to_vec()), shown.output) {
        return print(&written);
    }
    if shown.output == Format::Name {
        let names = items.iter().map(|i| {
            [text(i, &["metadata", "name"]), text(i, &[name])]
                .into_iter()
                .find(|n| !n.is_empty())
                .unwrap_or_default()
                .to_owned()
                + "\n"
        });
        return print(&names.collect::<String>());
    }
    let mut table = Table::new(heading);
    for item in items {
        table.cells(row(item));
    }
    print(&table.text(has_colour()))
}

/// Shows one object; for people as YAML.
async fn one(shown: &Shown, path: &[&str]) -> anyhow::Result<()> {
    let client = Client::connect(&shown.connection).await?;
    let mut found = client.get(path, &[]).await?;
    if !matches!(shown.output, Format::Json | Format::Yaml) {
        // Bookkeeping of the API server, longer than the object itself.
        found.remove_path(&["metadata", "managedFields"]);
    }
    print(&for_programs(&found, as_text(shown.output)).unwrap_or_default())
}

fn as_text(format: Format) -> Format {
    if format == Format::Json { Format::Json } else { Format::Yaml }
}

fn either<'a>(value: &'a Value, one: &str, other: &str) -> &'a str {
    match text(value, &[one]) {
        "" => text(value, &[other]),
        found => found,
    }
}

/// Returns one value as it is, several by their number, as `argocd` does.
fn joined(values: &[Value], one: impl Fn(&Value) -> String) -> String {
    match values {
        [] => "<none>".to_owned(),
        [value] => one(value),
        many => format!("{} items", many.len()),
    }
}
