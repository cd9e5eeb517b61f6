//! `fairway app list`.

use crate::cli::client::{AppName, Client, Connection, list, qualified, text};
use crate::cli::output::{Format, for_programs, print};
use crate::cli::table::{Table, has_colour};
use fairway_value::Value;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Label selector, such as team=shop,tier!=web.
    #[arg(long, short = 'l')]
    selector: Option<String>,
    /// Projects; all without it.
    #[arg(long, short = 'p')]
    project: Vec<String>,
    /// Repository that a source has.
    #[arg(long, short = 'r', value_name = "URL")]
    repo: Option<String>,
    /// Cluster that they deploy to, by name or address.
    #[arg(long, short = 'c')]
    cluster: Option<String>,
    /// Output.
    #[arg(long, short = 'o', value_enum, default_value_t)]
    output: Format,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let mut query: Vec<(&str, &str)> = args.project.iter().map(|p| ("projects", p.as_str())).collect();
    query.extend(args.selector.as_deref().map(|s| ("selector", s)));
    query.extend(args.repo.as_deref().map(|r| ("repo", r)));
    query.extend(args.cluster.as_deref().map(|c| ("cluster", c)));
    query.extend(client.namespace().map(|n| ("appNamespace", n)));
    let answer = client.get(&["applications"], &query).await?;
    let apps = list(&answer, &["items"]);
    if let Some(written) = for_programs(&Value::from(apps.to_vec()), args.output) {
        return print(&written);
    }
    print(&for_people(apps, args.output, has_colour()))
}

fn for_people(apps: &[Value], format: Format, colour: bool) -> String {
    if format == Format::Name {
        return apps.iter().map(|app| qualified(app) + "\n").collect();
    }
    let mut heading =
        vec!["NAME", "CLUSTER", "NAMESPACE", "PROJECT", "STATUS", "HEALTH", "SYNCPOLICY", "CONDITIONS"];
    if format == Format::Wide {
        heading.extend(["REPO", "PATH", "TARGET"]);
    }
    let mut table = Table::new(&heading);
    for app in apps {
        let name = qualified(app);
        let policy = sync_policy(app);
        let conditions = conditions(app);
        let source = source(app);
        let destination = |field: &str| text(app, &["spec", "destination", field]);
        let cluster =
            if destination("server").is_empty() { destination("name") } else { destination("server") };
        let common = [
            name.as_str(),
            cluster,
            destination("namespace"),
            text(app, &["spec", "project"]),
            or_unknown(text(app, &["status", "sync", "status"])),
            or_unknown(text(app, &["status", "health", "status"])),
            &policy,
            &conditions,
        ];
        if format == Format::Wide {
            let path =
                [text(source, &["path"]), text(source, &["chart"])].into_iter().find(|t| !t.is_empty());
            let [a, b, c, d, e, f, g, h] = common;
            let (repo, target) = (text(source, &["repoURL"]), text(source, &["targetRevision"]));
            table.row([a, b, c, d, e, f, g, h, repo, path.unwrap_or_default(), target]);
        } else {
            table.row(common);
        }
    }
    table.text(colour)
}

/// Says in one line how an Application is.
pub(super) fn states(name: &AppName, app: &Value) -> String {
    let word = |path: &[&str]| or_unknown(text(app, path));
    format!("{name}: {} {}\n", word(&["status", "sync", "status"]), word(&["status", "health", "status"]))
}

pub(in crate::cli) fn or_unknown(word: &str) -> &str {
    if word.is_empty() { "Unknown" } else { word }
}

/// Returns the source, or the first of several.
pub(super) fn source(app: &Value) -> &Value {
    const NONE: &Value = &Value::Null;
    list(app, &["spec", "sources"]).first().or_else(|| app.get_path(&["spec", "source"])).unwrap_or(NONE)
}

/// Returns the policy in `argocd`'s words: `Manual`, `Auto`, `Auto-Prune`.
pub(super) fn sync_policy(app: &Value) -> String {
    let on = |field: &str| app.get_path(&["spec", "syncPolicy", "automated", field]).and_then(Value::as_bool);
    match app.get_path(&["spec", "syncPolicy", "automated"]) {
        None | Some(Value::Null) => "Manual".to_owned(),
        Some(_) if on("enabled") == Some(false) => "Manual".to_owned(),
        Some(_) if on("prune") == Some(true) => "Auto-Prune".to_owned(),
        Some(_) => "Auto".to_owned(),
    }
}

/// Returns the kinds of conditions with their counts.
fn conditions(app: &Value) -> String {
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for condition in list(app, &["status", "conditions"]) {
        *counts.entry(text(condition, &["type"])).or_default() += 1;
    }
    let words =
        counts.into_iter().map(|(kind, n)| if n > 1 { format!("{kind}({n})") } else { kind.to_owned() });
    let joined = words.collect::<Vec<_>>().join(",");
    if joined.is_empty() { "<none>".to_owned() } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apps() -> Vec<Value> {
        let app = r#"{"metadata":{"name":"shop","namespace":"argocd"},
            "spec":{"project":"default","destination":{"server":"https://k","namespace":"shop"},
                "source":{"repoURL":"http://git/r.git","path":"a","targetRevision":"HEAD"},
                "syncPolicy":{"automated":{"prune":true}}},
            "status":{"sync":{"status":"Synced"},"health":{"status":"Healthy"},
                "conditions":[{"type":"SyncError"},{"type":"SyncError"},{"type":"ComparisonError"}]}}"#;
        vec![fairway_value::from_json(app.as_bytes()).unwrap()]
    }

    #[test]
    fn the_table_has_argocds_columns() {
        let text = for_people(&apps(), Format::Table, false);
        let rows: Vec<Vec<&str>> = text.lines().map(|l| l.split_whitespace().collect()).collect();
        assert_eq!(
            rows,
            [
                vec![
                    "NAME",
                    "CLUSTER",
                    "NAMESPACE",
                    "PROJECT",
                    "STATUS",
                    "HEALTH",
                    "SYNCPOLICY",
                    "CONDITIONS"
                ],
                vec![
                    "argocd/shop",
                    "https://k",
                    "shop",
                    "default",
                    "Synced",
                    "Healthy",
                    "Auto-Prune",
                    "ComparisonError,SyncError(2)"
                ],
            ]
        );
        assert!(for_people(&apps(), Format::Wide, false).ends_with("http://git/r.git  a     HEAD\n"));
        assert_eq!(for_people(&apps(), Format::Name, false), "argocd/shop\n");
    }
}
