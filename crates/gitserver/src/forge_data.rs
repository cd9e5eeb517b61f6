use serde::{Deserialize, Serialize};

/// What the forge knows about a repository beside its Git content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RepositoryInfo {
    /// Number that never changes.
    pub id: u64,
    /// One line for people.
    pub description: String,
    /// Topics in the order they were set.
    pub topics: Vec<String>,
    /// Whether it is read-only history.
    pub archived: bool,
    /// Whether repositories can be created from it.
    pub is_template: bool,
    /// Branch that `HEAD` names.
    pub default_branch: String,
    /// Pull requests in the order of their numbers.
    pub pulls: Vec<PullInfo>,
}

impl Default for RepositoryInfo {
    fn default() -> Self {
        Self {
            id: 0,
            description: String::new(),
            topics: Vec::new(),
            archived: false,
            is_template: false,
            default_branch: "main".to_owned(),
            pulls: Vec::new(),
        }
    }
}

/// A pull request between two branches of one repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PullInfo {
    /// Number, from 1.
    pub number: u64,
    /// Title.
    pub title: String,
    /// Branch it comes from.
    pub head: String,
    /// Branch it goes to.
    pub base: String,
    /// Labels.
    pub labels: Vec<String>,
    /// Who opened it.
    pub author: String,
    /// Whether it is still open.
    pub open: bool,
}
