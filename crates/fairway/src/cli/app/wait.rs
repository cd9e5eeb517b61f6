//! `fairway app wait`.

use super::list::states;
use super::operation::{is_busy, until};
use crate::cli::client::{AppName, Client, Connection, list, text};
use crate::cli::exit::{Failure, MISSING};
use crate::cli::output::print;
use fairway_value::Value;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The Applications: NAME or NAMESPACE/NAME.
    #[arg(required_unless_present = "selector")]
    apps: Vec<AppName>,
    /// Label selector instead of names.
    #[arg(long, short = 'l', conflicts_with = "apps")]
    selector: Option<String>,
    /// Waits for Synced.
    #[arg(long)]
    sync: bool,
    /// Waits for Healthy.
    #[arg(long)]
    health: bool,
    /// Waits for the end of operations. Without any of the three: for all of them.
    #[arg(long)]
    operation: bool,
    /// Longest wait in seconds; 0 waits for ever.
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    timeout: u64,
    #[command(flatten)]
    connection: Connection,
}

/// What is waited for.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    sync: bool,
    health: bool,
    operation: bool,
}

impl Wanted {
    fn holds(self, app: &Value) -> bool {
        (!self.sync || text(app, &["status", "sync", "status"]) == "Synced")
            && (!self.health || text(app, &["status", "health", "status"]) == "Healthy")
            && (!self.operation || !is_busy(app))
    }
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let all = !(args.sync || args.health || args.operation);
    let wanted =
        Wanted { sync: args.sync || all, health: args.health || all, operation: args.operation || all };
    let apps = match &args.selector {
        Some(selector) => selected(&client, Some(selector), &[]).await?,
        None => args.apps,
    };
    for app in &apps {
        let value = until(&client, app, args.timeout, "is not there", |app| wanted.holds(app)).await?;
        print(&states(app, &value))?;
    }
    Ok(())
}

/// Returns the Applications that a selector and projects mean.
pub(super) async fn selected(
    client: &Client,
    selector: Option<&str>,
    projects: &[String],
) -> anyhow::Result<Vec<AppName>> {
    let mut query: Vec<(&str, &str)> = projects.iter().map(|p| ("projects", p.as_str())).collect();
    query.extend(selector.map(|s| ("selector", s)));
    let answer = client.get(&["applications"], &query).await?;
    let apps: Vec<AppName> = list(&answer, &["items"])
        .iter()
        .map(|app| AppName {
            namespace: Some(text(app, &["metadata", "namespace"]).to_owned()),
            name: text(app, &["metadata", "name"]).to_owned(),
        })
        .collect();
    if apps.is_empty() {
        return Err(Failure::error(MISSING, "no Application matches".to_owned()));
    }
    Ok(apps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_is_waited_for() {
        let app = fairway_value::from_json(
            br#"{"operation":{},"status":{"sync":{"status":"Synced"},"health":{"status":"Degraded"}}}"#,
        )
        .unwrap();
        assert!(Wanted { sync: true, health: false, operation: false }.holds(&app));
        assert!(!Wanted { sync: true, health: true, operation: false }.holds(&app));
        assert!(!Wanted { sync: true, health: false, operation: true }.holds(&app));
    }
}
