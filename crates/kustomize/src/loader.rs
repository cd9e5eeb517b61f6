//! Reading files as a kustomization may: below its own directory, from bases, from remotes.

use crate::options::LoadRestrictor;
use crate::port::{Remote, RepoSpec};
use crate::remote::parse_repo;
use fairway_core::{FileTree, normalize_path};
use std::rc::Rc;
use std::sync::Arc;

/// Deepest chain of bases and components.
const DEPTH_MAX: usize = 64;

#[derive(Clone)]
enum Tree<'t> {
    Given(&'t dyn FileTree),
    Remote(Arc<dyn FileTree>),
}

impl Tree<'_> {
    fn get(&self) -> &dyn FileTree {
        match self {
            Self::Given(tree) => *tree,
            Self::Remote(tree) => &**tree,
        }
    }
}

/// A directory that a kustomization is built in.
pub struct Loader<'t> {
    tree: Tree<'t>,
    root: String,
    /// The repository that the tree is of, where it is not the one given.
    repo: Option<Rc<RepoSpec>>,
    referrer: Option<Rc<Loader<'t>>>,
    restrictor: LoadRestrictor,
    remote: Option<&'t dyn Remote>,
    depth: usize,
}

/// Why a file could not be read.
#[derive(Debug)]
pub struct LoadError {
    /// The reason.
    pub why: String,
    /// Whether looking for a directory of that name is no use.
    pub is_final: bool,
}

impl From<String> for LoadError {
    fn from(why: String) -> Self {
        Self { why, is_final: false }
    }
}

/// Whether a path is an address that HTTP serves.
pub fn is_url(path: &str) -> bool {
    let scheme = path.split_once(':').map_or("", |(s, _)| s);
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

impl<'t> Loader<'t> {
    /// Opens the directory that a build starts in.
    pub fn top(
        tree: &'t dyn FileTree,
        path: &str,
        restrictor: LoadRestrictor,
        remote: Option<&'t dyn Remote>,
    ) -> Result<Rc<Self>, String> {
        let here = Rc::new(Self {
            tree: Tree::Given(tree),
            root: String::new(),
            repo: None,
            referrer: None,
            restrictor,
            remote,
            depth: 0,
        });
        if let Some(spec) = parse_repo(path) {
            return here.clone_of(spec, None);
        }
        let root = normalize_path(path).map_err(|e| e.to_string())?;
        here.must_be_directory(&root)?;
        let root = here.real_path(&root)?;
        Ok(Rc::new(Self {
            root,
            referrer: None,
            tree: Tree::Given(tree),
            repo: None,
            restrictor,
            remote,
            depth: 0,
        }))
    }

    /// The directory inside its tree.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The directory for messages.
    pub fn shown(&self) -> String {
        let name = self.named(&self.root);
        if name.is_empty() { ".".to_owned() } else { name }
    }

    /// A file of the directory for messages.
    pub fn file_named(&self, file: &str) -> String {
        self.named(&self.join(file).unwrap_or_default())
    }

    /// A path inside the tree for messages.
    pub fn named(&self, path: &str) -> String {
        self.tree().named(path)
    }

    /// The tree that the directory is in.
    pub fn tree(&self) -> &dyn FileTree {
        self.tree.get()
    }

    /// Joins a relative path to the directory.
    pub fn join(&self, path: &str) -> Result<String, String> {
        if path.starts_with('/') {
            return Err(format!("'{path}' is absolute; use a path relative to the kustomization"));
        }
        let joined = if self.root.is_empty() {
            normalize_path(path)
        } else {
            normalize_path(&format!("{}/{path}", self.root))
        };
        joined.map_err(|e| e.to_string())
    }

    fn must_be_directory(&self, root: &str) -> Result<(), String> {
        if self.tree().is_dir(root).map_err(|e| e.to_string())? {
            return Ok(());
        }
        let is_file = self.tree().read(root).map_err(|e| e.to_string())?.is_some();
        let why = if is_file { "file is not directory" } else { "there is no such directory" };
        Err(format!("must build at directory: '{}': {why}", self.named(root)))
    }

    fn real_path(&self, path: &str) -> Result<String, String> {
        self.tree().real_path(path).map_err(|e| e.to_string())
    }

    fn clone_of(self: &Rc<Self>, spec: RepoSpec, referrer: Option<Rc<Self>>) -> Result<Rc<Self>, String> {
        let Some(remote) = self.remote else {
            return Err(format!("remote base '{}': remote bases are not available here", spec.raw));
        };
        let fetched = remote.repository(&spec).map_err(|e| format!("remote base '{}': {e}", spec.raw))?;
        let root = normalize_path(&spec.path).map_err(|e| e.to_string())?;
        let mut loader = Self {
            tree: Tree::Remote(fetched.tree),
            root,
            depth: self.depth + 1,
            repo: Some(Rc::new(spec)),
            referrer,
            restrictor: LoadRestrictor::RootOnly,
            remote: Some(remote),
        };
        loader.must_be_directory(&loader.root)?;
        loader.root = loader.real_path(&loader.root)?;
        Ok(Rc::new(loader))
    }

    /// Opens another directory: of a base, a component, or a remote repository.
    pub fn open(self: &Rc<Self>, path: &str) -> Result<Rc<Self>, String> {
        if path.is_empty() {
            return Err("new root cannot be empty".to_owned());
        }
        if self.depth >= DEPTH_MAX {
            return Err(format!("'{path}': bases nested deeper than {DEPTH_MAX}"));
        }
        if let Some(spec) = parse_repo(path) {
            self.refuse_repo_cycle(&spec)?;
            return self.clone_of(spec, Some(self.clone()));
        }
        if path.starts_with('/') {
            return Err(format!("new root '{path}' cannot be absolute"));
        }
        if path.split('/').any(|part| part != ".." && part != "." && part.contains("..")) {
            return Err(format!("path \"{path}\" is ambiguous; check the kustomization's indentation"));
        }
        let root = self.join(path)?;
        self.must_be_directory(&root)?;
        // As kustomize, which goes on from where a link leads to.
        let root = self.real_path(&root)?;
        self.refuse_cycle(&root)?;
        Ok(Rc::new(Self {
            tree: self.tree.clone(),
            root,
            repo: self.repo.clone(),
            referrer: Some(self.clone()),
            restrictor: self.restrictor,
            remote: self.remote,
            depth: self.depth + 1,
        }))
    }

    fn refuse_cycle(&self, candidate: &str) -> Result<(), String> {
        let mut at = Some(self);
        while let Some(loader) = at {
            let same_tree = match (&self.repo, &loader.repo) {
                (None, None) => true,
                (Some(a), Some(b)) => Rc::ptr_eq(a, b),
                _ => false,
            };
            if same_tree && is_within(&loader.root, candidate) {
                return Err(format!(
                    "cycle detected: candidate root '{}' contains visited root '{}'",
                    loader.named(candidate),
                    loader.named(&loader.root)
                ));
            }
            at = loader.referrer.as_deref();
        }
        Ok(())
    }

    fn refuse_repo_cycle(&self, spec: &RepoSpec) -> Result<(), String> {
        let mut at = Some(self);
        while let Some(loader) = at {
            if let Some(repo) = &loader.repo
                && repo.raw.starts_with(&spec.raw)
            {
                return Err(format!("cycle detected: '{}' referenced by previous '{}'", spec.raw, repo.raw));
            }
            at = loader.referrer.as_deref();
        }
        Ok(())
    }

    /// Reads a file, relative to the directory or at an address.
    pub fn load(&self, path: &str) -> Result<Arc<[u8]>, LoadError> {
        self.find(path)?.ok_or_else(|| self.missing(path))
    }

    /// As [`Loader::load`]; nothing where there is no such file.
    pub fn find(&self, path: &str) -> Result<Option<Arc<[u8]>>, LoadError> {
        if is_url(path) {
            let Some(remote) = self.remote else {
                return Err(format!("'{path}': remote files are not available here").into());
            };
            let is_repo = parse_repo(path).is_some();
            return remote
                .file(path)
                .map(Some)
                .map_err(|e| LoadError { why: format!("'{path}': {e}"), is_final: !is_repo });
        }
        let full = self.join(path)?;
        let Some(bytes) = self.tree().read(&full).map_err(|e| e.to_string())? else { return Ok(None) };
        if self.restrictor == LoadRestrictor::RootOnly {
            let real = self.real_path(&full)?;
            if !is_within(&real, &self.root) {
                let by = if real == full {
                    String::new()
                } else {
                    format!(", where '{}' leads to,", self.named(&full))
                };
                return Err(format!(
                    "security; file '{}'{by} is not in or below '{}'; move it, or allow it with --load-restrictor LoadRestrictionsNone",
                    self.named(&real),
                    self.named(&self.root)
                )
                .into());
            }
        }
        Ok(Some(bytes))
    }

    /// Says that there is no such file.
    pub fn missing(&self, path: &str) -> LoadError {
        let why = || -> Result<String, String> {
            let full = self.join(path)?;
            let is_dir = self.tree().is_dir(&full).map_err(|e| e.to_string())?;
            let why = if is_dir { "must resolve to a file" } else { "no such file or directory" };
            Ok(format!("'{}': {why}", self.named(&full)))
        };
        why().unwrap_or_else(|e| e).into()
    }

    /// Reads a file of text.
    pub fn load_text(&self, path: &str) -> Result<String, String> {
        let bytes = self.load(path).map_err(|e| e.why)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| format!("'{path}': not UTF-8"))
    }
}

/// Whether a path is a directory or lies below it.
fn is_within(path: &str, dir: &str) -> bool {
    dir.is_empty() || path == dir || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'))
}
