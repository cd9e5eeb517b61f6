use super::lfs::{Lfs, Pointer};
use super::repository::GitRepository;
use super::tree_cache::{Dir, DirEntry, read_dir};
use fairway_core::{ContentId, FileTree, TreeEntry, TreeError, normalize_path};
use gix::objs::tree::EntryKind;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most links followed for one path, as Linux.
const LINKS_MAX: usize = 40;

/// The files of a commit, read from the object store as they are asked for.
pub(crate) struct GitTree {
    repository: Arc<GitRepository>,
    root: gix::ObjectId,
    submodules: BTreeMap<String, Arc<dyn FileTree>>,
    limits: TreeLimits,
}

/// What is refused, and what is fetched from elsewhere.
#[derive(Clone)]
pub(crate) struct TreeLimits {
    /// Largest file, bytes.
    pub file_bytes_max: u64,
    /// Fetches files kept in LFS; where none is wanted they read as their pointers, as in a checkout without LFS.
    pub lfs: Option<Arc<Lfs>>,
}

/// What a path leads to once links are followed.
enum Found<'t> {
    Dir(gix::ObjectId),
    File(gix::ObjectId),
    /// A submodule that is there, and the path inside it.
    Inside(&'t dyn FileTree, String),
}

impl GitTree {
    /// Opens a tree. `submodules` are trees of their own, by path.
    pub fn new(
        repository: Arc<GitRepository>,
        root: gix::ObjectId,
        submodules: BTreeMap<String, Arc<dyn FileTree>>,
        limits: TreeLimits,
    ) -> Self {
        Self { repository, root, submodules, limits }
    }

    /// Returns the commit that a path's submodule is at; nothing where the path is no submodule.
    pub fn submodule_commit(&self, path: &str) -> Result<Option<gix::ObjectId>, TreeError> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(Found::Dir(id)) = self.find(parent)? else { return Ok(None) };
        let dir = self.dir(id, parent)?;
        Ok(dir.find(name).filter(|entry| entry.kind == EntryKind::Commit).map(|entry| entry.id))
    }

    fn store_error(&self, path: &str, error: &gix::Error) -> TreeError {
        TreeError::Store { path: path.to_owned(), why: format!("{}: {error}", self.repository.shown) }
    }

    fn dir(&self, id: gix::ObjectId, path: &str) -> Result<Arc<Dir>, TreeError> {
        let repository = &self.repository;
        repository
            .trees
            .get(id, || repository.with(|handle| read_dir(handle, id)))
            .map_err(|e| self.store_error(path, &e))
    }

    fn blob(&self, id: gix::ObjectId, path: &str) -> Result<Arc<[u8]>, TreeError> {
        let read = self.repository.with(|handle| {
            let size = handle.find_header(id)?.size();
            if size > self.limits.file_bytes_max {
                return Ok(Err(size));
            }
            let blob = handle.find_blob(id)?;
            Ok(Ok(Arc::from(blob.data.as_slice())))
        });
        match read {
            Ok(Ok(bytes)) => {
                let bytes: Arc<[u8]> = bytes;
                match (&self.limits.lfs, Pointer::parse(&bytes)) {
                    (Some(lfs), Some(pointer)) => {
                        let fetched = lfs.read(&pointer);
                        fetched
                            .map_err(|why| TreeError::Store { path: path.to_owned(), why: why.to_string() })
                    }
                    _ => Ok(bytes),
                }
            }
            Ok(Err(bytes)) => Err(TreeError::TooLarge {
                path: path.to_owned(),
                bytes,
                bytes_max: self.limits.file_bytes_max,
            }),
            Err(error) => Err(self.store_error(path, &error)),
        }
    }

    /// Walks a path, following links inside the tree.
    fn find(&self, path: &str) -> Result<Option<Found<'_>>, TreeError> {
        self.walk(path).follow(path)
    }

    fn walk<'p>(&self, path: &'p str) -> Walk<'_, 'p> {
        let stack = vec![(String::new(), self.root)];
        Walk { tree: self, asked: path, stack, file: String::new(), links: 0 }
    }
}

/// Where a walk is: the directories from the root down, by physical path.
struct Walk<'t, 'p> {
    tree: &'t GitTree,
    asked: &'p str,
    stack: Vec<(String, gix::ObjectId)>,
    /// Name of the file that was found.
    file: String,
    links: usize,
}

impl<'t> Walk<'t, '_> {
    fn follow(&mut self, path: &str) -> Result<Option<Found<'t>>, TreeError> {
        // Parts still to go, the next one last: a link's target is put on top.
        let mut parts: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        while let Some(part) = parts.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    if self.stack.len() == 1 {
                        return Err(self.outside());
                    }
                    self.stack.pop();
                    continue;
                }
                _ => {}
            }
            let (_, dir_id) = self.here();
            let dir = self.tree.dir(dir_id, self.asked)?;
            let Some(entry) = dir.find(&part) else { return Ok(None) };
            match entry.kind {
                EntryKind::Tree => self.stack.push((part, entry.id)),
                EntryKind::Link => self.expand(entry, &mut parts)?,
                EntryKind::Commit => return self.submodule(&part, &parts),
                EntryKind::Blob | EntryKind::BlobExecutable => {
                    let last = parts.iter().all(|rest| rest.is_empty() || rest == ".");
                    self.file = part;
                    return Ok(last.then_some(Found::File(entry.id)));
                }
            }
        }
        Ok(Some(Found::Dir(self.here().1)))
    }

    fn here(&self) -> (usize, gix::ObjectId) {
        let last = self.stack.len() - 1;
        (last, self.stack[last].1)
    }

    fn expand(&mut self, entry: &DirEntry, parts: &mut Vec<String>) -> Result<(), TreeError> {
        self.links += 1;
        if self.links > LINKS_MAX {
            return Err(self.link_error("too many levels of symbolic links"));
        }
        let target = self.tree.blob(entry.id, self.asked)?;
        let Ok(target) = std::str::from_utf8(&target) else {
            return Err(self.link_error("a symbolic link whose target is not UTF-8"));
        };
        if target.starts_with('/') {
            return Err(self.link_error("a symbolic link to an absolute path leaves the repository"));
        }
        parts.extend(target.split('/').rev().map(str::to_owned));
        Ok(())
    }

    fn submodule(&self, name: &str, parts: &[String]) -> Result<Option<Found<'t>>, TreeError> {
        let above = self.stack.iter().skip(1).map(|(name, _)| name.as_str());
        let path = above.chain([name]).collect::<Vec<_>>().join("/");
        // One that `.gitmodules` does not name is an empty folder, as in a checkout.
        let Some(tree) = self.tree.submodules.get(&path) else { return Ok(None) };
        let rest = parts.iter().rev().map(String::as_str).collect::<Vec<_>>().join("/");
        let inside = normalize_path(&rest).map_err(|_| self.outside())?;
        Ok(Some(Found::Inside(tree.as_ref(), inside)))
    }

    fn outside(&self) -> TreeError {
        if self.links > 0 {
            return self.link_error("a symbolic link leaves the repository");
        }
        TreeError::Outside { path: self.asked.to_owned() }
    }

    fn link_error(&self, why: &str) -> TreeError {
        TreeError::Link { path: self.asked.to_owned(), why: why.to_owned() }
    }
}

impl FileTree for GitTree {
    fn read(&self, path: &str) -> Result<Option<Arc<[u8]>>, TreeError> {
        match self.find(path)? {
            Some(Found::File(id)) => self.blob(id, path).map(Some),
            Some(Found::Inside(tree, rest)) => tree.read(&rest),
            Some(Found::Dir(_)) | None => Ok(None),
        }
    }

    fn list(&self, dir: &str) -> Result<Option<Vec<TreeEntry>>, TreeError> {
        match self.find(dir)? {
            Some(Found::Dir(id)) => {
                let entries = &self.dir(id, dir)?.entries;
                let entry = |e: &DirEntry| TreeEntry { name: e.name.to_string(), kind: e.node_kind() };
                Ok(Some(entries.iter().map(entry).collect()))
            }
            Some(Found::Inside(tree, rest)) => tree.list(&rest),
            Some(Found::File(_)) | None => Ok(None),
        }
    }

    fn content_id(&self, path: &str) -> Result<Option<ContentId>, TreeError> {
        match self.find(path)? {
            Some(Found::Dir(id) | Found::File(id)) => Ok(Some(content_id(id))),
            Some(Found::Inside(tree, rest)) => tree.content_id(&rest),
            None => Ok(None),
        }
    }

    fn real_path(&self, path: &str) -> Result<String, TreeError> {
        let mut walk = self.walk(path);
        let found = walk.follow(path)?;
        if walk.links == 0 || !matches!(found, Some(Found::Dir(_) | Found::File(_))) {
            return Ok(path.to_owned());
        }
        let above = walk.stack.iter().skip(1).map(|(name, _)| name.as_str());
        let file = Some(walk.file.as_str()).filter(|name| !name.is_empty());
        Ok(above.chain(file).collect::<Vec<_>>().join("/"))
    }
}

fn content_id(id: gix::ObjectId) -> ContentId {
    let mut bytes = [0; 32];
    let count = id.as_bytes().len().min(bytes.len());
    bytes[..count].copy_from_slice(&id.as_bytes()[..count]);
    ContentId(bytes)
}
