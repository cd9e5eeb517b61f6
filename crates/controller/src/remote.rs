use fairway_kustomize::{Remote, RemoteTree, RepoSpec};
use fairway_source::Sources;
use std::sync::Arc;

/// Fetches remote bases of kustomizations through the mirrors. Called from rendering threads, never from async code.
pub struct RemoteSources {
    sources: Sources,
    runtime: tokio::runtime::Handle,
}

impl RemoteSources {
    /// Takes the runtime of the caller.
    #[must_use]
    pub fn new(sources: Sources) -> Self {
        Self { sources, runtime: tokio::runtime::Handle::current() }
    }
}

impl Remote for RemoteSources {
    fn repository(&self, spec: &RepoSpec) -> Result<RemoteTree, String> {
        self.runtime.block_on(async {
            let commit =
                self.sources.resolve(&spec.clone_url, &spec.reference).await.map_err(|e| e.to_string())?;
            let tree = self.sources.open(&spec.clone_url, &commit).await.map_err(|e| e.to_string())?;
            Ok(RemoteTree { tree })
        })
    }

    fn file(&self, url: &str) -> Result<Arc<[u8]>, String> {
        let bytes = self.runtime.block_on(self.sources.remote_file(url)).map_err(|e| e.to_string())?;
        Ok(bytes.into())
    }
}
