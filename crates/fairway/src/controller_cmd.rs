//! `fairway controller`: the engine and its API inside a cluster.

use crate::bootstrap;
use anyhow::Context;
use fairway_controller::{Engine, EngineOptions};
use fairway_core::{LiveView as _, ObjectKey};
use fairway_server::{AdminPassword, Config};
use fairway_value::Value;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Arguments of `fairway controller`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Address of the API and the dashboard.
    #[arg(long, default_value = "0.0.0.0:8080", env = "FAIRWAY_LISTEN")]
    pub listen: SocketAddr,
    /// Folder for mirrors and rendered charts; may be emptied at any time.
    #[arg(long, default_value = "/var/cache/fairway", env = "FAIRWAY_CACHE_DIR")]
    pub cache_dir: PathBuf,
    /// Namespace of Applications, projects and settings.
    #[arg(long, default_value = "argocd", env = "FAIRWAY_NAMESPACE")]
    pub namespace: String,
    /// A kubeconfig, where the process does not run in the cluster.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig.
    #[arg(long, requires = "kubeconfig")]
    pub context: Option<String>,
    /// Installs Argo CD's kinds and the default project at start. The chart `fairway-crds` does so otherwise.
    #[arg(long)]
    pub install_crds: bool,
}

/// Runs until the process is told to end.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let config = match &args.kubeconfig {
        Some(file) => fairway_cluster::from_kubeconfig(file, args.context.as_deref()).await?,
        None => fairway_cluster::in_cluster()?,
    };
    std::fs::create_dir_all(&args.cache_dir).with_context(|| {
        format!("cannot write to {}; choose a folder with --cache-dir", args.cache_dir.display())
    })?;
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}; choose another address with --listen", args.listen))?;
    let mut options = EngineOptions::new(&args.cache_dir);
    options.sources.verifier = crate::chart_signatures::verifier();
    options.namespace = args.namespace.as_str().into();
    let (engine, wiring) = Engine::new(config, options)?;
    let engine_task = tokio::spawn(engine.clone().run(wiring));
    let (stop, stopped) = watch::channel(false);
    let work = async {
        engine.home().ready().await;
        if args.install_crds {
            bootstrap::install(&engine).await?;
        }
        let mut config = server_config(&engine)?;
        config.stop = stopped.clone();
        config.open_metrics = true;
        let router = fairway_server::router(crate::port::Port::new(engine.clone()), config);
        tracing::info!(address = %args.listen, "serving");
        crate::up::serve(listener, router, stopped).await.context("serve")
    };
    tokio::select! {
        outcome = work => outcome?,
        () = crate::signals::ended() => {}
    }
    let _ = stop.send(true);
    engine_task.abort();
    Ok(())
}

/// Reads the admin password's hash and the signing key from `argocd-secret`; without them a password is made and
/// written to the log once, as Argo CD puts its first one into a Secret.
fn server_config(engine: &Arc<Engine>) -> anyhow::Result<Config> {
    use base64::Engine as _;
    let key = ObjectKey::new("", "Secret", engine.namespace().clone(), "argocd-secret");
    let secret = engine.home().cache().get(&key);
    let text = |name: &str| -> Option<String> {
        let data = secret.as_ref()?.value().get_path(&["data", name]).and_then(Value::as_str)?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(data).ok()?;
        String::from_utf8(bytes).ok().filter(|t| !t.is_empty())
    };
    let signing = match text("server.secretkey") {
        Some(key) if key.len() >= 32 => key,
        _ => crate::data_dir::random_hex(32)?,
    };
    let password = match text("admin.password") {
        Some(hash) => AdminPassword::Bcrypt(hash),
        None => {
            anyhow::bail!(
                "Secret {}/argocd-secret has no admin.password (a bcrypt hash); the chart makes one, or set it yourself",
                engine.namespace()
            );
        }
    };
    Ok(Config::new(password, signing.into_bytes()))
}
