//! `fairway app get`.

use super::list::{or_unknown, source, sync_policy};
use super::refresh::RefreshFlags;
use crate::cli::client::{AppName, Client, Connection, list, qualified, text};
use crate::cli::output::{Format, for_programs, print};
use crate::cli::table::{Table, colour_of, has_colour, one_line, paint};
use fairway_value::Value;
use reqwest::Method;
use std::fmt::Write as _;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The Application: NAME or NAMESPACE/NAME.
    app: AppName,
    #[command(flatten)]
    refresh: RefreshFlags,
    /// Output.
    #[arg(long, short = 'o', value_enum, default_value_t)]
    output: Format,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let refresh = args.refresh.query();
    let app = client.on_app(Method::GET, &args.app, &[], refresh.as_slice(), None).await?;
    if let Some(written) = for_programs(&app, args.output) {
        return print(&written);
    }
    if args.output == Format::Name {
        return print(&(qualified(&app) + "\n"));
    }
    print(&for_people(&app, has_colour()))
}

/// Returns what a person wants to know of an Application.
pub(super) fn for_people(app: &Value, colour: bool) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: &str| {
        let value = one_line(value);
        if !value.is_empty() {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{:<20}{value}", format!("{name}:"));
        }
    };
    let word =
        |path: &[&str]| paint(or_unknown(text(app, path)), colour_of(or_unknown(text(app, path))), false);
    line("Name", &format!("{}/{}", text(app, &["metadata", "namespace"]), text(app, &["metadata", "name"])));
    line("Project", text(app, &["spec", "project"]));
    let destination = |field: &str| text(app, &["spec", "destination", field]);
    line(
        "Server",
        if destination("server").is_empty() { destination("name") } else { destination("server") },
    );
    line("Namespace", destination("namespace"));
    let sources = list(app, &["spec", "sources"]);
    let sources = if sources.is_empty() { std::slice::from_ref(source(app)) } else { sources };
    for source in sources {
        line("Repo", text(source, &["repoURL"]));
        line("Target", text(source, &["targetRevision"]));
        line("Path", text(source, &["path"]));
        line("Chart", text(source, &["chart"]));
    }
    line("Sync policy", &sync_policy(app));
    let revision = text(app, &["status", "sync", "revision"]);
    let synced = word(&["status", "sync", "status"]);
    let revision = revision.get(..7).unwrap_or(revision);
    line("Sync status", &if revision.is_empty() { synced } else { format!("{synced} to {revision}") });
    line("Health status", &word(&["status", "health", "status"]));
    line("Health message", text(app, &["status", "health", "message"]));
    let state = |field: &str| text(app, &["status", "operationState", field]);
    line("Last operation", &format!("{} {}", state("phase"), state("finishedAt")));
    line("Message", state("message"));
    let conditions = list(app, &["status", "conditions"]);
    if !conditions.is_empty() {
        let mut table = Table::new(&["CONDITION", "MESSAGE", "LAST TRANSITION"]);
        for condition in conditions {
            let cell = |field: &str| text(condition, &[field]);
            table.row([cell("type"), cell("message"), cell("lastTransitionTime")]);
        }
        out.push('\n');
        out.push_str(&table.text(colour));
    }
    let resources = resources(app);
    if !resources.is_empty() {
        let mut table =
            Table::new(&["GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "HOOK", "MESSAGE"]);
        for row in &resources {
            table.row(row.each_ref().map(String::as_str));
        }
        out.push('\n');
        out.push_str(&table.text(colour));
    }
    out
}

/// The resources with the last operation's words on each.
fn resources(app: &Value) -> Vec<[String; 8]> {
    let results = list(app, &["status", "operationState", "syncResult", "resources"]);
    let same = |a: &Value, b: &Value| {
        ["group", "kind", "namespace", "name"].iter().all(|f| text(a, &[f]) == text(b, &[f]))
    };
    let mut rows = Vec::new();
    for resource in list(app, &["status", "resources"]) {
        let cell = |field: &str| text(resource, &[field]).to_owned();
        let result = results.iter().find(|r| same(r, resource));
        rows.push([
            cell("group"),
            cell("kind"),
            cell("namespace"),
            cell("name"),
            cell("status"),
            text(resource, &["health", "status"]).to_owned(),
            String::new(),
            result.map_or("", |r| text(r, &["message"])).to_owned(),
        ]);
    }
    for result in results.iter().filter(|r| !text(r, &["hookType"]).is_empty()) {
        let cell = |field: &str| text(result, &[field]).to_owned();
        rows.push([
            cell("group"),
            cell("kind"),
            cell("namespace"),
            cell("name"),
            cell("hookPhase"),
            String::new(),
            cell("hookType"),
            cell("message"),
        ]);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_sees_state_conditions_resources_and_hooks() {
        let app = r#"{"metadata":{"name":"shop","namespace":"argocd"},"spec":{"project":"p","source":{"repoURL":"r","path":"a"},
            "destination":{"name":"c"}},
            "status":{"sync":{"status":"OutOfSync","revision":"0123456789"},"conditions":[{"type":"SyncError","message":"no\nway"}],
              "resources":[{"kind":"Service","namespace":"n","name":"s","status":"Synced","health":{"status":"Healthy"}}],
              "operationState":{"phase":"Succeeded","syncResult":{"resources":[
                {"kind":"Service","namespace":"n","name":"s","message":"created"},
                {"group":"batch","kind":"Job","namespace":"n","name":"j","hookType":"PreSync","hookPhase":"Succeeded"}]}}}}"#;
        let text = for_people(&fairway_value::from_json(app.as_bytes()).unwrap(), false);
        let words: Vec<String> =
            text.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        for line in [
            "Name: argocd/shop",
            "Server: c",
            "Sync status: OutOfSync to 0123456",
            "Health status: Unknown",
            "SyncError no way",
            "Service n s Synced Healthy created",
            "batch Job n j Succeeded PreSync",
        ] {
            assert!(words.iter().any(|w| w == line), "{line} is not in\n{text}");
        }
    }
}
