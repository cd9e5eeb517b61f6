//! `fairway check`: deploys a configuration repository into a cluster in memory and says what would fail.

use super::app::or_unknown;
use super::client::{list, text};
use super::exit::{DIFFERENT, Failure};
use super::inventory::appset_error;
use super::output::print;
use super::table::{Table, has_colour};
use crate::bootstrap;
use crate::data_dir::{DataDir, random_hex};
use anyhow::{Context as _, ensure};
use fairway_controller::{Engine, EngineOptions};
use fairway_core::GroupKind;
use fairway_devcluster::DevCluster;
use fairway_gitserver::{GitServer, GitServerOptions, RepoName, Store};
use fairway_value::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// All Apps must have been well for so long: an App of Apps brings more.
const QUIET: Duration = Duration::from_millis(1000);

/// Arguments of `fairway check`.
#[derive(clap::Args, Debug)]
pub struct CheckArgs {
    /// The repository: a Git work tree (its HEAD is taken), a bare repository or any other folder. Without it the example inside the
    /// binary is checked.
    repo: Option<PathBuf>,
    /// Branch, tag or commit of a Git repository, instead of its HEAD. Applications that follow HEAD or the default branch see it.
    #[arg(long, requires = "repo")]
    revision: Option<String>,
    /// Folder inside it with the Applications: `apps` in the example, else the root.
    #[arg(long)]
    path: Option<String>,
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
    let found = outcome?;
    print(&report(&found, has_colour()))?;
    let failing = found.apps.iter().filter(|a| !is_well(a)).count();
    let broken = found.sets.iter().filter(|s| appset_error(s).is_some()).count();
    let mut why = Vec::new();
    if failing > 0 {
        why.push(format!("{failing} of {} Applications would not be Synced and Healthy", found.apps.len()));
    }
    if broken > 0 {
        why.push(format!("{broken} of {} ApplicationSets cannot make their Applications", found.sets.len()));
    }
    if why.is_empty() { Ok(()) } else { Err(Failure::error(DIFFERENT, why.join("; "))) }
}

/// What a repository has become in the end.
struct Found {
    apps: Vec<Value>,
    sets: Vec<Value>,
}

/// Deploys everything and returns what there is in the end.
async fn deploy(args: &CheckArgs, data: &DataDir) -> anyhow::Result<Found> {
    let (url, git) = match &args.repo {
        Some(folder) => {
            (format!("file://{}", repository(folder, args.revision.as_deref(), data)?.display()), None)
        }
        None => {
            let (url, git) = example(data).await?;
            (url, Some(git))
        }
    };
    let cluster = DevCluster::start(fairway_devcluster::Options::default())
        .await
        .context("start the cluster in memory")?;
    let kubeconfig = data.write_private("kubeconfig", cluster.kubeconfig().as_bytes())?;
    let config = fairway_cluster::from_kubeconfig(&kubeconfig, None).await?;
    let mut options = EngineOptions::new(data.join("cache"));
    options.sources.verifier = crate::chart_signatures::verifier();
    options.namespace = args.namespace.as_str().into();
    let (engine, wiring) = Engine::new(config, options)?;
    if let (Some(folder), Some(bare)) = (&args.repo, url.strip_prefix("file://")) {
        for address in args.repo_url.iter().chain(origin(folder).as_ref()) {
            engine.sources().add_alias(address, PathBuf::from(bare));
        }
    }
    let task = tokio::spawn(engine.clone().run(wiring));
    tokio::time::timeout(Duration::from_secs(30), engine.home().ready())
        .await
        .map_err(|_| anyhow::anyhow!("the cluster in memory is not ready: {:?}", engine.home().state()))?;
    bootstrap::install(&engine).await?;
    let path = args.path.as_deref().unwrap_or(if args.repo.is_none() { "apps" } else { "." });
    bootstrap::root_app(&engine, &url, path).await?;
    let apps = settle(&engine, args).await;
    let kind = GroupKind::new(fairway_argocd::GROUP, "ApplicationSet");
    let sets = engine.home().cache().of_kind(&kind).iter().map(|s| s.value().clone()).collect();
    task.abort();
    cluster.shutdown().await;
    if let Some(git) = git {
        git.shutdown().await;
    }
    Ok(Found { apps: apps?, sets })
}

/// Serves the example inside the binary, and returns its address.
async fn example(data: &DataDir) -> anyhow::Result<(String, GitServer)> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let git = GitServer::start(GitServerOptions { listen, data_dir: data.join("git") }).await?;
    crate::up::create_example(&git)?;
    let url = git.clone_url(&RepoName::parse("config-repo")?);
    Ok((url, git))
}

/// Returns where the repository lies as Git: in place, or as a copy below the data folder.
fn repository(folder: &Path, revision: Option<&str>, data: &DataDir) -> anyhow::Result<PathBuf> {
    let whole = folder.canonicalize().with_context(|| format!("open {}", folder.display()))?;
    ensure!(whole.is_dir(), "{} is no folder; name a repository on this machine", folder.display());
    if whole.join(".git").exists() || whole.join("HEAD").is_file() {
        return match revision {
            Some(revision) => at_revision(&whole, revision, &data.join("git")),
            None => Ok(whole),
        };
    }
    ensure!(revision.is_none(), "{} is no Git repository, so that it has no revisions", folder.display());
    let store = Store::open(data.join("git"))?;
    let name = RepoName::parse("config-repo")?;
    store.create_from_dir(&name, &whole, "Import").with_context(|| format!("import {}", folder.display()))?;
    Ok(store.path(&name))
}

/// Makes a copy of a repository whose default branch is at a revision.
fn at_revision(folder: &Path, revision: &str, store: &Path) -> anyhow::Result<PathBuf> {
    let git = |dir: &Path, args: &[&str]| -> anyhow::Result<String> {
        let out = std::process::Command::new("git").arg("-C").arg(dir).args(args).output();
        let out = out.context("start git, which --revision needs")?;
        ensure!(
            out.status.success(),
            "git {}: {}",
            args.join(" "),
            String::from_utf8_lossy(&out.stderr).trim()
        );
        Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
    };
    let wanted = format!("{revision}^{{commit}}");
    let commit = git(folder, &["rev-parse", "--verify", "--end-of-options", &wanted])
        .with_context(|| format!("{} has no revision {revision}", folder.display()))?;
    std::fs::create_dir_all(store)?;
    let copy = store.join("config-repo.git");
    git(folder, &["clone", "--quiet", "--bare", "--no-hardlinks", ".", &copy.to_string_lossy()])?;
    // A commit that no branch of the original has is not cloned.
    git(&copy, &["fetch", "--quiet", &folder.to_string_lossy(), &commit])?;
    let branch = git(&copy, &["symbolic-ref", "HEAD"]).unwrap_or_else(|_| "refs/heads/main".to_owned());
    git(&copy, &["update-ref", &branch, &commit])?;
    git(&copy, &["symbolic-ref", "HEAD", &branch])?;
    Ok(copy)
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

/// Returns a table of all Apps and ApplicationSets and what is wrong with each.
fn report(found: &Found, colour: bool) -> String {
    let Found { apps, sets } = found;
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
    let mut text = table.text(colour);
    if !sets.is_empty() {
        let mut table = Table::new(&["APPLICATIONSET", "APPLICATIONS", "WHY"]);
        for set in sets {
            let count = list(set, &["status", "resources"]).len().to_string();
            let why = appset_error(set).unwrap_or_default();
            table.row([super::client::text(set, &["metadata", "name"]), &count, &why]);
        }
        text.push('\n');
        text.push_str(&table.text(colour));
    }
    text
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
        let set = fairway_value::from_json(
            br#"{"metadata":{"name":"services"},"status":{"conditions":[{"type":"ErrorOccurred","status":"True","message":"the forge answers 500"}]}}"#,
        )
        .unwrap();
        let text = report(&Found { apps: vec![app], sets: vec![set] }, false);
        for why in [
            "SyncError: denied",
            "operation Failed: one failed",
            "Pod n/p: no",
            "Pod n/p is Missing",
            "Pod n/p is OutOfSync",
            "the forge answers 500",
        ] {
            assert!(text.contains(why), "{why} is not in\n{text}");
        }
    }
}
