//! `fairway plan`: what the next sync of an Application would do, and why.

use super::client::{AppName, Client, Connection, list, text};
use super::output::{Format, for_programs, print};
use super::table::{Table, has_colour, one_line};
use fairway_value::Value;
use reqwest::Method;
use std::fmt::Write as _;

/// Arguments of `fairway plan`.
#[derive(clap::Args, Debug)]
pub struct PlanArgs {
    /// The Application: NAME or NAMESPACE/NAME.
    app: AppName,
    /// Shows objects that stay as they are too.
    #[arg(long)]
    all: bool,
    /// Fetches and compares first.
    #[arg(long)]
    refresh: bool,
    /// Output.
    #[arg(long, short = 'o', value_enum, default_value_t)]
    output: Format,
    #[command(flatten)]
    connection: Connection,
}

/// Runs `fairway plan`.
pub async fn run(args: PlanArgs) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    if args.refresh {
        client.on_app(Method::GET, &args.app, &[], &[("refresh", "normal")], None).await?;
    }
    let plan = client.on_app(Method::GET, &args.app, &["plan"], &[], None).await?;
    if let Some(written) = for_programs(&plan, args.output) {
        return print(&written);
    }
    if args.output == Format::Name {
        let names =
            list(&plan, &["items"]).iter().filter(|i| args.all || changes(i)).map(|i| name_of(i) + "\n");
        return print(&names.collect::<String>());
    }
    print(&for_people(&plan, args.all, has_colour()))
}

fn changes(item: &Value) -> bool {
    !matches!(text(item, &["action"]), "none" | "skip")
}

fn name_of(item: &Value) -> String {
    let cell = |field: &str| text(item, &[field]);
    let group = if cell("group").is_empty() { String::new() } else { format!(".{}", cell("group")) };
    let namespace =
        if cell("namespace").is_empty() { String::new() } else { format!("{}/", cell("namespace")) };
    format!("{}{group} {namespace}{}", cell("kind"), cell("name"))
}

/// Returns a table per phase and wave, in the order of execution.
fn for_people(plan: &Value, all: bool, colour: bool) -> String {
    let mut out = String::new();
    let items: Vec<&Value> = list(plan, &["items"]).iter().filter(|i| all || changes(i)).collect();
    let step = |item: &Value| {
        (text(item, &["phase"]).to_owned(), item.get("wave").and_then(Value::as_i64).unwrap_or(0))
    };
    for chunk in items.chunk_by(|a, b| step(a) == step(b)) {
        let (phase, wave) = chunk.first().map(|i| step(i)).unwrap_or_default();
        let mut table = Table::new(&["ACTION", "OBJECT", "REASON"]);
        for item in chunk {
            table.row([text(item, &["action"]), &name_of(item), text(item, &["reason"])]);
        }
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{phase}, wave {wave}\n{}", table.text(colour));
    }
    let kept = list(plan, &["items"]).len() - items.len();
    for refusal in list(plan, &["refusals"]).iter().filter_map(Value::as_str) {
        let _ = writeln!(out, "refused: {}", one_line(refusal));
    }
    if items.is_empty() {
        out.push_str("nothing is to be done\n");
    }
    if kept > 0 {
        let _ = writeln!(out, "{kept} objects stay as they are (--all shows them)");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_shown_in_order_with_reasons() {
        let plan = fairway_value::from_json(
            br#"{"items":[
                {"kind":"Namespace","name":"n","phase":"Sync","wave":-1,"action":"create","reason":"is not there"},
                {"group":"apps","kind":"Deployment","namespace":"n","name":"web","phase":"Sync","wave":0,"action":"update","reason":"differs"},
                {"kind":"Service","namespace":"n","name":"web","phase":"Sync","wave":0,"action":"none","reason":"equal"}],
               "refusals":["3 of 4 objects would be pruned"]}"#,
        )
        .unwrap();
        assert_eq!(
            for_people(&plan, false, false),
            "Sync, wave -1\nACTION  OBJECT       REASON\ncreate  Namespace n  is not there\n\n\
             Sync, wave 0\nACTION  OBJECT                 REASON\nupdate  Deployment.apps n/web  differs\n\n\
             refused: 3 of 4 objects would be pruned\n1 objects stay as they are (--all shows them)\n"
        );
        assert!(for_people(&plan, true, false).contains("none    Service n/web"));
    }
}
