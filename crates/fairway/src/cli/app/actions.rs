//! `fairway app actions`: what can be done to an Application's objects beyond syncing them.

use crate::cli::client::{AppName, Client, Connection, list, text};
use crate::cli::exit::{Failure, MISSING};
use crate::cli::output::{Format, for_programs, print};
use crate::cli::table::{Table, has_colour};
use fairway_value::Value;
use reqwest::Method;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Lists the actions for an Application's objects.
    List(ListArgs),
    /// Runs an action on the objects that the options name.
    Run(RunArgs),
}

#[derive(clap::Args, Debug)]
struct Which {
    /// API group.
    #[arg(long)]
    group: Option<String>,
    /// Kind.
    #[arg(long)]
    kind: Option<String>,
    /// Namespace.
    #[arg(long)]
    namespace: Option<String>,
    /// Name.
    #[arg(long)]
    resource_name: Option<String>,
}

impl Which {
    fn names(&self, item: &Value) -> bool {
        [
            ("group", &self.group),
            ("kind", &self.kind),
            ("namespace", &self.namespace),
            ("name", &self.resource_name),
        ]
        .iter()
        .all(|(key, wanted)| wanted.as_deref().is_none_or(|w| w == text(item, &[key])))
    }
}

#[derive(clap::Args, Debug)]
struct ListArgs {
    /// The Application: NAME or NAMESPACE/NAME.
    app: AppName,
    #[command(flatten)]
    which: Which,
    /// Output.
    #[arg(long, short = 'o', value_enum, default_value_t)]
    output: Format,
    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Args, Debug)]
struct RunArgs {
    /// The Application: NAME or NAMESPACE/NAME.
    app: AppName,
    /// The action's name.
    action: String,
    #[command(flatten)]
    which: Which,
    /// A parameter, NAME=VALUE; may be given several times.
    #[arg(long, short = 'p', value_name = "NAME=VALUE", value_parser = param)]
    param: Vec<(String, String)>,
    /// Runs it on every object that fits, where several do.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    connection: Connection,
}

fn param(said: &str) -> Result<(String, String), String> {
    let pair = said.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(n, v)| (n.to_owned(), v.to_owned())).ok_or_else(|| "write NAME=VALUE".to_owned())
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::List(args) => list_actions(args).await,
        Command::Run(args) => run_action(args).await,
    }
}

/// Returns the live objects below an Application that fit.
async fn objects(client: &Client, app: &AppName, which: &Which) -> anyhow::Result<Vec<Value>> {
    let tree = client.on_app(Method::GET, app, &["resource-tree"], &[], None).await?;
    let nodes = list(&tree, &["nodes"]).iter();
    Ok(nodes.filter(|n| !text(n, &["uid"]).is_empty() && which.names(n)).cloned().collect())
}

async fn list_actions(args: ListArgs) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let mut found: Vec<Value> = Vec::new();
    for node in objects(&client, &args.app, &args.which).await? {
        let query = [
            ("group", text(&node, &["group"])),
            ("version", text(&node, &["version"])),
            ("kind", text(&node, &["kind"])),
            ("namespace", text(&node, &["namespace"])),
            ("resourceName", text(&node, &["name"])),
        ];
        let answer = client.on_app(Method::GET, &args.app, &["resource", "actions"], &query, None).await?;
        for action in list(&answer, &["actions"]) {
            let mut entry = action.clone();
            for key in ["group", "kind", "namespace"] {
                entry.set_path(&[key], text(&node, &[key]));
            }
            entry.set_path(&["resourceName"], text(&node, &["name"]));
            found.push(entry);
        }
    }
    if let Some(written) = for_programs(&Value::from(found.clone()), args.output) {
        return print(&written);
    }
    if args.output == Format::Name {
        return print(&found.iter().map(|a| format!("{}\n", text(a, &["name"]))).collect::<String>());
    }
    let mut table = Table::new(&["GROUP", "KIND", "NAME", "ACTION", "DISABLED"]);
    for action in &found {
        let disabled = action.get("disabled").and_then(Value::as_bool) == Some(true);
        table.row([
            text(action, &["group"]),
            text(action, &["kind"]),
            text(action, &["resourceName"]),
            text(action, &["name"]),
            if disabled { "true" } else { "false" },
        ]);
    }
    print(&table.text(has_colour()))
}

async fn run_action(args: RunArgs) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let found = objects(&client, &args.app, &args.which).await?;
    if found.is_empty() {
        return Err(Failure::error(MISSING, format!("{} has no such live object", args.app)));
    }
    if found.len() > 1 && !args.all {
        let message =
            format!("{} objects fit; name one with --kind and --resource-name, or say --all", found.len());
        return Err(Failure::error(2, message));
    }
    for node in &found {
        let mut body = Value::object();
        for key in ["group", "version", "kind", "namespace"] {
            body.set_path(&[key], text(node, &[key]));
        }
        body.set_path(&["resourceName"], text(node, &["name"]));
        body.set_path(&["action"], args.action.as_str());
        let pair = |(name, value): &(String, String)| -> Value {
            [("name", name.as_str()), ("value", value.as_str())]
                .into_iter()
                .map(|(k, v)| (k, Value::from(v)))
                .collect()
        };
        body.set_path(&["resourceActionParameters"], args.param.iter().map(pair).collect::<Value>());
        client.on_app(Method::POST, &args.app, &["resource", "actions", "v2"], &[], Some(&body)).await?;
        print(&format!("{} {}: {} is done\n", text(node, &["kind"]), text(node, &["name"]), args.action))?;
    }
    Ok(())
}
