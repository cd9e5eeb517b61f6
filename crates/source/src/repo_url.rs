use url::Url;

/// Normalises a repository URL for comparing: lower case, no `.git`, `git@host:path` as `git@host/path`, no `ssh://`.
/// As Argo CD 3.x `util/git/git.go` `NormalizeGitURL`. `oci://` goes too: the Secret of a registry is written without it.
#[must_use]
pub fn normalize_repo_url(repo: &str) -> String {
    let repo = repo.trim();
    mirror_key(repo.strip_prefix("oci://").unwrap_or(repo)).to_lowercase()
}

/// Normalises the URL of a credential template. A slash or colon at its end is kept, so that `https://host/org/` is no
/// prefix of `https://host/organisation`.
pub(crate) fn normalize_prefix(prefix: &str) -> String {
    let normal = normalize_repo_url(prefix);
    if prefix.trim().ends_with(['/', ':']) { format!("{normal}/") } else { normal }
}

/// Whether two URLs name one repository.
#[must_use]
pub fn is_same_repository(left: &str, right: &str) -> bool {
    normalize_repo_url(left) == normalize_repo_url(right)
}

/// What mirrors are kept under. The path keeps its case, since a host may tell paths apart by case.
pub(crate) fn mirror_key(repo: &str) -> String {
    let repo = repo.trim();
    let text = match split_scp(repo) {
        Some((host, path)) => format!("{}/{}", host.to_lowercase(), path.trim_start_matches('/')),
        None => match Url::parse(repo) {
            // `Url` lowers scheme and host, drops default ports.
            Ok(url) => url.to_string(),
            Err(_) => repo.to_owned(),
        },
    };
    let text = text.trim_end_matches('/');
    let text = text.strip_suffix(".git").unwrap_or(text);
    text.strip_prefix("ssh://").unwrap_or(text).to_owned()
}

/// Splits `user@host:path`, which is no URL.
pub(crate) fn split_scp(repo: &str) -> Option<(&str, &str)> {
    if repo.contains("://") {
        return None;
    }
    let (host, path) = repo.split_once(':')?;
    (host.contains('@') && !host.contains('/')).then_some((host, path))
}

/// Returns the URL without user and password, for messages.
pub(crate) fn without_credentials(repo: &str) -> String {
    match Url::parse(repo) {
        Ok(mut url) if url.password().is_some() => {
            // A URL with a password has a host, so both setters succeed.
            let _ = url.set_password(None);
            let _ = url.set_username("");
            url.to_string()
        }
        _ => repo.to_owned(),
    }
}

/// Where on this machine a repository is, when it is: `file://` URLs and absolute paths.
pub(crate) fn local_path(repo: &str) -> Option<std::path::PathBuf> {
    if repo.starts_with('/') {
        return Some(repo.into());
    }
    if !repo.starts_with("file://") {
        return None;
    }
    Url::parse(repo).ok()?.to_file_path().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_repository_are_the_same() {
        for (left, right) in [
            ("https://GitHub.com/Org/Repo.git", "https://github.com/org/repo"),
            ("git@github.com:org/repo.git", "ssh://git@github.com/org/repo"),
            (" https://host:443/a/b/ ", "https://host/a/b"),
            ("oci://Registry:5000/charts", "registry:5000/charts"),
        ] {
            assert!(is_same_repository(left, right), "{left} {right}");
        }
        assert!(!is_same_repository("https://host/a", "https://host/b"));
        assert!(!is_same_repository("https://host/a", "http://host/a"));
    }

    #[test]
    fn mirrors_of_paths_that_differ_in_case_are_apart() {
        assert_ne!(mirror_key("https://host/A"), mirror_key("https://host/a"));
    }

    #[test]
    fn passwords_do_not_reach_messages() {
        assert_eq!(without_credentials("https://me:secret@host/a.git"), "https://host/a.git");
        assert_eq!(without_credentials("git@host:a.git"), "git@host:a.git");
    }
}
