//! `fairway app sync`.

use super::operation::{finished, report};
use crate::cli::client::{AppName, Client, Connection, object};
use crate::cli::output::{Format, print};
use fairway_value::Value;
use reqwest::Method;
use std::str::FromStr;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The Applications: NAME or NAMESPACE/NAME.
    #[arg(required = true)]
    apps: Vec<AppName>,
    /// Deletes what is in the cluster and no longer wanted.
    #[arg(long)]
    prune: bool,
    /// Says what would happen and changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Syncs these resources alone: GROUP:KIND:NAME or GROUP:KIND:NAMESPACE/NAME.
    #[arg(long, value_name = "GROUP:KIND:NAME")]
    resource: Vec<ResourceName>,
    /// Revision instead of the target revision.
    #[arg(long)]
    revision: Option<String>,
    /// Deletes and creates again what cannot be changed.
    #[arg(long)]
    force: bool,
    /// Skips hooks: `apply`. Default: `hook`.
    #[arg(long, value_enum)]
    strategy: Option<Strategy>,
    /// Replaces objects instead of applying them.
    #[arg(long)]
    replace: bool,
    /// Applies on the server's side.
    #[arg(long)]
    server_side: bool,
    /// Applies what is out of sync alone.
    #[arg(long)]
    apply_out_of_sync_only: bool,
    /// Returns once the sync is asked for.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Strategy {
    Apply,
    Hook,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct ResourceName {
    group: String,
    kind: String,
    namespace: String,
    name: String,
}

impl FromStr for ResourceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let [group, kind, name] = parts[..] else {
            return Err(
                "write GROUP:KIND:NAME; the group of core kinds is empty, as in :Service:web".to_owned()
            );
        };
        let (namespace, name) = name.split_once('/').unwrap_or(("", name));
        if kind.is_empty() || name.is_empty() {
            return Err("write GROUP:KIND:NAME with a kind and a name".to_owned());
        }
        Ok(Self { group: group.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() })
    }
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let body = request(&args);
    let mut started = Vec::new();
    for app in &args.apps {
        let before = client.application(app).await?;
        client.on_app(Method::POST, app, &["sync"], &[], Some(&body)).await?;
        started.push((app, before));
    }
    if args.r#async {
        return started.iter().try_for_each(|(app, _)| print(&format!("{app}: the sync is asked for\n")));
    }
    let mut failed = None;
    for (app, before) in &started {
        let after = finished(&client, app, before, args.timeout).await?;
        if let Err(error) = report(&after, args.output) {
            failed = Some(error.context(format!("sync {app}")));
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Returns Argo CD's `ApplicationSyncRequest`.
fn request(args: &Args) -> Value {
    let mut body = object([("prune", args.prune.into()), ("dryRun", args.dry_run.into())]);
    if let Some(revision) = &args.revision {
        body.set_path(&["revision"], revision.as_str());
    }
    let strategy = if args.strategy == Some(Strategy::Apply) { "apply" } else { "hook" };
    if args.force || args.strategy.is_some() {
        body.set_path(&["strategy", strategy], object([("force", args.force.into())]));
    }
    let resource = |r: &ResourceName| {
        object([
            ("group", r.group.as_str().into()),
            ("kind", r.kind.as_str().into()),
            ("name", r.name.as_str().into()),
            ("namespace", r.namespace.as_str().into()),
        ])
    };
    if !args.resource.is_empty() {
        body.set_path(&["resources"], args.resource.iter().map(resource).collect::<Value>());
    }
    let options = [
        (args.replace, "Replace=true"),
        (args.server_side, "ServerSideApply=true"),
        (args.apply_out_of_sync_only, "ApplyOutOfSyncOnly=true"),
    ];
    let options: Vec<Value> = options.into_iter().filter(|(on, _)| *on).map(|(_, o)| o.into()).collect();
    if !options.is_empty() {
        body.set_path(&["syncOptions", "items"], options);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn flags_become_argocds_request() {
        let line = "x shop --prune --force --revision v1 --resource apps:Deployment:n/web --resource :Service:web --replace";
        let args = Line::try_parse_from(line.split(' ')).unwrap().args;
        let wanted = r#"{"dryRun":false,"prune":true,
            "resources":[{"group":"apps","kind":"Deployment","name":"web","namespace":"n"},
                         {"group":"","kind":"Service","name":"web","namespace":""}],
            "revision":"v1","strategy":{"hook":{"force":true}},"syncOptions":{"items":["Replace=true"]}}"#;
        assert_eq!(request(&args), fairway_value::from_json(wanted.as_bytes()).unwrap());
    }

    #[test]
    fn resources_without_a_kind_are_refused() {
        for bad in ["web", "Service:web", "::web", "apps:Deployment:"] {
            assert!(ResourceName::from_str(bad).is_err(), "{bad}");
        }
    }
}
