use super::fetch::REMOTE_HEAD;
use super::repository::GitRepository;
use crate::SourceError;
use crate::version::newest_match;
use gix::bstr::ByteSlice;
use std::collections::HashSet;

/// Shortest commit that is taken for one, as Argo CD's `IsTruncatedCommitSHA`.
const SHORT_COMMIT_MIN: usize = 7;

/// Reads a full commit id.
pub(crate) fn full_commit(revision: &str) -> Option<gix::ObjectId> {
    if revision.len() != 40 {
        return None;
    }
    gix::ObjectId::from_hex(revision.to_ascii_lowercase().as_bytes()).ok()
}

impl GitRepository {
    /// Resolves a revision against what is there: a semver range over tags, else branch, tag, ref, commit. In that
    /// order, as Argo CD 3.x `util/git/client.go` `lsRemote`. Nothing where there is no such revision.
    pub fn resolve(&self, revision: &str) -> Result<Option<gix::ObjectId>, SourceError> {
        if let Some(id) = full_commit(revision) {
            return Ok(Some(id));
        }
        let found = self.with(|repository| {
            let candidates = match newest_tag(repository, revision)? {
                // A range is over tags, so a branch of the same name does not come before the tag.
                Some(tag) => vec![format!("refs/tags/{tag}")],
                None => candidates(revision),
            };
            for candidate in candidates {
                if let Some(id) = peeled(repository, &candidate)? {
                    return Ok(Some(id));
                }
            }
            short_commit(repository, revision)
        });
        found.map_err(|e| SourceError::store(&self.shown, e))
    }
}

fn candidates(name: &str) -> Vec<String> {
    match name {
        "" | "HEAD" => vec![REMOTE_HEAD.to_owned(), "HEAD".to_owned()],
        name if name.starts_with("refs/") => {
            vec![name.to_owned(), format!("refs/heads/{name}"), format!("refs/tags/{name}")]
        }
        name => vec![
            format!("refs/heads/{name}"),
            format!("refs/tags/{name}"),
            format!("refs/{name}"),
            format!("refs/remotes/{name}"),
        ],
    }
}

fn peeled(repository: &gix::Repository, name: &str) -> Result<Option<gix::ObjectId>, gix::Error> {
    // A name that Git does not allow names nothing.
    let Ok(Some(mut reference)) = repository.try_find_reference(name) else { return Ok(None) };
    match reference.peel_to_commit() {
        Ok(commit) => Ok(Some(commit.id)),
        // `HEAD` of an empty repository names a branch that is not there.
        Err(_) if name == "HEAD" || name == REMOTE_HEAD => Ok(None),
        Err(error) => Err(error),
    }
}

fn newest_tag(repository: &gix::Repository, range: &str) -> Result<Option<String>, gix::Error> {
    if !crate::version::is_range(range) {
        return Ok(None);
    }
    let mut tags = Vec::new();
    for reference in repository.references()?.tags()? {
        tags.push(reference?.name().shorten().to_str_lossy().into_owned());
    }
    Ok(newest_match(range, tags.iter().map(String::as_str)).map(str::to_owned))
}

fn short_commit(repository: &gix::Repository, revision: &str) -> Result<Option<gix::ObjectId>, gix::Error> {
    if revision.len() < SHORT_COMMIT_MIN || !revision.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let Ok(prefix) = gix::hash::Prefix::from_hex(&revision.to_ascii_lowercase()) else { return Ok(None) };
    let mut found = HashSet::new();
    repository.objects.lookup_prefix(prefix, Some(&mut found))?;
    let mut commits = found.into_iter().filter(|id| {
        repository.find_header(*id).is_ok_and(|header| header.kind() == gix::objs::Kind::Commit)
    });
    // A prefix of two commits names neither.
    match (commits.next(), commits.next()) {
        (Some(id), None) => Ok(Some(id)),
        _ => Ok(None),
    }
}
