/// How the URLs that are handed out are to be cloned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CloneProtocol {
    /// The forge's default, which is ssh.
    #[default]
    Default,
    /// `ssh`.
    Ssh,
    /// `https`: the forge's HTTP clone URL, whatever its scheme.
    Https,
}

impl CloneProtocol {
    /// Reads `cloneProtocol`; nothing for an unknown word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "" => Some(Self::Default),
            "ssh" => Some(Self::Ssh),
            "https" => Some(Self::Https),
            _ => None,
        }
    }
}

/// A repository of an organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScmRepository {
    /// Organisation, group, project or workspace.
    pub organization: String,
    /// Name inside it.
    pub repository: String,
    /// What its addresses in the forge's API say; differs from the name on Bitbucket Server.
    pub slug: String,
    /// The forge's number or uuid for it, as text.
    pub repository_id: String,
    /// Clone URL of the wanted protocol.
    pub url: String,
    /// Default branch; empty where the repository is empty.
    pub default_branch: String,
    /// Topics (GitHub, GitLab, Gitea) or labels.
    pub labels: Vec<String>,
    /// Whether it is archived.
    pub archived: bool,
}

/// A branch of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScmBranch {
    /// Name, such as `main`.
    pub name: String,
    /// Commit that it points at, in hex.
    pub sha: String,
}

/// Which pull requests are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullRequestQuery {
    /// Owner, workspace or project. For GitLab empty, and `repository` the project's number or path.
    pub owner: String,
    /// Repository.
    pub repository: String,
    /// Labels that all must be on it; empty for any.
    pub labels: Vec<String>,
    /// Labels none of which may be on it.
    pub excluded_labels: Vec<String>,
    /// State by the forge's own word, for GitLab; empty for open ones.
    pub state: String,
}

impl PullRequestQuery {
    /// Whether a pull request with these labels is wanted.
    pub(crate) fn wants_labels(&self, labels: &[String]) -> bool {
        self.labels.iter().all(|wanted| labels.contains(wanted))
            && !self.excluded_labels.iter().any(|unwanted| labels.contains(unwanted))
    }
}

/// An open pull request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullRequest {
    /// Number (for GitLab the `iid`).
    pub number: u64,
    /// Title.
    pub title: String,
    /// Branch it comes from.
    pub branch: String,
    /// Branch it goes to.
    pub target_branch: String,
    /// Commit at its head, in hex.
    pub head_sha: String,
    /// Labels.
    pub labels: Vec<String>,
    /// Who opened it.
    pub author: String,
}
