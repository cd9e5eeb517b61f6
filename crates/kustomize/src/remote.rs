//! Git addresses as kustomize reads them.

use crate::port::RepoSpec;

/// Whether a path is the address of a repository rather than a directory.
#[must_use]
pub fn is_remote(path: &str) -> bool {
    parse_repo(path).is_some()
}

/// Reads an address such as `https://host/org/repo//dir?ref=v1` or `git@host:org/repo.git/dir`; nothing where it is a path.
pub fn parse_repo(text: &str) -> Option<RepoSpec> {
    if text.starts_with('/') {
        return None;
    }
    let (address, query) = text.split_once('?').unwrap_or((text, ""));
    let (host, rest) = split_host(address)?;
    let (repo, path) = split_repo(rest, host.starts_with("file://"))?;
    if repo.is_empty() {
        return None;
    }
    let path = path.trim_start_matches('/');
    if leaves(path) {
        return None;
    }
    let get = |key: &str| {
        query.split('&').filter_map(|p| p.split_once('=')).find(|(k, v)| *k == key && !v.is_empty())
    };
    let reference = get("ref").or_else(|| get("version")).map_or(String::new(), |(_, v)| decode(v));
    let submodules =
        get("submodules").is_none_or(|(_, v)| !matches!(v, "0" | "f" | "F" | "false" | "False" | "FALSE"));
    Some(RepoSpec {
        raw: text.to_owned(),
        clone_url: format!("{host}{repo}"),
        reference,
        path: path.to_owned(),
        submodules,
    })
}

fn leaves(path: &str) -> bool {
    let mut depth = 0_i32;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

fn decode(value: &str) -> String {
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(b) = bytes.next() {
        let hex =
            |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        match b {
            b'%' => match (hex(bytes.next()), hex(bytes.next())) {
                (Some(high), Some(low)) => out.push(high * 16 + low),
                _ => return value.to_owned(),
            },
            b'+' => out.push(b' '),
            other => out.push(other),
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| value.to_owned())
}

fn strip_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// Splits scheme, user and host from the rest.
fn split_host(address: &str) -> Option<(String, &str)> {
    let address = strip_ignoring_case(address, "git::").unwrap_or(address);
    let schemes = ["ssh://", "https://", "http://", "file://"];
    let (scheme, rest) = schemes
        .into_iter()
        .find_map(|s| strip_ignoring_case(address, s).map(|rest| (s, rest)))
        .unwrap_or(("", address));
    let (user, rest) = split_user(rest);
    let lower = rest.to_ascii_lowercase();
    let github = lower.starts_with("github.com/") || lower.starts_with("github.com:");
    let scp = scheme.is_empty() && (!user.is_empty() || github);
    if scheme.is_empty() && !scp {
        return None;
    }
    if scheme == "file://" {
        return Some((scheme.to_owned(), rest));
    }
    let slash = rest.find('/');
    let colon = if scp { rest.find(':').filter(|c| *c > 0) } else { None };
    let at = match (slash, colon) {
        (Some(s), Some(c)) => Some(s.min(c)),
        (s, c) => s.or(c),
    };
    let (host, rest) = at.map_or((rest, ""), |n| rest.split_at(n + 1));
    if host.is_empty() {
        return None;
    }
    if github {
        let prefix = if scheme == "ssh://" || !user.is_empty() {
            format!("{user}github.com:")
        } else {
            "https://github.com/".to_owned()
        };
        return Some((prefix, rest));
    }
    Some((format!("{scheme}{user}{host}"), rest))
}

fn split_user(rest: &str) -> (&str, &str) {
    let Some((user, _)) = rest.split_once('@') else { return ("", rest) };
    let valid = user.starts_with(|c: char| c.is_ascii_alphabetic())
        && user.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if valid { rest.split_at(user.len() + 1) } else { ("", rest) }
}

/// Splits the repository from the directory in it.
fn split_repo(rest: &str, whole: bool) -> Option<(&str, &str)> {
    if let Some(at) = rest.find("_git/") {
        let after = &rest[at + 5..];
        let name = after.find('/').unwrap_or(after.len());
        let (repo, path) = rest.split_at(at + 5 + name);
        return Some((repo, path));
    }
    if let Some((repo, path)) = rest.split_once("//") {
        return Some((repo, path));
    }
    if let Some(at) = rest.find(".git") {
        return Some(rest.split_at(at + 4));
    }
    if whole {
        return Some((rest, ""));
    }
    let first = rest.find('/')?;
    let second = rest[first + 1..].find('/').map_or(rest.len(), |n| first + 1 + n);
    Some(rest.split_at(second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_split_as_kustomize_splits_them() {
        let cases = [
            ("https://github.com/org/repo//dir/sub?ref=v1", "https://github.com/org/repo", "dir/sub", "v1"),
            ("github.com/org/repo/dir?ref=a%2Fb", "https://github.com/org/repo", "dir", "a/b"),
            ("git@github.com:org/repo.git/dir", "git@github.com:org/repo.git", "dir", ""),
            ("ssh://git@host.io/org/repo.git?version=2", "ssh://git@host.io/org/repo.git", "", "2"),
            ("https://dev.azure.com/o/p/_git/repo/dir", "https://dev.azure.com/o/p/_git/repo", "dir", ""),
            ("file:///srv/repo", "file:///srv/repo", "", ""),
        ];
        for (text, url, path, reference) in cases {
            let spec = parse_repo(text).unwrap();
            assert_eq!(
                (spec.clone_url.as_str(), spec.path.as_str(), spec.reference.as_str()),
                (url, path, reference)
            );
        }
    }

    #[test]
    fn paths_and_ways_out_are_no_addresses() {
        for text in
            ["../base", "base/sub.yaml", "/abs", "https://github.com/org/repo//../..", "https://host/file"]
        {
            assert!(parse_repo(text).is_none(), "{text}");
        }
    }
}
