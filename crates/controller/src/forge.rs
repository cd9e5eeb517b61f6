//! What `scmProvider` and `pullRequest` blocks say, in the words of the forge clients. Pure.

use fairway_scm::{CloneProtocol, ForgeKind, ForgeOptions, PullRequestQuery};
use fairway_value::Value;
use std::collections::BTreeSet;

/// Returns the text that a `{secretName, key}` names, or why it is not to be had.
pub(crate) type SecretText<'a> = &'a dyn Fn(&Value) -> Result<String, String>;

/// The blocks by forge, with the field that names whose repositories are listed.
const FORGES: [(&str, ForgeKind, &str); 7] = [
    ("github", ForgeKind::GitHub, "organization"),
    ("gitlab", ForgeKind::GitLab, "group"),
    ("gitea", ForgeKind::Gitea, "owner"),
    ("bitbucket", ForgeKind::BitbucketCloud, "owner"),
    ("bitbucketServer", ForgeKind::BitbucketServer, "project"),
    ("azureDevOps", ForgeKind::AzureDevOps, "organization"),
    ("awsCodeCommit", ForgeKind::CodeCommit, "region"),
];

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn flag(value: &Value, key: &str, default: bool) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(default)
}

/// Reads a `scmProvider` block.
pub(crate) fn scm_options(block: &Value, secret: SecretText<'_>) -> Result<ForgeOptions, String> {
    let found = FORGES.iter().find_map(|(key, kind, whose)| Some((block.get(key)?, *kind, *whose)));
    let (forge, kind, whose) = found.ok_or("scmProvider names no forge that is known; use github")?;
    let mut options = ForgeOptions::new(kind, text(forge, whose));
    fill(&mut options, forge, secret)?;
    let protocol = text(block, "cloneProtocol");
    options.clone_protocol = CloneProtocol::parse(protocol)
        .ok_or_else(|| format!("scmProvider.cloneProtocol {protocol:?}: use ssh or https"))?;
    Ok(options)
}

fn fill(options: &mut ForgeOptions, forge: &Value, secret: SecretText<'_>) -> Result<(), String> {
    text(forge, "api").clone_into(&mut options.api);
    options.all_branches = flag(forge, "allBranches", false);
    options.exclude_archived = flag(forge, "excludeArchivedRepos", false);
    options.include_subgroups = flag(forge, "includeSubgroups", false);
    options.include_shared_projects = flag(forge, "includeSharedProjects", true);
    text(forge, "topic").clone_into(&mut options.topic);
    options.insecure = flag(forge, "insecure", false);
    if let Some(name) = forge.get("appSecretName").and_then(Value::as_str) {
        return Err(format!("unsupported: appSecretName {name} (GitHub App); use tokenRef"));
    }
    if let Some(reference) = forge.get("tokenRef") {
        options.token = secret(reference)?;
    }
    Ok(())
}

/// Returns every path that the filters ask about.
pub(crate) fn paths_in_filters(block: &Value) -> BTreeSet<String> {
    let filters = block.get("filters").and_then(Value::as_array).unwrap_or_default();
    let lists = filters.iter().flat_map(|f| ["pathsExist", "pathsDoNotExist"].map(|key| f.get(key)));
    let paths = lists.flatten().filter_map(Value::as_array).flatten();
    paths.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Reads a `pullRequest` block.
pub(crate) fn pull_request_options(
    block: &Value,
    secret: SecretText<'_>,
) -> Result<(ForgeOptions, PullRequestQuery), String> {
    let found = FORGES.iter().find_map(|(key, kind, _)| {
        Some((block.get(key).or_else(|| block.get(&key.to_ascii_lowercase()))?, *kind))
    });
    let (forge, kind) = found.ok_or("pullRequest names no forge that is known; use github")?;
    let owner =
        ["owner", "project", "organization"].into_iter().map(|key| text(forge, key)).find(|t| !t.is_empty());
    let mut options = ForgeOptions::new(kind, owner.unwrap_or_default());
    fill(&mut options, forge, secret)?;
    let labels = forge.get("labels").and_then(Value::as_array).unwrap_or_default();
    let query = PullRequestQuery {
        owner: owner.unwrap_or_default().to_owned(),
        repository: text(forge, "repo").to_owned(),
        labels: labels.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        excluded_labels: Vec::new(),
        state: text(forge, "pullRequestState").to_owned(),
    };
    Ok((options, query))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    #[test]
    fn a_github_block_is_read_with_its_token_and_its_filters_paths() {
        let block = from_json(
            br#"{"github":{"organization":"acme","api":"http://h","tokenRef":{"secretName":"s","key":"k"}},
            "cloneProtocol":"https","filters":[{"pathsExist":["a","b"]},{"pathsDoNotExist":["c"]}]}"#,
        )
        .unwrap();
        let options = scm_options(&block, &|_| Ok("token".to_owned())).unwrap();
        assert_eq!(
            (options.organization.as_str(), options.api.as_str(), options.token.as_str()),
            ("acme", "http://h", "token")
        );
        assert_eq!(paths_in_filters(&block).len(), 3);
    }

    #[test]
    fn a_forge_that_nobody_knows_is_an_error_and_not_an_empty_list() {
        let block = from_json(br#"{"sourcehut":{}}"#).unwrap();
        assert!(scm_options(&block, &|_| Ok(String::new())).is_err());
    }
}
