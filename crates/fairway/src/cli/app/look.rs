//! `fairway app resources`, `manifests`, `logs` and `terminate-op`.

use crate::cli::client::{AppName, Client, Connection, list, text};
use crate::cli::output::{Format, for_programs, print};
use crate::cli::table::{Table, has_colour};
use fairway_value::{Value, from_json};
use reqwest::Method;

#[derive(clap::Args, Debug)]
pub(super) struct ResourcesArgs {
    /// The Application: NAME or NAMESPACE/NAME.
    app: AppName,
    /// Shows what the objects own too.
    #[arg(long)]
    tree: bool,
    /// Output.
    #[arg(long, short = 'o', value_enum, default_value_t)]
    output: Format,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn resources(args: ResourcesArgs) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let tree = client.on_app(Method::GET, &args.app, &["resource-tree"], &[], None).await?;
    if let Some(written) = for_programs(&tree, args.output) {
        return print(&written);
    }
    let mut table = Table::new(&["GROUP", "KIND", "NAMESPACE", "NAME", "HEALTH", "CREATED"]);
    for node in list(&tree, &["nodes"]) {
        let parents = list(node, &["parentRefs"]);
        if !args.tree && !parents.is_empty() {
            continue;
        }
        let cell = |field: &str| text(node, &[field]);
        let health = text(node, &["health", "status"]);
        let owner = parents.first().map(|p| format!(" (of {} {})", text(p, &["kind"]), text(p, &["name"])));
        let name = format!("{}{}", cell("name"), owner.unwrap_or_default());
        table.row([cell("group"), cell("kind"), cell("namespace"), &name, health, cell("createdAt")]);
    }
    print(&table.text(has_colour()))
}

#[derive(clap::Args, Debug)]
pub(super) struct ManifestsArgs {
    /// The Application: NAME or NAMESPACE/NAME.
    app: AppName,
    /// Revision instead of the target revision.
    #[arg(long)]
    revision: Option<String>,
    /// What Git says, or what the cluster has.
    #[arg(long, default_value = "git", value_parser = ["git", "live"])]
    source: String,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn manifests(args: ManifestsArgs) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let texts: Vec<String> = if args.source == "live" {
        let answer = client.on_app(Method::GET, &args.app, &["managed-resources"], &[], None).await?;
        list(&answer, &["items"]).iter().map(|i| text(i, &["liveState"]).to_owned()).collect()
    } else {
        let query: Vec<(&str, &str)> =
            args.revision.as_deref().map(|r| ("revision", r)).into_iter().collect();
        let answer = client.on_app(Method::GET, &args.app, &["manifests"], &query, None).await?;
        list(&answer, &["manifests"]).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut out = String::new();
    for manifest in texts.iter().filter_map(|t| from_json(t.as_bytes()).ok()).filter(|m| !m.is_null()) {
        out.push_str("---\n");
        out.push_str(&fairway_yaml::to_string(&manifest));
    }
    print(&out)
}

#[derive(clap::Args, Debug)]
pub(super) struct LogsArgs {
    /// The Application: NAME or NAMESPACE/NAME.
    app: AppName,
    /// Kind of the objects whose Pods are meant.
    #[arg(long)]
    kind: Option<String>,
    /// Group of the kind.
    #[arg(long, requires = "kind")]
    group: Option<String>,
    /// Name of the object.
    #[arg(long)]
    name: Option<String>,
    /// Namespace of the object.
    #[arg(long)]
    namespace: Option<String>,
    /// Container; needed where a Pod has several.
    #[arg(long, short = 'c')]
    container: Option<String>,
    /// Goes on with new lines.
    #[arg(long, short = 'f')]
    follow: bool,
    /// Reads the container's last run.
    #[arg(long, short = 'p')]
    previous: bool,
    /// Lines from the end of each Pod's log.
    #[arg(long)]
    tail: Option<u64>,
    /// Nothing older than so many seconds.
    #[arg(long)]
    since_seconds: Option<u64>,
    /// Lines that hold this text; with a ! in front those that do not.
    #[arg(long)]
    filter: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn logs(args: LogsArgs) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let mut query: Vec<(&str, String)> = vec![("follow", args.follow.to_string())];
    let texts = [
        ("kind", &args.kind),
        ("group", &args.group),
        ("resourceName", &args.name),
        ("namespace", &args.namespace),
        ("container", &args.container),
        ("filter", &args.filter),
    ];
    query.extend(texts.into_iter().filter_map(|(key, text)| Some((key, text.clone()?))));
    for (key, number) in [("tailLines", args.tail), ("sinceSeconds", args.since_seconds)] {
        query.extend(number.map(|n| (key, n.to_string())));
    }
    if args.previous {
        query.push(("previous", "true".to_owned()));
    }
    let query: Vec<(&str, &str)> = query.iter().map(|(k, v)| (*k, v.as_str())).collect();
    client
        .lines(&args.app, &["logs"], &query, |line| {
            if let Some(why) = line.get_path(&["error", "message"]).and_then(Value::as_str) {
                anyhow::bail!("{why}");
            }
            let result = line.get("result").cloned().unwrap_or_default();
            if result.get("last").and_then(Value::as_bool) == Some(true) {
                return Ok(());
            }
            print(&format!("{}\n", text(&result, &["content"])))
        })
        .await
}

#[derive(clap::Args, Debug)]
pub(super) struct TerminateArgs {
    /// The Application: NAME or NAMESPACE/NAME.
    app: AppName,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn terminate(args: TerminateArgs) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    client.on_app(Method::DELETE, &args.app, &["operation"], &[], None).await?;
    print(&format!("application '{}' operation terminating\n", args.app))
}
