use crate::RepoName;

/// A branch or tag that moved. Object ids in hex; all zeros where it was or is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedRef {
    /// Full name, such as `refs/heads/main`.
    pub name: String,
    /// Object id before.
    pub old: String,
    /// Object id after.
    pub new: String,
}

/// An accepted push, or a commit made through the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The repository.
    pub repository: RepoName,
    /// What moved; never empty.
    pub refs: Vec<PushedRef>,
}

/// Something changed on the server. Sent before the client that caused it has its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForgeEvent {
    /// Branches or tags moved.
    Pushed(Push),
    /// A repository was made.
    Created(RepoName),
    /// Topics, archived flag, description or pull requests changed.
    Changed(RepoName),
    /// A repository was deleted.
    Deleted(RepoName),
}
