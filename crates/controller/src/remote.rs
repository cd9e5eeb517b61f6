use fairway_core::{AppSource, FileTree};
use fairway_kustomize::{Remote, RemoteTree, RepoSpec};
use fairway_source::Sources;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Fetches what kustomizations name elsewhere — Git bases, files behind addresses, charts — through the mirrors. Called
/// from rendering threads, never from async code.
///
/// A base pinned to a commit is read from the mirror; a branch or tag is fetched anew with each rendering. As in Argo CD
/// a rendering is kept while its own repository stays at its revision, and done again on a hard refresh; one that read
/// nothing that can move is kept while the files it read are the same.
pub struct RemoteSources {
    sources: Sources,
    runtime: tokio::runtime::Handle,
    reads_files: bool,
    used: AtomicBool,
}

impl RemoteSources {
    /// Takes the runtime of the caller.
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        Self {
            sources,
            runtime: tokio::runtime::Handle::current(),
            reads_files: false,
            used: AtomicBool::new(false),
        }
    }

    /// Whether anything was fetched that can move: the outcome then depends on more than the source's own files.
    #[must_use]
    pub fn was_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// Lets `file://` addresses be read, as a person may who sits at the machine. An Application may not.
    #[must_use]
    pub fn with_files(self) -> Self {
        Self { reads_files: true, ..self }
    }
}

/// Whether a reference is a whole commit id, which cannot move.
fn is_pinned(reference: &str) -> bool {
    reference.len() == 40 && reference.bytes().all(|b| b.is_ascii_hexdigit())
}

impl Remote for RemoteSources {
    fn repository(&self, spec: &RepoSpec) -> Result<RemoteTree, String> {
        if !is_pinned(&spec.reference) {
            self.used.store(true, Ordering::Relaxed);
        }
        if spec.clone_url.starts_with("file:") && !self.reads_files {
            return Err("repositories on the disk are not read; use an http, https or ssh address".to_owned());
        }
        self.runtime.block_on(async {
            let url = &spec.clone_url;
            if !is_pinned(&spec.reference) {
                self.sources.refresh(url).await.map_err(|e| e.to_string())?;
            }
            let commit = self.sources.resolve(url, &spec.reference).await.map_err(|e| e.to_string())?;
            let tree = match spec.submodules {
                true => self.sources.open(url, &commit).await,
                false => self.sources.open_without_submodules(url, &commit).await,
            };
            let tree = tree.map_err(|e| e.to_string())?;
            Ok(RemoteTree { tree })
        })
    }

    fn file(&self, url: &str) -> Result<Arc<[u8]>, String> {
        self.used.store(true, Ordering::Relaxed);
        let bytes = self.runtime.block_on(self.sources.remote_file(url)).map_err(|e| e.to_string())?;
        Ok(bytes.into())
    }

    fn chart(&self, repo: &str, name: &str, version: &str) -> Result<Arc<dyn FileTree>, String> {
        if version.is_empty() {
            self.used.store(true, Ordering::Relaxed);
        }
        let source = AppSource {
            repo_url: repo.into(),
            chart: name.into(),
            target_revision: version.into(),
            ..AppSource::default()
        };
        self.runtime.block_on(async {
            let version = self.sources.resolve_source(&source).await.map_err(|e| e.to_string())?;
            let tree = self.sources.open_source(&source, &version).await.map_err(|e| e.to_string())?;
            self.sources.with_chart_dependencies(tree, "").await.map_err(|e| e.to_string())
        })
    }
}
