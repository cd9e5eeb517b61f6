use crate::git::GitRepository;
use crate::repo_url::{local_path, mirror_key};
use crate::{SourceError, SourceErrorKind};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Repositories on this machine: paths, `file://` URLs, and URLs that are known to lie here.
#[derive(Default)]
pub(crate) struct LocalRepositories {
    aliases: RwLock<BTreeMap<String, PathBuf>>,
    /// Folders of bare repositories by the URL they are served at.
    roots: RwLock<BTreeMap<String, PathBuf>>,
    open: Mutex<BTreeMap<PathBuf, Arc<GitRepository>>>,
}

impl LocalRepositories {
    pub fn add_alias(&self, url: &str, path: PathBuf) {
        self.aliases.write().unwrap_or_else(PoisonError::into_inner).insert(mirror_key(url), path);
    }

    pub fn remove_alias(&self, url: &str) {
        self.aliases.write().unwrap_or_else(PoisonError::into_inner).remove(&mirror_key(url));
    }

    pub fn add_root(&self, base_url: &str, folder: PathBuf) {
        self.roots.write().unwrap_or_else(PoisonError::into_inner).insert(mirror_key(base_url), folder);
    }

    /// Returns where a repository lies; nothing for one that does not lie here.
    pub fn path(&self, url: &str) -> Option<PathBuf> {
        if let Some(path) = local_path(url) {
            return Some(path);
        }
        let key = mirror_key(url);
        if let Some(path) = self.aliases.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Some(path.clone());
        }
        let roots = self.roots.read().unwrap_or_else(PoisonError::into_inner);
        roots.iter().find_map(|(base, folder)| {
            let name = key.strip_prefix(base.as_str())?.strip_prefix('/')?;
            let inside = fairway_core::normalize_path(name).ok()?;
            Some(folder.join(format!("{inside}.git")))
        })
    }

    /// Opens a repository in place; opened once and kept.
    pub fn open(&self, url: &str, path: &PathBuf) -> Result<Arc<GitRepository>, SourceError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // One that was deleted and made anew is another repository.
        let there = path.join("HEAD").is_file() || path.join(".git").exists();
        if !there {
            open.remove(path);
            return Err(SourceError::new(
                SourceErrorKind::RepositoryNotFound,
                format!("failed to list refs: repository not found: {url}"),
            ));
        }
        if let Some(found) = open.get(path) {
            return Ok(found.clone());
        }
        let opened = Arc::new(GitRepository::open(path, url.to_owned())?);
        open.insert(path.clone(), opened.clone());
        Ok(opened)
    }

    /// Forgets an open repository: it may have been deleted and made anew, or have more packs than were known.
    pub fn forget(&self, path: &PathBuf) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_below_a_served_root_lie_in_its_folder() {
        let local = LocalRepositories::default();
        local.add_root("http://127.0.0.1:3000", "/srv".into());
        local.add_alias("https://host/a.git", "/b".into());
        let path = |url: &str| local.path(url).map(|p| p.display().to_string());
        assert_eq!(path("http://127.0.0.1:3000/org/x.git").as_deref(), Some("/srv/org/x.git"));
        assert_eq!(path("http://127.0.0.1:3000/x").as_deref(), Some("/srv/x.git"));
        assert_eq!(path("http://127.0.0.1:30001/x"), None);
        assert_eq!(path("https://HOST/a").as_deref(), Some("/b"));
        assert_eq!(path("file:///srv/x").as_deref(), Some("/srv/x"));
        assert_eq!(path("https://host/other"), None);
    }
}
