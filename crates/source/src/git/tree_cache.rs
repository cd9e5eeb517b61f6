use fairway_core::NodeKind;
use gix::bstr::ByteSlice;
use gix::objs::tree::EntryKind;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Entries kept for a repository; about 60 bytes each. A config repository of 200 Apps has some 2,000.
const ENTRIES_MAX: usize = 1 << 16;

/// One entry of a directory.
#[derive(Clone, Debug)]
pub(super) struct DirEntry {
    pub name: Box<str>,
    pub kind: EntryKind,
    pub id: gix::ObjectId,
}

impl DirEntry {
    pub fn node_kind(&self) -> NodeKind {
        match self.kind {
            EntryKind::Blob | EntryKind::BlobExecutable => NodeKind::File,
            EntryKind::Link => NodeKind::Symlink,
            EntryKind::Tree | EntryKind::Commit => NodeKind::Dir,
        }
    }
}

/// A directory, sorted by name.
#[derive(Debug)]
pub(super) struct Dir {
    pub entries: Vec<DirEntry>,
}

impl Dir {
    pub fn find(&self, name: &str) -> Option<&DirEntry> {
        let at = self.entries.binary_search_by(|entry| (*entry.name).cmp(name)).ok()?;
        self.entries.get(at)
    }
}

/// Directories by tree id. Commits share most of their trees, so a new commit decodes only what it changed.
#[derive(Default)]
pub(super) struct TreeCache {
    known: Mutex<(HashMap<gix::ObjectId, Arc<Dir>>, usize)>,
}

impl TreeCache {
    pub fn get(
        &self,
        id: gix::ObjectId,
        read: impl FnOnce() -> Result<Vec<DirEntry>, gix::Error>,
    ) -> Result<Arc<Dir>, gix::Error> {
        if let Some(dir) = self.known.lock().unwrap_or_else(PoisonError::into_inner).0.get(&id) {
            return Ok(dir.clone());
        }
        let mut entries = read()?;
        // Git sorts a directory as if its name ended in a slash; people and binary search want plain order.
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        let dir = Arc::new(Dir { entries });
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.1 + dir.entries.len() > ENTRIES_MAX {
            known.0.clear();
            known.1 = 0;
        }
        known.1 += dir.entries.len();
        known.0.insert(id, dir.clone());
        Ok(dir)
    }
}

/// Decodes a tree object.
pub(super) fn read_dir(repository: &gix::Repository, id: gix::ObjectId) -> Result<Vec<DirEntry>, gix::Error> {
    let tree = repository.find_tree(id)?;
    let decoded = tree.decode()?;
    Ok(decoded
        .entries
        .iter()
        .map(|entry| DirEntry {
            name: entry.filename.to_str_lossy().into(),
            kind: entry.mode.kind(),
            id: entry.oid.to_owned(),
        })
        .collect())
}
