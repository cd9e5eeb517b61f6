use crate::rest::{Rest, base_url, basic_header, malformed, secret_header, with_parameter};
use crate::{
    CloneProtocol, ForgeOptions, PullRequest, PullRequestQuery, ScmBranch, ScmError, ScmErrorKind,
    ScmRepository,
};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

/// Items a page.
const PER_PAGE: (&str, &str) = ("limit", "100");

/// Bitbucket Server's and Data Center's REST API 1.0, asked as Argo CD 3.x asks it
/// (`applicationset/services/{scm_provider,pull_request}/bitbucket_server.go`). Differs: a repository is addressed by
/// its slug, not its name, which may hold spaces.
pub(crate) struct BitbucketServer {
    rest: Rest,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    values: Vec<T>,
    #[serde(default)]
    is_last_page: bool,
    #[serde(default)]
    next_page_start: Option<u64>,
}

#[derive(Deserialize)]
struct Repository {
    id: u64,
    slug: String,
    #[serde(default)]
    name: String,
    project: Project,
    #[serde(default)]
    links: Links,
    #[serde(default)]
    archived: bool,
}

#[derive(Deserialize)]
struct Project {
    key: String,
}

#[derive(Deserialize, Default)]
struct Links {
    #[serde(default)]
    clone: Vec<Link>,
}

#[derive(Deserialize)]
struct Link {
    name: String,
    href: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Branch {
    display_id: String,
    #[serde(default)]
    latest_commit: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pull {
    id: u64,
    #[serde(default)]
    title: String,
    from_ref: Branch,
    to_ref: Branch,
    #[serde(default)]
    author: Option<Author>,
}

#[derive(Deserialize)]
struct Author {
    user: User,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    name: String,
}

impl BitbucketServer {
    pub fn new(options: &ForgeOptions) -> Result<Self, ScmError> {
        if options.api.is_empty() {
            let message = "bitbucketServer: api is missing; give its address";
            return Err(ScmError::new(ScmErrorKind::Invalid, message));
        }
        let mut headers = HeaderMap::new();
        headers.insert("x-atlassian-token", HeaderValue::from_static("no-check"));
        if !options.username.is_empty() {
            headers.insert(AUTHORIZATION, basic_header(&options.username, &options.password)?);
        } else if !options.token.is_empty() {
            headers.insert(AUTHORIZATION, secret_header(&format!("Bearer {}", options.token))?);
        }
        Ok(Self { rest: Rest::new(options, base_url(&api_address(&options.api))?, headers)? })
    }

    /// Reads all pages: each says where the next starts.
    async fn list<T: DeserializeOwned>(&self, first: Url) -> Result<Vec<T>, ScmError> {
        let read = |url: &Url, page: Page<T>, _: &HeaderMap| {
            let next = match (page.is_last_page, page.next_page_start) {
                (true, _) => None,
                (false, Some(start)) => Some(with_parameter(url, "start", &start.to_string())),
                (false, None) => return Err(malformed(url, "nextPageStart is missing")),
            };
            Ok((page.values, next))
        };
        self.rest.pages(first, read).await
    }

    pub async fn repositories(&self, options: &ForgeOptions) -> Result<Vec<ScmRepository>, ScmError> {
        let path = ["api", "1.0", "projects", &options.organization, "repos"];
        let wanted = match options.clone_protocol {
            CloneProtocol::Default | CloneProtocol::Ssh => "ssh",
            CloneProtocol::Https => "http",
        };
        let found: Vec<Repository> = self.list(self.rest.url(&path, &[PER_PAGE])?).await?;
        let mut out = Vec::new();
        for repository in found {
            // The list does not say; one that is not there means that the repository is empty.
            let default = self.default_branch(&repository.project.key, &repository.slug).await?;
            let Some(default) = default else { continue };
            let link = repository.links.clone.into_iter().find(|link| link.name == wanted);
            out.push(ScmRepository {
                organization: repository.project.key,
                repository: if repository.name.is_empty() {
                    repository.slug.clone()
                } else {
                    repository.name
                },
                slug: repository.slug,
                repository_id: repository.id.to_string(),
                url: link.map(|link| link.href).unwrap_or_default(),
                default_branch: default.display_id,
                labels: Vec::new(),
                archived: repository.archived,
            });
        }
        Ok(out)
    }

    async fn default_branch(&self, project: &str, slug: &str) -> Result<Option<Branch>, ScmError> {
        let path = ["api", "1.0", "projects", project, "repos", slug, "branches", "default"];
        self.rest.find_or_empty(self.rest.url(&path, &[])?).await
    }

    pub async fn branches(&self, repository: &ScmRepository, all: bool) -> Result<Vec<ScmBranch>, ScmError> {
        let (project, slug) = (&repository.organization, &repository.slug);
        let found: Vec<Branch> = if all {
            let path = ["api", "1.0", "projects", project, "repos", slug, "branches"];
            self.list(self.rest.url(&path, &[PER_PAGE])?).await?
        } else {
            self.default_branch(project, slug).await?.into_iter().collect()
        };
        Ok(found.into_iter().map(|b| ScmBranch { name: b.display_id, sha: b.latest_commit }).collect())
    }

    pub async fn path_exists(
        &self,
        repository: &ScmRepository,
        branch: &ScmBranch,
        path: &str,
    ) -> Result<bool, ScmError> {
        let (project, slug) = (&repository.organization, &repository.slug);
        let mut parts = vec!["api", "1.0", "projects", project, "repos", slug, "browse"];
        parts.extend(path.split('/').filter(|part| !part.is_empty()));
        let query = [("at", branch.name.as_str()), ("type", "true"), PER_PAGE];
        Ok(self.rest.find::<serde::de::IgnoredAny>(self.rest.url(&parts, &query)?).await?.is_some())
    }

    pub async fn pull_requests(&self, query: &PullRequestQuery) -> Result<Vec<PullRequest>, ScmError> {
        let path = ["api", "1.0", "projects", &query.owner, "repos", &query.repository, "pull-requests"];
        let found: Vec<Pull> = self.list(self.rest.url(&path, &[PER_PAGE])?).await?;
        let pulls = found.into_iter().map(|p| PullRequest {
            number: p.id,
            title: p.title,
            branch: p.from_ref.display_id,
            target_branch: p.to_ref.display_id,
            head_sha: p.from_ref.latest_commit,
            labels: Vec::new(),
            author: p.author.map(|author| author.user.name).unwrap_or_default(),
        });
        Ok(pulls.collect())
    }
}

/// Completes `api` with `/rest`, as Argo CD's `NormalizeBitbucketBasePath`.
fn api_address(api: &str) -> String {
    let api = api.trim_end_matches('/');
    if api.ends_with("/rest") { api.to_owned() } else { format!("{api}/rest") }
}
