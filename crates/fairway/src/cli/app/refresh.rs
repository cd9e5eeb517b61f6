//! `fairway app refresh`.

use super::list::or_unknown;
use crate::cli::client::{AppName, Client, Connection, text};
use crate::cli::output::print;
use reqwest::Method;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The Applications: NAME or NAMESPACE/NAME.
    #[arg(required = true)]
    apps: Vec<AppName>,
    /// Renders again past every cache.
    #[arg(long)]
    hard: bool,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let kind = if args.hard { "hard" } else { "normal" };
    for app in &args.apps {
        let value = client.on_app(Method::GET, app, &[], &[("refresh", kind)], None).await?;
        let word = |path: &[&str]| or_unknown(text(&value, path)).to_owned();
        print(&format!(
            "{app}: {} {}\n",
            word(&["status", "sync", "status"]),
            word(&["status", "health", "status"])
        ))?;
    }
    Ok(())
}
