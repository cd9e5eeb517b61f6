use super::{Failure, Params, Scope};
use crate::appset::names::normalize;
use crate::appset::params::flatten;
use crate::appset::{DataRequest, GitFiles};
use fairway_core::{FileTree, Map, NodeKind, Str, Value, glob_match};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most files and directories of a repository that are looked at.
const ENTRIES_MAX: usize = 500_000;
/// Longest file that is read for parameters, in bytes.
const FILE_BYTES_MAX: usize = 4 << 20;

/// One `{path, exclude}`.
struct Pattern<'v> {
    path: &'v str,
    exclude: bool,
}

fn patterns<'v>(block: &'v Value, key: &str) -> Vec<Pattern<'v>> {
    let list = block.get(key).and_then(Value::as_array).unwrap_or_default();
    let pattern = |v: &'v Value| Pattern {
        path: v.get("path").and_then(Value::as_str).unwrap_or_default(),
        exclude: v.get("exclude").and_then(Value::as_bool).unwrap_or_default(),
    };
    list.iter().map(pattern).collect()
}

/// Braces mean themselves to Git and to Go's `path.Match`.
fn without_braces(pattern: &str) -> String {
    pattern.replace('{', "\\{").replace('}', "\\}")
}

/// Whether Go's `path.Match` matches: a star stops at slashes, however many stand in a row.
fn path_match(pattern: &str, path: &str) -> bool {
    let mut pattern = without_braces(pattern);
    while pattern.contains("**") {
        pattern = pattern.replace("**", "*");
    }
    glob_match(&pattern, path, Some('/'))
}

/// Whether `git ls-files -- PATTERN` names a file: the pattern itself, a directory above it, or a glob whose stars
/// match slashes too.
fn pathspec_matches(pattern: &str, path: &str) -> bool {
    let plain = pattern.trim_end_matches('/');
    let below = path.strip_prefix(plain).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    below || glob_match(&without_braces(pattern), path, None)
}

/// Everything in a tree, by path.
#[derive(Default)]
struct Listing {
    files: Vec<String>,
    /// Directories, without those whose name starts with a dot and what is below them.
    directories: Vec<String>,
}

fn walk(tree: &dyn FileTree) -> Result<Listing, String> {
    let mut out = Listing::default();
    let mut todo = vec![(String::new(), true)];
    let mut seen = 0_usize;
    while let Some((dir, visible)) = todo.pop() {
        let entries = tree.list(&dir).map_err(|error| error.to_string())?.unwrap_or_default();
        seen += entries.len();
        if seen > ENTRIES_MAX {
            return Err(format!("the repository holds more than {ENTRIES_MAX} files and directories"));
        }
        for entry in entries {
            let path = if dir.is_empty() { entry.name.clone() } else { format!("{dir}/{}", entry.name) };
            match entry.kind {
                NodeKind::Dir => {
                    let visible = visible && !entry.name.starts_with('.');
                    if visible {
                        out.directories.push(path.clone());
                    }
                    todo.push((path, visible));
                }
                NodeKind::File | NodeKind::Symlink => out.files.push(path),
            }
        }
    }
    out.files.sort_unstable();
    out.directories.sort_unstable();
    Ok(out)
}

impl Scope<'_> {
    /// `git`: one set of parameters for each directory, or for each object in each file.
    pub(super) fn git(&mut self, block: &Value) -> Result<Vec<Params>, Failure> {
        let (directories, files) = (patterns(block, "directories"), patterns(block, "files"));
        if directories.is_empty() && files.is_empty() {
            return Err("ApplicationSet is empty".into());
        }
        let tree = self.git_tree(block)?;
        let within = |failure: Failure| failure.within("error generating params from git");
        let listing = walk(&*tree).map_err(|why| within(why.into()))?;
        let found = if directories.is_empty() {
            self.git_files(block, &*tree, &listing, &files).map_err(within)
        } else {
            self.git_directories(block, &listing, &directories).map_err(within)
        }?;
        if found.is_empty() {
            let url = block.get("repoURL").and_then(Value::as_str).unwrap_or_default();
            self.empty_sources.push(format!("repository {url} of a git generator").into());
        }
        Ok(found)
    }

    fn git_tree(&mut self, block: &Value) -> Result<Arc<dyn FileTree>, Failure> {
        let text = |key: &str| block.get(key).and_then(Value::as_str).unwrap_or_default();
        let revision = if text("revision").is_empty() { "HEAD" } else { text("revision") };
        let request = DataRequest::Git { repo_url: text("repoURL").into(), revision: revision.into() };
        match self.environment.git.get(&request.key()) {
            Some(GitFiles::Tree(tree)) => Ok(Arc::clone(tree)),
            Some(GitFiles::Failed(why)) => Err(format!(
                "error generating params from git: error getting files from repo {}: {why}",
                text("repoURL")
            )
            .into()),
            None => Err(self.pending(request)),
        }
    }

    fn git_directories(
        &self,
        block: &Value,
        listing: &Listing,
        patterns: &[Pattern<'_>],
    ) -> Result<Vec<Params>, Failure> {
        let wanted = |path: &&String| {
            let hit =
                |exclude: bool| patterns.iter().any(|p| p.exclude == exclude && path_match(p.path, path));
            hit(false) && !hit(true)
        };
        let mut out = Vec::new();
        for path in listing.directories.iter().filter(wanted) {
            let mut params = Map::new();
            self.add_path(block, path, None, &mut params);
            self.add_values(block, &mut params)
                .map_err(|failure| failure.within("error generating params from apps"))?;
            out.push(params);
        }
        Ok(out)
    }

    fn git_files(
        &self,
        block: &Value,
        tree: &dyn FileTree,
        listing: &Listing,
        patterns: &[Pattern<'_>],
    ) -> Result<Vec<Params>, Failure> {
        let hit = |path: &str, exclude: bool| {
            patterns.iter().any(|p| p.exclude == exclude && pathspec_matches(p.path, path))
        };
        let paths: BTreeSet<&String> =
            listing.files.iter().filter(|p| hit(p, false) && !hit(p, true)).collect();
        let repo_url = block.get("repoURL").and_then(Value::as_str).unwrap_or_default();
        let mut out = Vec::new();
        for path in paths {
            let context = format!("unable to process file '{path}' from repository '{repo_url}'");
            for object in read_objects(tree, path).map_err(|why| Failure::from(why).within(&context))? {
                let mut params = if self.renderer.is_go() { object } else { flatten(&object, false) };
                let (dir, name) = path.rsplit_once('/').unwrap_or((".", path));
                self.add_path(block, dir, Some(name), &mut params);
                self.add_values(block, &mut params).map_err(|failure| failure.within(&context))?;
                out.push(params);
            }
        }
        Ok(out)
    }

    /// Adds `path` with its parts: a map for Go templates, dotted names otherwise.
    fn add_path(&self, block: &Value, dir: &str, file: Option<&str>, params: &mut Params) {
        let prefix = block.get("pathParamPrefix").and_then(Value::as_str).unwrap_or_default();
        let base = dir.rsplit('/').next().unwrap_or(dir);
        let mut parts: Vec<(&str, String)> =
            vec![("basename", base.to_owned()), ("basenameNormalized", normalize(base))];
        if let Some(file) = file {
            parts.push(("filename", file.to_owned()));
            parts.push(("filenameNormalized", normalize(file)));
        }
        if self.renderer.is_go() {
            let mut path: Map = parts.into_iter().map(|(k, v)| (Str::from(k), Value::from(v))).collect();
            path.insert("path", dir);
            path.insert("segments", dir.split('/').map(Value::from).collect::<Value>());
            if prefix.is_empty() {
                params.insert("path", path);
            } else {
                let inner: Map = std::iter::once((Str::from("path"), Value::Object(path))).collect();
                params.insert(prefix, inner);
            }
            return;
        }
        let name = if prefix.is_empty() { "path".to_owned() } else { format!("{prefix}.path") };
        for (key, value) in parts {
            params.insert(format!("{name}.{key}"), value);
        }
        for (n, segment) in dir.split('/').enumerate().filter(|(_, s)| !s.is_empty()) {
            params.insert(format!("{name}[{n}]"), segment);
        }
        params.insert(name, dir);
    }
}

/// Reads a file's object, or the objects of its list. An empty file is one empty object.
fn read_objects(tree: &dyn FileTree, path: &str) -> Result<Vec<Map>, String> {
    let bytes = tree.read(path).map_err(|error| error.to_string())?.unwrap_or_default();
    if bytes.len() > FILE_BYTES_MAX {
        return Err(format!("{} bytes, more than the limit of {FILE_BYTES_MAX}", bytes.len()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "unable to parse file: not UTF-8".to_owned())?;
    let object = |value: Value| match value {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        other => Err(format!("unable to parse file: cannot unmarshal {} into a map", other.type_name())),
    };
    match fairway_yaml::parse(text).map_err(|error| format!("unable to parse file: {error}"))? {
        Value::Array(list) => list.into_iter().map(object).collect(),
        single => object(single).map(|map| vec![map]),
    }
}
