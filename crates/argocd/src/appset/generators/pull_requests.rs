use super::scm::{pattern, short};
use super::{Failure, Params, Scope};
use crate::appset::names::branch_slug;
use crate::appset::{DataRequest, PullRequest};
use fairway_core::{Map, Value};
use regex::Regex;

struct Filter {
    branch: Option<Regex>,
    target: Option<Regex>,
    title: Option<Regex>,
}

impl Filter {
    fn parse(value: &Value) -> Result<Self, String> {
        Ok(Self {
            branch: pattern(value, "branchMatch", "BranchMatch")?,
            target: pattern(value, "targetBranchMatch", "TargetBranchMatch")?,
            title: pattern(value, "titleMatch", "TitleMatch")?,
        })
    }

    fn matches(&self, pull: &PullRequest) -> bool {
        let ok = |r: &Option<Regex>, text: &str| r.as_ref().is_none_or(|r| r.is_match(text));
        ok(&self.branch, &pull.branch)
            && ok(&self.target, &pull.target_branch)
            && ok(&self.title, &pull.title)
    }
}

impl Scope<'_> {
    /// `pullRequest`: one set of parameters for each open pull request that a filter lets through.
    pub(super) fn pull_requests(&mut self, block: &Value) -> Result<Vec<Params>, Failure> {
        let within = |why: String| Failure::from(format!("error listing repos: {why}"));
        let filters = block.get("filters").and_then(Value::as_array).unwrap_or_default();
        let filters: Vec<Filter> =
            filters.iter().map(Filter::parse).collect::<Result<_, _>>().map_err(within)?;
        let request = DataRequest::PullRequests { block: block.clone() };
        let pulls = match self.environment.pull_requests.get(&request.key()) {
            Some(Ok(pulls)) => pulls,
            Some(Err(why)) => return Err(within(why.to_string())),
            None => return Err(self.pending(request)),
        };
        let mut out = Vec::new();
        for pull in pulls.iter().filter(|p| filters.is_empty() || filters.iter().any(|f| f.matches(p))) {
            let mut params = self.pull_params(pull);
            self.add_values(block, &mut params)
                .map_err(|failure| failure.within("failed to append templated values"))?;
            out.push(params);
        }
        Ok(out)
    }

    fn pull_params(&self, pull: &PullRequest) -> Params {
        let mut out = Map::new();
        out.insert("number", pull.number.to_string());
        out.insert("title", pull.title.clone());
        out.insert("branch", pull.branch.clone());
        out.insert("branch_slug", branch_slug(&pull.branch));
        out.insert("target_branch", pull.target_branch.clone());
        out.insert("target_branch_slug", branch_slug(&pull.target_branch));
        out.insert("head_sha", pull.head_sha.clone());
        out.insert("head_short_sha", short(&pull.head_sha, 8));
        out.insert("head_short_sha_7", short(&pull.head_sha, 7));
        out.insert("author", pull.author.clone());
        if self.renderer.is_go() {
            out.insert("labels", pull.labels.iter().cloned().map(Value::String).collect::<Value>());
        }
        out
    }
}
