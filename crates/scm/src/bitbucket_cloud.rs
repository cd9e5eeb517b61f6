use crate::rest::{Rest, base_url, basic_header, malformed, secret_header};
use crate::{
    CloneProtocol, ForgeOptions, PullRequest, PullRequestQuery, ScmBranch, ScmError, ScmErrorKind,
    ScmRepository,
};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

/// Items a page; Bitbucket's most.
const PER_PAGE: (&str, &str) = ("pagelen", "100");
/// Bitbucket's most for pull requests.
const PULLS_PER_PAGE: (&str, &str) = ("pagelen", "50");

/// Bitbucket Cloud's REST API 2.0, asked as Argo CD 3.x asks it
/// (`applicationset/services/{scm_provider,pull_request}/bitbucket_cloud.go`). Differs: all pages of pull requests are
/// read, not the first alone.
pub(crate) struct BitbucketCloud {
    rest: Rest,
}

#[derive(Deserialize)]
struct Page<T> {
    values: Vec<T>,
    #[serde(default)]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Repository {
    slug: String,
    #[serde(default)]
    uuid: String,
    /// Missing where the repository is empty.
    #[serde(default)]
    mainbranch: Option<Named>,
    #[serde(default)]
    links: Links,
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
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Branch {
    name: String,
    target: Commit,
}

#[derive(Deserialize)]
struct Commit {
    hash: String,
}

#[derive(Deserialize)]
struct Pull {
    id: u64,
    #[serde(default)]
    title: String,
    source: Side,
    destination: Side,
    #[serde(default)]
    author: Option<Author>,
}

#[derive(Deserialize)]
struct Side {
    branch: Named,
    #[serde(default)]
    commit: Option<Commit>,
}

#[derive(Deserialize)]
struct Author {
    #[serde(default)]
    nickname: String,
}

impl BitbucketCloud {
    pub fn new(options: &ForgeOptions) -> Result<Self, ScmError> {
        let mut headers = HeaderMap::new();
        if !options.username.is_empty() {
            headers.insert(AUTHORIZATION, basic_header(&options.username, &options.password)?);
        } else if !options.token.is_empty() {
            headers.insert(AUTHORIZATION, secret_header(&format!("Bearer {}", options.token))?);
        }
        let api = if options.api.is_empty() { "https://api.bitbucket.org/2.0" } else { &options.api };
        Ok(Self { rest: Rest::new(options, base_url(api)?, headers)? })
    }

    /// Reads all pages: each names the next.
    async fn list<T: DeserializeOwned>(&self, first: Url) -> Result<Vec<T>, ScmError> {
        let read = |url: &Url, page: Page<T>, _: &HeaderMap| {
            let next = page.next.filter(|next| !next.is_empty());
            let next = next.map(|next| url.join(&next)).transpose();
            Ok((page.values, next.map_err(|_| malformed(url, "the next page is no address"))?))
        };
        self.rest.pages(first, read).await
    }

    pub async fn repositories(&self, options: &ForgeOptions) -> Result<Vec<ScmRepository>, ScmError> {
        let owner = &options.organization;
        let url = self.rest.url(&["repositories", owner], &[PER_PAGE, ("role", "member")])?;
        let wanted = match options.clone_protocol {
            CloneProtocol::Default | CloneProtocol::Ssh => "ssh",
            CloneProtocol::Https => "https",
        };
        let found: Vec<Repository> = self.list(url).await?;
        let repository = |r: Repository| {
            let link = r.links.clone.into_iter().find(|link| link.name == wanted).ok_or_else(|| {
                let message = format!("repository {} has no clone link for {wanted}", r.slug);
                ScmError::new(ScmErrorKind::Malformed, message)
            })?;
            Ok(ScmRepository {
                organization: owner.clone(),
                slug: r.slug.clone(),
                repository: r.slug,
                repository_id: r.uuid,
                url: link.href,
                default_branch: r.mainbranch.map(|branch| branch.name).unwrap_or_default(),
                labels: Vec::new(),
                archived: false,
            })
        };
        found.into_iter().map(repository).collect()
    }

    pub async fn branches(&self, repository: &ScmRepository, all: bool) -> Result<Vec<ScmBranch>, ScmError> {
        let path = ["repositories", &repository.organization, &repository.slug, "refs", "branches"];
        let found: Vec<Branch> = if all {
            self.list(self.rest.url(&path, &[PER_PAGE])?).await?
        } else if repository.default_branch.is_empty() {
            Vec::new()
        } else {
            let one = [path.as_slice(), &[&repository.default_branch]].concat();
            vec![self.rest.get(self.rest.url(&one, &[])?).await?]
        };
        Ok(found.into_iter().map(|b| ScmBranch { name: b.name, sha: b.target.hash }).collect())
    }

    pub async fn path_exists(
        &self,
        repository: &ScmRepository,
        branch: &ScmBranch,
        path: &str,
    ) -> Result<bool, ScmError> {
        // By commit: a branch with a slash in its name would read as a path.
        let mut parts =
            vec!["repositories", &repository.organization, &repository.slug, "src", branch.sha.as_str()];
        parts.extend(path.split('/').filter(|part| !part.is_empty()));
        let url = self.rest.url(&parts, &[("format", "meta")])?;
        Ok(self.rest.find::<serde::de::IgnoredAny>(url).await?.is_some())
    }

    pub async fn pull_requests(&self, query: &PullRequestQuery) -> Result<Vec<PullRequest>, ScmError> {
        let path = ["repositories", &query.owner, &query.repository, "pullrequests"];
        let found: Vec<Pull> = self.list(self.rest.url(&path, &[PULLS_PER_PAGE])?).await?;
        let pulls = found.into_iter().map(|p| PullRequest {
            number: p.id,
            title: p.title,
            branch: p.source.branch.name,
            target_branch: p.destination.branch.name,
            head_sha: p.source.commit.map(|commit| commit.hash).unwrap_or_default(),
            labels: Vec::new(),
            author: p.author.map(|author| author.nickname).unwrap_or_default(),
        });
        Ok(pulls.collect())
    }
}
