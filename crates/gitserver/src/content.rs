use crate::store::git_error;
use crate::{GitServerError, RepoName, Store};
use gix::bstr::ByteSlice;
use std::collections::BTreeMap;

/// Most entries of a recursive tree listing, as GitHub's.
const TREE_ENTRIES_MAX: usize = 100_000;

/// One entry of a tree.
pub(crate) struct Entry {
    /// Path from the tree's root.
    pub path: String,
    /// `100644`, `100755`, `120000`, `040000` or `160000`.
    pub mode: String,
    /// `blob`, `tree` or `commit`.
    pub kind: &'static str,
    /// Object id in hex.
    pub sha: String,
    /// Bytes, for a blob.
    pub size: Option<u64>,
}

/// What a path names.
pub(crate) enum Content {
    /// A file with its object id and bytes.
    File(String, Vec<u8>),
    /// A directory.
    Dir(Vec<Entry>),
}

impl Store {
    /// Returns all refs below `refs/` with the objects they point at, not peeled.
    pub(crate) fn refs(&self, name: &RepoName) -> Result<BTreeMap<String, String>, GitServerError> {
        let repository = self.open_repository(name)?;
        all_refs(&repository).map_err(|e| git_error(name, &e))
    }

    /// Returns branches and their commits by name.
    pub(crate) fn branches(&self, name: &RepoName) -> Result<Vec<(String, String)>, GitServerError> {
        let refs = self.refs(name)?;
        let branch = |(name, id): (String, String)| Some((name.strip_prefix("refs/heads/")?.to_owned(), id));
        Ok(refs.into_iter().filter_map(branch).collect())
    }

    /// Resolves a branch, tag, full ref name or commit to a commit; nothing where there is none.
    pub(crate) fn commit_of(
        &self,
        name: &RepoName,
        revision: &str,
    ) -> Result<Option<String>, GitServerError> {
        let repository = self.open_repository(name)?;
        let found = resolve(&repository, revision).map_err(|e| git_error(name, &e))?;
        Ok(found.map(|commit| commit.id.to_string()))
    }

    /// Returns the message, author's name and seconds of a commit.
    pub(crate) fn commit_info(
        &self,
        name: &RepoName,
        commit: &str,
    ) -> Result<Option<(String, String, String, i64)>, GitServerError> {
        let repository = self.open_repository(name)?;
        let read = || -> Result<Option<(String, String, String, i64)>, gix::Error> {
            let Some(commit) = resolve(&repository, commit)? else { return Ok(None) };
            let author = commit.author()?;
            Ok(Some((
                commit.message_raw_sloppy().to_string(),
                author.name.to_string(),
                author.email.to_string(),
                author.seconds(),
            )))
        };
        read().map_err(|e| git_error(name, &e))
    }

    /// Returns what a path names at a revision; nothing where the revision or path is not there.
    pub(crate) fn content(
        &self,
        name: &RepoName,
        revision: &str,
        path: &str,
    ) -> Result<Option<Content>, GitServerError> {
        let repository = self.open_repository(name)?;
        content(&repository, revision, path).map_err(|e| git_error(name, &e))
    }

    /// Lists a tree by revision or tree id; nothing where there is none. The flag says that it was cut off.
    pub(crate) fn tree(
        &self,
        name: &RepoName,
        tree_ish: &str,
        recursive: bool,
    ) -> Result<Option<(String, Vec<Entry>, bool)>, GitServerError> {
        let repository = self.open_repository(name)?;
        tree(&repository, tree_ish, recursive).map_err(|e| git_error(name, &e))
    }
}

fn all_refs(repository: &gix::Repository) -> Result<BTreeMap<String, String>, gix::Error> {
    let mut found = BTreeMap::new();
    for reference in repository.references()?.all()? {
        let reference = reference?;
        if let Some(id) = reference.try_id() {
            found.insert(reference.name().as_bstr().to_string(), id.to_string());
        }
    }
    Ok(found)
}

fn resolve<'r>(
    repository: &'r gix::Repository,
    revision: &str,
) -> Result<Option<gix::Commit<'r>>, gix::Error> {
    for full in [revision.to_owned(), format!("refs/heads/{revision}"), format!("refs/tags/{revision}")] {
        if !full.starts_with("refs/") && full != "HEAD" {
            continue;
        }
        if let Ok(Some(mut reference)) = repository.try_find_reference(full.as_str()) {
            return reference.peel_to_commit().map(Some);
        }
    }
    let Ok(id) = gix::ObjectId::from_hex(revision.as_bytes()) else { return Ok(None) };
    let Some(object) = repository.try_find_object(id)? else { return Ok(None) };
    Ok(object.peel_to_commit().ok())
}

fn content(repository: &gix::Repository, revision: &str, path: &str) -> Result<Option<Content>, gix::Error> {
    let Some(commit) = resolve(repository, revision)? else { return Ok(None) };
    let tree = commit.tree()?;
    if path.is_empty() {
        return Ok(Some(Content::Dir(entries(repository, &tree, "")?)));
    }
    let Some(entry) = tree.lookup_entry(path.split('/').map(str::as_bytes))? else { return Ok(None) };
    let object = entry.object()?;
    Ok(Some(match object.kind {
        gix::objs::Kind::Tree => Content::Dir(entries(repository, &object.into_tree(), path)?),
        _ => Content::File(object.id.to_string(), object.data.clone()),
    }))
}

fn entries(
    repository: &gix::Repository,
    tree: &gix::Tree<'_>,
    prefix: &str,
) -> Result<Vec<Entry>, gix::Error> {
    let mut found = Vec::new();
    for entry in tree.decode()?.entries {
        let name = entry.filename.to_str_lossy();
        let kind = match entry.mode.kind() {
            gix::objs::tree::EntryKind::Tree => "tree",
            gix::objs::tree::EntryKind::Commit => "commit",
            _ => "blob",
        };
        let size =
            if kind == "blob" { Some(repository.find_header(entry.oid.to_owned())?.size()) } else { None };
        found.push(Entry {
            path: if prefix.is_empty() { name.into_owned() } else { format!("{prefix}/{name}") },
            mode: format!("{:06o}", entry.mode.value()),
            kind,
            sha: entry.oid.to_string(),
            size,
        });
    }
    Ok(found)
}

fn tree(
    repository: &gix::Repository,
    tree_ish: &str,
    recursive: bool,
) -> Result<Option<(String, Vec<Entry>, bool)>, gix::Error> {
    let root = match resolve(repository, tree_ish)? {
        Some(commit) => commit.tree()?,
        None => {
            let Ok(id) = gix::ObjectId::from_hex(tree_ish.as_bytes()) else { return Ok(None) };
            match repository.try_find_object(id)?.map(gix::Object::try_into_tree) {
                Some(Ok(tree)) => tree,
                Some(Err(_)) | None => return Ok(None),
            }
        }
    };
    let sha = root.id.to_string();
    let mut found = Vec::new();
    // Depth first and in name order, as Git prints it.
    let mut pending: Vec<Entry> = entries(repository, &root, "")?.into_iter().rev().collect();
    while let Some(entry) = pending.pop() {
        if found.len() == TREE_ENTRIES_MAX {
            return Ok(Some((sha, found, true)));
        }
        if recursive && entry.kind == "tree" {
            let id = gix::ObjectId::from_hex(entry.sha.as_bytes())?;
            let below = entries(repository, &repository.find_tree(id)?, &entry.path)?;
            pending.extend(below.into_iter().rev());
        }
        found.push(entry);
    }
    Ok(Some((sha, found, false)))
}

impl Store {
    /// Reads all files of a branch, for making another repository from them.
    pub(crate) fn files(
        &self,
        name: &RepoName,
        revision: &str,
    ) -> Result<Vec<crate::tree_build::NewFile>, GitServerError> {
        let repository = self.open_repository(name)?;
        let read = || -> Result<Vec<crate::tree_build::NewFile>, gix::Error> {
            let Some((_, entries, _)) = tree(&repository, revision, true)? else { return Ok(Vec::new()) };
            let mut files = Vec::new();
            for entry in entries.into_iter().filter(|e| e.kind == "blob") {
                let kind = match entry.mode.as_str() {
                    "100755" => gix::objs::tree::EntryKind::BlobExecutable,
                    "120000" => gix::objs::tree::EntryKind::Link,
                    _ => gix::objs::tree::EntryKind::Blob,
                };
                let id = gix::ObjectId::from_hex(entry.sha.as_bytes())?;
                let bytes = repository.find_blob(id)?.take_data();
                files.push(crate::tree_build::NewFile { path: entry.path, kind, bytes });
            }
            Ok(files)
        };
        read().map_err(|e| git_error(name, &e))
    }

    /// Makes `HEAD` name a branch.
    pub(crate) fn set_head(&self, name: &RepoName, branch: &str) -> Result<(), GitServerError> {
        let not_there = || GitServerError::Name { name: branch.to_owned(), why: "there is no such branch" };
        if !self.branches(name)?.iter().any(|(known, _)| known == branch) {
            return Err(not_there());
        }
        let path = self.path(name).join("HEAD");
        crate::store::write_atomically(&path, format!("ref: refs/heads/{branch}\n").as_bytes())
    }
}
