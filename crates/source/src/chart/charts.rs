use super::archive::{ArchiveTree, Layout};
use super::download::{Ask, Download, download};
use super::index::{ChartVersion, pick, versions};
use super::oci::{OciRepository, hex};
use crate::http::{HttpContext, shown};
use crate::repo_url::mirror_key;
use crate::sources::blocking;
use crate::version::is_range;
use crate::{AddressMirrors, ChartVerifier, Credentials, SourceError, SourceErrorKind};
use fairway_core::{FileTree, Str};
use fairway_template::semver::Version;
use reqwest::header::HeaderMap;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use url::Url;

/// How long an index counts as fresh; as Argo CD's default interval of reconciliation.
const INDEX_FRESH: Duration = Duration::from_secs(180);
/// How long a failure is repeated without asking again, so that a hundred Apps are not a hundred requests.
const FAILURE_FRESH: Duration = Duration::from_secs(5);
/// Largest index, bytes; the largest public ones are 30 MB.
const INDEX_BYTES_MAX: u64 = 64 << 20;
/// Largest packed chart, bytes.
const CHART_BYTES_MAX: u64 = 100 << 20;
/// Largest provenance file, bytes: a chart's metadata and a signature.
const PROVENANCE_BYTES_MAX: u64 = 4 << 20;
/// Unpacked charts kept in memory.
const TREES_MAX: usize = 64;

/// All chart repositories.
pub(crate) struct Charts {
    cache_dir: PathBuf,
    http: Arc<HttpContext>,
    verifier: Option<Arc<dyn ChartVerifier>>,
    indexes: Mutex<HashMap<String, Arc<tokio::sync::Mutex<IndexState>>>>,
    trees: Mutex<HashMap<String, Arc<dyn FileTree>>>,
    /// One download of a chart at a time.
    turns: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

#[derive(Default)]
struct IndexState {
    text: Option<Arc<str>>,
    etag: Option<String>,
    asked: Option<Instant>,
    failed: Option<SourceError>,
}

/// A chart of a repository.
#[derive(Clone, Copy)]
pub(crate) struct ChartName<'a> {
    /// The address that is asked: the stated one, or its mirror.
    pub repo_url: &'a str,
    /// The address that the App or chart states.
    pub stated_url: &'a str,
    /// Empty for an OCI artifact that the URL names whole.
    pub chart: &'a str,
    /// Whether credentials go to other hosts too.
    pub pass_credentials: bool,
}

impl ChartName<'_> {
    fn is_oci(&self) -> bool {
        self.repo_url.starts_with("oci://") || !self.repo_url.contains("://")
    }

    fn not_found(&self, version: &str) -> SourceError {
        let message = format!("chart {:?} version {version:?} not found in {}", self.chart, self.repo_url);
        SourceError::new(SourceErrorKind::RevisionNotFound, message)
    }
}

impl Charts {
    pub fn new(cache_dir: &Path, http: Arc<HttpContext>, verifier: Option<Arc<dyn ChartVerifier>>) -> Self {
        Self {
            verifier,
            cache_dir: cache_dir.join("charts"),
            http,
            indexes: Mutex::default(),
            trees: Mutex::default(),
            turns: Mutex::default(),
        }
    }

    /// Has the index of a repository asked for anew when it is next needed.
    pub fn forget(&self, repo_url: &str) {
        let state = lock(&self.indexes).get(&mirror_key(repo_url)).cloned();
        // One that is being asked for right now is new enough.
        if let Some(Ok(mut state)) = state.as_ref().map(|state| state.try_lock()) {
            state.asked = None;
        }
    }

    /// Returns the address of a repository; `@name` and `alias:name` are looked up among the known ones.
    pub fn repository_url(&self, repository: &str) -> Result<String, SourceError> {
        let alias = repository.strip_prefix('@').or_else(|| repository.strip_prefix("alias:"));
        let Some(name) = alias else { return Ok(repository.to_owned()) };
        let known = self.http.lookup.find_named(name);
        known.map(|credentials| credentials.url.clone()).ok_or_else(|| {
            let message = format!("no repository definition for {repository}");
            SourceError::new(SourceErrorKind::RepositoryNotFound, message)
        })
    }

    /// Resolves a version or range; for an OCI artifact without chart name to a digest.
    pub async fn resolve(&self, name: ChartName<'_>, wanted: &str) -> Result<Str, SourceError> {
        // A version is what it is, as in Argo CD; whether it is there shows when it is opened.
        if !name.chart.is_empty() && Version::parse_strict(wanted.trim_start_matches('v')).is_ok() {
            return Ok(wanted.into());
        }
        if name.is_oci() {
            return self.resolve_oci(name, wanted).await;
        }
        let versions = self.versions(name).await?;
        let names: Vec<&str> = versions.iter().map(|v| v.version.as_str()).collect();
        pick(&names, wanted).map(Str::from).ok_or_else(|| name.not_found(wanted))
    }

    async fn resolve_oci(&self, name: ChartName<'_>, wanted: &str) -> Result<Str, SourceError> {
        let repository = self.oci(name)?;
        // As Argo CD: what is also a tag means that tag.
        if name.chart.is_empty() && is_range(wanted) && is_tag(wanted) {
            match repository.digest(wanted).await {
                Err(error) if error.kind == SourceErrorKind::RevisionNotFound => {}
                found => return found.map(Into::into),
            }
        }
        let tag = if wanted.is_empty() || is_range(wanted) {
            let tags: Vec<String> = repository.tags().await?.iter().map(|t| t.replace('_', "+")).collect();
            let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
            pick(&tags, wanted).ok_or_else(|| name.not_found(wanted))?.to_owned()
        } else {
            wanted.to_owned()
        };
        if name.chart.is_empty() && !tag.starts_with("sha256:") {
            return repository.digest(&tag.replace('+', "_")).await.map(Into::into);
        }
        Ok(tag.into())
    }

    /// Opens a chart at a version.
    pub async fn open(&self, name: ChartName<'_>, version: &str) -> Result<Arc<dyn FileTree>, SourceError> {
        let key = self.key(name, version);
        if let Some(tree) = lock(&self.trees).get(&key) {
            return Ok(tree.clone());
        }
        let (bytes, layout) = self.archive(name, version).await?;
        let what = format!("{} {version}", if name.chart.is_empty() { name.repo_url } else { name.chart });
        let tree = blocking(move || ArchiveTree::unpack(&bytes, layout, &what)).await?;
        let tree: Arc<dyn FileTree> = Arc::new(tree);
        let mut trees = lock(&self.trees);
        if trees.len() >= TREES_MAX {
            trees.clear();
        }
        trees.insert(key, tree.clone());
        Ok(tree)
    }

    /// Returns a packed chart, from disk where it was downloaded before.
    pub async fn archive(
        &self,
        name: ChartName<'_>,
        version: &str,
    ) -> Result<(Vec<u8>, Layout), SourceError> {
        let key = self.key(name, version);
        let turn = lock(&self.turns).entry(key.clone()).or_default().clone();
        let _turn = turn.lock().await;
        let archive = self.archive_in_turn(name, version, &key).await;
        // Whoever waits for the turn holds it himself.
        lock(&self.turns).remove(&key);
        archive
    }

    async fn archive_in_turn(
        &self,
        name: ChartName<'_>,
        version: &str,
        key: &str,
    ) -> Result<(Vec<u8>, Layout), SourceError> {
        for layout in [Layout::InnerFolder, Layout::Plain] {
            if let Ok(bytes) = tokio::fs::read(self.file(key, layout)).await {
                return Ok((bytes, layout));
            }
        }
        let (bytes, layout) = if name.is_oci() {
            let pulled = self.oci(name)?.pull(&version.replace('+', "_"), !name.chart.is_empty()).await?;
            (pulled.bytes, pulled.layout)
        } else {
            (self.download(name, version).await?, Layout::InnerFolder)
        };
        if let Some(keyring) = self.keyring(name) {
            self.verify(name, version, &bytes, &keyring).await?;
        }
        let path = self.file(key, layout);
        let bytes = blocking(move || {
            store(&path, &bytes).map_err(|e| SourceError::store(path.display(), e))?;
            Ok(bytes)
        })
        .await?;
        Ok((bytes, layout))
    }

    async fn download(&self, name: ChartName<'_>, version: &str) -> Result<Vec<u8>, SourceError> {
        let (found, url) = self.find(name, version).await?;
        let bytes = self.get(name, &url, CHART_BYTES_MAX).await?;
        let digest = hex(&Sha256::digest(&bytes));
        let stated = found.digest.trim_start_matches("sha256:");
        if !stated.is_empty() && !stated.eq_ignore_ascii_case(&digest) {
            let (chart, version) = (name.chart, &found.version);
            return Err(SourceError::invalid(format!(
                "chart {chart} {version}: the archive has the digest {digest}, the index states {stated}"
            )));
        }
        Ok(bytes)
    }

    /// Returns the provenance file of a chart with the name of the archive that it speaks of.
    pub async fn provenance(
        &self,
        name: ChartName<'_>,
        version: &str,
    ) -> Result<(String, Vec<u8>), SourceError> {
        if name.is_oci() {
            let base = name.repo_url.rsplit('/').next().unwrap_or_default();
            let chart = if name.chart.is_empty() { base } else { name.chart };
            let bytes = self.oci(name)?.pull_provenance(&version.replace('+', "_")).await?;
            return Ok((format!("{chart}-{version}.tgz"), bytes));
        }
        let (_, mut url) = self.find(name, version).await?;
        let file = url.path().rsplit('/').next().unwrap_or_default().to_owned();
        url.set_path(&format!("{}.prov", url.path()));
        Ok((file, self.get(name, &url, PROVENANCE_BYTES_MAX).await?))
    }

    /// Returns the public keys of which one must have signed a chart, where its repository's Secret has any.
    fn keyring(&self, name: ChartName<'_>) -> Option<String> {
        let of = |url: &str| self.http.lookup.find(url).map(|c| c.provenance_keyring.clone());
        [name.stated_url, name.repo_url].into_iter().filter_map(of).find(|keyring| !keyring.is_empty())
    }

    async fn verify(
        &self,
        name: ChartName<'_>,
        version: &str,
        archive: &[u8],
        keyring: &str,
    ) -> Result<(), SourceError> {
        let refused =
            |why: String| SourceError::invalid(format!("chart {} {version} is not taken: {why}", name.chart));
        let Some(verifier) = &self.verifier else {
            return Err(refused(
                "its repository has a keyring, and signatures cannot be checked here".to_owned(),
            ));
        };
        let (file, provenance) = self.provenance(name, version).await.map_err(|e| {
            SourceError::new(
                e.kind,
                refused(format!("its provenance file is missing: {}", e.message)).message,
            )
        })?;
        verifier.verify(archive, &file, &provenance, keyring).map_err(refused)
    }

    /// Returns the address that is asked in place of another.
    pub fn at<'u>(&self, address: &'u str) -> std::borrow::Cow<'u, str> {
        AddressMirrors::apply(self.http.lookup.mirror_of(address), address)
    }

    /// Finds a chart in the index of its repository.
    async fn find(&self, name: ChartName<'_>, version: &str) -> Result<(ChartVersion, Url), SourceError> {
        let versions = self.versions(name).await?;
        let names: Vec<&str> = versions.iter().map(|v| v.version.as_str()).collect();
        let picked = pick(&names, version).ok_or_else(|| name.not_found(version))?.to_owned();
        let found = versions.into_iter().find(|v| v.version == picked);
        let found = found.ok_or_else(|| name.not_found(version))?;
        let wrong = |why: String| SourceError::invalid(format!("chart {} {picked}: {why}", name.chart));
        let url = found.urls.first().ok_or_else(|| wrong("the index has no URL for it".to_owned()))?;
        let mut url = self.base(name.repo_url)?.join(url).map_err(|e| wrong(format!("{url}: {e}")))?;
        if let Some(mirror) = self.http.lookup.mirror_of(url.as_str()) {
            url = Url::parse(&mirror).map_err(|e| wrong(format!("{mirror}: {e}")))?;
        }
        Ok((found, url))
    }

    /// Downloads a file of a repository.
    async fn get(&self, name: ChartName<'_>, url: &Url, bytes_max: u64) -> Result<Vec<u8>, SourceError> {
        let credentials = self.http.lookup.find(name.repo_url);
        let ask = Ask {
            url,
            home: &self.base(name.repo_url)?,
            pass_credentials: name.pass_credentials,
            credentials: credentials.as_deref(),
            headers: HeaderMap::new(),
            etag: None,
            bytes_max,
        };
        match download(&self.http, &ask).await? {
            Download::Bytes(bytes, _) => Ok(bytes),
            Download::Unchanged => {
                Err(SourceError::invalid(format!("{}: the server answered that nothing changed", shown(url))))
            }
        }
    }

    async fn versions(&self, name: ChartName<'_>) -> Result<Vec<ChartVersion>, SourceError> {
        let text = self.index(name.repo_url).await?;
        let chart = name.chart.to_owned();
        let found = blocking(move || versions(&text, &chart)).await?;
        found.ok_or_else(|| {
            let message = format!("chart {:?} not found in {}", name.chart, name.repo_url);
            SourceError::new(SourceErrorKind::RevisionNotFound, message)
        })
    }

    async fn index(&self, repo_url: &str) -> Result<Arc<str>, SourceError> {
        let state = lock(&self.indexes).entry(mirror_key(repo_url)).or_default().clone();
        let mut state = state.lock().await;
        let age = state.asked.map(|asked| asked.elapsed());
        match (&state.failed, &state.text) {
            (Some(error), _) if age.is_some_and(|age| age < FAILURE_FRESH) => return Err(error.clone()),
            (None, Some(text)) if age.is_some_and(|age| age < INDEX_FRESH) => return Ok(text.clone()),
            _ => {}
        }
        let result = self.ask_index(repo_url, &mut state).await;
        state.asked = Some(Instant::now());
        state.failed = result.as_ref().err().cloned();
        result
    }

    async fn ask_index(&self, repo_url: &str, state: &mut IndexState) -> Result<Arc<str>, SourceError> {
        let home = self.base(repo_url)?;
        let url = home.join("index.yaml").map_err(|e| SourceError::invalid(format!("{repo_url}: {e}")))?;
        let credentials = self.http.lookup.find(repo_url);
        let ask = Ask {
            url: &url,
            home: &home,
            pass_credentials: false,
            credentials: credentials.as_deref(),
            headers: HeaderMap::new(),
            etag: state.text.as_ref().and(state.etag.as_deref()),
            bytes_max: INDEX_BYTES_MAX,
        };
        let failed = |e: SourceError| {
            SourceError::new(e.kind, format!("error loading repo index: failed to get index: {}", e.message))
        };
        match (download(&self.http, &ask).await.map_err(failed)?, &state.text) {
            (Download::Unchanged, Some(text)) => Ok(text.clone()),
            (Download::Unchanged, None) => {
                Err(SourceError::invalid(format!("{}: nothing came, unchanged", shown(&url))))
            }
            (Download::Bytes(bytes, etag), _) => {
                let text = String::from_utf8(bytes)
                    .map_err(|_| SourceError::invalid(format!("{}: not UTF-8", shown(&url))))?;
                let text: Arc<str> = text.into();
                state.text = Some(text.clone());
                state.etag = etag;
                Ok(text)
            }
        }
    }

    fn base(&self, repo_url: &str) -> Result<Url, SourceError> {
        let text = if repo_url.ends_with('/') { repo_url.to_owned() } else { format!("{repo_url}/") };
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        url.ok_or_else(|| {
            SourceError::invalid(format!("{repo_url}: use an http, https or oci chart repository"))
        })
    }

    fn oci(&self, name: ChartName<'_>) -> Result<OciRepository, SourceError> {
        let url = name.repo_url.trim_end_matches('/');
        let reference = if name.chart.is_empty() { url.to_owned() } else { format!("{url}/{}", name.chart) };
        let credentials: Option<Arc<Credentials>> = self.http.lookup.find(name.repo_url);
        OciRepository::new(self.http.clone(), &reference, credentials)
    }

    fn key(&self, name: ChartName<'_>, version: &str) -> String {
        let mut text = format!("{}\n{}\n{version}", mirror_key(name.repo_url), name.chart);
        // What was fetched unchecked, or checked by other keys, is not what is asked for.
        if let Some(keyring) = self.keyring(name) {
            text.push_str(&format!("\n{}", hex(&Sha256::digest(keyring))));
        }
        hex(&Sha256::digest(text))
    }

    fn file(&self, key: &str, layout: Layout) -> PathBuf {
        let kind = match layout {
            Layout::InnerFolder => "chart",
            Layout::Plain => "plain",
        };
        self.cache_dir.join(format!("{key}.{kind}"))
    }
}

/// Whether a text may be a tag, as the OCI distribution specification has them.
fn is_tag(text: &str) -> bool {
    text.len() <= 128
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a file as one step: another process never finds half of it.
fn store(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}
