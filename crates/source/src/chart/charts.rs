use crate::SourceError;
use crate::http::HttpContext;
use fairway_core::{FileTree, Str};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// All chart repositories.
pub(crate) struct Charts {
    #[expect(dead_code, reason = "charts are fetched in the next step")]
    cache_dir: PathBuf,
    #[expect(dead_code, reason = "charts are fetched in the next step")]
    http: Arc<HttpContext>,
}

impl Charts {
    pub fn new(cache_dir: &Path, http: Arc<HttpContext>) -> Self {
        Self { cache_dir: cache_dir.join("charts"), http }
    }

    pub fn forget(&self, _repo_url: &str) {}

    pub async fn resolve(&self, repo_url: &str, chart: &str, _version: &str) -> Result<Str, SourceError> {
        Err(SourceError::unsupported(format_args!("chart {chart} of {repo_url}")))
    }

    pub async fn open(
        &self,
        repo_url: &str,
        chart: &str,
        _version: &str,
    ) -> Result<Arc<dyn FileTree>, SourceError> {
        Err(SourceError::unsupported(format_args!("chart {chart} of {repo_url}")))
    }

    pub async fn with_dependencies(
        &self,
        _tree: Arc<dyn FileTree>,
        chart_dir: &str,
    ) -> Result<Arc<dyn FileTree>, SourceError> {
        Err(SourceError::unsupported(format_args!("chart dependencies of {chart_dir}")))
    }
}
