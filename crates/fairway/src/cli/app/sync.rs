//! `fairway app sync`.

use super::operation::{finished, report};
use crate::cli::client::{AppName, Client, Connection, list, object, text};
use crate::cli::exit::{Failure, MISSING};
use crate::cli::output::{Format, print};
use fairway_value::Value;
use reqwest::Method;
use std::str::FromStr;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The Applications: NAME or NAMESPACE/NAME.
    #[arg(required_unless_present_any = ["selector", "project"])]
    apps: Vec<AppName>,
    /// Label selector instead of names.
    #[arg(long, short = 'l', conflicts_with = "apps")]
    selector: Option<String>,
    /// Every Application of these projects instead of names.
    #[arg(long, conflicts_with = "apps")]
    project: Vec<String>,
    /// Deletes what is in the cluster and no longer wanted.
    #[arg(long)]
    prune: bool,
    /// Says what would happen and changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Syncs these resources alone: GROUP:KIND:NAME or GROUP:KIND:NAMESPACE/NAME.
    #[arg(long, value_name = "GROUP:KIND:NAME")]
    resource: Vec<ResourceName>,
    /// Syncs the resources with these labels alone.
    #[arg(long, value_name = "KEY=VALUE")]
    label: Vec<String>,
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
    /// Tries of a sync that fails; negative for no end.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    retry_limit: Option<i64>,
    /// Wait before the second try.
    #[arg(long, value_name = "DURATION", requires = "retry_limit")]
    retry_backoff_duration: Option<String>,
    /// Factor of the wait after each further try.
    #[arg(long, value_name = "N", requires = "retry_limit")]
    retry_backoff_factor: Option<i64>,
    /// Longest wait between two tries.
    #[arg(long, value_name = "DURATION", requires = "retry_limit")]
    retry_backoff_max_duration: Option<String>,
    /// Note kept with the operation.
    #[arg(long, value_name = "NAME=VALUE")]
    info: Vec<String>,
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

impl ResourceName {
    /// Whether a resource is meant; `*` stands for any text.
    fn matches(&self, resource: &Value) -> bool {
        let fits =
            |wanted: &str, field: &str| fairway_core::glob_match(wanted, text(resource, &[field]), None);
        fits(&self.group, "group")
            && fits(&self.kind, "kind")
            && fits(&self.name, "name")
            && (self.namespace.is_empty() || fits(&self.namespace, "namespace"))
    }
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
    let apps = match (&args.selector, args.project.as_slice()) {
        (None, []) => args.apps.clone(),
        (selector, projects) => super::wait::selected(&client, selector.as_deref(), projects).await?,
    };
    let mut started = Vec::new();
    for app in &apps {
        let before = client.application(app).await?;
        let mut body = request(&args);
        if !args.resource.is_empty() || !args.label.is_empty() {
            body.set_path(&["resources"], wanted_resources(&client, app, &before, &args).await?);
        }
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

/// Returns the resources of an Application that --resource and --label mean.
async fn wanted_resources(
    client: &Client,
    app: &AppName,
    value: &Value,
    args: &Args,
) -> anyhow::Result<Vec<Value>> {
    let all = list(value, &["status", "resources"]);
    let labelled = match args.label.as_slice() {
        [] => None,
        labels => Some(labelled(client, app, labels).await?),
    };
    let meant: Vec<Value> = all
        .iter()
        .filter(|r| args.resource.is_empty() || args.resource.iter().any(|name| name.matches(r)))
        .filter(|r| labelled.as_ref().is_none_or(|found| found.contains(&id_of(r))))
        .map(|r| {
            ["group", "kind", "name", "namespace"].into_iter().map(|f| (f, text(r, &[f]).into())).collect()
        })
        .collect();
    if meant.is_empty() {
        // Without a match everything would be synced.
        return Err(Failure::error(
            MISSING,
            format!("no resource of {app} matches; see `fairway app resources {app}`"),
        ));
    }
    Ok(meant)
}

fn id_of(resource: &Value) -> [String; 4] {
    ["group", "kind", "namespace", "name"].map(|f| text(resource, &[f]).to_owned())
}

/// Returns the resources whose desired state has all labels.
async fn labelled(client: &Client, app: &AppName, labels: &[String]) -> anyhow::Result<Vec<[String; 4]>> {
    let answer = client.on_app(Method::GET, app, &["managed-resources"], &[], None).await?;
    let has_all = |item: &&Value| {
        let target = fairway_value::from_json(text(item, &["targetState"]).as_bytes()).unwrap_or_default();
        labels.iter().all(|label| {
            let (key, value) = label.split_once('=').unwrap_or((label, ""));
            text(&target, &["metadata", "labels", key]) == value
        })
    };
    Ok(list(&answer, &["items"]).iter().filter(has_all).map(id_of).collect())
}

/// Returns Argo CD's `ApplicationSyncRequest`, without its resources.
fn request(args: &Args) -> Value {
    let mut body = object([("prune", args.prune.into()), ("dryRun", args.dry_run.into())]);
    if let Some(revision) = &args.revision {
        body.set_path(&["revision"], revision.as_str());
    }
    let strategy = if args.strategy == Some(Strategy::Apply) { "apply" } else { "hook" };
    if args.force || args.strategy.is_some() {
        body.set_path(&["strategy", strategy], object([("force", args.force.into())]));
    }
    if let Some(limit) = args.retry_limit {
        body.set_path(&["retryStrategy", "limit"], limit);
        let texts =
            [("duration", &args.retry_backoff_duration), ("maxDuration", &args.retry_backoff_max_duration)];
        for (key, text) in texts.into_iter().filter_map(|(key, text)| Some((key, text.as_deref()?))) {
            body.set_path(&["retryStrategy", "backoff", key], text);
        }
        if let Some(factor) = args.retry_backoff_factor {
            body.set_path(&["retryStrategy", "backoff", "factor"], factor);
        }
    }
    let info = |pair: &String| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        object([("name", name.into()), ("value", value.into())])
    };
    if !args.info.is_empty() {
        body.set_path(&["infos"], args.info.iter().map(info).collect::<Value>());
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
            "revision":"v1","strategy":{"hook":{"force":true}},"syncOptions":{"items":["Replace=true"]}}"#;
        assert_eq!(request(&args), fairway_value::from_json(wanted.as_bytes()).unwrap());
    }

    #[test]
    fn resources_are_meant_by_name_and_by_globs() {
        let resource =
            fairway_value::from_json(br#"{"group":"apps","kind":"Deployment","namespace":"n","name":"web"}"#)
                .unwrap();
        for yes in ["apps:Deployment:web", "apps:Deployment:n/web", "apps:*:*", "*:Deployment:w*"] {
            assert!(ResourceName::from_str(yes).unwrap().matches(&resource), "{yes}");
        }
        for no in ["apps:Deployment:m/web", ":Deployment:web", "apps:Deployment:web2"] {
            assert!(!ResourceName::from_str(no).unwrap().matches(&resource), "{no}");
        }
    }

    #[test]
    fn resources_without_a_kind_are_refused() {
        for bad in ["web", "Service:web", "::web", "apps:Deployment:"] {
            assert!(ResourceName::from_str(bad).is_err(), "{bad}");
        }
    }
}
