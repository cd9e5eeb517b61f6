use crate::GitServerError;
use gix::objs::tree::EntryKind;
use std::fs;
use std::path::Path;

/// Most files that a repository is created from: a config repository has thousands, a mistaken `/` has millions.
const FILES_MAX: usize = 100_000;
/// Most bytes that a repository is created from.
const BYTES_MAX: u64 = 1 << 30;

/// A file to commit.
pub(crate) struct NewFile {
    /// Path with `/`.
    pub path: String,
    /// Regular, executable or link.
    pub kind: EntryKind,
    /// Content; for a link its target.
    pub bytes: Vec<u8>,
}

/// Reads a folder's files; `.git` is left out, links are kept as links.
pub(crate) fn read_dir(dir: &Path) -> Result<Vec<NewFile>, GitServerError> {
    let mut files = Vec::new();
    let mut bytes_total = 0;
    let mut pending = vec![(dir.to_path_buf(), String::new())];
    while let Some((folder, prefix)) = pending.pop() {
        for entry in fs::read_dir(&folder).map_err(|e| GitServerError::io(&folder, e))? {
            let entry = entry.map_err(|e| GitServerError::io(&folder, e))?;
            let path = entry.path();
            let Ok(name) = entry.file_name().into_string() else {
                let why = std::io::Error::other("a name that is not UTF-8");
                return Err(GitServerError::io(&path, why));
            };
            if name == ".git" {
                continue;
            }
            let relative = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            let meta = fs::symlink_metadata(&path).map_err(|e| GitServerError::io(&path, e))?;
            if meta.is_dir() {
                pending.push((path, relative));
                continue;
            }
            let file = read_file(&path, &meta, relative)?;
            bytes_total += file.bytes.len() as u64;
            files.push(file);
            if files.len() > FILES_MAX || bytes_total > BYTES_MAX {
                let why = format!("more than {FILES_MAX} files or {BYTES_MAX} bytes");
                return Err(GitServerError::io(dir, std::io::Error::other(why)));
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn read_file(path: &Path, meta: &fs::Metadata, relative: String) -> Result<NewFile, GitServerError> {
    if meta.is_symlink() {
        let target = fs::read_link(path).map_err(|e| GitServerError::io(path, e))?;
        let bytes = target.to_string_lossy().into_owned().into_bytes();
        return Ok(NewFile { path: relative, kind: EntryKind::Link, bytes });
    }
    if !meta.is_file() {
        return Err(GitServerError::io(
            path,
            std::io::Error::other("neither a file nor a folder nor a link"),
        ));
    }
    let kind = if is_executable(meta) { EntryKind::BlobExecutable } else { EntryKind::Blob };
    let bytes = fs::read(path).map_err(|e| GitServerError::io(path, e))?;
    Ok(NewFile { path: relative, kind, bytes })
}

#[cfg(unix)]
fn is_executable(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_meta: &fs::Metadata) -> bool {
    false
}

/// Writes a tree: `base` with these files on top and without those paths.
pub(crate) fn write_tree(
    repository: &gix::Repository,
    base: gix::ObjectId,
    files: &[NewFile],
    deletions: &[&str],
) -> Result<gix::ObjectId, gix::Error> {
    let mut editor = repository.edit_tree(base)?;
    for path in deletions {
        editor.remove(*path)?;
    }
    for file in files {
        let blob = repository.write_blob(&file.bytes)?;
        editor.upsert(file.path.as_str(), file.kind, blob.detach())?;
    }
    Ok(editor.write()?.detach())
}
