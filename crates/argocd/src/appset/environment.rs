use fairway_core::{FileTree, Map, Str, Value};
use fairway_value::{HtmlEscape, to_json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A cluster that has a Secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AppSetCluster {
    /// Name.
    pub name: Str,
    /// API server address.
    pub server: Str,
    /// Project, empty for all.
    pub project: Str,
    /// Labels of the Secret.
    pub labels: Map,
    /// Annotations of the Secret.
    pub annotations: Map,
}

/// The files of a repository at a revision, or why they could not be had.
#[derive(Clone)]
pub enum GitFiles {
    /// The tree.
    Tree(Arc<dyn FileTree>),
    /// The fetch failed.
    Failed(Str),
}

/// A repository that a forge lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScmRepository {
    /// Organisation, group or workspace.
    pub organization: Str,
    /// Name.
    pub repository: Str,
    /// The forge's id.
    pub id: Str,
    /// Address to clone from, in the protocol that was asked for.
    pub url: Str,
    /// Name of the default branch.
    pub default_branch: Str,
    /// Branches with their commits. With `allBranches` off only the default branch is needed.
    pub branches: BTreeMap<Str, Str>,
    /// Topics.
    pub labels: Vec<Str>,
    /// Which of the paths that the filters name exist, by branch.
    pub paths: BTreeMap<Str, Vec<Str>>,
}

/// What a `clusterDecisionResource` generator reads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decisions {
    /// Data of the ConfigMap that `configMapRef` names.
    pub config: Map,
    /// The resources that the generator names or selects.
    pub resources: Vec<Value>,
}

/// An open pull request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PullRequest {
    /// Number.
    pub number: i64,
    /// Title.
    pub title: Str,
    /// Branch it comes from.
    pub branch: Str,
    /// Branch it goes to.
    pub target_branch: Str,
    /// Its newest commit.
    pub head_sha: Str,
    /// Labels.
    pub labels: Vec<Str>,
    /// Who opened it.
    pub author: Str,
}

/// Something that a generator needs and the environment does not hold yet.
#[derive(Clone, Debug, PartialEq)]
pub enum DataRequest {
    /// The files of a repository.
    Git {
        /// Address.
        repo_url: Str,
        /// Revision; `HEAD` where none is named.
        revision: Str,
    },
    /// The repositories that a forge lists.
    Scm {
        /// The `scmProvider` block: which forge, where, whose, which filters.
        block: Value,
    },
    /// The open pull requests that a forge lists.
    PullRequests {
        /// The `pullRequest` block.
        block: Value,
    },
    /// The resources that say which clusters are meant.
    Decisions {
        /// The `clusterDecisionResource` block.
        block: Value,
    },
    /// What a service of the user's answers.
    Plugin {
        /// Name of the ApplicationSet, which the service is told.
        appset: Str,
        /// The `plugin` block.
        block: Value,
    },
}

impl DataRequest {
    /// Returns the key that the answer belongs under in an [`Environment`]. Equal requests have equal keys.
    #[must_use]
    pub fn key(&self) -> Str {
        match self {
            Self::Git { repo_url, revision } => format!("git {repo_url} {revision}").into(),
            Self::Scm { block } => format!("scm {}", to_json(block, HtmlEscape::No)).into(),
            Self::PullRequests { block } => format!("pr {}", to_json(block, HtmlEscape::No)).into(),
            Self::Decisions { block } => format!("decisions {}", to_json(block, HtmlEscape::No)).into(),
            Self::Plugin { appset, block } => {
                format!("plugin {appset} {}", to_json(block, HtmlEscape::No)).into()
            }
        }
    }
}

/// What the world looks like to generators. A request without an answer is named in `Generated::needs`.
#[derive(Clone, Default)]
pub struct Environment {
    /// The time in seconds since 1970, for templates that ask for it.
    pub now_unix: i64,
    /// Clusters that have a Secret.
    pub clusters: Vec<AppSetCluster>,
    /// Whether the cluster Fairway runs on stays unlisted where it has no Secret (`cluster.inClusterEnabled: false`).
    pub hides_in_cluster: bool,
    /// Files by [`DataRequest::key`].
    pub git: BTreeMap<Str, GitFiles>,
    /// Repositories by [`DataRequest::key`], or why they could not be listed.
    pub scm: BTreeMap<Str, Result<Vec<ScmRepository>, Str>>,
    /// Pull requests by [`DataRequest::key`], or why they could not be listed.
    pub pull_requests: BTreeMap<Str, Result<Vec<PullRequest>, Str>>,
    /// Resources that name clusters by [`DataRequest::key`], or why they could not be read.
    pub decisions: BTreeMap<Str, Result<Decisions, Str>>,
    /// Parameters that services answered with by [`DataRequest::key`], or why they did not.
    pub plugins: BTreeMap<Str, Result<Vec<Map>, Str>>,
}
