use crate::ChartVerifier;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Settings of [`Sources`](crate::Sources).
#[derive(Clone, Debug)]
pub struct SourcesOptions {
    /// Folder for mirrors and charts; made where missing, may be deleted while nothing runs.
    pub cache_dir: PathBuf,
    /// How many fetches run at once, over all repositories.
    pub fetches_max: usize,
    /// Longest fetch of one repository, from connecting to the last byte.
    pub fetch_timeout: Duration,
    /// Longest single HTTP request of a chart repository; as Argo CD's `reposerver.git.request.timeout`.
    pub request_timeout: Duration,
    /// Largest file that is read, bytes.
    pub file_bytes_max: u64,
    /// The program that carries ssh, called as OpenSSH's `ssh`.
    pub ssh_program: PathBuf,
    /// Whether submodules are looked into; as Argo CD's `reposerver.enable.git.submodule`.
    pub submodules: bool,
    /// Checks charts of repositories that have a keyring; without one such charts are refused.
    pub verifier: Option<Arc<dyn ChartVerifier>>,
}

impl SourcesOptions {
    /// Returns the defaults for a cache folder.
    #[must_use]
    pub fn new(cache_dir: impl Into<PathBuf>) -> Self {
        Self {
            cache_dir: cache_dir.into(),
            fetches_max: 32,
            fetch_timeout: Duration::from_secs(90),
            request_timeout: Duration::from_secs(15),
            file_bytes_max: 64 << 20,
            ssh_program: "ssh".into(),
            submodules: true,
            verifier: None,
        }
    }
}
