/// Normalises a repository address for comparison, as Argo CD's `util/git.NormalizeGitURL`: lower case, no `.git` at
/// the end, `git@host:path` and `ssh://git@host/path` alike.
pub(crate) fn normalize_git_url(url: &str) -> String {
    let mut url = url.trim().to_lowercase();
    let rest = url.strip_prefix("ssh://").unwrap_or(&url);
    let user = rest.split_once('@').map(|(user, _)| user);
    let is_ssh = user.is_some_and(|u| !u.contains(['/', ':'])) && rest.matches('@').count() == 1;
    if is_ssh && !url.starts_with("ssh://") {
        url = url.replacen(':', "/", 1);
    }
    let url = url.strip_prefix("ssh://").unwrap_or(&url);
    url.strip_suffix(".git").unwrap_or(url).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_repository_are_equal() {
        assert_eq!(normalize_git_url("git@github.com:Org/Repo.git"), "git@github.com/org/repo");
        assert_eq!(normalize_git_url("ssh://git@github.com/org/repo"), "git@github.com/org/repo");
        assert_eq!(normalize_git_url("https://GitHub.com/org/repo.git"), "https://github.com/org/repo");
    }
}
