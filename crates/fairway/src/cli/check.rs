//! `fairway check`: deploys a configuration repository into a cluster in memory and says what would fail.

use super::app::or_unknown;
use super::client::{list, text};
use super::exit::{DIFFERENT, Failure};
use super::output::print;
use super::table::{Table, has_colour};
use crate::bootstrap;
use crate::data_dir::{DataDir, random_hex};
use anyhow::{Context as _, ensure};
use fairway_controller::{Engine, EngineOptions};
use fairway_devcluster::DevCluster;
use fairway_gitserver::{RepoName, Store};
use fairway_value::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// All Apps must have been well for so long: an App of Apps brings more.
const QUIET: Duration = Duration::from_millis(1000);

/// Arguments of `fairway check`.
#[derive(clap::Args, Debug)]
pub struct CheckArgs {
    /// The repository: a Git work tree (its HEAD is taken) or any other folder.
    repo: PathBuf,
    /// Folder inside it with the Applications.
    #[arg(long, default_value = ".")]
    path: String,
    /// Addresses by which Applications name this repository; that of the remote `origin` is known.
    #[arg(long, value_name = "URL")]
    repo_url: Vec<String>,
    /// Namespace of the Applications.
    #[arg(long, default_value = "argocd")]
    namespace: String,
    /// Longest wait for all to be Synced and Healthy, in seconds.
    #[arg(long, default_value_t = 180, value_name = "SECONDS")]
    timeout: u64,
    /// Ends once nothing has changed for so long, in seconds.
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    settle: u64,
}

/// Runs `fairway check`.
pub async fn run(args: CheckArgs) -> anyhow::Result<()> {
    let scratch = std::env::temp_dir().join(format!("fairway-check-{}", random_hex(8)?));
    let data = DataDir::new(&scratch);
    data.open(false)?;
    let outcome = tokio::select! {
        outcome = deploy(&args, &data) => outcome,
        () = crate::signals::ended() => Err(Failure::error(DIFFERENT, "the check was interrupted")),
    };
    // What is left behind is a temporary folder.
    let _ = std::fs::remove_dir_all(&scratch);
    let apps = outcome?;
    print(&report(&apps, has_colour()))?;
    let failing = apps.iter().filter(|a| !is_well(a)).count();
    if failing == 0 {
        return Ok(());
    }
    Err(Failure::error(
        DIFFERENT,
        format!("{failing} of {} Applications would not be Synced and Healthy", apps.len()),
    ))
}

/// Deploys everything and returns the Applications as they are in the end.
async fn deploy(args: &CheckArgs, data: &DataDir) -> anyhow::Result<Vec<Value>> {
    let repository = repository(&args.repo, data)?;
    let cluster = DevCluster::start(fairway_devcluster::Options::default())
        .await
        .context("start the cluster in memory")?;
    let kubeconfig = data.write_private("kubeconfig", cluster.kubeconfig().as_bytes())?;
    let config = fairway_cluster::from_kubeconfig(&kubeconfig, None).await?;
    let mut options = EngineOptions::new(data.join("cache"));
    options.namespace = args.namespace.as_str().into();
    let (engine, wiring) = Engine::new(config, options)?;
    for url in args.repo_url.iter().chain(origin(&args.repo).as_ref()) {
        engine.sources().add_alias(url, repository.clone());
    }
    let task = tokio::spawn(engine.clone().run(wiring));
    tokio::time::timeout(Duration::from_secs(30), engine.home().ready())
        .await
        .map_err(|_| anyhow::anyhow!("the cluster in memory is not ready: {:?}", engine.home().state()))?;
    bootstrap::install(&engine).await?;
    bootstrap::root_app(&engine, &format!("file://{}", repository.display()), &args.path).await?;
    let apps = settle(&engine, args).await;
    task.abort();
    cluster.shutdown().await;
    apps
}

/// Returns where the repository lies as Git: in place, or as an import below the data folder.
fn repository(folder: &Path, data: &DataDir) -> anyhow::Result<PathBuf> {
    let whole = folder.canonicalize().with_context(|| format!("open {}", folder.display()))?;
    ensure!(whole.is_dir(), "{} is no folder; name a repository on this machine", folder.display());
    if whole.join(".git").exists() || whole.join("HEAD").is_file() {
        return Ok(whole);
    }
    let store = Store::open(data.join("git"))?;
    let name = RepoName::parse("config-repo")?;
    store.create_from_dir(&name, &whole, "Import").with_context(|| format!("import {}", folder.display()))?;
    Ok(store.path(&name))
}

/// Returns the URL of the remote `origin`.
pub(super) fn origin(folder: &Path) -> Option<String> {
    let text = ["config", ".git/config"].iter().find_map(|f| std::fs::read_to_string(folder.join(f)).ok())?;
    origin_in(&text)
}

fn origin_in(config: &str) -> Option<String> {
    let mut lines = config.lines().map(str::trim).skip_while(|l| *l != "[remote \"origin\"]").skip(1);
    let found = lines.by_ref().take_while(|l| !l.starts_with('[')).find_map(|l| {
        let (key, value) = l.split_once('=')?;
        (key.trim() == "url").then(|| value.trim().to_owned())
    });
    found.filter(|url| !url.is_empty())
}

async fn settle(engine: &Arc<Engine>, args: &CheckArgs) -> anyhow::Result<Vec<Value>> {
    let started = Instant::now();
    let mut shown = BTreeMap::<String, String>::new();
    let mut changed = Instant::now();
    loop {
        let apps: Vec<Value> =
            engine.applications().into_iter().map(fairway_argocd::Application::into_value).collect();
        for app in &apps {
            let (name, state) = (text(app, &["metadata", "name"]).to_owned(), state_of(app));
            if shown.get(&name) != Some(&state) {
                changed = Instant::now();
                eprintln!("{:6.1} s  {name:<32} {state}", started.elapsed().as_secs_f64());
                shown.insert(name, state);
            }
        }
        let all_well = !apps.is_empty() && apps.iter().all(is_well);
        let still = changed.elapsed();
        let over = started.elapsed() >= Duration::from_secs(args.timeout)
            || still >= Duration::from_secs(args.settle);
        if over || all_well && still >= QUIET {
            return Ok(apps);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn is_well(app: &Value) -> bool {
    text(app, &["status", "sync", "status"]) == "Synced"
        && text(app, &["status", "health", "status"]) == "Healthy"
}

fn state_of(app: &Value) -> String {
    let word = |path: &[&str]| or_unknown(text(app, path)).to_owned();
    format!("{:<10} {}", word(&["status", "sync", "status"]), word(&["status", "health", "status"]))
}

/// Returns a table of all Apps and what is wrong with each.
fn report(apps: &[Value], colour: bool) -> String {
    let mut table = Table::new(&["APPLICATION", "STATUS", "HEALTH", "WHY"]);
    for app in apps {
        let word = |path: &[&str]| or_unknown(text(app, path)).to_owned();
        let (sync, health) = (word(&["status", "sync", "status"]), word(&["status", "health", "status"]));
        let why = if is_well(app) { Vec::new() } else { reasons(app) };
        let mut lines = why.iter().map(String::as_str);
        table.row([text(app, &["metadata", "name"]), &sync, &health, lines.next().unwrap_or_default()]);
        for line in lines {
            table.row(["", "", "", line]);
        }
    }
    table.text(colour)
}

/// Returns what keeps an App from being well: conditions, the operation, and each object.
fn reasons(app: &Value) -> Vec<String> {
    let mut out: Vec<String> = list(app, &["status", "conditions"])
        .iter()
        .map(|c| format!("{}: {}", text(c, &["type"]), text(c, &["message"])))
        .collect();
    let state = |field: &str| text(app, &["status", "operationState", field]);
    if !matches!(state("phase"), "" | "Succeeded") {
        out.push(format!("operation {}: {}", state("phase"), state("message")));
    }
    for result in list(app, &["status", "operationState", "syncResult", "resources"]) {
        if text(result, &["status"]) == "SyncFailed"
            || matches!(text(result, &["hookPhase"]), "Failed" | "Error")
        {
            out.push(format!("{}: {}", name_of(result), text(result, &["message"])));
        }
    }
    for resource in list(app, &["status", "resources"]) {
        let health = text(resource, &["health", "status"]);
        if !matches!(health, "" | "Healthy") {
            out.push(format!("{} is {health} {}", name_of(resource), text(resource, &["health", "message"])));
        }
        if text(resource, &["status"]) == "OutOfSync" {
            out.push(format!("{} is OutOfSync", name_of(resource)));
        }
    }
    out
}

fn name_of(resource: &Value) -> String {
    let cell = |field: &str| text(resource, &[field]);
    format!("{} {}/{}", cell("kind"), cell("namespace"), cell("name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remote_is_read_from_the_configuration() {
        let config = "[core]\n\tbare = false\n[remote \"up\"]\n\turl = a\n[remote \"origin\"]\n\tfetch = x\n\turl = https://h/r.git\n";
        assert_eq!(origin_in(config).as_deref(), Some("https://h/r.git"));
        assert_eq!(origin_in("[remote \"origin\"]\n[branch \"x\"]\n\turl = a\n"), None);
    }

    #[test]
    fn an_app_that_is_not_well_says_why() {
        let app = fairway_value::from_json(
            br#"{"metadata":{"name":"a"},"status":{"sync":{"status":"OutOfSync"},"health":{"status":"Degraded"},
              "conditions":[{"type":"SyncError","message":"denied"}],
              "operationState":{"phase":"Failed","message":"one failed",
                "syncResult":{"resources":[{"kind":"Pod","namespace":"n","name":"p","status":"SyncFailed","message":"no"}]}},
              "resources":[{"kind":"Pod","namespace":"n","name":"p","status":"OutOfSync","health":{"status":"Missing"}}]}}"#,
        )
        .unwrap();
        let text = report(&[app], false);
        for why in [
            "SyncError: denied",
            "operation Failed: one failed",
            "Pod n/p: no",
            "Pod n/p is Missing",
            "Pod n/p is OutOfSync",
        ] {
            assert!(text.contains(why), "{why} is not in\n{text}");
        }
    }
}
