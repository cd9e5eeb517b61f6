use crate::chart::{Ask, Download, download, late, read_body};
use crate::http::{HttpContext, request_error, same_origin, status_error};
use crate::repo_url::without_credentials;
use crate::{SourceError, SourceErrorKind};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Handle;
use url::Url;

/// How the text begins that stands in Git for a file kept elsewhere.
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n";
/// Longest pointer, bytes, as the specification has it.
const POINTER_BYTES_MAX: usize = 1024;
/// Largest answer of the batch API, bytes.
const BATCH_BYTES_MAX: u64 = 1 << 20;
/// Longest text of the server that an error repeats.
const MESSAGE_CHARS_MAX: usize = 300;
/// Most bytes that are kept of one repository: what was fetched longest ago goes first, and is fetched anew where it is wanted.
const KEPT_BYTES_MAX: u64 = 1 << 30;
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/vnd.git-lfs+json");

/// What stands in Git for a file kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    /// SHA-256 of the content, in hex.
    oid: String,
    /// Bytes.
    size: u64,
}

impl Pointer {
    /// Reads a pointer; nothing for any other file.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > POINTER_BYTES_MAX {
            return None;
        }
        let text = std::str::from_utf8(bytes).ok()?.strip_prefix(POINTER)?;
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
        let oid = value("oid sha256:")?;
        let is_hex = oid.len() == 64 && oid.bytes().all(|b| b.is_ascii_hexdigit());
        is_hex.then_some(())?;
        Some(Self { oid: oid.to_ascii_lowercase(), size: value("size ")?.trim().parse().ok()? })
    }
}

/// Where the files of one repository are that Git LFS keeps.
pub(crate) struct Lfs {
    pub http: Arc<HttpContext>,
    pub repo_url: String,
    /// A repository on this machine has them beside its objects.
    pub local: Option<PathBuf>,
    pub cache_dir: PathBuf,
    pub file_bytes_max: u64,
    pub runtime: Handle,
}

#[derive(Deserialize)]
struct Batch {
    objects: Vec<BatchObject>,
}

#[derive(Deserialize)]
struct BatchObject {
    #[serde(default)]
    actions: Option<Actions>,
    #[serde(default)]
    error: Option<BatchError>,
}

#[derive(Deserialize)]
struct BatchError {
    code: u16,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Actions {
    download: Action,
}

#[derive(Deserialize)]
struct Action {
    href: String,
    #[serde(default)]
    header: BTreeMap<String, String>,
}

impl Lfs {
    /// Returns a file, from disk where it was fetched before. Blocks.
    pub fn read(self: &Arc<Self>, pointer: &Pointer) -> Result<Arc<[u8]>, SourceError> {
        if pointer.size > self.file_bytes_max {
            let message =
                format!("a file of {} bytes in Git LFS, more than {}", pointer.size, self.file_bytes_max);
            return Err(SourceError::new(SourceErrorKind::TooLarge, message));
        }
        let (first, second) = (&pointer.oid[..2], &pointer.oid[2..4]);
        let beside = self.local.as_ref().map(|r| r.join("lfs/objects").join(first).join(second));
        let kept = self.cache_dir.join(first);
        for folder in beside.iter().chain([&kept]) {
            if let Ok(bytes) = std::fs::read(folder.join(&pointer.oid))
                && is_whole(&bytes, pointer)
            {
                return Ok(bytes.into());
            }
        }
        let (lfs, wanted) = (self.clone(), pointer.clone());
        // A thread of its own: the caller may be one that the runtime counts on.
        let fetched = std::thread::spawn(move || lfs.runtime.block_on(lfs.fetch(&wanted))).join();
        let bytes = fetched.unwrap_or_else(|_| Err(SourceError::store("Git LFS", "fetching panicked")))?;
        let store = |e: std::io::Error| SourceError::store(kept.display(), e);
        std::fs::create_dir_all(&kept).map_err(store)?;
        let mut file = tempfile::NamedTempFile::new_in(&kept).map_err(store)?;
        file.write_all(&bytes).map_err(store)?;
        file.persist(kept.join(&pointer.oid)).map_err(|e| store(e.error))?;
        trim(&self.cache_dir, KEPT_BYTES_MAX);
        Ok(bytes.into())
    }

    /// Asks the batch API where the file is, and gets it.
    async fn fetch(&self, pointer: &Pointer) -> Result<Vec<u8>, SourceError> {
        let shown = without_credentials(&self.repo_url);
        let wrong = |why: String| SourceError::invalid(format!("Git LFS of {shown}: {why}"));
        let repository =
            Url::parse(&self.repo_url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let repository = repository.ok_or_else(|| {
            SourceError::unsupported(format_args!("Git LFS of {shown}: only over http and https"))
        })?;
        let action = self.locate(&repository, pointer, &wrong).await?;
        let url = repository.join(&action.href).map_err(|e| wrong(e.to_string()))?;
        let credentials = self.http.lookup.find(&self.repo_url);
        let mut headers = HeaderMap::new();
        for (name, value) in &action.header {
            if let (Ok(name), Ok(mut value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
        }
        if !headers.contains_key(AUTHORIZATION)
            && same_origin(&url, &repository)
            && let Some(login) = self.http.login(&repository, credentials.as_deref()).await?
        {
            headers.insert(AUTHORIZATION, login);
        }
        let ask = Ask {
            url: &url,
            home: &url,
            pass_credentials: false,
            credentials: credentials.as_deref(),
            headers,
            etag: None,
            bytes_max: pointer.size,
        };
        let Download::Bytes(bytes, _) = download(&self.http, &ask).await? else {
            return Err(wrong("the server answered that nothing changed".to_owned()));
        };
        if !is_whole(&bytes, pointer) {
            return Err(wrong(format!("what came for {} has another digest or size", pointer.oid)));
        }
        Ok(bytes)
    }

    async fn locate(
        &self,
        repository: &Url,
        pointer: &Pointer,
        wrong: &(dyn Fn(String) -> SourceError + Sync),
    ) -> Result<Action, SourceError> {
        let mut url = repository.clone();
        let path = repository.path().trim_end_matches('/').trim_end_matches(".git");
        url.set_path(&format!("{path}.git/info/lfs/objects/batch"));
        let _ = url.set_password(None);
        let _ = url.set_username("");
        let credentials = self.http.lookup.find(&self.repo_url);
        let body = json!({ "operation": "download", "transfers": ["basic"], "hash_algo": "sha256",
            "objects": [{ "oid": pointer.oid, "size": pointer.size }] });
        let client = self.http.clients.client(&url, credentials.as_deref(), &*self.http.lookup)?;
        let mut request = client.post(url.clone()).json(&body);
        request = request.header(ACCEPT, MEDIA_TYPE).header(CONTENT_TYPE, MEDIA_TYPE);
        if let Some(login) = self.http.login(repository, credentials.as_deref()).await? {
            request = request.header(AUTHORIZATION, login);
        }
        let sent = tokio::time::timeout(self.http.request_timeout, request.send()).await;
        let response = sent.map_err(|_| late(&url))?.map_err(|e| request_error(&url, &e))?;
        if !response.status().is_success() {
            return Err(status_error(&url, response.status()));
        }
        let bytes = read_body(response, &url, BATCH_BYTES_MAX).await?;
        // The parser's words could show parts of a header.
        let batch: Batch =
            serde_json::from_slice(&bytes).map_err(|_| wrong("an answer of another form".to_owned()))?;
        let object = batch.objects.into_iter().next();
        let object = object.ok_or_else(|| wrong("the answer names no file".to_owned()))?;
        if let Some(error) = object.error {
            let kind =
                if error.code == 404 { SourceErrorKind::RevisionNotFound } else { SourceErrorKind::Denied };
            let message: String = error.message.chars().take(MESSAGE_CHARS_MAX).collect();
            let told = wrong(format!("{}: {message} ({})", pointer.oid, error.code));
            return Err(SourceError::new(kind, told.message));
        }
        let actions = object.actions.ok_or_else(|| wrong(format!("{} has no address", pointer.oid)))?;
        Ok(actions.download)
    }
}

/// Removes the oldest files of a cache until it is small enough. A cache that cannot be looked through stays as it is.
fn trim(cache_dir: &Path, bytes_max: u64) {
    let files = |dir: &Path| std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut kept: Vec<_> = files(cache_dir)
        .flat_map(|folder| files(&folder.path()))
        .filter_map(|file| {
            let about = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
            Some((about.modified().ok()?, about.len(), file.path()))
        })
        .collect();
    kept.sort();
    let mut bytes: u64 = kept.iter().map(|(_, size, _)| size).sum();
    // The newest stays, however large: it is wanted now.
    for (_, size, path) in kept.iter().take(kept.len().saturating_sub(1)) {
        if bytes <= bytes_max {
            return;
        }
        if let Err(error) = std::fs::remove_file(path) {
            tracing::debug!(path = %path.display(), error = %error, "a file of the Git LFS cache stays");
        }
        bytes = bytes.saturating_sub(*size);
    }
}

fn is_whole(bytes: &[u8], pointer: &Pointer) -> bool {
    let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.len() as u64 == pointer.size && digest == pointer.oid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_that_grows_too_large_loses_what_is_oldest() {
        let dir = tempfile::tempdir().unwrap();
        for (age, name) in [(3_u64, "aa/old"), (2, "bb/middle"), (1, "aa/new")] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, [0; 100]).unwrap();
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            let then = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1000 - age);
            file.set_modified(then).unwrap();
        }
        let left = || ["aa/old", "bb/middle", "aa/new"].map(|name| dir.path().join(name).exists());
        trim(dir.path(), 300);
        assert_eq!(left(), [true, true, true]);
        trim(dir.path(), 250);
        assert_eq!(left(), [false, true, true]);
        trim(dir.path(), 10);
        assert_eq!(left(), [false, false, true]);
    }

    #[test]
    fn pointers_are_told_from_files() {
        let oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let text = format!("{POINTER}oid sha256:{oid}\nsize 12345\n");
        assert_eq!(Pointer::parse(text.as_bytes()), Some(Pointer { oid: oid.to_owned(), size: 12345 }));
        for other in [
            "kind: ConfigMap\n".to_owned(),
            format!("{POINTER}oid sha256:../../etc\nsize 1\n"),
            format!("{POINTER}oid sha256:{oid}\n"),
            format!("{text}{}", "x".repeat(POINTER_BYTES_MAX)),
        ] {
            assert_eq!(Pointer::parse(other.as_bytes()), None, "{other}");
        }
    }
}
