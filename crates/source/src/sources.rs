use crate::{CredentialLookup, SourceError};
use fairway_core::{AppSource, FileTree, Str};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Settings of [`Sources`].
#[derive(Clone, Debug)]
pub struct SourcesOptions {
    /// Folder for mirrors and charts; made where missing, may be deleted while nothing runs.
    pub cache_dir: PathBuf,
    /// How many blocking jobs (fetches, lookups in object stores) run at once, over all repositories.
    pub jobs_max: usize,
    /// Longest fetch of one repository, from connecting to the last byte.
    pub fetch_timeout: Duration,
    /// Longest single HTTP request of a chart repository; as Argo CD's `reposerver.git.request.timeout`.
    pub request_timeout: Duration,
    /// Largest file that is read, bytes.
    pub file_bytes_max: u64,
    /// Whether submodules are looked into; as Argo CD's `reposerver.enable.git.submodule`.
    pub submodules: bool,
}

impl SourcesOptions {
    /// Returns the defaults for a cache folder.
    #[must_use]
    pub fn new(cache_dir: impl Into<PathBuf>) -> Self {
        Self {
            cache_dir: cache_dir.into(),
            jobs_max: 16,
            fetch_timeout: Duration::from_secs(90),
            request_timeout: Duration::from_secs(15),
            file_bytes_max: 64 << 20,
            submodules: true,
        }
    }
}

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
    options: Arc<SourcesOptions>,
    credentials: Arc<dyn CredentialLookup>,
}

impl Sources {
    /// Opens the cache folder.
    ///
    /// # Errors
    /// `Store` where the folder cannot be made.
    pub fn new(options: SourcesOptions, credentials: Arc<dyn CredentialLookup>) -> Result<Self, SourceError> {
        Ok(Self { options: Arc::new(options), credentials })
    }

    /// Says that a URL's repository lies on this machine: it is read in place and never fetched. Spellings of the URL
    /// that normalise to the same are covered.
    pub fn add_alias(&self, repo_url: &str, bare_repository: PathBuf) {
        let _ = (repo_url, bare_repository, &self.options, &self.credentials);
    }

    /// Takes back [`Self::add_alias`].
    pub fn remove_alias(&self, repo_url: &str) {
        let _ = repo_url;
    }

    /// Resolves a branch, tag, semver range over tags, full or short commit, `HEAD` (or empty) or `refs/…` to a commit.
    /// Answers from the mirror; fetches only a repository never seen or a revision not found.
    ///
    /// # Errors
    /// `RevisionNotFound` ("unable to resolve 'x' to a commit SHA"), and whatever a fetch brings.
    pub async fn resolve(&self, repo_url: &str, target_revision: &str) -> Result<Str, SourceError> {
        Err(SourceError::unsupported(format_args!("resolving {target_revision} of {repo_url}")))
    }

    /// Opens the files of a commit; they are read from the object store as they are asked for.
    ///
    /// # Errors
    /// `RevisionNotFound` where the repository has no such commit, and whatever a fetch (of submodules too) brings.
    pub async fn open(&self, repo_url: &str, commit: &str) -> Result<Arc<dyn FileTree>, SourceError> {
        Err(SourceError::unsupported(format_args!("opening {commit} of {repo_url}")))
    }

    /// Returns who made a commit, when and why.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn commit_metadata(&self, repo_url: &str, commit: &str) -> Result<CommitMetadata, SourceError> {
        Err(SourceError::unsupported(format_args!("metadata of {commit} of {repo_url}")))
    }

    /// Fetches one repository, or joins the fetch under way if that began after this call could matter. A repository
    /// on this machine has nothing to fetch.
    ///
    /// # Errors
    /// Whatever the fetch brings; the mirror stays as it was.
    pub async fn refresh(&self, repo_url: &str) -> Result<Refresh, SourceError> {
        Err(SourceError::unsupported(format_args!("fetching {repo_url}")))
    }

    /// Resolves the revision of an App's source: a commit, or for a chart a version.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub async fn resolve_source(&self, source: &AppSource) -> Result<Str, SourceError> {
        self.resolve(&source.repo_url, &source.target_revision).await
    }

    /// Opens an App's source at a resolved revision. For a chart the root of the tree is the chart's own folder.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_source(
        &self,
        source: &AppSource,
        revision: &str,
    ) -> Result<Arc<dyn FileTree>, SourceError> {
        self.open(&source.repo_url, revision).await
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
        let _ = (tree, chart_dir);
        Err(SourceError::unsupported("fetching chart dependencies"))
    }
}
