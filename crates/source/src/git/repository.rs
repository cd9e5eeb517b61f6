use super::tree_cache::TreeCache;
use crate::{CommitMetadata, SourceError};
use gix::bstr::ByteSlice;
use gix::odb::store::init::Slots;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Packs that an open repository can know. Each fetch adds one; gix fixes the number when it opens.
const PACKS_MAX: u16 = 1024;
/// Handles kept for reuse: one a thread that reads at the same time.
const HANDLES_MAX: usize = 32;

/// An open repository that many threads read.
pub(crate) struct GitRepository {
    shared: gix::ThreadSafeRepository,
    handles: Mutex<Vec<gix::Repository>>,
    pub(super) trees: TreeCache,
    /// How messages name it.
    pub(super) shown: String,
}

/// Opens with no configuration but the repository's own.
pub(super) fn open_options() -> gix::open::Options {
    gix::open::Options::isolated().object_store_slots(Slots::Given(PACKS_MAX))
}

impl GitRepository {
    /// Opens a bare repository, or the one in a work tree.
    pub fn open(path: &Path, shown: String) -> Result<Self, SourceError> {
        let repository = gix::open_opts(path, open_options())
            .map_err(|e| SourceError::store(format_args!("{shown}: {}", path.display()), e))?;
        Ok(Self {
            shared: repository.into_sync(),
            handles: Mutex::new(Vec::new()),
            trees: TreeCache::default(),
            shown,
        })
    }

    /// Runs a job with a handle of this thread's own.
    pub(super) fn with<T>(
        &self,
        job: impl FnOnce(&gix::Repository) -> Result<T, gix::Error>,
    ) -> Result<T, gix::Error> {
        let kept = self.handles.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let handle = kept.unwrap_or_else(|| self.shared.to_thread_local());
        let result = job(&handle);
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        if handles.len() < HANDLES_MAX {
            handles.push(handle);
        }
        result
    }

    /// Whether a commit is there.
    pub fn has_commit(&self, id: gix::ObjectId) -> bool {
        self.with(|repository| Ok(repository.has_object(id))).unwrap_or(false)
    }

    /// Returns the tree of a commit; nothing where the commit is not there.
    pub fn tree_of(&self, id: gix::ObjectId) -> Result<Option<gix::ObjectId>, SourceError> {
        let tree = self.with(|repository| {
            let Some(object) = repository.try_find_object(id)? else { return Ok(None) };
            Ok(Some(object.peel_to_commit()?.tree_id()?.detach()))
        });
        tree.map_err(|e| SourceError::store(&self.shown, e))
    }

    /// Returns who made a commit, when and why; nothing where it is not there.
    pub fn metadata(&self, id: gix::ObjectId) -> Result<Option<CommitMetadata>, SourceError> {
        let metadata = self.with(|repository| {
            let Some(object) = repository.try_find_object(id)? else { return Ok(None) };
            let commit = object.peel_to_commit()?;
            let author = commit.author()?;
            let mut tags = Vec::new();
            for reference in repository.references()?.tags()? {
                let mut reference = reference?;
                let name = reference.name().shorten().to_string();
                if reference.peel_to_id().is_ok_and(|target| target == commit.id) {
                    tags.push(name);
                }
            }
            Ok(Some(CommitMetadata {
                author: format!("{} <{}>", author.name, author.email),
                date: system_time(author.seconds()),
                message: commit.message_raw_sloppy().to_str_lossy().trim_end_matches('\n').to_owned(),
                tags,
            }))
        });
        metadata.map_err(|e| SourceError::store(&self.shown, e))
    }
}

fn system_time(seconds: i64) -> SystemTime {
    match u64::try_from(seconds) {
        Ok(after) => UNIX_EPOCH.checked_add(Duration::from_secs(after)).unwrap_or(UNIX_EPOCH),
        Err(_) => UNIX_EPOCH.checked_sub(Duration::from_secs(seconds.unsigned_abs())).unwrap_or(UNIX_EPOCH),
    }
}

/// Returns all direct refs by name.
pub(super) fn all_refs(repository: &gix::Repository) -> Result<BTreeMap<String, String>, gix::Error> {
    let mut found = BTreeMap::new();
    for reference in repository.references()?.all()? {
        let reference = reference?;
        if let Some(id) = reference.try_id() {
            found.insert(reference.name().as_bstr().to_string(), id.to_string());
        }
    }
    Ok(found)
}
