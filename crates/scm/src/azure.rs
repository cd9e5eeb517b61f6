use crate::rest::{Rest, base_url, basic_header};
use crate::{ForgeOptions, PullRequest, PullRequestQuery, ScmBranch, ScmError, ScmErrorKind, ScmRepository};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde::Deserialize;
use url::Url;

/// Version of the API, as Argo CD's client asks for.
const VERSION: (&str, &str) = ("api-version", "7.1");
/// Pull requests a page; Azure gives 101 unless asked.
const PULLS_A_PAGE: usize = 100;

/// Azure DevOps' Git API, asked as Argo CD 3.x asks it
/// (`applicationset/services/{scm_provider,pull_request}/azure_devops.go`). Differs: all pages of pull requests are read,
/// not the first alone, and a repository that went between two answers is an error, not one without branches.
pub(crate) struct AzureDevOps {
    rest: Rest,
    project: String,
}

#[derive(Deserialize)]
struct List<T> {
    value: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    id: String,
    name: String,
    #[serde(default)]
    remote_url: Option<String>,
    /// Missing where the repository is empty.
    #[serde(default)]
    default_branch: Option<String>,
    #[serde(default)]
    is_disabled: bool,
}

#[derive(Deserialize)]
struct Branch {
    name: String,
    commit: Commit,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Commit {
    commit_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pull {
    pull_request_id: u64,
    #[serde(default)]
    title: String,
    source_ref_name: String,
    target_ref_name: String,
    #[serde(default)]
    last_merge_source_commit: Option<Commit>,
    #[serde(default)]
    labels: Option<Vec<Label>>,
    #[serde(default)]
    created_by: Option<Author>,
    repository: Named,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Author {
    #[serde(default)]
    unique_name: String,
}

impl AzureDevOps {
    pub fn new(options: &ForgeOptions) -> Result<Self, ScmError> {
        if options.project.is_empty() {
            let message = "azureDevOps: the project (teamProject) is missing";
            return Err(ScmError::new(ScmErrorKind::Invalid, message));
        }
        let mut headers = HeaderMap::new();
        if !options.token.is_empty() {
            headers.insert(AUTHORIZATION, basic_header("", &options.token)?);
        }
        let api = if options.api.is_empty() { "https://dev.azure.com" } else { &options.api };
        let base = base_url(&format!("{}/{}", api.trim_end_matches('/'), options.organization))?;
        Ok(Self { rest: Rest::new(options, base, headers)?, project: options.project.clone() })
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url, ScmError> {
        let path = [&[self.project.as_str(), "_apis", "git"], path].concat();
        self.rest.url(&path, &[query, &[VERSION]].concat())
    }

    pub async fn repositories(&self, options: &ForgeOptions) -> Result<Vec<ScmRepository>, ScmError> {
        let found: List<Repository> = self.rest.get(self.url(&["repositories"], &[])?).await?;
        let repositories = found.value.into_iter().filter(|r| !r.is_disabled).filter_map(|r| {
            Some(ScmRepository {
                organization: options.organization.clone(),
                slug: r.name.clone(),
                repository: r.name,
                repository_id: r.id,
                url: r.remote_url?,
                default_branch: short(&r.default_branch?),
                labels: Vec::new(),
                archived: false,
            })
        });
        Ok(repositories.collect())
    }

    pub async fn branches(&self, repository: &ScmRepository, all: bool) -> Result<Vec<ScmBranch>, ScmError> {
        let path = ["repositories", &repository.slug, "stats", "branches"];
        let found: Vec<Branch> = if all {
            self.rest.get::<List<Branch>>(self.url(&path, &[])?).await?.value
        } else {
            let name = [("name", repository.default_branch.as_str())];
            vec![self.rest.get(self.url(&path, &name)?).await?]
        };
        Ok(found.into_iter().map(|b| ScmBranch { name: b.name, sha: b.commit.commit_id }).collect())
    }

    pub async fn path_exists(
        &self,
        repository: &ScmRepository,
        branch: &ScmBranch,
        path: &str,
    ) -> Result<bool, ScmError> {
        let query = [
            ("path", path),
            ("versionDescriptor.version", branch.name.as_str()),
            ("versionDescriptor.versionType", "branch"),
            ("$format", "json"),
        ];
        let url = self.url(&["repositories", &repository.repository_id, "items"], &query)?;
        Ok(self.rest.find::<serde::de::IgnoredAny>(url).await?.is_some())
    }

    pub async fn pull_requests(&self, query: &PullRequestQuery) -> Result<Vec<PullRequest>, ScmError> {
        let mut found: Vec<Pull> = Vec::new();
        for page in 0..100 {
            let (skip, top) = ((page * PULLS_A_PAGE).to_string(), PULLS_A_PAGE.to_string());
            let url = self.url(&["pullrequests"], &[("$skip", &skip), ("$top", &top)])?;
            let list: List<Pull> = self.rest.get(url).await?;
            let last = list.value.len() < PULLS_A_PAGE;
            found.extend(list.value);
            if last {
                return Ok(pulls(found, query));
            }
        }
        Err(ScmError::new(ScmErrorKind::TooLarge, "more than 100 pages of pull requests"))
    }
}

fn pulls(found: Vec<Pull>, query: &PullRequestQuery) -> Vec<PullRequest> {
    let of_repository = found.into_iter().filter(|p| p.repository.name == query.repository);
    let pulls = of_repository.filter_map(|p| {
        let author = p.created_by.map(|author| author.unique_name).unwrap_or_default();
        Some(PullRequest {
            number: p.pull_request_id,
            title: p.title,
            branch: short(&p.source_ref_name),
            target_branch: short(&p.target_ref_name),
            head_sha: p.last_merge_source_commit?.commit_id,
            labels: p.labels.unwrap_or_default().into_iter().map(|label| label.name).collect(),
            // An address: the part before the @ names the person.
            author: author.split('@').next().unwrap_or_default().to_owned(),
        })
    });
    pulls.filter(|pull| query.wants_labels(&pull.labels)).collect()
}

fn short(reference: &str) -> String {
    reference.strip_prefix("refs/heads/").unwrap_or(reference).to_owned()
}
