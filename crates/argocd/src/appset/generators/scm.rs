use super::{Failure, Params, Scope};
use crate::appset::names::normalize;
use crate::appset::{DataRequest, ScmRepository};
use fairway_core::{Map, Str, Value};
use regex::Regex;

/// One entry of `filters`.
#[derive(Default)]
struct Filter {
    repository: Option<Regex>,
    label: Option<Regex>,
    branch: Option<Regex>,
    exist: Vec<String>,
    absent: Vec<String>,
    /// Whether it is applied to branches; to repositories otherwise. Nothing where it demands nothing.
    on_branches: Option<bool>,
}

/// A branch of a repository.
struct Branch<'a> {
    repository: &'a ScmRepository,
    name: &'a str,
    sha: &'a str,
}

pub(super) fn pattern(value: &Value, key: &str, name: &str) -> Result<Option<Regex>, String> {
    let Some(text) = value.get(key).and_then(Value::as_str) else { return Ok(None) };
    let compiled = Regex::new(text)
        .map_err(|error| format!("error compiling {name} regexp {text:?}: error parsing regexp: {error}"))?;
    Ok(Some(compiled))
}

fn filter(value: &Value) -> Result<Filter, String> {
    let paths = |key: &str| -> Option<Vec<String>> {
        let list = value.get(key)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).map(|p| p.trim_end_matches('/').to_owned()).collect())
    };
    let mut out = Filter {
        repository: pattern(value, "repositoryMatch", "RepositoryMatch")?,
        label: pattern(value, "labelMatch", "LabelMatch")?,
        branch: pattern(value, "branchMatch", "BranchMatch")?,
        ..Filter::default()
    };
    if out.repository.is_some() || out.label.is_some() {
        out.on_branches = Some(false);
    }
    let (exist, absent) = (paths("pathsExist"), paths("pathsDoNotExist"));
    if exist.is_some() || absent.is_some() || out.branch.is_some() {
        out.on_branches = Some(true);
    }
    out.exist = exist.unwrap_or_default();
    out.absent = absent.unwrap_or_default();
    Ok(out)
}

impl Filter {
    fn matches(&self, repository: &ScmRepository, branch: &str) -> bool {
        let there = repository.paths.get(branch).map(Vec::as_slice).unwrap_or_default();
        let has = |path: &String| there.iter().any(|p| p == path);
        self.repository.as_ref().is_none_or(|r| r.is_match(&repository.repository))
            && self.branch.as_ref().is_none_or(|r| r.is_match(branch))
            && self.label.as_ref().is_none_or(|r| repository.labels.iter().any(|l| r.is_match(l)))
            && self.exist.iter().all(has)
            && !self.absent.iter().any(has)
    }
}

/// Filters repositories, then their branches: any filter of a kind is enough, none of a kind lets all through.
fn select<'a>(repositories: &'a [ScmRepository], filters: &[Filter], all_branches: bool) -> Vec<Branch<'a>> {
    let of = |on_branches: bool| -> Vec<&Filter> {
        filters.iter().filter(|f| f.on_branches == Some(on_branches)).collect()
    };
    let passes = |filters: &[&Filter], r: &ScmRepository, branch: &str| {
        filters.is_empty() || filters.iter().any(|f| f.matches(r, branch))
    };
    let (on_repositories, on_branches) = (of(false), of(true));
    let kept = repositories.iter().filter(|r| passes(&on_repositories, r, &r.default_branch));
    let branches = kept.flat_map(|repository| {
        let wanted = move |name: &&Str| all_branches || **name == repository.default_branch;
        repository.branches.iter().filter(move |(name, _)| wanted(name)).map(move |(name, sha)| Branch {
            repository,
            name,
            sha,
        })
    });
    branches.filter(|b| passes(&on_branches, b.repository, b.name)).collect()
}

/// Returns at most `max` bytes of a text, never half a character.
pub(super) fn short(text: &str, max: usize) -> &str {
    text.get(..max.min(text.len())).unwrap_or(text)
}

impl Scope<'_> {
    /// `scmProvider`: one set of parameters for each branch of each repository that a forge lists.
    pub(super) fn scm(&mut self, block: &Value) -> Result<Vec<Params>, Failure> {
        let within = |why: String| Failure::from(format!("error listing repos: {why}"));
        let filters = block.get("filters").and_then(Value::as_array).unwrap_or_default();
        let filters: Vec<Filter> = filters.iter().map(filter).collect::<Result<_, _>>().map_err(within)?;
        let request = DataRequest::Scm { block: block.clone() };
        let repositories = match self.environment.scm.get(&request.key()) {
            Some(Ok(repositories)) => repositories,
            Some(Err(why)) => return Err(within(why.to_string())),
            None => return Err(self.pending(request)),
        };
        // A forge that lists repositories and none of their branches has lost something too.
        if repositories.iter().all(|repository| repository.branches.is_empty()) {
            self.empty_sources.push("the forge of a scmProvider generator".into());
        }
        let providers = block.as_object().into_iter().flat_map(Map::values);
        let all_branches = providers.filter_map(|p| p.get("allBranches")).any(|v| v.as_bool() == Some(true));
        let mut out = Vec::new();
        for branch in select(repositories, &filters, all_branches) {
            let mut params = branch_params(&branch);
            self.add_values(block, &mut params)
                .map_err(|failure| failure.within("failed to append templated values"))?;
            out.push(params);
        }
        Ok(out)
    }
}

fn branch_params(branch: &Branch<'_>) -> Params {
    let repository = branch.repository;
    let labels: Vec<&str> = repository.labels.iter().map(Str::as_str).collect();
    let mut out = Map::new();
    out.insert("organization", repository.organization.clone());
    out.insert("repository", repository.repository.clone());
    // A number for forges that number theirs.
    let number = repository.id.parse::<i64>().ok();
    out.insert("repository_id", number.map_or(Value::String(repository.id.clone()), Value::Int));
    out.insert("url", repository.url.clone());
    out.insert("branch", branch.name);
    out.insert("sha", branch.sha);
    out.insert("short_sha", short(branch.sha, 8));
    out.insert("short_sha_7", short(branch.sha, 7));
    out.insert("labels", labels.join(","));
    out.insert("branchNormalized", normalize(branch.name));
    out
}
