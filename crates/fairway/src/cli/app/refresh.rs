//! `fairway app refresh`.

use super::list::states;
use crate::cli::client::{AppName, Client, Connection};
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

/// The flags of commands that look anew before they show something.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(super) struct RefreshFlags {
    /// Fetches and compares first.
    #[arg(long)]
    refresh: bool,
    /// As --refresh, and renders again past every cache.
    #[arg(long)]
    hard_refresh: bool,
}

impl RefreshFlags {
    /// Returns what the API is asked for; nothing where nothing is looked at anew.
    pub fn query(self) -> Option<(&'static str, &'static str)> {
        match (self.hard_refresh, self.refresh) {
            (true, _) => Some(("refresh", "hard")),
            (false, true) => Some(("refresh", "normal")),
            (false, false) => None,
        }
    }
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let kind = if args.hard { "hard" } else { "normal" };
    for app in &args.apps {
        let value = client.on_app(Method::GET, app, &[], &[("refresh", kind)], None).await?;
        print(&states(app, &value))?;
    }
    Ok(())
}
