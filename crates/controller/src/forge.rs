//! What `scmProvider` and `pullRequest` blocks say, in the words of the forge clients. Pure.

use fairway_scm::{CloneProtocol, ForgeKind, ForgeOptions, PullRequestQuery};
use fairway_value::{HtmlEscape, Value, to_json};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the text that a reference to a Secret or ConfigMap names, or why it is not to be had.
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

/// Returns the block of a forge; `pullRequest` spells Azure's in lower case.
fn forge_of(block: &Value) -> Option<(&Value, ForgeKind, &'static str)> {
    let found = |key: &str| block.get(key).or_else(|| block.get(&key.to_ascii_lowercase()));
    FORGES.iter().find_map(|(key, kind, whose)| Some((found(key).filter(|v| !v.is_null())?, *kind, *whose)))
}

/// Reads a `scmProvider` block.
pub(crate) fn scm_options(block: &Value, secret: SecretText<'_>) -> Result<ForgeOptions, String> {
    let (forge, kind, whose) =
        forge_of(block).ok_or("scmProvider names no forge that is known; use github")?;
    let mut options = ForgeOptions::new(kind, text(forge, whose));
    text(forge, "teamProject").clone_into(&mut options.project);
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
    let refers = |path: &[&str]| forge.get_path(path).filter(|v| !v.is_null());
    for path in [["tokenRef"].as_slice(), &["accessTokenRef"], &["bearerToken", "tokenRef"]] {
        if let Some(reference) = refers(path) {
            options.token = secret(reference)?;
        }
    }
    if let Some(reference) = refers(&["basicAuth", "passwordRef"]) {
        options.username = forge.get_path(&["basicAuth", "username"]).map(own).unwrap_or_default();
        options.password = secret(reference)?;
    }
    if let Some(reference) = refers(&["appPasswordRef"]) {
        text(forge, "user").clone_into(&mut options.username);
        options.password = secret(reference)?;
    }
    if let Some(reference) = refers(&["caRef"]) {
        options.ca_certificates = secret(reference)?;
    }
    Ok(())
}

fn own(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Returns the name of the Secret with a GitHub App's key, where the block names one.
pub(crate) fn app_secret(block: &Value) -> Option<&str> {
    let (forge, _, _) = forge_of(block)?;
    forge.get("appSecretName").and_then(Value::as_str).filter(|name| !name.is_empty())
}

/// Whether a pull request generator takes a repository that is not there for one without pull requests.
pub(crate) fn goes_on_without_repository(block: &Value) -> bool {
    flag(block, "continueOnRepoNotFoundError", false)
}

/// Returns everything that a forge's block refers to: kind, name, key, and the reference as [`looked_up`] knows it.
pub(crate) fn references(block: &Value) -> Vec<(&'static str, String, String, String)> {
    let Some((forge, _, _)) = forge_of(block) else { return Vec::new() };
    let paths = [
        ["tokenRef"].as_slice(),
        &["accessTokenRef"],
        &["appPasswordRef"],
        &["caRef"],
        &["basicAuth", "passwordRef"],
        &["bearerToken", "tokenRef"],
    ];
    let found = paths.into_iter().filter_map(|path| forge.get_path(path).filter(|v| !v.is_null()));
    found
        .map(|reference| {
            let (kind, name) = match text(reference, "configMapName") {
                "" => ("Secret", text(reference, "secretName")),
                name => ("ConfigMap", name),
            };
            (kind, name.to_owned(), text(reference, "key").to_owned(), to_json(reference, HtmlEscape::No))
        })
        .collect()
}

/// Finds a text that was read for a reference.
pub(crate) fn looked_up(found: &BTreeMap<String, String>, reference: &Value) -> Result<String, String> {
    let text = found.get(&to_json(reference, HtmlEscape::No)).cloned();
    text.ok_or_else(|| "a reference to a Secret is not to be had".to_owned())
}

/// Returns every path that the filters ask about.
pub(crate) fn paths_in_filters(block: &Value) -> BTreeSet<String> {
    let filters = block.get("filters").and_then(Value::as_array).unwrap_or_default();
    let lists = filters.iter().flat_map(|f| ["pathsExist", "pathsDoNotExist"].map(|key| f.get(key)));
    let paths = lists.flatten().filter_map(Value::as_array).flatten();
    // As the filters compare them.
    paths.filter_map(Value::as_str).map(|path| path.trim_end_matches('/').to_owned()).collect()
}

/// Reads a `pullRequest` block.
pub(crate) fn pull_request_options(
    block: &Value,
    secret: SecretText<'_>,
) -> Result<(ForgeOptions, PullRequestQuery), String> {
    let (forge, kind, _) = forge_of(block).ok_or("pullRequest names no forge that is known; use github")?;
    let whose = match kind {
        ForgeKind::BitbucketServer => "project",
        ForgeKind::AzureDevOps => "organization",
        ForgeKind::GitHub
        | ForgeKind::GitLab
        | ForgeKind::Gitea
        | ForgeKind::BitbucketCloud
        | ForgeKind::CodeCommit => "owner",
    };
    let owner = text(forge, whose);
    let mut options = ForgeOptions::new(kind, owner);
    if kind == ForgeKind::AzureDevOps {
        text(forge, "project").clone_into(&mut options.project);
    }
    fill(&mut options, forge, secret)?;
    // GitLab knows a project by its number or whole path.
    let repository = if kind == ForgeKind::GitLab { "project" } else { "repo" };
    let labels = forge.get("labels").and_then(Value::as_array).unwrap_or_default();
    let query = PullRequestQuery {
        owner: owner.to_owned(),
        repository: text(forge, repository).to_owned(),
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

    fn read(json: &str) -> (Value, BTreeMap<String, String>) {
        let block = from_json(json.as_bytes()).unwrap();
        let found =
            references(&block).into_iter().map(|(kind, name, key, r)| (r, format!("{kind}/{name}/{key}")));
        let found = found.collect();
        (block, found)
    }

    #[test]
    fn a_github_block_is_read_with_its_token_and_its_filters_paths() {
        let (block, found) = read(
            r#"{"github":{"organization":"acme","api":"http://h","tokenRef":{"secretName":"s","key":"k"}},
            "cloneProtocol":"https","filters":[{"pathsExist":["a/","b"]},{"pathsDoNotExist":["c"]}]}"#,
        );
        let options = scm_options(&block, &|r| looked_up(&found, r)).unwrap();
        assert_eq!(
            (options.organization.as_str(), options.api.as_str(), options.token.as_str()),
            ("acme", "http://h", "Secret/s/k")
        );
        assert_eq!(paths_in_filters(&block).into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn every_forge_finds_its_login_and_its_project() {
        let (block, found) = read(
            r#"{"bitbucketServer":{"project":"PRJ","api":"http://h","caRef":{"configMapName":"ca","key":"pem"},
            "basicAuth":{"username":"u","passwordRef":{"secretName":"s","key":"p"}}}}"#,
        );
        let options = scm_options(&block, &|r| looked_up(&found, r)).unwrap();
        assert_eq!(
            (options.username.as_str(), options.password.as_str(), options.ca_certificates.as_str()),
            ("u", "Secret/s/p", "ConfigMap/ca/pem")
        );
        let (block, found) = read(
            r#"{"azureDevOps":{"organization":"o","teamProject":"t","accessTokenRef":{"secretName":"s","key":"k"}}}"#,
        );
        let options = scm_options(&block, &|r| looked_up(&found, r)).unwrap();
        assert_eq!((options.project.as_str(), options.token.as_str()), ("t", "Secret/s/k"));
        let (block, found) =
            read(r#"{"bitbucket":{"owner":"o","user":"me","appPasswordRef":{"secretName":"s","key":"k"}}}"#);
        let options = scm_options(&block, &|r| looked_up(&found, r)).unwrap();
        assert_eq!((options.username.as_str(), options.password.as_str()), ("me", "Secret/s/k"));
    }

    #[test]
    fn pull_requests_are_asked_of_the_right_project() {
        for (json, owner, repository) in [
            (r#"{"gitlab":{"project":"acme/shop"}}"#, "", "acme/shop"),
            (r#"{"github":{"owner":"acme","repo":"shop"}}"#, "acme", "shop"),
            (r#"{"azuredevops":{"organization":"acme","project":"p","repo":"shop"}}"#, "acme", "shop"),
            (r#"{"bitbucketServer":{"project":"PRJ","repo":"shop"}}"#, "PRJ", "shop"),
        ] {
            let (block, found) = read(json);
            let (_, query) = pull_request_options(&block, &|r| looked_up(&found, r)).unwrap();
            assert_eq!((query.owner.as_str(), query.repository.as_str()), (owner, repository), "{json}");
        }
    }

    #[test]
    fn a_forge_that_nobody_knows_is_an_error_and_not_an_empty_list() {
        let (block, found) = read(r#"{"sourcehut":{}}"#);
        assert!(scm_options(&block, &|r| looked_up(&found, r)).is_err());
    }
}
