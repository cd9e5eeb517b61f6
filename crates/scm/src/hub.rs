//! What GitHub's API and Gitea's have in common.

use crate::rest::Rest;
use crate::{CloneProtocol, PullRequest, PullRequestQuery, ScmBranch, ScmError, ScmRepository};
use serde::Deserialize;

#[derive(Deserialize)]
struct Branch {
    name: String,
    commit: Commit,
}

#[derive(Deserialize)]
struct Commit {
    /// GitHub says `sha`, Gitea `id`.
    #[serde(alias = "id")]
    sha: String,
}

#[derive(Deserialize)]
struct Pull {
    number: u64,
    #[serde(default)]
    title: Option<String>,
    head: Side,
    base: Side,
    /// Missing where the account was deleted.
    #[serde(default)]
    user: Option<Owner>,
    #[serde(default)]
    labels: Option<Vec<Label>>,
}

#[derive(Deserialize)]
struct Side {
    #[serde(rename = "ref")]
    reference: String,
    sha: String,
}

/// An account.
#[derive(Deserialize)]
pub(crate) struct Owner {
    pub login: String,
}

/// A label of issues.
#[derive(Deserialize)]
pub(crate) struct Label {
    pub name: String,
}

/// Picks the clone URL that is asked for.
pub(crate) fn clone_url(protocol: CloneProtocol, ssh: String, https: String) -> String {
    match protocol {
        CloneProtocol::Default | CloneProtocol::Ssh => ssh,
        CloneProtocol::Https => https,
    }
}

/// Lists branches: all, or the default one. None where the default branch is not there: the repository is empty.
pub(crate) async fn branches(
    rest: &Rest,
    repository: &ScmRepository,
    all: bool,
    per_page: (&str, &str),
) -> Result<Vec<ScmBranch>, ScmError> {
    let path = ["repos", &repository.organization, &repository.repository, "branches"];
    let found: Vec<Branch> = if all {
        rest.list(rest.url(&path, &[per_page])?).await?
    } else if repository.default_branch.is_empty() {
        Vec::new()
    } else {
        let one = [path.as_slice(), &[&repository.default_branch]].concat();
        let found: Option<Branch> = rest.find(rest.url(&one, &[])?).await?;
        if found.is_none() {
            // Who may not read it gets the same answer as who asks for what is not there. The list tells them apart.
            rest.get::<serde::de::IgnoredAny>(rest.url(&path, &[per_page])?).await?;
        }
        found.into_iter().collect()
    };
    Ok(found.into_iter().map(|b| ScmBranch { name: b.name, sha: b.commit.sha }).collect())
}

/// Whether a file or directory is there.
pub(crate) async fn path_exists(
    rest: &Rest,
    repository: &ScmRepository,
    branch: &ScmBranch,
    path: &str,
) -> Result<bool, ScmError> {
    let mut parts = vec!["repos", &repository.organization, &repository.repository, "contents"];
    parts.extend(path.split('/').filter(|part| !part.is_empty()));
    let url = rest.url(&parts, &[("ref", &branch.name)])?;
    Ok(rest.find::<serde::de::IgnoredAny>(url).await?.is_some())
}

/// Lists pull requests.
pub(crate) async fn pull_requests(
    rest: &Rest,
    query: &PullRequestQuery,
    parameters: &[(&str, &str)],
) -> Result<Vec<PullRequest>, ScmError> {
    let url = rest.url(&["repos", &query.owner, &query.repository, "pulls"], parameters)?;
    let found: Vec<Pull> = rest.list(url).await?;
    let pulls = found.into_iter().map(|p| PullRequest {
        number: p.number,
        title: p.title.unwrap_or_default(),
        branch: p.head.reference,
        target_branch: p.base.reference,
        head_sha: p.head.sha,
        labels: p.labels.unwrap_or_default().into_iter().map(|label| label.name).collect(),
        author: p.user.map(|user| user.login).unwrap_or_default(),
    });
    Ok(pulls.filter(|pull| query.wants_labels(&pull.labels)).collect())
}
