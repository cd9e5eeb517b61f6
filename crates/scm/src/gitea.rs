use crate::rest::{Rest, base_url, secret_header};
use crate::{
    CloneProtocol, ForgeOptions, PullRequest, PullRequestQuery, ScmBranch, ScmError, ScmErrorKind,
    ScmRepository,
};
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

#[derive(Deserialize)]
struct Label {
    name: String,
}

#[derive(Deserialize)]
struct Branch {
    name: String,
    commit: Commit,
}

#[derive(Deserialize)]
struct Commit {
    id: String,
}

#[derive(Deserialize)]
struct Pull {
    number: u64,
    #[serde(default)]
    title: String,
    head: Side,
    base: Side,
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    labels: Option<Vec<Label>>,
}

#[derive(Deserialize)]
struct Side {
    #[serde(rename = "ref")]
    reference: String,
    sha: String,
}

#[derive(Deserialize)]
struct User {
    login: String,
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
                repository: repository.name,
                repository_id: repository.id.to_string(),
                url: match options.clone_protocol {
                    CloneProtocol::Default | CloneProtocol::Ssh => repository.ssh_url,
                    CloneProtocol::Https => repository.clone_url,
                },
                default_branch: repository.default_branch,
                labels: labels.into_iter().map(|label| label.name).collect(),
                archived: repository.archived,
            });
        }
        Ok(repositories)
    }

    pub async fn branches(&self, repository: &ScmRepository, all: bool) -> Result<Vec<ScmBranch>, ScmError> {
        let path = ["repos", &repository.organization, &repository.repository, "branches"];
        let found: Vec<Branch> = if all {
            self.rest.list(self.rest.url(&path, &[PER_PAGE])?).await?
        } else {
            let one = [path.as_slice(), &[&repository.default_branch]].concat();
            vec![self.rest.get(self.rest.url(&one, &[])?).await?]
        };
        Ok(found.into_iter().map(|b| ScmBranch { name: b.name, sha: b.commit.id }).collect())
    }

    pub async fn path_exists(
        &self,
        repository: &ScmRepository,
        branch: &str,
        path: &str,
    ) -> Result<bool, ScmError> {
        let mut parts = vec!["repos", &repository.organization, &repository.repository, "contents"];
        parts.extend(path.split('/').filter(|part| !part.is_empty()));
        let found: Option<serde::de::IgnoredAny> =
            self.rest.find(self.rest.url(&parts, &[("ref", branch)])?).await?;
        Ok(found.is_some())
    }

    pub async fn pull_requests(&self, query: &PullRequestQuery) -> Result<Vec<PullRequest>, ScmError> {
        let path = ["repos", &query.owner, &query.repository, "pulls"];
        let found: Vec<Pull> = self.rest.list(self.rest.url(&path, &[PER_PAGE, ("state", "open")])?).await?;
        let pulls = found.into_iter().map(|p| PullRequest {
            number: p.number,
            title: p.title,
            branch: p.head.reference,
            target_branch: p.base.reference,
            head_sha: p.head.sha,
            labels: p.labels.unwrap_or_default().into_iter().map(|label| label.name).collect(),
            author: p.user.map(|user| user.login).unwrap_or_default(),
        });
        Ok(pulls.filter(|pull| query.wants_labels(&pull.labels)).collect())
    }
}
