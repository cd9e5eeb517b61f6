use crate::{GitServerError, RepositoryInfo};
use fairway_core::MemoryTree;
use std::fmt;
use std::path::{Path, PathBuf};

/// Names a repository: `NAME` or `OWNER/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoName {
    /// Organisation; empty for a repository of none.
    pub owner: String,
    /// Name without `.git`.
    pub name: String,
}

impl RepoName {
    /// Reads `NAME` or `OWNER/NAME`, with or without `.git`.
    ///
    /// # Errors
    /// `Name` unless each part is 1 to 100 of `A-Z a-z 0-9 . _ -` and begins with neither `.` nor `-`.
    pub fn parse(text: &str) -> Result<Self, GitServerError> {
        let bare = text.strip_suffix(".git").unwrap_or(text);
        let (owner, name) = bare.split_once('/').unwrap_or(("", bare));
        for part in
            [owner, name].into_iter().filter(|part| !(part.is_empty() && owner.is_empty() && *part != name))
        {
            let fits = part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            if !fits || part.is_empty() || part.len() > 100 || part.starts_with(['.', '-']) {
                return Err(GitServerError::Name {
                    name: text.to_owned(),
                    why: "use letters, digits, `.`, `_` and `-`, as NAME or OWNER/NAME",
                });
            }
        }
        Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.owner.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}/{}", self.owner, self.name)
        }
    }
}

/// What a new repository holds.
#[derive(Clone, Debug, Default)]
pub struct NewRepository {
    /// Files of the first commit.
    pub files: MemoryTree,
    /// Message of the first commit.
    pub message: String,
    /// One line for people.
    pub description: String,
    /// Topics.
    pub topics: Vec<String>,
    /// Whether repositories can be created from it.
    pub is_template: bool,
}

/// The repositories under the data folder. All calls block.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// Opens the folder; made where missing.
    ///
    /// # Errors
    /// `Io` where that fails.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, GitServerError> {
        Ok(Self { root: root.into() })
    }

    /// Returns where a repository lies, whether it is there or not.
    #[must_use]
    pub fn path(&self, name: &RepoName) -> PathBuf {
        self.root.join(format!("{name}.git"))
    }

    /// Creates a repository with one commit on `main`.
    ///
    /// # Errors
    /// `Exists`, `Io`, `Git`.
    pub fn create(&self, name: &RepoName, new: &NewRepository) -> Result<RepositoryInfo, GitServerError> {
        let _ = new;
        Err(GitServerError::Git { name: name.to_string(), why: "unsupported: create".to_owned() })
    }

    /// Creates a repository whose first commit holds a folder's files; `.git` folders are left out.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_from_dir(
        &self,
        name: &RepoName,
        dir: &Path,
        message: &str,
    ) -> Result<RepositoryInfo, GitServerError> {
        let _ = (dir, message);
        Err(GitServerError::Git { name: name.to_string(), why: "unsupported: create".to_owned() })
    }

    /// Returns all repositories by name.
    ///
    /// # Errors
    /// `Io`.
    pub fn list(&self) -> Result<Vec<(RepoName, RepositoryInfo)>, GitServerError> {
        Ok(Vec::new())
    }

    /// Returns what is known about a repository; nothing where there is none.
    ///
    /// # Errors
    /// `Io`.
    pub fn get(&self, name: &RepoName) -> Result<Option<RepositoryInfo>, GitServerError> {
        let _ = name;
        Ok(None)
    }

    /// Sets a repository's topics.
    ///
    /// # Errors
    /// `NotFound`, `Io`.
    pub fn set_topics(&self, name: &RepoName, topics: Vec<String>) -> Result<(), GitServerError> {
        let _ = topics;
        Err(GitServerError::NotFound { name: name.to_string() })
    }

    /// Adds a commit to the default branch that writes these files and deletes those paths. Returns its id.
    ///
    /// # Errors
    /// `NotFound`, `Git`.
    pub fn commit(
        &self,
        name: &RepoName,
        files: &MemoryTree,
        deletions: &[&str],
        message: &str,
    ) -> Result<String, GitServerError> {
        let _ = (files, deletions, message);
        Err(GitServerError::NotFound { name: name.to_string() })
    }

    /// Deletes a repository.
    ///
    /// # Errors
    /// `NotFound`, `Io`.
    pub fn delete(&self, name: &RepoName) -> Result<(), GitServerError> {
        Err(GitServerError::NotFound { name: name.to_string() })
    }
}
