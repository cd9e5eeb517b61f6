use crate::hub::{self, Label, clone_url};
use crate::rest::{Rest, base_url, secret_header};
use crate::{ForgeOptions, PullRequest, PullRequestQuery, ScmBranch, ScmError, ScmErrorKind, ScmRepository};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde::Deserialize;

/// Items a page; the most that Gitea allows unless it is configured otherwise.
const PER_PAGE: (&str, &str) = ("limit", "50");

/// Gitea's and Forgejo's REST API, asked as Argo CD 3.x asks it
/// (`applicationset/services/{scm_provider,pull_request}/gitea.go`). Differs: all pages are read, not the first alone.
pub(crate) struct Gitea {
    rest: Rest,
}

#[derive(Deserialize)]
struct Repository {
    id: u64,
    name: String,
    #[serde(default)]
    ssh_url: String,
    #[serde(default)]
    clone_url: String,
    #[serde(default)]
    default_branch: String,
    #[serde(default)]
    archived: bool,
}

impl Gitea {
    pub fn new(options: &ForgeOptions) -> Result<Self, ScmError> {
        if options.api.is_empty() {
            return Err(ScmError::new(ScmErrorKind::Invalid, "gitea: api is missing; give its address"));
        }
        let mut headers = HeaderMap::new();
        if !options.token.is_empty() {
            headers.insert(AUTHORIZATION, secret_header(&format!("token {}", options.token))?);
        }
        let base = base_url(&format!("{}/api/v1", options.api.trim_end_matches('/')))?;
        Ok(Self { rest: Rest::new(options, base, headers)? })
    }

    pub async fn repositories(&self, options: &ForgeOptions) -> Result<Vec<ScmRepository>, ScmError> {
        let owner = &options.organization;
        let found: Vec<Repository> =
            self.rest.list(self.rest.url(&["orgs", owner, "repos"], &[PER_PAGE])?).await?;
        let mut repositories = Vec::new();
        for repository in found {
            if options.exclude_archived && repository.archived {
                continue;
            }
            // Labels are those of its issues, as in Argo CD; Gitea's topics are another list.
            let url = self.rest.url(&["repos", owner, &repository.name, "labels"], &[PER_PAGE])?;
            let labels: Vec<Label> = self.rest.list(url).await?;
            repositories.push(ScmRepository {
                organization: owner.clone(),
                slug: repository.name.clone(),
                repository: repository.name,
                repository_id: repository.id.to_string(),
                url: clone_url(options.clone_protocol, repository.ssh_url, repository.clone_url),
                default_branch: repository.default_branch,
                labels: labels.into_iter().map(|label| label.name).collect(),
                archived: repository.archived,
            });
        }
        Ok(repositories)
    }

    pub async fn branches(&self, repository: &ScmRepository, all: bool) -> Result<Vec<ScmBranch>, ScmError> {
        hub::branches(&self.rest, repository, all, PER_PAGE).await
    }

    pub async fn path_exists(
        &self,
        repository: &ScmRepository,
        branch: &ScmBranch,
        path: &str,
    ) -> Result<bool, ScmError> {
        hub::path_exists(&self.rest, repository, branch, path).await
    }

    pub async fn pull_requests(&self, query: &PullRequestQuery) -> Result<Vec<PullRequest>, ScmError> {
        hub::pull_requests(&self.rest, query, &[PER_PAGE, ("state", "open")]).await
    }
}
