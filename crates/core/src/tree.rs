use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use thiserror::Error;

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeKind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link; [`FileTree::read`] and [`FileTree::list`] follow it inside the tree.
    Symlink,
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TreeEntry {
    /// Name inside the directory.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
}

/// Identity of a file's or directory's content: equal ids mean equal bytes. A Git object id, or a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(pub [u8; 32]);

/// Reading a tree failed. A path that is not there is no error but `None`.
#[derive(Debug, Error, Clone)]
pub enum TreeError {
    /// The path leaves the tree.
    #[error("{path}: leaves the repository; use a path below its root")]
    Outside {
        /// The path as asked for.
        path: String,
    },
    /// A link points at itself, outside, or through too many others.
    #[error("{path}: {why}")]
    Link {
        /// The path as asked for.
        path: String,
        /// What is wrong with the link.
        why: String,
    },
    /// A file is larger than allowed.
    #[error("{path}: {bytes} bytes, more than the limit of {bytes_max}")]
    TooLarge {
        /// The path as asked for.
        path: String,
        /// Size found.
        bytes: u64,
        /// Size allowed.
        bytes_max: u64,
    },
    /// The store that holds the tree failed.
    #[error("{path}: {why}")]
    Store {
        /// The path as asked for.
        path: String,
        /// The store's own words.
        why: String,
    },
}

/// A tree of files at one revision. Paths are `/`-separated, relative to the root, normalised ([`normalize_path`]);
/// the root is the empty string.
pub trait FileTree: Send + Sync {
    /// Returns a file's bytes; nothing where there is no file.
    ///
    /// # Errors
    /// As [`TreeError`] says.
    fn read(&self, path: &str) -> Result<Option<Arc<[u8]>>, TreeError>;

    /// Returns a directory's entries in name order; nothing where there is no directory.
    ///
    /// # Errors
    /// As [`TreeError`] says.
    fn list(&self, dir: &str) -> Result<Option<Vec<TreeEntry>>, TreeError>;

    /// Whether a path names a directory, or a link to one.
    ///
    /// # Errors
    /// As [`TreeError`] says.
    fn is_dir(&self, path: &str) -> Result<bool, TreeError> {
        Ok(self.list(path)?.is_some())
    }

    /// Returns the identity of what a path names; nothing where there is nothing.
    ///
    /// # Errors
    /// As [`TreeError`] says.
    fn content_id(&self, path: &str) -> Result<Option<ContentId>, TreeError>;

    /// Returns the path that a path leads to once symbolic links are followed; the path itself where there are none, or
    /// nothing is there.
    ///
    /// # Errors
    /// As [`TreeError`] says.
    fn real_path(&self, path: &str) -> Result<String, TreeError> {
        Ok(path.to_owned())
    }

    /// Returns a path as messages name it: with a slash before it where the tree is a whole disk.
    fn named(&self, path: &str) -> String {
        path.to_owned()
    }
}

/// Normalises a path: removes `.` and empty parts, resolves `..`. A leading `/` means the root.
///
/// # Errors
/// [`TreeError::Outside`] where `..` leaves the tree.
pub fn normalize_path(path: &str) -> Result<String, TreeError> {
    if path.split('/').all(|part| !matches!(part, "" | "." | "..")) {
        return Ok(path.to_owned());
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Err(TreeError::Outside { path: path.to_owned() });
                }
            }
            other => parts.push(other),
        }
    }
    Ok(parts.join("/"))
}

/// How a path was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Read {
    /// Its bytes were read, or it was found missing.
    File,
    /// Its entries were listed, or it was found missing. Only names and kinds matter.
    Listing,
}

/// Everything a rendering looked at, with the identity of what it found; a miss has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadSet {
    /// Content found by how and where it was looked for.
    pub reads: BTreeMap<(Read, String), Option<ContentId>>,
}

impl ReadSet {
    /// Whether every look at `tree` would find the same.
    ///
    /// # Errors
    /// As [`TreeError`] says.
    pub fn unchanged(&self, tree: &dyn FileTree) -> Result<bool, TreeError> {
        for ((how, path), found) in &self.reads {
            let now = match how {
                Read::File => tree.content_id(path)?,
                Read::Listing => listing_id(tree.list(path)?.as_deref()),
            };
            if now != *found {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn listing_id(entries: Option<&[TreeEntry]>) -> Option<ContentId> {
    // FNV-1a over names and kinds, in four lanes: no adversary gains from a collision in his own cache entry.
    let entries = entries?;
    let mut lanes =
        [0xcbf2_9ce4_8422_2325_u64, 0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9];
    for entry in entries {
        let kind = match entry.kind {
            NodeKind::File => 0_u8,
            NodeKind::Dir => 1,
            NodeKind::Symlink => 2,
        };
        for byte in entry.name.bytes().chain([0, kind]) {
            for lane in &mut lanes {
                *lane = (*lane ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(5);
            }
        }
    }
    let mut id = [0; 32];
    for (chunk, lane) in id.chunks_exact_mut(8).zip(lanes) {
        chunk.copy_from_slice(&lane.to_le_bytes());
    }
    Some(ContentId(id))
}

/// A tree that records what is looked at.
pub struct SourceTree {
    tree: Arc<dyn FileTree>,
    reads: Mutex<ReadSet>,
}

impl SourceTree {
    /// Wraps a tree with an empty record.
    #[must_use]
    pub fn new(tree: Arc<dyn FileTree>) -> Self {
        Self { tree, reads: Mutex::new(ReadSet::default()) }
    }

    /// Returns what was looked at so far.
    #[must_use]
    pub fn read_set(&self) -> ReadSet {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ReadSet> {
        self.reads.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn record(&self, how: Read, path: &str, id: Option<ContentId>) {
        self.lock().reads.insert((how, path.to_owned()), id);
    }
}

impl FileTree for SourceTree {
    fn read(&self, path: &str) -> Result<Option<Arc<[u8]>>, TreeError> {
        let bytes = self.tree.read(path)?;
        self.record(Read::File, path, self.tree.content_id(path)?);
        Ok(bytes)
    }

    fn list(&self, dir: &str) -> Result<Option<Vec<TreeEntry>>, TreeError> {
        let entries = self.tree.list(dir)?;
        self.record(Read::Listing, dir, listing_id(entries.as_deref()));
        Ok(entries)
    }

    fn content_id(&self, path: &str) -> Result<Option<ContentId>, TreeError> {
        let id = self.tree.content_id(path)?;
        self.record(Read::File, path, id);
        Ok(id)
    }

    fn real_path(&self, path: &str) -> Result<String, TreeError> {
        self.tree.real_path(path)
    }
}

/// A directory of another tree as a tree of its own.
pub struct SubTree<'a> {
    tree: &'a dyn FileTree,
    prefix: String,
}

impl<'a> SubTree<'a> {
    /// Makes `dir` the root.
    #[must_use]
    pub fn new(tree: &'a dyn FileTree, dir: &str) -> Self {
        Self { tree, prefix: dir.trim_matches('/').to_owned() }
    }

    fn join(&self, path: &str) -> String {
        match (self.prefix.is_empty(), path.is_empty()) {
            (true, _) => path.to_owned(),
            (false, true) => self.prefix.clone(),
            (false, false) => format!("{}/{path}", self.prefix),
        }
    }
}

impl FileTree for SubTree<'_> {
    fn read(&self, path: &str) -> Result<Option<Arc<[u8]>>, TreeError> {
        self.tree.read(&self.join(path))
    }
    fn list(&self, dir: &str) -> Result<Option<Vec<TreeEntry>>, TreeError> {
        self.tree.list(&self.join(dir))
    }
    fn content_id(&self, path: &str) -> Result<Option<ContentId>, TreeError> {
        self.tree.content_id(&self.join(path))
    }
}

/// A tree held in memory: for tests, archives and manifests handed in.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    files: BTreeMap<String, Arc<[u8]>>,
}

impl MemoryTree {
    /// Builds a tree from paths and contents.
    ///
    /// # Errors
    /// [`TreeError::Outside`] where a path leaves the tree.
    pub fn new<P: AsRef<str>, B: Into<Vec<u8>>>(
        files: impl IntoIterator<Item = (P, B)>,
    ) -> Result<Self, TreeError> {
        let mut tree = Self::default();
        for (path, bytes) in files {
            tree.insert(path.as_ref(), bytes)?;
        }
        Ok(tree)
    }

    /// Adds or replaces a file.
    ///
    /// # Errors
    /// [`TreeError::Outside`] where the path leaves the tree.
    pub fn insert(&mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Result<(), TreeError> {
        self.files.insert(normalize_path(path)?, bytes.into().into());
        Ok(())
    }

    /// Iterates over paths and contents in path order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(p, b)| (p.as_str(), &**b))
    }
}

impl FileTree for MemoryTree {
    fn read(&self, path: &str) -> Result<Option<Arc<[u8]>>, TreeError> {
        Ok(self.files.get(path).cloned())
    }

    fn list(&self, dir: &str) -> Result<Option<Vec<TreeEntry>>, TreeError> {
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        let mut entries: BTreeMap<&str, NodeKind> = BTreeMap::new();
        for path in self.files.range(prefix.clone()..).map(|(p, _)| p).take_while(|p| p.starts_with(&prefix))
        {
            match path[prefix.len()..].split_once('/') {
                Some((name, _)) => entries.insert(name, NodeKind::Dir),
                None => entries.insert(&path[prefix.len()..], NodeKind::File),
            };
        }
        if entries.is_empty() && !dir.is_empty() {
            return Ok(None);
        }
        Ok(Some(entries.into_iter().map(|(name, kind)| TreeEntry { name: name.to_owned(), kind }).collect()))
    }

    fn content_id(&self, path: &str) -> Result<Option<ContentId>, TreeError> {
        let entry = |text: String| TreeEntry { name: text, kind: NodeKind::File };
        if let Some(bytes) = self.files.get(path) {
            return Ok(listing_id(Some(&[entry(String::from_utf8_lossy(bytes).into_owned())])));
        }
        // A directory is what is below it.
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let below = self.files.range(prefix.clone()..).take_while(|(p, _)| p.starts_with(&prefix));
        let below = below
            .map(|(p, bytes)| entry(format!("{}\0{}", &p[prefix.len()..], String::from_utf8_lossy(bytes))));
        let below: Vec<TreeEntry> = below.collect();
        Ok(if below.is_empty() { None } else { listing_id(Some(&below)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> MemoryTree {
        MemoryTree::new([("a/x.yaml", "1"), ("a/b/y.yaml", "2"), ("c.yaml", "3")]).unwrap()
    }

    #[test]
    fn a_listing_names_files_and_directories_once() {
        let names: Vec<_> =
            tree().list("a").unwrap().unwrap().into_iter().map(|e| (e.name, e.kind)).collect();
        assert_eq!(names, [("b".to_owned(), NodeKind::Dir), ("x.yaml".to_owned(), NodeKind::File)]);
        assert_eq!(tree().list("nowhere").unwrap(), None);
    }

    #[test]
    fn a_path_that_leaves_the_tree_is_refused() {
        assert!(normalize_path("a/../../b").is_err());
        for (path, normal) in
            [("./a//b/../c/", "a/c"), ("a/b.c/...", "a/b.c/..."), ("/a", "a"), ("", ""), (".", "")]
        {
            assert_eq!(normalize_path(path).unwrap(), normal, "{path}");
        }
    }

    #[test]
    fn a_read_set_sees_a_changed_file_a_new_file_and_a_filled_miss_but_nothing_else() {
        let source = SourceTree::new(Arc::new(tree()));
        source.read("a/x.yaml").unwrap();
        source.read("a/values.yaml").unwrap();
        source.list("a/b").unwrap();
        let reads = source.read_set();

        let with = |path: &str, text: &str| {
            let mut changed = tree();
            changed.insert(path, text).unwrap();
            reads.unchanged(&changed).unwrap()
        };
        assert!(with("c.yaml", "other"));
        assert!(with("a/b/y.yaml", "other"));
        assert!(!with("a/x.yaml", "other"));
        assert!(!with("a/values.yaml", ""));
        assert!(!with("a/b/new.yaml", ""));
    }
}
