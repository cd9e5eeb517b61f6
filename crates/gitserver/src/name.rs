use crate::GitServerError;
use std::fmt;

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
    /// `Name` unless each part is 1 to 100 of `A-Z a-z 0-9 . _ -`, begins with neither `.` nor `-`, and the owner does
    /// not end in `.git`.
    pub fn parse(text: &str) -> Result<Self, GitServerError> {
        let bare = text.strip_suffix(".git").unwrap_or(text);
        match bare.split_once('/') {
            Some((owner, name)) => Self::new(owner, name),
            None => {
                check(bare, text)?;
                Ok(Self { owner: String::new(), name: bare.to_owned() })
            }
        }
    }

    /// Builds the name of an organisation's repository.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn new(owner: &str, name: &str) -> Result<Self, GitServerError> {
        check(owner, owner)?;
        check(name, name)?;
        // Otherwise an organisation's folder could be mistaken for a repository.
        if owner.ends_with(".git") {
            return Err(wrong(owner));
        }
        Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
    }
}

fn check(part: &str, text: &str) -> Result<(), GitServerError> {
    let fits = part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if fits && (1..=100).contains(&part.len()) && !part.starts_with(['.', '-']) {
        Ok(())
    } else {
        Err(wrong(text))
    }
}

fn wrong(name: &str) -> GitServerError {
    GitServerError::Name {
        name: name.to_owned(),
        why: "use letters, digits, `.`, `_` and `-`, as NAME or OWNER/NAME",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_with_and_without_owner_and_suffix() {
        let show = |text: &str| RepoName::parse(text).map(|n| (n.owner, n.name)).ok();
        assert_eq!(show("config-repo.git"), Some((String::new(), "config-repo".to_owned())));
        assert_eq!(show("org/a.b"), Some(("org".to_owned(), "a.b".to_owned())));
    }

    #[test]
    fn names_that_could_leave_the_folder_are_refused() {
        for text in
            ["", ".git", "..", "../x", "a/../b", "a/b/c", "/a", "a/", "-x", "a b", "org.git/x", "a\\b", "a\0"]
        {
            assert!(RepoName::parse(text).is_err(), "{text:?}");
        }
    }
}
