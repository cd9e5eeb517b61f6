use crate::SourceError;
use crate::repo_url::split_scp;
use url::Url;

/// Most submodules of a repository.
const SUBMODULES_MAX: usize = 100;

/// One section of `.gitmodules`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Submodule {
    /// Where it lies.
    pub path: String,
    /// Its URL as written; may be relative to the repository's.
    pub url: String,
}

/// Reads `.gitmodules`.
pub(crate) fn parse_submodules(text: &[u8]) -> Result<Vec<Submodule>, SourceError> {
    let wrong = |why: String| SourceError::invalid(format!(".gitmodules: {why}"));
    let file = gix::config::File::from_bytes_no_includes(
        text,
        gix::config::file::Metadata::api(),
        gix::config::file::init::Options::default(),
    )
    .map_err(|e| wrong(e.to_string()))?;
    let mut found = Vec::new();
    for section in file.sections_by_name("submodule").into_iter().flatten() {
        let value = |key: &str| section.value(key).map(|v| v.to_string()).unwrap_or_default();
        let (path, url) = (value("path"), value("url"));
        if path.is_empty() || url.is_empty() {
            continue;
        }
        let path = fairway_core::normalize_path(&path).map_err(|e| wrong(e.to_string()))?;
        found.push(Submodule { path, url });
        if found.len() > SUBMODULES_MAX {
            return Err(wrong(format!("more than {SUBMODULES_MAX} submodules")));
        }
    }
    Ok(found)
}

/// Resolves a submodule's URL against its repository's: `./x` and `../x` are relative.
pub(crate) fn submodule_url(repo_url: &str, url: &str) -> String {
    if !url.starts_with("./") && !url.starts_with("../") {
        return url.to_owned();
    }
    let base = repo_url.trim_end_matches('/');
    if let Some((host, path)) = split_scp(base) {
        return format!("{host}:{}", joined(path, url));
    }
    match Url::parse(base) {
        Ok(mut parsed) => {
            let path = joined(parsed.path(), url);
            parsed.set_path(&path);
            parsed.to_string()
        }
        Err(_) => joined(base, url),
    }
}

fn joined(base: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = base.split('/').collect();
    for part in relative.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_urls_are_resolved_against_the_repository() {
        let url = |base: &str| submodule_url(base, "../lib.git");
        assert_eq!(url("https://h/org/app.git"), "https://h/org/lib.git");
        assert_eq!(url("git@h:org/app.git"), "git@h:org/lib.git");
        assert_eq!(url("/srv/org/app.git"), "/srv/org/lib.git");
        assert_eq!(submodule_url("https://h/a", "https://x/b"), "https://x/b");
    }

    #[test]
    fn sections_are_read_and_paths_stay_inside() {
        let text =
            b"[submodule \"l\"]\n\tpath = vendor/lib\n\turl = ../lib\n[submodule \"none\"]\n\tpath = x\n";
        let expected = Submodule { path: "vendor/lib".to_owned(), url: "../lib".to_owned() };
        assert_eq!(parse_submodules(text).unwrap(), [expected]);
        assert!(parse_submodules(b"[submodule \"l\"]\npath = ../out\nurl = x\n").is_err());
        assert!(parse_submodules(b"[submodule").is_err());
    }
}
