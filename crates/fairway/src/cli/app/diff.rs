//! `fairway app diff`.

use crate::cli::client::{AppName, Client, Connection, list, text};
use crate::cli::exit::Failure;
use crate::cli::output::print;
use crate::cli::table::{Colour, has_colour, paint};
use fairway_value::{Value, from_json};
use reqwest::Method;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The Application: NAME or NAMESPACE/NAME.
    app: AppName,
    /// Fetches and compares first.
    #[arg(long)]
    refresh: bool,
    /// As --refresh, and renders again past every cache.
    #[arg(long)]
    hard_refresh: bool,
    /// Whether a difference gives exit code 1.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    exit_code: bool,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    if args.refresh || args.hard_refresh {
        let kind = if args.hard_refresh { "hard" } else { "normal" };
        client.on_app(Method::GET, &args.app, &[], &[("refresh", kind)], None).await?;
    }
    let answer = client.on_app(Method::GET, &args.app, &["managed-resources"], &[], None).await?;
    let mut differs = false;
    for item in list(&answer, &["items"]) {
        let difference = difference(item);
        if !difference.is_empty() {
            differs = true;
            print(&coloured(&heading(item), &difference, has_colour()))?;
        }
    }
    if differs && args.exit_code { Err(Failure::silent()) } else { Ok(()) }
}

fn heading(item: &Value) -> String {
    let cell = |field: &str| text(item, &[field]);
    let name = if cell("namespace").is_empty() {
        cell("name").to_owned()
    } else {
        format!("{}/{}", cell("namespace"), cell("name"))
    };
    format!("===== {}/{} {name} =====", cell("group"), cell("kind"))
}

/// Returns the unified diff from the live object to what a sync makes of it; empty where nothing changes.
fn difference(item: &Value) -> String {
    if item.get("hook").and_then(Value::as_bool) == Some(true) {
        return String::new();
    }
    let state = |field: &str| from_json(text(item, &[field]).as_bytes()).ok().filter(|v| !v.is_null());
    let target = state("targetState");
    let live = state("normalizedLiveState").or_else(|| state("liveState"));
    let predicted = target.and_then(|target| state("predictedLiveState").or(Some(target)));
    fairway_diff::text::unified(live.as_ref(), predicted.as_ref())
}

/// Returns a diff below its heading.
pub(in crate::cli) fn coloured(heading: &str, difference: &str, on: bool) -> String {
    let mut out = format!("{heading}\n");
    for line in difference.lines() {
        let colour = match line.as_bytes().first() {
            Some(b'+') => Some(Colour::Green),
            Some(b'-') => Some(Colour::Red),
            Some(b'@') => Some(Colour::Dim),
            _ => None,
        };
        out.push_str(&paint(line, colour, on));
        out.push('\n');
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(target: &str, live: &str) -> Value {
        [("kind", "ConfigMap"), ("name", "c"), ("targetState", target), ("liveState", live)]
            .into_iter()
            .map(|(k, v)| (k, Value::from(v)))
            .collect()
    }

    #[test]
    fn changes_new_objects_and_prunes_are_shown() {
        let (one, two) =
            (r#"{"kind":"ConfigMap","data":{"a":"1"}}"#, r#"{"kind":"ConfigMap","data":{"a":"2"}}"#);
        assert_eq!(difference(&item(one, one)), "");
        let changed = difference(&item(two, one));
        assert!(changed.contains("-  a: \"1\"\n+  a: \"2\"\n"), "{changed}");
        assert!(difference(&item(one, "null")).contains("+  a: \"1\""));
        assert!(difference(&item("null", one)).contains("-  a: \"1\""));
    }
}
