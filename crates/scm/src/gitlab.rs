use crate::hub::clone_url;
use crate::rest::{Rest, base_url, secret_header};
use crate::{ForgeOptions, PullRequest, PullRequestQuery, ScmBranch, ScmError, ScmRepository};
use reqwest::header::HeaderMap;
use serde::Deserialize;

/// Items a page; GitLab's most.
const PER_PAGE: (&str, &str) = ("per_page", "100");

/// GitLab's REST API, asked as Argo CD 3.x asks it (`applicationset/services/{scm_provider,pull_request}/gitlab.go`).
pub(crate) struct GitLab {
    rest: Rest,
}

#[derive(Deserialize)]
struct Project {
    id: u64,
    path: String,
    namespace: Namespace,
    #[serde(default)]
    ssh_url_to_repo: String,
    #[serde(default)]
    http_url_to_repo: String,
    #[serde(default)]
    default_branch: Option<String>,
    #[serde(default)]
    topics: Vec<String>,
    /// What topics were called before GitLab 14.5.
    #[serde(default)]
    tag_list: Vec<String>,
    #[serde(default)]
    archived: bool,
}

#[derive(Deserialize)]
struct Namespace {
    full_path: String,
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
struct TreeEntry {
    path: String,
}

#[derive(Deserialize)]
struct MergeRequest {
    iid: u64,
    #[serde(default)]
    title: String,
    source_branch: String,
    target_branch: String,
    /// Missing while the request is being made.
    #[serde(default)]
    sha: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    author: Option<Author>,
}

#[derive(Deserialize)]
struct Author {
    username: String,
}

impl GitLab {
    pub fn new(options: &ForgeOptions) -> Result<Self, ScmError> {
        let mut headers = HeaderMap::new();
        if !options.token.is_empty() {
            headers.insert("private-token", secret_header(&options.token)?);
        }
        let rest = Rest::new(options, base_url(&api_address(&options.api))?, headers)?;
        Ok(Self { rest })
    }

    pub async fn repositories(&self, options: &ForgeOptions) -> Result<Vec<ScmRepository>, ScmError> {
        let flag = |on: bool| if on { "true" } else { "false" };
        let mut query = vec![
            PER_PAGE,
            ("include_subgroups", flag(options.include_subgroups)),
            ("with_shared", flag(options.include_shared_projects)),
        ];
        if !options.topic.is_empty() {
            query.push(("topic", &options.topic));
        }
        if options.exclude_archived {
            query.push(("archived", "false"));
        }
        let url = self.rest.url(&["groups", &options.organization, "projects"], &query)?;
        let found: Vec<Project> = self.rest.list(url).await?;
        let projects = found.into_iter().filter(|p| !(options.exclude_archived && p.archived));
        Ok(projects
            .map(|p| ScmRepository {
                organization: p.namespace.full_path,
                slug: p.path.clone(),
                repository: p.path,
                repository_id: p.id.to_string(),
                url: clone_url(options.clone_protocol, p.ssh_url_to_repo, p.http_url_to_repo),
                default_branch: p.default_branch.unwrap_or_default(),
                labels: if p.topics.is_empty() { p.tag_list } else { p.topics },
                archived: p.archived,
            })
            .collect())
    }

    pub async fn branches(&self, repository: &ScmRepository, all: bool) -> Result<Vec<ScmBranch>, ScmError> {
        let path = ["projects", &repository.repository_id, "repository", "branches"];
        let found: Vec<Branch> = if all {
            self.rest.list(self.rest.url(&path, &[PER_PAGE])?).await?
        } else if repository.default_branch.is_empty() {
            Vec::new()
        } else {
            let one = [path.as_slice(), &[&repository.default_branch]].concat();
            self.rest.find(self.rest.url(&one, &[])?).await?.into_iter().collect()
        };
        Ok(found.into_iter().map(|b| ScmBranch { name: b.name, sha: b.commit.id }).collect())
    }

    pub async fn path_exists(
        &self,
        repository: &ScmRepository,
        branch: &ScmBranch,
        path: &str,
    ) -> Result<bool, ScmError> {
        // The API for files knows no directories, so the folder above is listed.
        let path = path.trim_matches('/');
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let parts = ["projects", &repository.repository_id, "repository", "tree"];
        let url = self.rest.url(&parts, &[PER_PAGE, ("path", folder), ("ref", &branch.name)])?;
        match self.rest.list::<TreeEntry>(url).await {
            Ok(entries) => Ok(entries.iter().any(|entry| entry.path == path)),
            // The folder is not there.
            Err(error) if error.kind == crate::ScmErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub async fn pull_requests(&self, query: &PullRequestQuery) -> Result<Vec<PullRequest>, ScmError> {
        let labels = query.labels.join(",");
        let mut parameters = vec![PER_PAGE];
        if !labels.is_empty() {
            parameters.push(("labels", &labels));
        }
        // As in Argo CD: no state means all of them.
        if !query.state.is_empty() {
            parameters.push(("state", &query.state));
        }
        let url = self.rest.url(&["projects", &query.repository, "merge_requests"], &parameters)?;
        let found: Vec<MergeRequest> = self.rest.list(url).await?;
        let requests = found.into_iter().map(|m| PullRequest {
            number: m.iid,
            title: m.title,
            branch: m.source_branch,
            target_branch: m.target_branch,
            head_sha: m.sha.unwrap_or_default(),
            labels: m.labels,
            author: m.author.map(|author| author.username).unwrap_or_default(),
        });
        Ok(requests.filter(|request| query.wants_labels(&request.labels)).collect())
    }
}

fn api_address(api: &str) -> String {
    let api = if api.is_empty() { "https://gitlab.com" } else { api.trim_end_matches('/') };
    if api.ends_with("/api/v4") { api.to_owned() } else { format!("{api}/api/v4") }
}
