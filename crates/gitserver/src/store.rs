use crate::tree_build::{NewFile, read_dir, write_tree};
use crate::{ForgeEvent, GitServerError, PullInfo, Push, PushedRef, RepoName, RepositoryInfo};
use fairway_core::MemoryTree;
use gix::objs::tree::EntryKind;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast;

/// Events kept for a subscriber that lags: a burst of pushes by hand or script, with room.
const EVENTS_MAX: usize = 1024;
/// File inside a bare repository that holds its [`RepositoryInfo`].
const INFO_FILE: &str = "forge.json";
/// File in the data folder that holds the next repository's number.
const NEXT_ID_FILE: &str = "next-id";
/// Name and address of commits that are made here, so that no configuration of the user's is needed.
const AUTHOR: (&str, &str) = ("Fairway", "fairway@localhost");

/// What a new repository holds.
#[derive(Clone, Debug, Default)]
pub struct NewRepository {
    /// Files of the first commit.
    pub files: MemoryTree,
    /// Message of the first commit.
    pub message: String,
    /// One line for people.
    pub description: String,
    /// Topics.
    pub topics: Vec<String>,
    /// Whether repositories can be created from it.
    pub is_template: bool,
}

/// The repositories under the data folder. All calls block.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    /// Held while a repository's info is read and written back, and while one is made or deleted.
    changes: Mutex<()>,
    events: broadcast::Sender<ForgeEvent>,
}

impl Store {
    /// Opens the folder; made where missing.
    ///
    /// # Errors
    /// `Io` where that fails.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, GitServerError> {
        let root = root.into();
        fs::create_dir_all(&root).map_err(|e| GitServerError::io(&root, e))?;
        let root = root.canonicalize().map_err(|e| GitServerError::io(&root, e))?;
        Ok(Self { root, changes: Mutex::new(()), events: broadcast::channel(EVENTS_MAX).0 })
    }

    /// Returns the folder of all repositories: `NAME.git` and `OWNER/NAME.git`.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns where a repository lies, whether it is there or not.
    #[must_use]
    pub fn path(&self, name: &RepoName) -> PathBuf {
        self.root.join(format!("{name}.git"))
    }

    /// Subscribes to what happens from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<ForgeEvent> {
        self.events.subscribe()
    }

    /// Tells subscribers; nobody may be listening.
    pub(crate) fn publish(&self, event: ForgeEvent) {
        let _ = self.events.send(event);
    }

    /// Creates a repository with one commit on `main`.
    ///
    /// # Errors
    /// `Exists`, `Io`, `Git`.
    pub fn create(&self, name: &RepoName, new: &NewRepository) -> Result<RepositoryInfo, GitServerError> {
        let info = RepositoryInfo {
            description: new.description.clone(),
            topics: new.topics.clone(),
            is_template: new.is_template,
            ..RepositoryInfo::default()
        };
        self.create_with(name, &memory_files(&new.files), &new.message, info)
    }

    /// Creates a repository whose first commit holds a folder's files; `.git` folders are left out.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_from_dir(
        &self,
        name: &RepoName,
        dir: &Path,
        message: &str,
    ) -> Result<RepositoryInfo, GitServerError> {
        self.create_with(name, &read_dir(dir)?, message, RepositoryInfo::default())
    }

    /// Creates a repository; with no files it stays without a commit.
    pub(crate) fn create_with(
        &self,
        name: &RepoName,
        files: &[NewFile],
        message: &str,
        mut info: RepositoryInfo,
    ) -> Result<RepositoryInfo, GitServerError> {
        let _guard = self.lock();
        let path = self.path(name);
        if path.exists() {
            return Err(GitServerError::Exists { name: name.to_string() });
        }
        info.id = self.take_id()?;
        let parent = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent).map_err(|e| GitServerError::io(parent, e))?;
        // Built aside and renamed, so that nobody sees half a repository. No repository's name begins with a dot.
        let draft = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(&self.root)
            .map_err(|e| GitServerError::io(&self.root, e))?;
        let bare = draft.path().join("repository");
        init(&bare, files, message).map_err(|e| git_error(name, &e))?;
        write_info(&bare, &info)?;
        fs::rename(&bare, &path).map_err(|e| GitServerError::io(&path, e))?;
        self.publish(ForgeEvent::Created(name.clone()));
        Ok(info)
    }

    /// Returns all repositories by name.
    ///
    /// # Errors
    /// `Io`.
    pub fn list(&self) -> Result<Vec<(RepoName, RepositoryInfo)>, GitServerError> {
        let mut found = BTreeMap::new();
        for entry in names_in(&self.root)? {
            if entry.ends_with(".git") {
                self.list_one(&entry, &mut found)?;
            } else if self.root.join(&entry).is_dir() {
                for inner in names_in(&self.root.join(&entry))? {
                    self.list_one(&format!("{entry}/{inner}"), &mut found)?;
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    fn list_one(
        &self,
        text: &str,
        found: &mut BTreeMap<RepoName, RepositoryInfo>,
    ) -> Result<(), GitServerError> {
        if let Ok(name) = RepoName::parse(text)
            && let Some(info) = self.get(&name)?
        {
            found.insert(name, info);
        }
        Ok(())
    }

    /// Returns what is known about a repository; nothing where there is none.
    ///
    /// # Errors
    /// `Io`.
    pub fn get(&self, name: &RepoName) -> Result<Option<RepositoryInfo>, GitServerError> {
        let path = self.path(name);
        let file = path.join(INFO_FILE);
        match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|e| GitServerError::io(&file, io::Error::new(io::ErrorKind::InvalidData, e))),
            // A repository that was put here by hand.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                Ok(path.join("HEAD").is_file().then(RepositoryInfo::default))
            }
            Err(e) => Err(GitServerError::io(&file, e)),
        }
    }

    /// Sets a repository's topics.
    ///
    /// # Errors
    /// `NotFound`, `Io`.
    pub fn set_topics(&self, name: &RepoName, topics: Vec<String>) -> Result<(), GitServerError> {
        self.update(name, |info| info.topics = topics).map(|_| ())
    }

    /// Opens a pull request between two branches. Returns it with its number.
    ///
    /// # Errors
    /// `NotFound`, `Io`.
    pub fn open_pull(&self, name: &RepoName, pull: PullInfo) -> Result<PullInfo, GitServerError> {
        let info = self.update(name, |info| {
            let number = info.pulls.last().map_or(1, |last| last.number + 1);
            info.pulls.push(PullInfo { number, open: true, ..pull });
        })?;
        Ok(info.pulls.last().cloned().unwrap_or_default())
    }

    /// Changes what is known about a repository and writes it back as one step.
    pub(crate) fn update(
        &self,
        name: &RepoName,
        change: impl FnOnce(&mut RepositoryInfo),
    ) -> Result<RepositoryInfo, GitServerError> {
        let _guard = self.lock();
        let mut info = self.get(name)?.ok_or_else(|| GitServerError::NotFound { name: name.to_string() })?;
        change(&mut info);
        write_info(&self.path(name), &info)?;
        self.publish(ForgeEvent::Changed(name.clone()));
        Ok(info)
    }

    /// Adds a commit to the default branch that writes these files and deletes those paths. Returns its id.
    ///
    /// # Errors
    /// `NotFound`, `Git`.
    pub fn commit(
        &self,
        name: &RepoName,
        files: &MemoryTree,
        deletions: &[&str],
        message: &str,
    ) -> Result<String, GitServerError> {
        let branch = self.require(name)?.default_branch;
        self.commit_to(name, &branch, &memory_files(files), deletions, message)
    }

    pub(crate) fn commit_to(
        &self,
        name: &RepoName,
        branch: &str,
        files: &[NewFile],
        deletions: &[&str],
        message: &str,
    ) -> Result<String, GitServerError> {
        let repository = self.open_repository(name)?;
        let reference = format!("refs/heads/{branch}");
        let (old, new) = commit_files(&repository, &reference, files, deletions, message)
            .map_err(|e| git_error(name, &e))?;
        let new = new.to_string();
        let moved = PushedRef { name: reference, old, new: new.clone() };
        self.publish(ForgeEvent::Pushed(Push { repository: name.clone(), refs: vec![moved] }));
        Ok(new)
    }

    /// Deletes a repository.
    ///
    /// # Errors
    /// `NotFound`, `Io`.
    pub fn delete(&self, name: &RepoName) -> Result<(), GitServerError> {
        let _guard = self.lock();
        let path = self.path(name);
        if self.get(name)?.is_none() {
            return Err(GitServerError::NotFound { name: name.to_string() });
        }
        // Renamed first, so that nobody sees half a repository.
        let grave = tempfile::Builder::new()
            .prefix(".old-")
            .tempdir_in(&self.root)
            .map_err(|e| GitServerError::io(&self.root, e))?;
        fs::rename(&path, grave.path().join("repository")).map_err(|e| GitServerError::io(&path, e))?;
        self.publish(ForgeEvent::Deleted(name.clone()));
        Ok(())
    }

    pub(crate) fn require(&self, name: &RepoName) -> Result<RepositoryInfo, GitServerError> {
        self.get(name)?.ok_or_else(|| GitServerError::NotFound { name: name.to_string() })
    }

    pub(crate) fn open_repository(&self, name: &RepoName) -> Result<gix::Repository, GitServerError> {
        self.require(name)?;
        open_bare(&self.path(name)).map_err(|e| git_error(name, &e))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ()> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers are never given twice, even where the newest repository was deleted.
    fn take_id(&self) -> Result<u64, GitServerError> {
        let path = self.root.join(NEXT_ID_FILE);
        let next = match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().unwrap_or(1),
            Err(_) => self.list()?.iter().map(|(_, info)| info.id + 1).max().unwrap_or(1),
        };
        write_atomically(&path, format!("{}\n", next + 1).as_bytes())?;
        Ok(next)
    }
}

pub(crate) fn git_error(name: &RepoName, error: &gix::Error) -> GitServerError {
    GitServerError::Git { name: name.to_string(), why: error.to_string() }
}

fn open_bare(path: &Path) -> Result<gix::Repository, gix::Error> {
    gix::open_opts(path, gix::open::Options::isolated().open_path_as_is(true))
}

fn memory_files(tree: &MemoryTree) -> Vec<NewFile> {
    tree.iter()
        .map(|(path, bytes)| NewFile { path: path.to_owned(), kind: EntryKind::Blob, bytes: bytes.to_vec() })
        .collect()
}

fn init(path: &Path, files: &[NewFile], message: &str) -> Result<(), gix::Error> {
    let repository = gix::ThreadSafeRepository::init_opts(
        path,
        gix::create::Kind::Bare,
        gix::create::Options::default(),
        gix::open::Options::isolated(),
    )?
    .to_thread_local();
    if !files.is_empty() {
        commit_files(&repository, "refs/heads/main", files, &[], message)?;
    }
    Ok(())
}

/// Returns the branch's ids before (zeros where it was not there) and after.
fn commit_files(
    repository: &gix::Repository,
    reference: &str,
    files: &[NewFile],
    deletions: &[&str],
    message: &str,
) -> Result<(String, gix::ObjectId), gix::Error> {
    let parent = match repository.try_find_reference(reference)? {
        Some(mut found) => Some(found.peel_to_commit()?),
        None => None,
    };
    let base = match &parent {
        Some(commit) => commit.tree_id()?.detach(),
        None => gix::ObjectId::empty_tree(repository.object_hash()),
    };
    let tree = write_tree(repository, base, files, deletions)?;
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let time = format!("{seconds} +0000");
    let who = gix::actor::SignatureRef { name: AUTHOR.0.into(), email: AUTHOR.1.into(), time: &time };
    let old = parent.as_ref().map_or_else(|| "0".repeat(40), |commit| commit.id.to_string());
    let parents = parent.iter().map(|commit| commit.id);
    let id = repository.commit_as(who, who, reference, message, tree, parents)?.detach();
    Ok((old, id))
}

fn write_info(bare: &Path, info: &RepositoryInfo) -> Result<(), GitServerError> {
    let path = bare.join(INFO_FILE);
    let mut text = serde_json::to_vec_pretty(info).map_err(|e| GitServerError::io(&path, e.into()))?;
    text.push(b'\n');
    write_atomically(&path, &text)
}

pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), GitServerError> {
    let fail = |e| GitServerError::io(path, e);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".draft-").tempfile_in(folder).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.as_file().sync_data().map_err(fail)?;
    file.persist(path).map_err(|e| fail(e.error))?;
    Ok(())
}

fn names_in(folder: &Path) -> Result<Vec<String>, GitServerError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| GitServerError::io(folder, e))? {
        let entry = entry.map_err(|e| GitServerError::io(folder, e))?;
        if let Ok(name) = entry.file_name().into_string()
            && !name.starts_with('.')
        {
            names.push(name);
        }
    }
    Ok(names)
}
