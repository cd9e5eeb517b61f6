use fairway_core::{ContentId, FileTree, NodeKind, TreeEntry, TreeError};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

enum Mount {
    File(Arc<[u8]>, ContentId),
    /// A folder of the tree below, by its path there.
    Folder(String),
}

/// A tree with files and folders laid over it.
pub(crate) struct OverlayTree {
    below: Arc<dyn FileTree>,
    mounts: BTreeMap<String, Mount>,
}

impl OverlayTree {
    pub fn new(below: Arc<dyn FileTree>) -> Self {
        Self { below, mounts: BTreeMap::new() }
    }

    /// Puts a file at a path.
    pub fn add_file(&mut self, path: &str, bytes: Vec<u8>) {
        let id = ContentId(Sha256::digest(&bytes).into());
        self.mounts.insert(path.to_owned(), Mount::File(bytes.into(), id));
    }

    /// Shows a folder of the tree below at a path.
    pub fn add_folder(&mut self, path: &str, folder: &str) {
        self.mounts.insert(path.to_owned(), Mount::Folder(folder.to_owned()));
    }

    /// Returns where a path lies in the tree below.
    fn path_below(&self, path: &str) -> String {
        let mounted = path.match_indices('/').map(|(at, _)| at).chain([path.len()]).find_map(|at| match self
            .mounts
            .get(&path[..at])
        {
            Some(Mount::Folder(folder)) => Some((at, folder)),
            Some(Mount::File(..)) | None => None,
        });
        match mounted {
            Some((at, folder)) => format!("{folder}{}", &path[at..]).trim_start_matches('/').to_owned(),
            None => path.to_owned(),
        }
    }

    /// Returns what is laid directly into a directory.
    fn laid_into(&self, dir: &str) -> BTreeMap<String, NodeKind> {
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        let inside = self.mounts.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
        inside
            .map(|(path, mount)| match (path[prefix.len()..].split_once('/'), mount) {
                (Some((name, _)), _) => (name.to_owned(), NodeKind::Dir),
                (None, Mount::Folder(_)) => (path[prefix.len()..].to_owned(), NodeKind::Dir),
                (None, Mount::File(..)) => (path[prefix.len()..].to_owned(), NodeKind::File),
            })
            .collect()
    }
}

impl FileTree for OverlayTree {
    fn read(&self, path: &str) -> Result<Option<Arc<[u8]>>, TreeError> {
        match self.mounts.get(path) {
            Some(Mount::File(bytes, _)) => Ok(Some(bytes.clone())),
            Some(Mount::Folder(_)) => Ok(None),
            None => self.below.read(&self.path_below(path)),
        }
    }

    fn list(&self, dir: &str) -> Result<Option<Vec<TreeEntry>>, TreeError> {
        let laid = self.laid_into(dir);
        let below = self.below.list(&self.path_below(dir))?;
        if laid.is_empty() {
            return Ok(below);
        }
        let below = below.unwrap_or_default().into_iter().map(|entry| (entry.name, entry.kind));
        let mut entries: BTreeMap<String, NodeKind> = below.collect();
        entries.extend(laid);
        Ok(Some(entries.into_iter().map(|(name, kind)| TreeEntry { name, kind }).collect()))
    }

    fn content_id(&self, path: &str) -> Result<Option<ContentId>, TreeError> {
        if let Some(Mount::File(_, id)) = self.mounts.get(path) {
            return Ok(Some(*id));
        }
        let below = self.below.content_id(&self.path_below(path))?;
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let mut hasher = Sha256::new();
        let mut any = false;
        for (at, mount) in self.mounts.range(prefix.clone()..).take_while(|(at, _)| at.starts_with(&prefix)) {
            any = true;
            hasher.update(at);
            match mount {
                Mount::File(_, id) => hasher.update(id.0),
                Mount::Folder(folder) => {
                    hasher.update(self.below.content_id(folder)?.map_or([0; 32], |id| id.0));
                }
            }
        }
        if !any {
            return Ok(below);
        }
        hasher.update(below.map_or([0; 32], |id| id.0));
        Ok(Some(ContentId(hasher.finalize().into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::MemoryTree;

    #[test]
    fn files_and_folders_appear_where_they_are_laid() {
        let below = MemoryTree::new([
            ("app/Chart.yaml", "app"),
            ("app/charts/own/Chart.yaml", "own"),
            ("lib/Chart.yaml", "lib"),
        ]);
        let mut tree = OverlayTree::new(Arc::new(below.unwrap()));
        tree.add_file("app/charts/far-1.0.0.tgz", b"packed".to_vec());
        tree.add_folder("app/charts/lib", "lib");
        let text = |path: &str| tree.read(path).unwrap().map(|b| String::from_utf8_lossy(&b).into_owned());
        assert_eq!(text("app/charts/lib/Chart.yaml").as_deref(), Some("lib"));
        assert_eq!(text("app/charts/far-1.0.0.tgz").as_deref(), Some("packed"));
        assert_eq!(text("app/charts/own/Chart.yaml").as_deref(), Some("own"));
        assert_eq!(text("app/charts/lib"), None);
        let list = |dir: &str| -> Vec<_> {
            tree.list(dir).unwrap().unwrap_or_default().into_iter().map(|e| (e.name, e.kind)).collect()
        };
        let expected = [("far-1.0.0.tgz", NodeKind::File), ("lib", NodeKind::Dir), ("own", NodeKind::Dir)];
        assert_eq!(list("app/charts"), expected.map(|(n, k)| (n.to_owned(), k)));
        assert_eq!(list("app/charts/lib"), [("Chart.yaml".to_owned(), NodeKind::File)]);
        assert_eq!(
            tree.content_id("app/charts/lib/Chart.yaml").unwrap(),
            tree.content_id("lib/Chart.yaml").unwrap()
        );
    }
}
