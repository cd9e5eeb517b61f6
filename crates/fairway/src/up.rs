//! `fairway up`: everything in one process.

use crate::data_dir::{DataDir, Running};
use crate::{bootstrap, embedded, progress};
use anyhow::{Context, bail};
use fairway_controller::{Engine, EngineOptions};
use fairway_devcluster::DevCluster;
use fairway_gitserver::{ForgeEvent, GitServer, GitServerOptions, NewRepository, RepoName};
use fairway_server::{AdminPassword, Config};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};

/// Arguments of `fairway up`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Folder that holds the state.
    #[arg(long, default_value = ".fairway")]
    pub data_dir: PathBuf,
    /// Forgets the state of earlier runs first.
    #[arg(long)]
    pub reset: bool,
    /// Address of the API and the dashboard.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Address of the embedded Kubernetes API; loopback only.
    #[arg(long, default_value = "127.0.0.1:8443")]
    pub kube_listen: SocketAddr,
    /// Address of the embedded Git server; loopback only.
    #[arg(long, default_value = "127.0.0.1:8081")]
    pub git_listen: SocketAddr,
    /// Works on this cluster instead of the embedded one.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig; its current one where not given.
    #[arg(long, requires = "kubeconfig")]
    pub context: Option<String>,
    /// A configuration repository of your own, as a folder or URL, instead of the example.
    #[arg(long, value_name = "PATH|URL")]
    pub repo: Option<String>,
    /// Folder inside the repository with the Applications: `apps` in the example, else the root.
    #[arg(long)]
    pub path: Option<String>,
    /// Namespace of Applications, projects and settings.
    #[arg(long, default_value = "argocd")]
    pub namespace: String,
}

/// Longest time that is taken to end cleanly.
const SHUTDOWN_MAX: Duration = Duration::from_millis(1500);

/// Starts everything and runs until it is told to end.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let started = Instant::now();
    let data = DataDir::new(&args.data_dir);
    data.open(args.reset)?;
    let listener = bind(args.listen, "--listen").await?;
    let url = format!("http://{}", listener.local_addr()?);

    let devcluster = match &args.kubeconfig {
        Some(_) => None,
        None => Some(start_devcluster(&args, &data).await?),
    };
    let kubeconfig = match (&args.kubeconfig, &devcluster) {
        (Some(file), _) => file.clone(),
        (None, Some(cluster)) => data.write_private("kubeconfig", cluster.kubeconfig().as_bytes())?,
        (None, None) => bail!("no cluster"),
    };
    let git = GitServer::start(GitServerOptions { listen: args.git_listen, data_dir: data.join("git") })
        .await
        .with_context(|| format!("start the Git server on {} (--git-listen)", args.git_listen))?;
    let repo_url = config_repository(&args, &git)?;

    let config = fairway_cluster::from_kubeconfig(&kubeconfig, args.context.as_deref()).await?;
    let mut options = EngineOptions::new(data.join("cache"));
    options.sources.verifier = crate::chart_signatures::verifier();
    options.namespace = args.namespace.as_str().into();
    let (engine, wiring) = Engine::new(config, options)?;
    alias_all(&engine, &git)?;
    let engine_task = tokio::spawn(engine.clone().run(wiring));
    tokio::spawn(follow_forge(engine.clone(), git.events(), git.url(), data.join("git")));
    tokio::time::timeout(Duration::from_secs(30), engine.home().ready()).await.map_err(|_| {
        anyhow::anyhow!("the cluster of {} is not ready: {:?}", kubeconfig.display(), engine.home().state())
    })?;
    bootstrap::install(&engine).await?;
    let path = args.path.as_deref().unwrap_or(if args.repo.is_none() { "apps" } else { "." });
    bootstrap::root_app(&engine, &repo_url, path).await?;

    let password = data.secret("password", 12)?;
    let key = data.secret("key", 32)?;
    let (stop, stopped) = watch::channel(false);
    let mut config = Config::new(AdminPassword::Plain(password.clone()), key.into_bytes());
    config.stop = stopped.clone();
    let router = fairway_server::router(crate::port::Port::new(engine.clone()), config);
    let server = tokio::spawn(serve(listener, router, stopped));
    data.announce(&Running {
        url: url.clone(),
        password: password.clone(),
        git_url: git.url(),
        pid: std::process::id(),
    })?;

    let shown = async {
        progress::follow(&engine, started).await;
        let summary = progress::summary(&engine.applications(), started.elapsed());
        let place =
            Place { url: &url, password: &password, git: &repo_url, kubeconfig: &kubeconfig, args: &args };
        print_addresses(&place, &summary);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = shown => {}
        () = crate::signals::ended() => {}
    }
    let _ = stop.send(true);
    let ending = async {
        engine_task.abort();
        let _ = server.await;
        if let Some(cluster) = devcluster {
            cluster.shutdown().await;
        }
        git.shutdown().await;
    };
    // What has not ended by now is ended by leaving the process: the state on disk is whole at any moment.
    let _ = tokio::time::timeout(SHUTDOWN_MAX, ending).await;
    data.withdraw();
    Ok(())
}

async fn bind(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; choose another address with {flag}"))
}

async fn start_devcluster(args: &Args, data: &DataDir) -> anyhow::Result<DevCluster> {
    let options = fairway_devcluster::Options {
        listen: args.kube_listen,
        data_dir: Some(data.join("cluster")),
        reset: false,
        ..fairway_devcluster::Options::default()
    };
    DevCluster::start(options).await.context("start the embedded cluster (--kube-listen)")
}

pub(crate) async fn serve(
    listener: TcpListener,
    router: axum::Router,
    mut stopped: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let ended = async move {
        // The sender lives until the end.
        let _ = stopped.wait_for(|s| *s).await;
    };
    axum::serve(listener, router).with_graceful_shutdown(ended).await
}

/// Puts the configuration repository where the engine finds it, and returns its URL.
fn config_repository(args: &Args, git: &GitServer) -> anyhow::Result<String> {
    let name = RepoName::parse("config-repo")?;
    match args.repo.as_deref() {
        Some(url) if url.contains("://") || url.starts_with("git@") => return Ok(url.to_owned()),
        Some(folder) => {
            let folder = Path::new(folder);
            if folder.join(".git").exists() || folder.join("HEAD").exists() {
                let whole = folder.canonicalize().with_context(|| format!("open {}", folder.display()))?;
                return Ok(format!("file://{}", whole.display()));
            }
            if git.store().get(&name)?.is_none() {
                git.store()
                    .create_from_dir(&name, folder, "Import")
                    .with_context(|| format!("import {} as a repository", folder.display()))?;
            }
        }
        None => create_example(git)?,
    }
    Ok(git.clone_url(&name))
}

/// Puts the example and the template of its services on a Git server, unless they are there.
pub fn create_example(git: &GitServer) -> anyhow::Result<()> {
    let name = RepoName::parse("config-repo")?;
    if git.store().get(&name)?.is_some() {
        return Ok(());
    }
    let new = NewRepository {
        files: embedded::tree(embedded::CONFIG_REPO, &git.url())?,
        message: "The example platform".to_owned(),
        description: "Applications of the example platform".to_owned(),
        ..NewRepository::default()
    };
    git.store().create(&name, &new)?;
    create_template(git)
}

/// The organisation whose repositories the example's ApplicationSet looks through.
pub const ORGANIZATION: &str = "acme";

/// Repository that new services are made from.
pub const TEMPLATE: &str = "service-template";

fn create_template(git: &GitServer) -> anyhow::Result<()> {
    let name = RepoName::parse(&format!("{ORGANIZATION}/{TEMPLATE}"))?;
    if git.store().get(&name)?.is_some() {
        return Ok(());
    }
    let new = NewRepository {
        files: embedded::tree(embedded::SERVICE_TEMPLATE, &git.url())?,
        message: "The golden path".to_owned(),
        description: "Template of a service".to_owned(),
        is_template: true,
        ..NewRepository::default()
    };
    git.store().create(&name, &new)?;
    Ok(())
}

/// Tells the engine where the embedded server's repositories lie: they are read in place.
fn alias_all(engine: &Arc<Engine>, git: &GitServer) -> anyhow::Result<()> {
    for (name, _) in git.store().list()? {
        engine.sources().add_alias(&git.clone_url(&name), git.store().path(&name));
    }
    Ok(())
}

/// A push is a trigger: the repository's Apps look at once, and so do the generators that list the forge.
async fn follow_forge(
    engine: Arc<Engine>,
    mut events: broadcast::Receiver<ForgeEvent>,
    base_url: String,
    store: PathBuf,
) {
    loop {
        let name = match events.recv().await {
            Ok(ForgeEvent::Pushed(push)) => push.repository,
            Ok(ForgeEvent::Created(name) | ForgeEvent::Changed(name) | ForgeEvent::Deleted(name)) => name,
            // Events were missed: polling finds what they said.
            Err(broadcast::error::RecvError::Lagged(_)) => continue,
            Err(broadcast::error::RecvError::Closed) => return,
        };
        let url = format!("{base_url}/{name}.git");
        engine.sources().add_alias(&url, store.join(format!("{name}.git")));
        engine.repository_changed(&[url]).await;
    }
}

struct Place<'a> {
    url: &'a str,
    password: &'a str,
    git: &'a str,
    kubeconfig: &'a Path,
    args: &'a Args,
}

fn print_addresses(place: &Place<'_>, summary: &str) {
    let mut out = std::io::stdout().lock();
    let kubeconfig = place.kubeconfig.display();
    let text = format!(
        "\n{summary}\n\n  dashboard   {}   (admin / {})\n  repository  {}\n  cluster     export KUBECONFIG={kubeconfig}\n\n\
         Three things to try:\n  1. Push a change and watch it land:   git clone {} && cd config-repo, edit an image tag, git commit -am edit && git push\n  \
         2. Scale something and watch it heal:  kubectl --kubeconfig {kubeconfig} -n web-dev scale deployment/web --replicas=5\n  \
         3. Open the dashboard:                 {}\n\nCtrl-C ends it; the state stays in {}.\n",
        place.url,
        place.password,
        place.git,
        place.git,
        place.url,
        place.args.data_dir.display(),
    );
    // A closed pipe ends the show and nothing else.
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}
