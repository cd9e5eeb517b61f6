use crate::{SourceError, Sources};
use fairway_core::FileTree;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Most things that one rendering may ask for.
const WANTED_MAX: usize = 200;

/// Something from elsewhere that a rendering needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    Chart { repository: String, name: String, version: String },
    Repository { url: String, revision: String },
    File { url: String },
}

#[derive(Clone)]
enum Found {
    Bytes(Arc<[u8]>),
    Tree(Arc<dyn FileTree>),
}

/// Lets a renderer, which does no I/O, use charts, repositories and files from elsewhere.
///
/// What is not there yet is noted down and answered with an error. When the rendering has failed,
/// [`Self::fetch_missing`] fetches what was noted; where that brought something, render again:
///
/// ```text
/// loop { match render(…, &ahead) { Err(_) if ahead.fetch_missing(&sources).await => continue, done => break done } }
/// ```
#[derive(Default)]
pub struct FetchAhead {
    known: Mutex<BTreeMap<Wanted, Option<Result<Found, String>>>>,
}

impl FetchAhead {
    /// Starts with nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a packed chart. `repository` is an HTTP or OCI address, or `@name` or `alias:name` of a repository that
    /// the credentials know; `version` a version or range.
    ///
    /// # Errors
    /// Why it cannot be had, or that it is not there yet.
    pub fn chart(&self, repository: &str, name: &str, version: &str) -> Result<Arc<[u8]>, String> {
        let wanted = Wanted::Chart {
            repository: repository.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
        };
        match self.look(wanted)? {
            Found::Bytes(bytes) => Ok(bytes),
            Found::Tree(_) => Err("a tree where an archive was expected".to_owned()),
        }
    }

    /// Returns the files of a repository at a revision.
    ///
    /// # Errors
    /// Why it cannot be had, or that it is not there yet.
    pub fn repository(&self, url: &str, revision: &str) -> Result<Arc<dyn FileTree>, String> {
        match self.look(Wanted::Repository { url: url.to_owned(), revision: revision.to_owned() })? {
            Found::Tree(tree) => Ok(tree),
            Found::Bytes(_) => Err("an archive where a tree was expected".to_owned()),
        }
    }

    /// Returns what an `http` or `https` address serves.
    ///
    /// # Errors
    /// Why it cannot be had, or that it is not there yet.
    pub fn file(&self, url: &str) -> Result<Arc<[u8]>, String> {
        match self.look(Wanted::File { url: url.to_owned() })? {
            Found::Bytes(bytes) => Ok(bytes),
            Found::Tree(_) => Err("a tree where a file was expected".to_owned()),
        }
    }

    /// Fetches what was asked for in vain. Returns whether there was any: then rendering again gets further.
    pub async fn fetch_missing(&self, sources: &Sources) -> bool {
        let missing: Vec<Wanted> = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.iter().filter(|(_, found)| found.is_none()).map(|(wanted, _)| wanted.clone()).collect()
        };
        let fetches = missing.iter().map(|wanted| fetch(sources, wanted));
        let results = futures::future::join_all(fetches).await;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let any = !missing.is_empty();
        for (wanted, result) in missing.into_iter().zip(results) {
            known.insert(wanted, Some(result.map_err(|e| e.message)));
        }
        any
    }

    fn look(&self, wanted: Wanted) -> Result<Found, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= WANTED_MAX && !known.contains_key(&wanted) {
            return Err(format!("more than {WANTED_MAX} charts, repositories and files from elsewhere"));
        }
        match known.entry(wanted).or_default() {
            Some(result) => result.clone(),
            None => Err("not fetched yet".to_owned()),
        }
    }
}

async fn fetch(sources: &Sources, wanted: &Wanted) -> Result<Found, SourceError> {
    match wanted {
        Wanted::Chart { repository, name, version } => {
            let bytes = sources.chart_archive(repository, name, version).await?;
            Ok(Found::Bytes(bytes.into()))
        }
        Wanted::Repository { url, revision } => {
            let commit = sources.resolve(url, revision).await?;
            Ok(Found::Tree(sources.open(url, &commit).await?))
        }
        Wanted::File { url } => Ok(Found::Bytes(sources.remote_file(url).await?.into())),
    }
}
