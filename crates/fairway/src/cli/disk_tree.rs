//! A folder of this machine as the renderers read it.

use anyhow::{Context as _, bail};
use fairway_core::{ContentId, FileTree, NodeKind, TreeEntry, TreeError, normalize_path};
use std::collections::HashMap;
use std::fs::Metadata;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Largest file that is read: more than any manifest or chart archive.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Most entries of one folder.
const ENTRIES_MAX: usize = 100_000;
/// Deepest nesting that a content id looks into.
const DEPTH_MAX: usize = 64;

/// Files below a root folder. Links are followed where they stay below it; where the root is the whole disk, they must
/// stay below the folder named on the command line or beside the link.
pub struct DiskTree {
    root: PathBuf,
    /// The folder that was named, with no link in its path.
    home: PathBuf,
    /// Where folders that were asked for really lie: most files are beside one that was read before.
    folders: Mutex<HashMap<PathBuf, PathBuf>>,
    /// The file that was read last, and where it really lies: kustomize asks for that next.
    last_read: Mutex<Option<(PathBuf, PathBuf)>>,
}

/// What a path of the tree leads to.
struct Found {
    real: PathBuf,
    about: Metadata,
}

impl AsRef<Path> for Found {
    fn as_ref(&self) -> &Path {
        &self.real
    }
}

/// A folder or file with the tree that it lies in.
pub struct Place {
    /// The tree.
    pub tree: Arc<DiskTree>,
    /// The path inside the tree.
    pub path: String,
}

impl Place {
    /// Finds the tree of a path: the Git work tree around it, else the whole disk.
    pub fn of(path: &Path) -> anyhow::Result<Self> {
        let whole = path.canonicalize().with_context(|| format!("open {}", path.display()))?;
        let home = if whole.is_dir() { whole.clone() } else { whole.parent().unwrap_or(&whole).to_owned() };
        let root =
            home.ancestors().find(|dir| dir.join(".git").exists()).unwrap_or(Path::new("/")).to_owned();
        let inside = whole.strip_prefix(&root).unwrap_or(&whole);
        let Some(path) = inside.to_str() else {
            bail!("{} is no UTF-8; rename it", whole.display());
        };
        Ok(Self { path: path.replace('\\', "/"), tree: Arc::new(DiskTree::new(root, home)) })
    }

    /// Takes a folder itself as the root.
    pub fn rooted(dir: &Path) -> anyhow::Result<Self> {
        let root = dir.canonicalize().with_context(|| format!("open {}", dir.display()))?;
        Ok(Self { tree: Arc::new(DiskTree::new(root.clone(), root)), path: String::new() })
    }
}

impl DiskTree {
    fn new(root: PathBuf, home: PathBuf) -> Self {
        let real = home.ancestors().take_while(|dir| dir.starts_with(&root));
        let folders = real.map(|dir| (dir.to_owned(), dir.to_owned())).collect();
        Self { root, home, folders: Mutex::new(folders), last_read: Mutex::default() }
    }

    /// Returns where a path of the tree is on this machine.
    pub fn on_disk(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn wanted(&self, path: &str) -> Result<PathBuf, TreeError> {
        Ok(self.root.join(normalize_path(path)?))
    }

    /// Returns where a folder really lies; nothing where there is no folder.
    fn folder(&self, path: &str) -> Result<Option<PathBuf>, TreeError> {
        let wanted = self.wanted(path)?;
        self.checked(path, &wanted, self.real_folder(&wanted))
    }

    /// Returns what was found by following a path; nothing where nothing is there.
    ///
    /// # Errors
    /// What a link leads to may not be read, or the disk failed.
    fn checked<F: AsRef<Path>>(
        &self,
        path: &str,
        wanted: &Path,
        found: io::Result<F>,
    ) -> Result<Option<F>, TreeError> {
        let found = match found {
            Ok(found) => found,
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(e) => return Err(store(path, &e)),
        };
        if stays(&self.root, &self.home, wanted, found.as_ref()) {
            return Ok(Some(found));
        }
        let around = if self.root == Path::new("/") { &self.home } else { &self.root };
        let why = format!("the link leads outside of {}", around.display());
        Err(TreeError::Link { path: path.to_owned(), why })
    }

    /// Follows the links in a path.
    fn follow(&self, wanted: &Path) -> io::Result<Found> {
        let real = match (wanted.parent(), wanted.file_name()) {
            (Some(parent), Some(name)) if wanted != self.root => self.real_folder(parent)?.join(name),
            _ => self.root.clone(),
        };
        let about = real.symlink_metadata()?;
        if !about.is_symlink() {
            return Ok(Found { real, about });
        }
        let real = real.canonicalize()?;
        Ok(Found { about: real.metadata()?, real })
    }

    fn real_folder(&self, dir: &Path) -> io::Result<PathBuf> {
        if let Some(real) = self.known_folders().get(dir) {
            return Ok(real.clone());
        }
        let Found { real, about } = self.follow(dir)?;
        if !about.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        self.known_folders().insert(dir.to_owned(), real.clone());
        Ok(real)
    }

    /// Returns where a path leads to, if that was found out before.
    fn known(&self, wanted: &Path) -> Option<PathBuf> {
        let last = self.last_read();
        match &*last {
            Some((path, real)) if path == wanted => Some(real.clone()),
            _ => self.known_folders().get(wanted).cloned(),
        }
    }

    fn last_read(&self) -> MutexGuard<'_, Option<(PathBuf, PathBuf)>> {
        self.last_read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_folders(&self) -> MutexGuard<'_, HashMap<PathBuf, PathBuf>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn id(&self, path: &str, depth: usize) -> Result<Option<ContentId>, TreeError> {
        if depth > DEPTH_MAX {
            let why = format!("folders are nested deeper than the limit of {DEPTH_MAX}");
            return Err(TreeError::Store { path: path.to_owned(), why });
        }
        if let Some(bytes) = self.read(path)? {
            return Ok(Some(ContentId(*blake3::hash(&bytes).as_bytes())));
        }
        let Some(entries) = self.list(path)? else { return Ok(None) };
        let mut hash = blake3::Hasher::new();
        for entry in entries {
            let below = if path.is_empty() { entry.name.clone() } else { format!("{path}/{}", entry.name) };
            hash.update(entry.name.as_bytes()).update(&[0]);
            if let Some(id) = self.id(&below, depth + 1)? {
                hash.update(&id.0);
            }
        }
        Ok(Some(ContentId(*hash.finalize().as_bytes())))
    }
}

/// Whether what a path leads to may be read, as [`DiskTree`] says.
fn stays(root: &Path, home: &Path, wanted: &Path, real: &Path) -> bool {
    if root != Path::new("/") {
        return real.starts_with(root);
    }
    real == wanted || real.starts_with(home) || wanted.parent().is_some_and(|beside| real.starts_with(beside))
}

fn store(path: &str, error: &std::io::Error) -> TreeError {
    TreeError::Store { path: path.to_owned(), why: error.to_string() }
}

impl FileTree for DiskTree {
    fn read(&self, path: &str) -> Result<Option<Arc<[u8]>>, TreeError> {
        let wanted = self.wanted(path)?;
        let found = self.checked(path, &wanted, self.follow(&wanted))?;
        let Some(Found { real, about }) = found else { return Ok(None) };
        // Whatever is neither file nor folder, such as a pipe, would be waited for.
        if !about.is_file() {
            return Ok(None);
        }
        let expected = usize::try_from(about.len().min(FILE_BYTES_MAX)).unwrap_or_default();
        let mut bytes = Vec::with_capacity(expected + 1);
        let file = std::fs::File::open(&real).map_err(|e| store(path, &e))?;
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|e| store(path, &e))?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(TreeError::TooLarge {
                path: path.to_owned(),
                bytes: about.len(),
                bytes_max: FILE_BYTES_MAX,
            });
        }
        *self.last_read() = Some((wanted, real));
        Ok(Some(bytes.into()))
    }

    fn list(&self, dir: &str) -> Result<Option<Vec<TreeEntry>>, TreeError> {
        let Some(real) = self.folder(dir)? else { return Ok(None) };
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(&real).map_err(|e| store(dir, &e))? {
            let entry = entry.map_err(|e| store(dir, &e))?;
            let kind = entry.file_type().map_err(|e| store(dir, &e))?;
            let kind = match kind {
                kind if kind.is_symlink() => NodeKind::Symlink,
                kind if kind.is_dir() => NodeKind::Dir,
                kind if kind.is_file() => NodeKind::File,
                _ => continue,
            };
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name == ".git" {
                continue;
            }
            if entries.len() == ENTRIES_MAX {
                let why = format!("the folder has more entries than the limit of {ENTRIES_MAX}");
                return Err(TreeError::Store { path: dir.to_owned(), why });
            }
            entries.push(TreeEntry { name, kind });
        }
        entries.sort();
        Ok(Some(entries))
    }

    fn is_dir(&self, path: &str) -> Result<bool, TreeError> {
        Ok(self.folder(path)?.is_some())
    }

    fn content_id(&self, path: &str) -> Result<Option<ContentId>, TreeError> {
        self.id(&normalize_path(path)?, 0)
    }

    fn real_path(&self, path: &str) -> Result<String, TreeError> {
        let wanted = self.wanted(path)?;
        let found = self.known(&wanted).map_or_else(|| self.follow(&wanted).map(|found| found.real), Ok);
        let real = self.checked(path, &wanted, found)?;
        let inside = real.as_ref().and_then(|real| real.strip_prefix(&self.root).ok()).and_then(Path::to_str);
        Ok(inside.map_or_else(|| path.to_owned(), |inside| inside.replace('\\', "/")))
    }

    fn named(&self, path: &str) -> String {
        if self.root == Path::new("/") { format!("/{path}") } else { path.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_in_the_work_tree_or_near_what_was_named() {
        let stays = |root: &str, home: &str, wanted: &str, real: &str| {
            stays(Path::new(root), Path::new(home), Path::new(wanted), Path::new(real))
        };
        assert!(stays("/r", "/r/a", "/r/a/link", "/r/b/file"));
        assert!(!stays("/r", "/r/a", "/r/a/link", "/etc/passwd"));
        assert!(!stays("/r", "/r/a", "/r/a/link", "/r2/file"));
        assert!(stays("/", "/x/overlay", "/x/base/file", "/x/base/file"));
        assert!(stays("/", "/x/overlay", "/x/base/link", "/x/base/below/file"));
        assert!(!stays("/", "/x/overlay", "/x/base/link", "/etc/passwd"));
    }
}
