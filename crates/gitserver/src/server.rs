use crate::{Faults, ForgeEvent, GitServerError, RepoName, Store, api, smart_http};
use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;

/// Settings of [`GitServer`].
#[derive(Clone, Debug)]
pub struct GitServerOptions {
    /// Where to listen; loopback only. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// Folder of the bare repositories; made where missing.
    pub data_dir: PathBuf,
}

/// The running server.
pub struct GitServer {
    address: SocketAddr,
    store: Arc<Store>,
    faults: Arc<Faults>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

/// What every request handler needs.
#[derive(Clone)]
pub(crate) struct Shared {
    pub store: Arc<Store>,
    pub faults: Arc<Faults>,
    /// `http://ADDRESS`, as clone URLs begin.
    pub base_url: Arc<str>,
}

impl GitServer {
    /// Starts to serve on the current tokio runtime.
    ///
    /// # Errors
    /// A busy or foreign address, an unusable folder, no `git` program.
    pub async fn start(options: GitServerOptions) -> Result<Self, GitServerError> {
        if !options.listen.ip().is_loopback() {
            return Err(GitServerError::NotLoopback { address: options.listen.to_string() });
        }
        smart_http::check_program().await?;
        let store = Arc::new(Store::open(&options.data_dir)?);
        let listen_error = |source| GitServerError::Listen { address: options.listen.to_string(), source };
        let listener = TcpListener::bind(options.listen).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let faults = Arc::new(Faults::default());
        let shared = Shared {
            store: store.clone(),
            faults: faults.clone(),
            base_url: format!("http://{address}").into(),
        };
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(serve(listener, router(shared), stopped));
        Ok(Self { address, store, faults, stop, serving })
    }

    /// Returns the address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the base URL, without a slash at the end. It is also what `api:` of a GitHub generator wants.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the base of the ssh URLs that the forge hands out. Nothing listens there: map it to the store's folder.
    #[must_use]
    pub fn ssh_url(&self) -> String {
        format!("ssh://git@{}", self.address)
    }

    /// Returns a repository's clone URL: `BASE/NAME.git` or `BASE/OWNER/NAME.git`.
    #[must_use]
    pub fn clone_url(&self, name: &RepoName) -> String {
        format!("{}/{name}.git", self.url())
    }

    /// Returns the repositories.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Returns the switches for tests.
    #[must_use]
    pub fn faults(&self) -> &Arc<Faults> {
        &self.faults
    }

    /// Subscribes to what happens. For a push the event is sent when `receive-pack` has ended, before the client gets
    /// its answer. A subscriber that lags by more than 1,024 events is told so by the channel.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<ForgeEvent> {
        self.store.events()
    }

    /// Stops serving: open requests are cut off.
    pub async fn shutdown(self) {
        let _ = self.stop.send(true);
        // The task ends by itself; one that panicked has nothing more to stop.
        let _ = self.serving.await;
    }
}

async fn serve(listener: TcpListener, router: Router, mut stopped: watch::Receiver<bool>) {
    let mut cut_off = stopped.clone();
    let graceful = axum::serve(listener, router).with_graceful_shutdown(async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    });
    tokio::select! {
        result = graceful => {
            if let Err(error) = result {
                tracing::error!(error = %error, "the embedded Git server stopped");
            }
        }
        () = async {
            let _ = cut_off.wait_for(|stop| *stop).await;
            // Requests that are nearly done get their answer.
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        } => {}
    }
}

fn router(shared: Shared) -> Router {
    Router::new()
        .nest("/api/v3", api::router(shared.clone()))
        .fallback(smart_http::handle)
        .with_state(shared)
        .layer(middleware::from_fn(refuse_foreign_pages))
}

/// A page in a browser on this machine could reach a loopback port. Its requests carry a foreign `Host` (after DNS
/// rebinding) or an `Origin`; a Git client's and our own do not.
async fn refuse_foreign_pages(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    let local = name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if !local || request.headers().contains_key(header::ORIGIN) {
        return (StatusCode::FORBIDDEN, "this server answers programs on this machine only\n")
            .into_response();
    }
    next.run(request).await
}
