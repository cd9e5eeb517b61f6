//! Remote bases, files and charts for commands that read folders of this machine.

use super::network::network_runtime;
use fairway_controller::RemoteSources;
use fairway_core::FileTree;
use fairway_kustomize::{Remote, RemoteTree, RepoSpec};
use fairway_source::{AddressMirrors, Sources, SourcesOptions};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tokio::runtime::{Handle, Runtime};

/// Where what is fetched is kept, unless a flag says.
pub(super) const CACHE_DIR: &str = ".fairway/cache";

/// The network, set up when something is first asked of it. It waits for answers, so it is not for async code.
pub(super) struct Elsewhere {
    cache_dir: PathBuf,
    mirrors: AddressMirrors,
    made: OnceLock<Result<(Option<Runtime>, RemoteSources), String>>,
}

impl Elsewhere {
    /// Takes the folder for what is fetched.
    pub fn new(cache_dir: &Path) -> Self {
        Self { cache_dir: cache_dir.to_owned(), mirrors: AddressMirrors::default(), made: OnceLock::new() }
    }

    /// Takes addresses that stand in for others.
    pub fn with_mirrors(self, mirrors: AddressMirrors) -> Self {
        Self { mirrors, ..self }
    }

    fn sources(&self) -> Result<&RemoteSources, String> {
        let make = || {
            let own = match Handle::try_current() {
                Ok(_) => None,
                Err(_) => Some(network_runtime().map_err(|e| e.to_string())?),
            };
            let inside = own.as_ref().map(Runtime::enter);
            let sources = Sources::new(SourcesOptions::new(&self.cache_dir), Arc::new(self.mirrors.clone()));
            let sources = sources.map(|s| RemoteSources::new(s).with_files()).map_err(|e| e.to_string())?;
            drop(inside);
            Ok((own, sources))
        };
        self.made.get_or_init(make).as_ref().map(|(_, sources)| sources).map_err(Clone::clone)
    }
}

impl Remote for Elsewhere {
    fn repository(&self, spec: &RepoSpec) -> Result<RemoteTree, String> {
        self.sources()?.repository(spec)
    }

    fn file(&self, url: &str) -> Result<Arc<[u8]>, String> {
        self.sources()?.file(url)
    }

    fn chart(&self, repo: &str, name: &str, version: &str) -> Result<Arc<dyn FileTree>, String> {
        self.sources()?.chart(repo, name, version)
    }
}
