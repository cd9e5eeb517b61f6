use crate::api::{Api, Loopback, Random, ReplyBody, Request, WatchStream};
use crate::controllers::Controllers;
use crate::http::{self, Shared};
use crate::seed;
use crate::store::Store;
use crate::tls::{self, TlsListener};
use crate::{Clock, SystemClock};
use base64::Engine as _;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How to start a [`DevCluster`].
#[derive(Clone)]
pub struct Options {
    /// Address to listen on; loopback only. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// Folder for the state, made where missing. Nothing is kept without one.
    pub data_dir: Option<PathBuf>,
    /// Forget what `data_dir` holds before starting.
    pub reset: bool,
    /// The bearer token of the administrator. Made at random (and kept in `data_dir`) where not given.
    pub token: Option<String>,
    /// Whether to serve TLS with a certificate of our own. `kubectl` sends its token over TLS only.
    pub tls: bool,
    /// Whether the small controllers run. Without them the cluster is an API server alone.
    pub controllers: bool,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// What uids and generated names come from; by chance where not given.
    pub seed: Option<u64>,
}

impl Default for Options {
    /// A free port on 127.0.0.1, TLS, nothing kept, controllers on, the machine's clock.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data_dir: None,
            reset: false,
            token: None,
            tls: true,
            controllers: true,
            clock: Arc::new(SystemClock),
            seed: None,
        }
    }
}

/// Why a cluster does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address is reachable from other machines.
    #[error("{0} is no loopback address: a devcluster listens on 127.0.0.1 or ::1 only")]
    NotLoopback(SocketAddr),
    /// The address cannot be bound.
    #[error("listen on {address}: choose another address or end the process that holds it")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// No certificate can be made.
    #[error("make a certificate: {0}")]
    Certificate(String),
    /// The data folder cannot be used.
    #[error("data folder {path}: {problem}")]
    DataDir {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// How long connections may finish what they are at when the server ends.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// A running cluster. Ends when [`DevCluster::shutdown`] is called or the value is dropped.
pub struct DevCluster {
    address: SocketAddr,
    /// The certificate as PEM, with TLS.
    certificate: Option<String>,
    api: Arc<Api>,
    shared: Shared,
    ending: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    /// Held so that no second process writes to the folder.
    _lock: Option<File>,
}

impl DevCluster {
    /// Loads the state and starts to serve.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(options: Options) -> Result<Self, StartError> {
        if !options.listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(options.listen));
        }
        let bind = |source| StartError::Bind { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let lock = options.data_dir.as_deref().map(|dir| claim(dir, options.reset)).transpose()?;
        let identity = options.tls.then(|| tls::identity(options.data_dir.as_deref())).transpose()?;
        let (certificate, acceptor) =
            identity.map_or((None, None), |i| (Some(i.certificate), Some(i.acceptor)));
        let loopback =
            Loopback { address: address.to_string(), certificate: certificate.clone().unwrap_or_default() };
        let (api, controllers) = assemble(&options, loopback)?;
        let (ending, ended) = watch::channel(false);
        let shared = Shared { api: api.clone(), ending: ended.clone() };
        let mut tasks = Vec::new();
        if let Some(controllers) = controllers {
            tasks.push(tokio::spawn(controllers.run(ended.clone())));
        }
        let service = http::router(shared.clone());
        let mut until = ended;
        tasks.push(tokio::spawn(async move {
            // An error means that the cluster was dropped: end too.
            let end = async move { drop(until.wait_for(|end| *end).await) };
            let served = match acceptor {
                None => axum::serve(listener, service).with_graceful_shutdown(end).await,
                Some(acceptor) => {
                    axum::serve(TlsListener::new(listener, acceptor), service)
                        .with_graceful_shutdown(end)
                        .await
                }
            };
            if let Err(error) = served {
                tracing::error!(%error, "devcluster's listener ended");
            }
        }));
        Ok(Self { address, certificate, api, shared, ending, tasks, _lock: lock })
    }

    /// Returns a kubeconfig (YAML) with one context, named `devcluster`, and the administrator's token.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        let authority = self.certificate.as_ref().map_or_else(String::new, |pem| {
            format!(
                "    certificate-authority-data: {}\n",
                base64::engine::general_purpose::STANDARD.encode(pem)
            )
        });
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: devcluster\nclusters:\n- name: devcluster\n  cluster:\n    server: {}\n\
             {authority}contexts:\n- name: devcluster\n  context:\n    cluster: devcluster\n    user: admin\n    namespace: default\n\
             users:\n- name: admin\n  user:\n    token: {}\n",
            self.url(),
            self.api.token
        )
    }

    /// Returns the base URL: `https://127.0.0.1:PORT`, or `http` without TLS.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Returns the certificate (PEM) that clients trust; nothing without TLS.
    #[must_use]
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Returns the administrator's bearer token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.api.token
    }

    /// Returns the address that is listened on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the API as a service, for callers in the same process that need no socket.
    pub fn router(&self) -> axum::Router {
        http::router(self.shared.clone())
    }

    /// Ends connections and controllers, writes the snapshot and returns when everything is on disk.
    pub async fn shutdown(mut self) {
        self.ending.send_replace(true);
        for mut task in self.tasks.drain(..) {
            if tokio::time::timeout(SHUTDOWN_GRACE, &mut task).await.is_err() {
                task.abort();
            }
        }
        if let Err(error) = self.api.store.save() {
            tracing::error!(%error, "devcluster cannot write its snapshot; the log still holds every change");
        }
    }
}

impl Drop for DevCluster {
    fn drop(&mut self) {
        self.ending.send_replace(true);
        for task in &self.tasks {
            task.abort();
        }
    }
}

pub(crate) fn data_error(path: &Path, problem: impl Into<String>) -> StartError {
    StartError::DataDir { path: path.to_owned(), problem: problem.into() }
}

/// Makes the folder, takes its lock and empties it where asked to.
fn claim(folder: &Path, reset: bool) -> Result<File, StartError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |e: std::io::Error| data_error(&path, e.to_string())
    };
    fs::create_dir_all(folder).map_err(io(folder))?;
    let path = folder.join("lock");
    let lock = File::create(&path).map_err(io(&path))?;
    lock.try_lock().map_err(|_| {
        data_error(folder, "another devcluster uses it; end that one or choose another folder")
    })?;
    if reset {
        for name in ["snapshot.jsonl", "snapshot.jsonl.new", "log.jsonl", "token", "tls.crt", "tls.key"] {
            let path = folder.join(name);
            match fs::remove_file(&path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(io(&path)(e)),
                Ok(()) | Err(_) => {}
            }
        }
    }
    Ok(lock)
}

/// Builds the API over its store, with what every cluster starts with, and the controllers.
fn assemble(options: &Options, loopback: Loopback) -> Result<(Arc<Api>, Option<Controllers>), StartError> {
    let store = match &options.data_dir {
        None => Store::in_memory(),
        Some(folder) => Store::open(folder).map_err(|e| data_error(folder, e.to_string()))?,
    };
    let token = token(options)?;
    let api = Arc::new(Api::new(Arc::new(store), options.clock.clone(), token, options));
    *api.address.write().unwrap_or_else(PoisonError::into_inner) = loopback;
    let controllers = options.controllers.then(|| Controllers::new(&api));
    api.attach(controllers.as_ref().map(Controllers::sink));
    seed::fill(&api);
    if let Some(controllers) = &controllers {
        controllers.enqueue_all();
    }
    Ok((api, controllers))
}

fn token(options: &Options) -> Result<String, StartError> {
    if let Some(token) = &options.token {
        return Ok(token.clone());
    }
    let path = options.data_dir.as_ref().map(|d| d.join("token"));
    if let Some(path) = &path
        && let Ok(text) = fs::read_to_string(path)
        && !text.trim().is_empty()
    {
        return Ok(text.trim().to_owned());
    }
    let random = Random::new(None);
    let token = format!("{:016x}{:016x}", random.next(), random.next());
    if let Some(path) = &path {
        write_private(path, &token).map_err(|e| data_error(path, e.to_string()))?;
    }
    Ok(token)
}

/// Writes a file that only its owner may read.
pub(crate) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)?.write_all(text.as_bytes())
}

/// An API server without a socket, its clock standing still between requests, for tests and conformance runs.
pub struct InProcess {
    api: Arc<Api>,
    controllers: Option<Controllers>,
}

impl InProcess {
    /// Starts one. `listen` and `data_dir` are not used; controllers run after each request, until nothing is left to do.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn new(options: &Options) -> Result<Self, StartError> {
        let loopback = Loopback { address: options.listen.to_string(), certificate: String::new() };
        let (api, controllers) = assemble(&Options { data_dir: None, ..options.clone() }, loopback)?;
        let cluster = Self { api, controllers };
        cluster.settle();
        Ok(cluster)
    }

    /// Returns the administrator's bearer token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.api.token
    }

    /// Lets the controllers do what is due. Returns when they next have something to do, in microseconds since the Unix
    /// epoch.
    pub fn settle(&self) -> Option<i64> {
        self.controllers.as_ref()?.settle()
    }

    /// Answers one request: status, headers, body. A watch's body is what it sends at once.
    #[must_use]
    pub fn request(&self, method: &str, uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let (mut answer, watch) = self.open(method, uri, headers, body);
        if let Some(mut watch) = watch {
            answer.body = watch.read(false);
        }
        answer
    }

    /// Answers one request and keeps its watch open, if it is one.
    #[must_use]
    pub fn open(
        &self,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> (Answer, Option<OpenWatch>) {
        let answered = self.answer(method, uri, headers, body);
        self.settle();
        answered
    }

    /// Answers one request and leaves the controllers alone: what they do comes with the next [`Self::settle`].
    #[must_use]
    pub fn answer(
        &self,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> (Answer, Option<OpenWatch>) {
        let mut map = axum::http::HeaderMap::new();
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) = (
                axum::http::HeaderName::from_bytes(name.as_bytes()),
                axum::http::HeaderValue::from_str(value),
            ) {
                map.append(name, value);
            }
        }
        if !map.contains_key("authorization") {
            let bearer = format!("Bearer {}", self.api.token);
            if let Ok(value) = axum::http::HeaderValue::from_str(&bearer) {
                map.insert("authorization", value);
            }
        }
        let method = axum::http::Method::from_bytes(method.as_bytes()).unwrap_or_default();
        let request = Request::new(method, uri, map, bytes::Bytes::copy_from_slice(body));
        let reply = self.api.handle(&request);
        let (body, watch) = match reply.body {
            ReplyBody::Full(bytes) => (bytes.to_vec(), None),
            ReplyBody::Watch(watch) => (Vec::new(), Some(OpenWatch(watch))),
        };
        (
            Answer { status: reply.code, content_type: reply.content_type, warnings: reply.warnings, body },
            watch,
        )
    }

    /// Stores an object as it is, past admission and checks. The table is named as the resource is: `pods`,
    /// `deployments.apps`.
    pub fn put(&self, table: &str, object: fairway_value::Value) {
        let key: fairway_value::Str = crate::api::key_of(&object).into();
        match self.api.store.get(table, &key) {
            // Nobody else writes to a server in one process.
            Some(live) => drop(self.api.store.update(table, &key, live.rv, object)),
            None => drop(self.api.store.create(table, key, object)),
        }
    }

    /// Returns the newest resource version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.api.store.version()
    }

    /// Forgets the history, as etcd's compaction does: older watches and lists get 410.
    pub fn compact(&self) {
        self.api.store.compact();
    }
}

/// An open watch of an [`InProcess`] server.
pub struct OpenWatch(Box<WatchStream>);

impl OpenWatch {
    /// Returns the lines that have come since the last call; with `last` also the bookmark that comes before the end.
    #[must_use]
    pub fn read(&mut self, last: bool) -> Vec<u8> {
        self.0.drain(last)
    }
}

/// The answer to [`InProcess::request`].
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: String,
    /// Texts of the `Warning` headers.
    pub warnings: Vec<String>,
    /// The body.
    pub body: Vec<u8>,
}
