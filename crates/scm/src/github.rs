use crate::hub::{self, Owner, clone_url};
use crate::rest::{Rest, base_url, secret_header};
use crate::{ForgeOptions, PullRequest, PullRequestQuery, ScmBranch, ScmError, ScmRepository};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use serde::Deserialize;

/// Items a page; GitHub's most.
const PER_PAGE: (&str, &str) = ("per_page", "100");

/// GitHub's REST API, asked as Argo CD 3.x asks it (`applicationset/services/{scm_provider,pull_request}/github.go`).
pub(crate) struct GitHub {
    rest: Rest,
}

#[derive(Deserialize)]
struct Repository {
    id: u64,
    name: String,
    owner: Owner,
    ssh_url: String,
    clone_url: String,
    #[serde(default)]
    default_branch: Option<String>,
    #[serde(default)]
    topics: Vec<String>,
    #[serde(default)]
    archived: bool,
}

impl GitHub {
    pub fn new(options: &ForgeOptions) -> Result<Self, ScmError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
        headers.insert("x-github-api-version", HeaderValue::from_static("2022-11-28"));
        if !options.token.is_empty() {
            headers.insert(AUTHORIZATION, secret_header(&format!("Bearer {}", options.token))?);
        }
        let rest = Rest::new(options, base_url(&api_address(&options.api))?, headers)?;
        Ok(Self { rest })
    }

    pub async fn repositories(&self, options: &ForgeOptions) -> Result<Vec<ScmRepository>, ScmError> {
        let url = self.rest.url(&["orgs", &options.organization, "repos"], &[PER_PAGE])?;
        let found: Vec<Repository> = self.rest.list(url).await?;
        let repositories = found.into_iter().filter(|r| !(options.exclude_archived && r.archived));
        Ok(repositories
            .map(|r| ScmRepository {
                organization: r.owner.login,
                slug: r.name.clone(),
                repository: r.name,
                repository_id: r.id.to_string(),
                url: clone_url(options.clone_protocol, r.ssh_url, r.clone_url),
                default_branch: r.default_branch.unwrap_or_default(),
                labels: r.topics,
                archived: r.archived,
            })
            .collect())
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
        hub::pull_requests(&self.rest, query, &[PER_PAGE]).await
    }
}

/// Completes `api` as go-github's `WithEnterpriseURLs`: `/api/v3` is added unless it is there or the host is an API's.
fn api_address(api: &str) -> String {
    if api.is_empty() {
        return "https://api.github.com".to_owned();
    }
    let trimmed = api.trim_end_matches('/');
    let host = trimmed.split("://").nth(1).unwrap_or_default().split('/').next().unwrap_or_default();
    if trimmed.ends_with("/api/v3") || host.starts_with("api.") || host.contains(".api.") {
        return trimmed.to_owned();
    }
    format!("{trimmed}/api/v3")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_address_is_completed_as_go_github_does() {
        assert_eq!(api_address(""), "https://api.github.com");
        assert_eq!(api_address("https://git.example/"), "https://git.example/api/v3");
        assert_eq!(api_address("https://git.example/api/v3/"), "https://git.example/api/v3");
        assert_eq!(api_address("https://api.acme.ghe.com"), "https://api.acme.ghe.com");
        assert_eq!(api_address("http://127.0.0.1:3000"), "http://127.0.0.1:3000/api/v3");
    }
}
