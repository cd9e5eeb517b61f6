use fairway_core::FileTree;
use std::sync::Arc;

/// A remote base: what kustomize reads from a Git address such as `github.com/org/repo//dir?ref=v1`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepoSpec {
    /// The address as written in the kustomization.
    pub raw: String,
    /// The address to clone.
    pub clone_url: String,
    /// Branch, tag or commit; empty for the remote's `HEAD`.
    pub reference: String,
    /// Directory inside the repository; empty for its root.
    pub path: String,
    /// Whether submodules are wanted.
    pub submodules: bool,
}

/// A remote repository's files.
#[derive(Clone)]
pub struct RemoteTree {
    /// The files of the whole repository.
    pub tree: Arc<dyn FileTree>,
}

/// Where remote bases and files come from. Errors are texts for the user.
pub trait Remote: Send + Sync {
    /// Returns a repository at a revision.
    ///
    /// # Errors
    /// The repository or the revision is not to be had.
    fn repository(&self, spec: &RepoSpec) -> Result<RemoteTree, String>;

    /// Returns what an `http://` or `https://` address serves.
    ///
    /// # Errors
    /// Anything but a success.
    fn file(&self, url: &str) -> Result<Arc<[u8]>, String>;

    /// Returns a chart of an HTTP or OCI repository, from its own root; an empty version is the newest.
    ///
    /// # Errors
    /// The repository or the chart is not to be had.
    fn chart(&self, repo: &str, name: &str, _version: &str) -> Result<Arc<dyn FileTree>, String> {
        Err(format!("chart {name} of {repo}: charts of repositories are not available here"))
    }
}

/// One entry of `helmCharts`, made ready: what `helm template` is called with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartRequest {
    /// Directory of the chart in the tree, where there is one (`chartHome/name`).
    pub chart_dir: Option<String>,
    /// Name of the chart.
    pub name: String,
    /// Version; empty for the newest.
    pub version: String,
    /// Repository address; empty for a chart in the tree.
    pub repo: String,
    /// Release name; empty only where there is a `name_template`.
    pub release_name: String,
    /// `--name-template`, a Go template that gives the release name and wins over it; empty for none.
    pub name_template: String,
    /// Release namespace; empty for `default`.
    pub namespace: String,
    /// Values files as YAML texts, in order, the later win.
    pub values: Vec<String>,
    /// `--kube-version`; empty for the built-in.
    pub kube_version: String,
    /// `--api-versions`.
    pub api_versions: Vec<String>,
    /// `--include-crds`.
    pub include_crds: bool,
    /// `--skip-tests`.
    pub skip_tests: bool,
    /// `--no-hooks`.
    pub skip_hooks: bool,
    /// `--devel`.
    pub devel: bool,
}

/// Renders Helm charts.
pub trait ChartInflator {
    /// Returns what `helm template` would print for a chart of `tree` or of a repository.
    ///
    /// # Errors
    /// The chart is not to be had or fails.
    fn inflate(&self, tree: &dyn FileTree, request: &ChartRequest) -> Result<String, String>;
}
