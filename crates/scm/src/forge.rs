use crate::azure::AzureDevOps;
use crate::bitbucket_cloud::BitbucketCloud;
use crate::bitbucket_server::BitbucketServer;
use crate::gitea::Gitea;
use crate::github::GitHub;
use crate::gitlab::GitLab;
use crate::{CloneProtocol, PullRequest, PullRequestQuery, ScmBranch, ScmError, ScmRepository};
use std::fmt;
use std::time::Duration;

/// Whose API is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgeKind {
    /// GitHub and GitHub Enterprise.
    GitHub,
    /// GitLab.
    GitLab,
    /// Gitea and Forgejo.
    Gitea,
    /// Bitbucket Cloud.
    BitbucketCloud,
    /// Bitbucket Server (Data Center).
    BitbucketServer,
    /// Azure DevOps.
    AzureDevOps,
    /// AWS CodeCommit.
    CodeCommit,
}

impl fmt::Display for ForgeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::Gitea => "Gitea",
            Self::BitbucketCloud => "Bitbucket Cloud",
            Self::BitbucketServer => "Bitbucket Server",
            Self::AzureDevOps => "Azure DevOps",
            Self::CodeCommit => "AWS CodeCommit",
        })
    }
}

/// How to reach a forge and what to list.
#[derive(Clone)]
pub struct ForgeOptions {
    /// Whose API it is.
    pub kind: ForgeKind,
    /// `api`: base address; empty for the public service. `/api/v3` is added for GitHub as go-github does.
    pub api: String,
    /// Organisation, group, owner, project or workspace.
    pub organization: String,
    /// Azure DevOps: the project of the organisation.
    pub project: String,
    /// Token; empty for none.
    pub token: String,
    /// User for basic authentication on Bitbucket; empty where the token is a bearer token.
    pub username: String,
    /// Password for basic authentication on Bitbucket.
    pub password: String,
    /// Whether every branch is listed, not only the default one.
    pub all_branches: bool,
    /// Whether archived repositories are left out.
    pub exclude_archived: bool,
    /// Kind of clone URL.
    pub clone_protocol: CloneProtocol,
    /// GitLab: whether subgroups are listed too.
    pub include_subgroups: bool,
    /// GitLab: whether projects shared with the group are listed.
    pub include_shared_projects: bool,
    /// GitLab: topic to select by; empty for all.
    pub topic: String,
    /// Whether the server's certificate is not checked.
    pub insecure: bool,
    /// More CA certificates, PEM; empty for none.
    pub ca_certificates: String,
    /// Longest single request.
    pub request_timeout: Duration,
}

impl ForgeOptions {
    /// Returns the defaults.
    #[must_use]
    pub fn new(kind: ForgeKind, organization: impl Into<String>) -> Self {
        Self {
            kind,
            api: String::new(),
            organization: organization.into(),
            project: String::new(),
            token: String::new(),
            username: String::new(),
            password: String::new(),
            all_branches: false,
            exclude_archived: false,
            clone_protocol: CloneProtocol::Default,
            include_subgroups: false,
            include_shared_projects: true,
            topic: String::new(),
            insecure: false,
            ca_certificates: String::new(),
            request_timeout: Duration::from_secs(30),
        }
    }
}

impl fmt::Debug for ForgeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The token stays out.
        f.debug_struct("ForgeOptions")
            .field("kind", &self.kind)
            .field("api", &self.api)
            .field("organization", &self.organization)
            .field("all_branches", &self.all_branches)
            .finish_non_exhaustive()
    }
}

/// A client of one forge. Keep it: it remembers how long the forge wants no more requests.
pub struct Forge {
    options: ForgeOptions,
    client: ForgeClient,
}

enum ForgeClient {
    GitHub(GitHub),
    GitLab(GitLab),
    Gitea(Gitea),
    BitbucketCloud(BitbucketCloud),
    BitbucketServer(BitbucketServer),
    AzureDevOps(AzureDevOps),
}

/// Asks whichever client it is.
macro_rules! ask {
    ($forge:expr, $client:ident => $question:expr) => {
        match &$forge.client {
            ForgeClient::GitHub($client) => $question.await,
            ForgeClient::GitLab($client) => $question.await,
            ForgeClient::Gitea($client) => $question.await,
            ForgeClient::BitbucketCloud($client) => $question.await,
            ForgeClient::BitbucketServer($client) => $question.await,
            ForgeClient::AzureDevOps($client) => $question.await,
        }
    };
}

impl Forge {
    /// Builds a client; nothing is sent.
    ///
    /// # Errors
    /// `Invalid` for a bad address or certificate, `Unsupported` for a forge that is not built.
    pub fn new(options: ForgeOptions) -> Result<Self, ScmError> {
        let client = match options.kind {
            ForgeKind::GitHub => ForgeClient::GitHub(GitHub::new(&options)?),
            ForgeKind::GitLab => ForgeClient::GitLab(GitLab::new(&options)?),
            ForgeKind::Gitea => ForgeClient::Gitea(Gitea::new(&options)?),
            ForgeKind::BitbucketCloud => ForgeClient::BitbucketCloud(BitbucketCloud::new(&options)?),
            ForgeKind::BitbucketServer => ForgeClient::BitbucketServer(BitbucketServer::new(&options)?),
            ForgeKind::AzureDevOps => ForgeClient::AzureDevOps(AzureDevOps::new(&options)?),
            ForgeKind::CodeCommit => {
                return Err(ScmError::unsupported(format_args!("{} as a forge", options.kind)));
            }
        };
        Ok(Self { options, client })
    }

    /// Lists the organisation's repositories, all pages.
    ///
    /// # Errors
    /// Any; a list that could not be had whole is an error.
    pub async fn repositories(&self) -> Result<Vec<ScmRepository>, ScmError> {
        let found = ask!(self, client => client.repositories(&self.options));
        found.map_err(|e| {
            e.during(format_args!("error listing repositories for {}", self.options.organization))
        })
    }

    /// Lists a repository's branches: the default one, or with `all_branches` all. None where it is empty.
    ///
    /// # Errors
    /// Any; a list that could not be had whole is an error.
    pub async fn branches(&self, repository: &ScmRepository) -> Result<Vec<ScmBranch>, ScmError> {
        let all = self.options.all_branches;
        let found = ask!(self, client => client.branches(repository, all));
        let (owner, name) = (&repository.organization, &repository.repository);
        found.map_err(|e| e.during(format_args!("error listing branches for {owner}/{name}")))
    }

    /// Whether a file or directory is there on a branch.
    ///
    /// # Errors
    /// Any but "not found".
    pub async fn path_exists(
        &self,
        repository: &ScmRepository,
        branch: &ScmBranch,
        path: &str,
    ) -> Result<bool, ScmError> {
        ask!(self, client => client.path_exists(repository, branch, path))
    }

    /// Lists open pull requests, all pages.
    ///
    /// # Errors
    /// Any; `NotFound` where there is no such repository (`continueOnRepoNotFoundError`).
    pub async fn pull_requests(&self, query: &PullRequestQuery) -> Result<Vec<PullRequest>, ScmError> {
        let found = ask!(self, client => client.pull_requests(query));
        let (owner, name) = (&query.owner, &query.repository);
        found.map_err(|e| e.during(format_args!("error listing pull requests for {owner}/{name}")))
    }
}
