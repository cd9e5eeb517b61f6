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
        }
    }
}
