use crate::chart::{Ask, ChartName, Charts, Download, download};
use crate::git::{
    FETCHED_COMMITS, GitRepository, GitTree, Lfs, TreeLimits, full_commit, parse_submodules, submodule_url,
};
use crate::http::{HttpClients, HttpContext};
use crate::local::LocalRepositories;
use crate::mirror::Mirror;
use crate::options::SourcesOptions;
use crate::repo_url::{mirror_key, without_credentials};
use crate::{AddressMirrors, CredentialLookup, Credentials, SecretString, SourceError, SourceErrorKind};
use fairway_core::{AppSource, BoxFuture, FileTree, Str, Tool};
use reqwest::header::HeaderMap;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use tokio::sync::Semaphore;

/// How deep submodules of submodules are followed.
const SUBMODULE_DEPTH_MAX: usize = 8;

/// Who made a commit, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitMetadata {
    /// Name and address, as `Name <address>`.
    pub author: String,
    /// When it was authored.
    pub date: SystemTime,
    /// The whole message, without the last line's end.
    pub message: String,
    /// Tags that point at the commit, by name.
    pub tags: Vec<String>,
}

/// A branch or tag that moved. All zeros, as Git writes it, where it was or is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefChange {
    /// Full name, such as `refs/heads/main`.
    pub name: Str,
    /// Object id before.
    pub old: Str,
    /// Object id after.
    pub new: Str,
}

/// What a fetch brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refresh {
    /// Branches and tags that moved.
    pub changes: Vec<RefChange>,
}

/// All sources of all Apps. Cheap to clone.
#[derive(Clone)]
pub struct Sources {
    inner: Arc<Inner>,
}

/// Git repositories, as [`Sources`] asks for them. Mirrors of our own are the ordinary ones; others are handed in.
pub trait Repositories: Send + Sync {
    /// Resolves a revision to a commit, out of what was fetched last.
    fn resolve<'a>(&'a self, repo_url: &'a str, revision: &'a str)
    -> BoxFuture<'a, Result<Str, SourceError>>;

    /// Opens the files of a commit.
    fn open<'a>(
        &'a self,
        repo_url: &'a str,
        commit: &'a str,
    ) -> BoxFuture<'a, Result<Arc<dyn FileTree>, SourceError>>;

    /// Fetches.
    fn refresh<'a>(&'a self, repo_url: &'a str) -> BoxFuture<'a, Result<Refresh, SourceError>>;
}

struct Inner {
    options: SourcesOptions,
    /// Repositories that were handed in; mirrors and what lies on this machine otherwise.
    repositories: Option<Arc<dyn Repositories>>,
    http: Arc<HttpContext>,
    local: LocalRepositories,
    mirrors: Mutex<HashMap<String, Arc<Mirror>>>,
    slots: Arc<Semaphore>,
    charts: Charts,
}

/// A repository that was found: here, or by its mirror.
enum Place {
    Local(PathBuf),
    Remote(Arc<Mirror>),
}

impl Sources {
    /// Opens the cache folder.
    ///
    /// # Errors
    /// `Store` where the folder cannot be made.
    pub fn new(options: SourcesOptions, credentials: Arc<dyn CredentialLookup>) -> Result<Self, SourceError> {
        std::fs::create_dir_all(&options.cache_dir)
            .map_err(|e| SourceError::store(options.cache_dir.display(), e))?;
        Ok(Self::build(options, credentials, None))
    }

    /// Takes Git repositories from elsewhere: no mirror is made, and no folder before a chart is fetched.
    #[must_use]
    pub fn over(
        options: SourcesOptions,
        credentials: Arc<dyn CredentialLookup>,
        repositories: Arc<dyn Repositories>,
    ) -> Self {
        Self::build(options, credentials, Some(repositories))
    }

    fn build(
        options: SourcesOptions,
        credentials: Arc<dyn CredentialLookup>,
        repositories: Option<Arc<dyn Repositories>>,
    ) -> Self {
        let http = Arc::new(HttpContext {
            clients: HttpClients::default(),
            tokens: crate::tokens::Tokens::default(),
            lookup: credentials,
            request_timeout: options.request_timeout,
            ssh_program: options.ssh_program.clone(),
        });
        let slots = Arc::new(Semaphore::new(options.fetches_max.max(1)));
        let charts = Charts::new(&options.cache_dir, http.clone(), options.verifier.clone());
        let inner = Inner {
            options,
            repositories,
            http,
            local: LocalRepositories::default(),
            mirrors: Mutex::default(),
            slots,
            charts,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Says that a URL's repository lies on this machine: it is read in place and never fetched. Spellings of the URL
    /// that normalise to the same are covered.
    pub fn add_alias(&self, repo_url: &str, bare_repository: PathBuf) {
        self.inner.local.add_alias(repo_url, bare_repository);
    }

    /// Takes back [`Self::add_alias`].
    pub fn remove_alias(&self, repo_url: &str) {
        self.inner.local.remove_alias(repo_url);
    }

    /// Says that everything below a URL lies in a folder on this machine, as `NAME.git` and `OWNER/NAME.git`: what the
    /// embedded Git server serves, now and later.
    pub fn add_local_root(&self, base_url: &str, folder: PathBuf) {
        self.inner.local.add_root(base_url, folder);
    }

    /// Resolves a branch, tag, semver range over tags, full or short commit, `HEAD` (or empty) or `refs/…` to a commit.
    /// Answers from the mirror; fetches only a repository not seen since the start or a revision not found.
    ///
    /// # Errors
    /// `RevisionNotFound` ("unable to resolve 'x' to a commit SHA"), and whatever a fetch brings.
    pub async fn resolve(&self, repo_url: &str, target_revision: &str) -> Result<Str, SourceError> {
        let repo_url = &*self.at(repo_url);
        // A full commit is what it is, whether it is there or not: Argo CD asks nobody either.
        if let Some(id) = full_commit(target_revision) {
            return Ok(id.to_string().into());
        }
        if let Some(repositories) = &self.inner.repositories {
            return repositories.resolve(repo_url, target_revision).await;
        }
        let revision = target_revision.to_owned();
        let found = match self.place(repo_url) {
            Place::Local(path) => {
                let repository = self.open_local(repo_url, path).await?;
                blocking(move || repository.resolve(&revision)).await?
            }
            Place::Remote(mirror) => {
                mirror.ensure().await?;
                self.resolve_remote(&mirror, revision).await?
            }
        };
        found.map(|id| id.to_string().into()).ok_or_else(|| {
            SourceError::new(
                SourceErrorKind::RevisionNotFound,
                format!("unable to resolve '{target_revision}' to a commit SHA"),
            )
        })
    }

    async fn resolve_remote(
        &self,
        mirror: &Arc<Mirror>,
        revision: String,
    ) -> Result<Option<gix::ObjectId>, SourceError> {
        let found = resolve_in(mirror, &revision).await?;
        if found.is_some() {
            return Ok(found);
        }
        if revision.starts_with("refs/") {
            // Where the remote has no such ref the fetch as a whole may fail; the revision is then not found.
            if let Err(error) = mirror.fetch_more(format!("+{revision}:{revision}")).await {
                tracing::debug!(error = %error, "fetching a ref by name failed");
            }
        } else if !mirror.ensure_fresh().await? {
            return Ok(None);
        }
        resolve_in(mirror, &revision).await
    }

    /// Opens the files of a commit; they are read from the object store as they are asked for.
    ///
    /// # Errors
    /// `RevisionNotFound` where the repository has no such commit, and whatever a fetch (of submodules too) brings.
    pub async fn open(&self, repo_url: &str, commit: &str) -> Result<Arc<dyn FileTree>, SourceError> {
        let repo_url = &*self.at(repo_url);
        if let Some(repositories) = &self.inner.repositories {
            return repositories.open(repo_url, commit).await;
        }
        self.open_nested(repo_url.to_owned(), commit.to_owned(), 0, self.inner.options.submodules).await
    }

    /// As [`Sources::open`], with empty folders where the submodules are.
    ///
    /// # Errors
    /// As [`Sources::open`].
    pub async fn open_without_submodules(
        &self,
        repo_url: &str,
        commit: &str,
    ) -> Result<Arc<dyn FileTree>, SourceError> {
        let repo_url = &*self.at(repo_url);
        if let Some(repositories) = &self.inner.repositories {
            return repositories.open(repo_url, commit).await;
        }
        self.open_nested(repo_url.to_owned(), commit.to_owned(), 0, false).await
    }

    /// Boxed, since a repository's submodules are opened the same way.
    fn open_nested(
        &self,
        repo_url: String,
        commit: String,
        depth: usize,
        with_submodules: bool,
    ) -> BoxFuture<'_, Result<Arc<dyn FileTree>, SourceError>> {
        Box::pin(async move {
            if depth > SUBMODULE_DEPTH_MAX {
                let shown = without_credentials(&repo_url);
                let message = format!("{shown}: submodules more than {SUBMODULE_DEPTH_MAX} deep");
                return Err(SourceError::new(SourceErrorKind::TooLarge, message));
            }
            let (repository, id) = self.commit(&repo_url, &commit).await?;
            let limits =
                TreeLimits { file_bytes_max: self.inner.options.file_bytes_max, lfs: self.lfs(&repo_url) };
            let plain = {
                let (repository, limits) = (repository.clone(), limits.clone());
                blocking(move || {
                    let root = repository.tree_of(id)?.ok_or_else(|| not_a_commit(&id.to_string()))?;
                    Ok((GitTree::new(repository, root, BTreeMap::new(), limits), root))
                })
                .await?
            };
            let (tree, root) = plain;
            if !with_submodules {
                return Ok(Arc::new(tree) as Arc<dyn FileTree>);
            }
            let submodules = self.submodules(&repo_url, &tree, depth).await?;
            if submodules.is_empty() {
                return Ok(Arc::new(tree) as Arc<dyn FileTree>);
            }
            Ok(Arc::new(GitTree::new(repository, root, submodules, limits)) as Arc<dyn FileTree>)
        })
    }

    /// Returns what fetches files out of LFS, where the repository's Secret asks for it.
    fn lfs(&self, repo_url: &str) -> Option<Arc<Lfs>> {
        self.inner.http.lookup.find(repo_url).filter(|c| c.enable_lfs)?;
        Some(Arc::new(Lfs {
            http: self.inner.http.clone(),
            repo_url: repo_url.to_owned(),
            local: self.inner.local.path(repo_url),
            // One for each repository: who knows a digest may still not read it out of another's.
            cache_dir: self.inner.options.cache_dir.join("lfs").join(crate::mirror::folder_of(repo_url)),
            file_bytes_max: self.inner.options.file_bytes_max,
            runtime: tokio::runtime::Handle::current(),
        }))
    }

    async fn submodules(
        &self,
        repo_url: &str,
        tree: &GitTree,
        depth: usize,
    ) -> Result<BTreeMap<String, Arc<dyn FileTree>>, SourceError> {
        let mut found = BTreeMap::new();
        let store = |e: fairway_core::TreeError| SourceError::store(without_credentials(repo_url), e);
        let Some(text) = tree.read(".gitmodules").map_err(store)? else { return Ok(found) };
        for submodule in parse_submodules(&text)? {
            let Some(commit) = tree.submodule_commit(&submodule.path).map_err(store)? else { continue };
            let url = submodule_url(repo_url, &submodule.url);
            // A repository from elsewhere must not name what lies on this machine.
            if crate::repo_url::local_path(&url).is_some() && crate::repo_url::local_path(repo_url).is_none()
            {
                let message = format!("submodule {}: {url} is a path on this machine", submodule.path);
                return Err(SourceError::invalid(message));
            }
            let url = self.at(&url).into_owned();
            let opened = self.open_nested(url, commit.to_string(), depth + 1, true).await;
            let opened = opened.map_err(|e| {
                SourceError::new(e.kind, format!("submodule {}: {}", submodule.path, e.message))
            })?;
            found.insert(submodule.path, opened);
        }
        Ok(found)
    }

    /// Returns who made a commit, when and why.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn commit_metadata(&self, repo_url: &str, commit: &str) -> Result<CommitMetadata, SourceError> {
        let (repository, id) = self.commit(&self.at(repo_url), commit).await?;
        blocking(move || repository.metadata(id)?.ok_or_else(|| not_a_commit(&id.to_string()))).await
    }

    /// Returns a repository that has a commit, fetching until it has.
    async fn commit(
        &self,
        repo_url: &str,
        commit: &str,
    ) -> Result<(Arc<GitRepository>, gix::ObjectId), SourceError> {
        let id = full_commit(commit).ok_or_else(|| not_a_commit(commit))?;
        match self.place(repo_url) {
            Place::Local(path) => {
                let repository = self.open_local(repo_url, path.clone()).await?;
                if has(&repository, id).await? {
                    return Ok((repository, id));
                }
                // Deleted and made anew while it was open?
                self.inner.local.forget(&path);
                let repository = self.open_local(repo_url, path).await?;
                if has(&repository, id).await? { Ok((repository, id)) } else { Err(not_a_commit(commit)) }
            }
            Place::Remote(mirror) => {
                for attempt in 0..3 {
                    if let Some(repository) = open_mirror(&mirror).await?
                        && has(&repository, id).await?
                    {
                        return Ok((repository, id));
                    }
                    match attempt {
                        0 => mirror.ensure_fresh().await.map(|_| ())?,
                        1 => mirror
                            .fetch_more(format!("+{id}:{FETCHED_COMMITS}{id}"))
                            .await
                            .map_err(|_| not_a_commit(commit))?,
                        _ => {}
                    }
                }
                Err(not_a_commit(commit))
            }
        }
    }

    /// Fetches one repository, or joins a fetch that began after this call. A repository on this machine has nothing to
    /// fetch. The index of a chart repository under the URL is read anew when it is next needed.
    ///
    /// # Errors
    /// Whatever the fetch brings; the mirror stays as it was.
    pub async fn refresh(&self, repo_url: &str) -> Result<Refresh, SourceError> {
        let repo_url = &*self.at(repo_url);
        self.inner.charts.forget(repo_url);
        if let Some(repositories) = &self.inner.repositories {
            return repositories.refresh(repo_url).await;
        }
        match self.place(repo_url) {
            Place::Local(_) => Ok(Refresh::default()),
            Place::Remote(mirror) => mirror.refresh().await,
        }
    }

    /// Resolves the revision of an App's source: a commit, or for a chart a version.
    ///
    /// # Errors
    /// As [`Self::resolve`]; for a chart whatever its repository brings.
    pub async fn resolve_source(&self, source: &AppSource) -> Result<Str, SourceError> {
        if is_chart(source) {
            let at = self.at(&source.repo_url);
            return self.inner.charts.resolve(chart_name(source, &at), &source.target_revision).await;
        }
        self.resolve(&source.repo_url, &source.target_revision).await
    }

    /// Opens an App's source at a resolved revision. For a chart the root of the tree is the chart's own folder.
    ///
    /// # Errors
    /// As [`Self::open`]; for a chart whatever its repository brings.
    pub async fn open_source(
        &self,
        source: &AppSource,
        revision: &str,
    ) -> Result<Arc<dyn FileTree>, SourceError> {
        if is_chart(source) {
            let at = self.at(&source.repo_url);
            return self.inner.charts.open(chart_name(source, &at), revision).await;
        }
        self.open(&source.repo_url, revision).await
    }

    /// Fetches what a source is resolved against: its Git repository, or the index of its chart repository.
    ///
    /// # Errors
    /// As [`Self::refresh`].
    pub async fn refresh_source(&self, source: &AppSource) -> Result<(), SourceError> {
        if is_chart(source) {
            self.inner.charts.forget(&self.at(&source.repo_url));
            return Ok(());
        }
        self.refresh(&source.repo_url).await.map(|_| ())
    }

    /// Completes a chart: dependencies of `Chart.yaml` that `charts/` lacks are fetched (versions from the lock where it
    /// has them) and appear below `charts/` in the returned tree. A chart that lacks none is returned as it is.
    ///
    /// # Errors
    /// Whatever the dependency's repository brings.
    pub async fn with_chart_dependencies(
        &self,
        tree: Arc<dyn FileTree>,
        chart_dir: &str,
    ) -> Result<Arc<dyn FileTree>, SourceError> {
        self.inner.charts.with_dependencies(tree, chart_dir).await
    }

    /// Returns a packed chart at a version or the newest of a range. `repository` is an HTTP or OCI address, or `@name`
    /// or `alias:name` of a repository that the credentials know.
    ///
    /// # Errors
    /// Whatever the repository brings.
    pub async fn chart_archive(
        &self,
        repository: &str,
        chart: &str,
        version: &str,
    ) -> Result<Vec<u8>, SourceError> {
        let repository = self.inner.charts.repository_url(repository)?;
        let at = self.at(&repository);
        let name = ChartName { repo_url: &at, stated_url: &repository, chart, pass_credentials: false };
        let version = self.inner.charts.resolve(name, version).await?;
        Ok(self.inner.charts.archive(name, &version).await?.0)
    }

    /// Returns the provenance file of a packed chart, with the name of the archive that it speaks of. Arguments as for
    /// [`Sources::chart_archive`].
    ///
    /// # Errors
    /// Whatever the repository brings; not found where there is no such file.
    pub async fn chart_provenance(
        &self,
        repository: &str,
        chart: &str,
        version: &str,
    ) -> Result<(String, Vec<u8>), SourceError> {
        let repository = self.inner.charts.repository_url(repository)?;
        let at = self.at(&repository);
        let name = ChartName { repo_url: &at, stated_url: &repository, chart, pass_credentials: false };
        let version = self.inner.charts.resolve(name, version).await?;
        self.inner.charts.provenance(name, &version).await
    }

    /// Returns what an `http` or `https` address serves: a values file or a remote resource. Credentials of a repository
    /// whose URL is a prefix are sent.
    ///
    /// # Errors
    /// Anything but a success; `TooLarge` beyond the file limit.
    pub async fn remote_file(&self, url: &str) -> Result<Vec<u8>, SourceError> {
        let url = &*self.at(url);
        let parsed = url::Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let shown = without_credentials(url);
        let parsed =
            parsed.ok_or_else(|| SourceError::invalid(format!("{shown}: use an http or https address")))?;
        let credentials = self.inner.http.lookup.find(url);
        let ask = Ask {
            url: &parsed,
            home: &parsed,
            pass_credentials: false,
            credentials: credentials.as_deref(),
            headers: HeaderMap::new(),
            etag: None,
            bytes_max: self.inner.options.file_bytes_max,
        };
        match download(&self.inner.http, &ask).await? {
            Download::Bytes(bytes, _) => Ok(bytes),
            Download::Unchanged => Err(SourceError::invalid(format!("{shown}: nothing came"))),
        }
    }

    /// Returns a token of a GitHub App's installation in an organisation, for asking GitHub's API. `api` is the address
    /// of GitHub Enterprise's API, empty for what the credentials say.
    ///
    /// # Errors
    /// `Invalid` for a key that is none, `Denied` where the App is not installed, and whatever the request brings.
    pub async fn github_app_token(
        &self,
        credentials: &Credentials,
        api: &str,
        organization: &str,
    ) -> Result<SecretString, SourceError> {
        self.inner.http.github_app_token(credentials, api, organization).await
    }

    /// Returns the address that is asked: a mirror's where the settings name one.
    fn at<'u>(&self, address: &'u str) -> Cow<'u, str> {
        AddressMirrors::apply(self.inner.http.lookup.mirror_of(address), address)
    }

    fn place(&self, repo_url: &str) -> Place {
        if let Some(path) = self.inner.local.path(repo_url) {
            return Place::Local(path);
        }
        let mut mirrors = self.inner.mirrors.lock().unwrap_or_else(PoisonError::into_inner);
        let mirror = mirrors.entry(mirror_key(repo_url)).or_insert_with(|| {
            let options = &self.inner.options;
            let (http, slots) = (self.inner.http.clone(), self.inner.slots.clone());
            Arc::new(Mirror::new(repo_url, &options.cache_dir, options.fetch_timeout, http, slots))
        });
        Place::Remote(mirror.clone())
    }

    async fn open_local(&self, repo_url: &str, path: PathBuf) -> Result<Arc<GitRepository>, SourceError> {
        let (sources, url) = (self.clone(), without_credentials(repo_url));
        blocking(move || sources.inner.local.open(&url, &path)).await
    }
}

/// Whether a source is a chart of a chart repository, or an OCI artifact.
fn is_chart(source: &AppSource) -> bool {
    !source.chart.is_empty() || source.repo_url.starts_with("oci://")
}

fn chart_name<'a>(source: &'a AppSource, at: &'a str) -> ChartName<'a> {
    let pass_credentials = match &source.tool {
        Tool::Helm(options) => options.pass_credentials,
        Tool::Auto | Tool::Directory(_) | Tool::Kustomize(_) | Tool::Plugin(_) => false,
    };
    ChartName { repo_url: at, stated_url: &source.repo_url, chart: &source.chart, pass_credentials }
}

fn not_a_commit(commit: &str) -> SourceError {
    SourceError::new(
        SourceErrorKind::RevisionNotFound,
        format!("failed to fetch revision {commit}: the repository has no such commit"),
    )
}

async fn resolve_in(mirror: &Arc<Mirror>, revision: &str) -> Result<Option<gix::ObjectId>, SourceError> {
    let (mirror, revision) = (mirror.clone(), revision.to_owned());
    blocking(move || match mirror.repository()? {
        Some(repository) => repository.resolve(&revision),
        None => Ok(None),
    })
    .await
}

async fn open_mirror(mirror: &Arc<Mirror>) -> Result<Option<Arc<GitRepository>>, SourceError> {
    let mirror = mirror.clone();
    blocking(move || mirror.repository()).await
}

async fn has(repository: &Arc<GitRepository>, id: gix::ObjectId) -> Result<bool, SourceError> {
    let repository = repository.clone();
    blocking(move || Ok(repository.has_commit(id))).await
}

/// Runs a lookup off the async threads. Lookups are short and read local files, so tokio's own bound is enough.
pub(crate) async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    match tokio::task::spawn_blocking(job).await {
        Ok(result) => result,
        Err(error) => Err(SourceError::store("object store", error)),
    }
}
