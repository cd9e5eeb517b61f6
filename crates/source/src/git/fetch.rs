use super::http_transport::{FailureSlot, GitHttp};
use super::repository::{all_refs, open_options};
use super::ssh_transport;
use crate::http::HttpContext;
use crate::repo_url::{split_scp, without_credentials};
use crate::{RefChange, SourceError, SourceErrorKind};
use gix::bstr::ByteSlice;
use gix::remote::fetch::{Shallow, Tags};
use gix::remote::{Direction, ref_map};
use gix_transport::client::blocking_io::Transport;
use gix_transport::client::blocking_io::http::Transport as HttpTransport;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;
use tokio::runtime::Handle;
use url::Url;

/// Where the remote's `HEAD` is kept: a bare repository's own `HEAD` names a branch that may not be there.
pub(super) const REMOTE_HEAD: &str = "refs/remotes/origin/HEAD";
/// Where commits are kept that no branch or tag leads to.
pub(crate) const FETCHED_COMMITS: &str = "refs/fairway/";
/// What every mirror holds, as Argo CD's fetch of branches and tags.
const REFSPECS: [&str; 3] =
    ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", "+HEAD:refs/remotes/origin/HEAD"];
const ZERO_ID: &str = "0000000000000000000000000000000000000000";

/// One fetch of one repository.
pub(crate) struct FetchRequest {
    /// URL as the App has it.
    pub url: String,
    /// The mirror's folder; made where missing.
    pub path: std::path::PathBuf,
    /// More refspecs than branches and tags.
    pub extra_specs: Vec<String>,
    /// When it must have ended.
    pub deadline: Instant,
    /// For the HTTP client.
    pub runtime: Handle,
    /// Clients and credentials.
    pub http: Arc<HttpContext>,
}

/// Fetches, and returns the branches and tags that moved.
pub(crate) fn fetch(request: &FetchRequest) -> Result<Vec<RefChange>, SourceError> {
    let repository = open_or_init(&request.path)?;
    let before = all_refs(&repository).map_err(|e| mirror_error(request, &e))?;
    if is_ssh(&request.url) {
        fetch_ssh(request, &repository)?;
    } else {
        fetch_http(request, &repository)?;
    }
    let after = all_refs(&repository).map_err(|e| mirror_error(request, &e))?;
    Ok(changes(&before, &after))
}

fn is_ssh(url: &str) -> bool {
    split_scp(url).is_some() || url.starts_with("ssh://") || url.starts_with("git+ssh://")
}

fn fetch_http(request: &FetchRequest, repository: &gix::Repository) -> Result<(), SourceError> {
    let shown = without_credentials(&request.url);
    let origin = Url::parse(&request.url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| SourceError::invalid(format!("{shown}: use an http, https, ssh or file URL")))?;
    let credentials = request.http.lookup.find(&request.url);
    let failure = FailureSlot::default();
    let http = GitHttp {
        client: request.http.clients.client(&origin, credentials.as_deref(), &*request.http.lookup)?,
        runtime: request.runtime.clone(),
        authorization: request.runtime.block_on(request.http.login(&origin, credentials.as_deref()))?,
        origin: origin.clone(),
        deadline: request.deadline,
        failure: failure.clone(),
        redirected_base: None,
    };
    // The transport must not see a user or password: it would refuse to send them without TLS, and we send them.
    let mut bare = origin;
    let _ = bare.set_password(None);
    let _ = bare.set_username("");
    let url = gix::url::parse(bare.as_str()).map_err(|e| SourceError::invalid(format!("{shown}: {e}")))?;
    let transport = HttpTransport::new_http(http, url, gix_transport::Protocol::V2, false);
    let depth = credentials.as_ref().map_or(0, |c| c.depth);
    let watch = Watchdog::start(request.deadline, || {});
    let fetched = run(request, repository, transport, depth, &watch.interrupt);
    let kept = failure.lock().unwrap_or_else(PoisonError::into_inner).take();
    fetched.map_err(|error| kept.map_or_else(|| git_failure(&shown, &error), |e| listing(&shown, e)))
}

fn fetch_ssh(request: &FetchRequest, repository: &gix::Repository) -> Result<(), SourceError> {
    let credentials = request.http.lookup.find(&request.url);
    let depth = credentials.as_ref().map_or(0, |c| c.depth);
    let (connection, process) = ssh_transport::connect(
        &request.http.ssh_program,
        &request.url,
        credentials.as_deref(),
        &*request.http.lookup,
    )?;
    let watch = Watchdog::start(request.deadline, process.killer());
    let fetched = run(request, repository, connection, depth, &watch.interrupt);
    let late = watch.fired();
    let said = process.finish();
    fetched.map_err(|error| {
        if late {
            let message = format!("{}: the fetch took longer than allowed", request.url);
            return SourceError::new(SourceErrorKind::Timeout, message);
        }
        ssh_transport::ssh_error(&request.url, &said).unwrap_or_else(|| git_failure(&request.url, &error))
    })
}

fn run<T: Transport>(
    request: &FetchRequest,
    repository: &gix::Repository,
    transport: T,
    depth: u32,
    interrupt: &AtomicBool,
) -> Result<(), gix::Error> {
    let specs = REFSPECS.into_iter().chain(request.extra_specs.iter().map(String::as_str));
    let remote = repository
        .remote_at_without_url_rewrite(plain_url(&request.url).as_str())?
        .with_fetch_tags(Tags::None)
        .with_refspecs(specs.map(gix::bstr::BStr::new), Direction::Fetch)?;
    let mut connection = remote.to_connection_with_transport(transport);
    // Our transports send credentials by themselves; asking a person or a helper is out of the question.
    connection.set_credentials(|_| Ok(None));
    let prepared = connection.prepare_fetch(gix::progress::Discard, ref_map::Options::default())?;
    prune(repository, prepared.ref_map(), &request.extra_specs)?;
    if prepared.ref_map().remote_refs.is_empty() {
        // An empty repository has nothing to receive.
        return Ok(());
    }
    let first = !request.path.join("packed-refs").exists();
    let shallow = NonZeroU32::new(depth).map_or(Shallow::NoChange, Shallow::DepthAtRemote);
    prepared
        .with_shallow(shallow)
        // One file for the thousands of refs of a first fetch; later ones are few.
        .with_write_packed_refs_only(first)
        .receive(gix::progress::Discard, interrupt)?;
    Ok(())
}

fn plain_url(url: &str) -> String {
    without_credentials(url)
}

/// Deletes branches and tags that the remote no longer has, before new ones are written: `a` must go before `a/b` comes.
fn prune(
    repository: &gix::Repository,
    ref_map: &gix::remote::fetch::RefMap,
    extra_specs: &[String],
) -> Result<(), gix::Error> {
    let mut remote = BTreeSet::new();
    for reference in &ref_map.remote_refs {
        let (name, _, _) = reference.unpack();
        remote.insert(name.to_str_lossy().into_owned());
    }
    for reference in repository.references()?.all()? {
        let reference = reference?;
        let name = reference.name().as_bstr().to_str_lossy().into_owned();
        let kept = remote.contains(&name)
            || name == REMOTE_HEAD
            || name.starts_with(FETCHED_COMMITS)
            || extra_specs.iter().any(|spec| spec.ends_with(&format!(":{name}")));
        if !kept {
            reference.delete()?;
        }
    }
    Ok(())
}

fn open_or_init(path: &Path) -> Result<gix::Repository, SourceError> {
    if let Ok(repository) = gix::open_opts(path, open_options()) {
        return Ok(repository);
    }
    // Half a mirror is no mirror: a process was killed while it was made.
    if path.exists() {
        std::fs::remove_dir_all(path).map_err(|e| SourceError::store(path.display(), e))?;
    }
    std::fs::create_dir_all(path).map_err(|e| SourceError::store(path.display(), e))?;
    let made = gix::ThreadSafeRepository::init_opts(
        path,
        gix::create::Kind::Bare,
        gix::create::Options::default(),
        open_options(),
    );
    Ok(made.map_err(|e| SourceError::store(path.display(), e))?.to_thread_local())
}

fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<RefChange> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let id = |refs: &BTreeMap<String, String>, name: &str| {
        refs.get(name).map_or(ZERO_ID, String::as_str).to_owned()
    };
    names
        .into_iter()
        .filter(|name| name.starts_with("refs/heads/") || name.starts_with("refs/tags/"))
        .map(|name| RefChange {
            name: name.as_str().into(),
            old: id(before, name).into(),
            new: id(after, name).into(),
        })
        .filter(|change| change.old != change.new)
        .collect()
}

/// Puts Argo CD's words before a failure to reach the remote.
fn listing(shown: &str, error: SourceError) -> SourceError {
    let message = match error.kind {
        SourceErrorKind::RepositoryNotFound => {
            format!("failed to list refs: repository not found: {shown}")
        }
        SourceErrorKind::Denied => format!("failed to list refs: authentication required: {shown}"),
        SourceErrorKind::Unreachable
        | SourceErrorKind::Timeout
        | SourceErrorKind::RevisionNotFound
        | SourceErrorKind::Invalid
        | SourceErrorKind::TooLarge
        | SourceErrorKind::Unsupported
        | SourceErrorKind::Store => format!("failed to list refs: {}", error.message),
    };
    SourceError::new(error.kind, message)
}

fn git_failure(shown: &str, error: &gix::Error) -> SourceError {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    SourceError::new(SourceErrorKind::Unreachable, format!("failed to fetch {shown}: {text}"))
}

fn mirror_error(request: &FetchRequest, error: &gix::Error) -> SourceError {
    SourceError::store(format_args!("mirror of {}", without_credentials(&request.url)), error)
}

/// Ends what takes too long: gix looks at a flag while it works on a pack, and a blocked pipe has to be broken.
struct Watchdog {
    interrupt: Arc<AtomicBool>,
    done: mpsc::Sender<()>,
}

impl Watchdog {
    fn start(deadline: Instant, kill: impl Fn() + Send + 'static) -> Self {
        let interrupt = Arc::new(AtomicBool::new(false));
        let (done, ended) = mpsc::channel();
        let flag = interrupt.clone();
        std::thread::spawn(move || {
            let left = deadline.saturating_duration_since(Instant::now());
            if ended.recv_timeout(left) == Err(mpsc::RecvTimeoutError::Timeout) {
                flag.store(true, Ordering::Relaxed);
                kill();
            }
        });
        Self { interrupt, done }
    }

    fn fired(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // The thread may have ended already.
        let _ = self.done.send(());
    }
}
