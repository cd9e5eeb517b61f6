//! `fairway app history` and `rollback`.

use super::operation::{finished, report};
use crate::cli::client::{AppName, Client, Connection, list, object, text};
use crate::cli::exit::{Failure, MISSING};
use crate::cli::output::{Format, for_programs, print};
use crate::cli::table::{Table, has_colour};
use fairway_value::Value;
use reqwest::Method;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The Application: NAME or NAMESPACE/NAME.
    app: AppName,
    /// Output; `name` prints the ids.
    #[arg(long, short = 'o', value_enum, default_value_t)]
    output: Format,
    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Args, Debug)]
pub(super) struct RollbackArgs {
    /// The Application: NAME or NAMESPACE/NAME.
    app: AppName,
    /// Id in the history; the one before the last without it.
    id: Option<i64>,
    /// Deletes what the entry does not have.
    #[arg(long)]
    prune: bool,
    /// Says what would happen and changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Returns once the rollback is asked for.
    #[arg(long)]
    r#async: bool,
    /// Longest wait in seconds; 0 waits for ever.
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    timeout: u64,
    /// Output.
    #[arg(long, short = 'o', value_enum, default_value_t)]
    output: Format,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let app = client.application(&args.app).await?;
    let history = list(&app, &["status", "history"]);
    if let Some(written) = for_programs(&Value::from(history.to_vec()), args.output) {
        return print(&written);
    }
    if args.output == Format::Name {
        return print(&history.iter().map(|h| format!("{}\n", id_of(h))).collect::<String>());
    }
    let mut table = Table::new(&["ID", "DATE", "REVISION", "BY"]);
    for entry in history {
        let by = match text(entry, &["initiatedBy", "username"]) {
            "" if entry.get_path(&["initiatedBy", "automated"]).and_then(Value::as_bool) == Some(true) => {
                "automated"
            }
            name => name,
        };
        table.row([&id_of(entry).to_string(), text(entry, &["deployedAt"]), &revision(entry), by]);
    }
    print(&table.text(has_colour()))
}

fn id_of(entry: &Value) -> i64 {
    entry.get("id").and_then(Value::as_i64).unwrap_or(0)
}

/// Returns the target with the commit behind it, as `HEAD (0123456)`; of several sources each.
fn revision(entry: &Value) -> String {
    let one = |target: &str, revision: &str| {
        let short = revision.get(..7).unwrap_or(revision);
        if target.is_empty() { short.to_owned() } else { format!("{target} ({short})") }
    };
    let sources = list(entry, &["sources"]);
    if sources.is_empty() {
        return one(text(entry, &["source", "targetRevision"]), text(entry, &["revision"]));
    }
    let revisions = list(entry, &["revisions"]).iter().map(|r| r.as_str().unwrap_or_default());
    let all: Vec<String> =
        sources.iter().zip(revisions).map(|(s, r)| one(text(s, &["targetRevision"]), r)).collect();
    all.join(", ")
}

pub(super) async fn rollback(args: RollbackArgs) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let before = client.application(&args.app).await?;
    let history = list(&before, &["status", "history"]);
    let id = match args.id {
        Some(id) => id,
        None => previous(history).ok_or_else(|| {
            Failure::error(
                MISSING,
                format!("{} was deployed less than twice; there is nothing to go back to", args.app),
            )
        })?,
    };
    let body = object([("id", id.into()), ("prune", args.prune.into()), ("dryRun", args.dry_run.into())]);
    client.on_app(Method::POST, &args.app, &["rollback"], &[], Some(&body)).await?;
    if args.r#async {
        return print(&format!("{}: the rollback to {id} is asked for\n", args.app));
    }
    report(&finished(&client, &args.app, &before, args.timeout).await?, args.output)
}

fn previous(history: &[Value]) -> Option<i64> {
    history.iter().rev().nth(1).map(id_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_names_target_and_commit() {
        let read = |text: &str| fairway_value::from_json(text.as_bytes()).unwrap();
        let one = read(r#"{"id":2,"revision":"0123456789","source":{"targetRevision":"main"}}"#);
        assert_eq!(revision(&one), "main (0123456)");
        let two = read(
            r#"{"revisions":["aaaaaaaaaa","1.2.3"],"sources":[{"targetRevision":"main"},{"targetRevision":"1.x"}]}"#,
        );
        assert_eq!(revision(&two), "main (aaaaaaa), 1.x (1.2.3)");
        assert_eq!(previous(std::slice::from_ref(&one)), None);
        assert_eq!(previous(&[one, two]), Some(2));
    }
}
