use super::charts::{ChartName, Charts};
use super::lock::check_lock;
use super::overlay::OverlayTree;
use crate::{SourceError, SourceErrorKind};
use fairway_core::{FileTree, NodeKind, TreeError, normalize_path};
use fairway_template::semver::Version;
use fairway_value::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most dependencies of a chart.
const DEPENDENCIES_MAX: usize = 200;

/// A dependency as `Chart.yaml`, `requirements.yaml` and their locks have it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Dependency {
    name: String,
    version: String,
    repository: String,
}

impl Charts {
    /// Puts the dependencies that `charts/` lacks there, as `helm dependency build` does: packed charts from
    /// repositories, folders of the same tree for `file://`.
    pub async fn with_dependencies(
        &self,
        tree: Arc<dyn FileTree>,
        chart_dir: &str,
    ) -> Result<Arc<dyn FileTree>, SourceError> {
        let missing = missing(&*tree, chart_dir)?;
        if missing.is_empty() {
            return Ok(tree);
        }
        let mut overlay = OverlayTree::new(tree.clone());
        let fetches = missing.iter().filter(|d| !d.repository.starts_with("file://")).map(|d| self.fetch(d));
        let archives = futures::future::try_join_all(fetches).await?;
        for (path, bytes) in archives {
            overlay.add_file(&join(chart_dir, &path), bytes);
        }
        for dependency in &missing {
            if let Some(path) = dependency.repository.strip_prefix("file://") {
                let folder = local_folder(&*tree, chart_dir, dependency, path)?;
                overlay.add_folder(&join(chart_dir, &format!("charts/{}", dependency.name)), &folder);
            }
        }
        Ok(Arc::new(overlay))
    }

    async fn fetch(&self, dependency: &Dependency) -> Result<(String, Vec<u8>), SourceError> {
        let Dependency { name, version, repository } = dependency;
        let fail =
            |e: SourceError| SourceError::new(e.kind, format!("chart dependency {name}: {}", e.message));
        if repository.is_empty() {
            let message = format!("directory charts/{name} not found, and no repository is stated");
            return Err(fail(SourceError::new(SourceErrorKind::RevisionNotFound, message)));
        }
        let stated = self.repository_url(repository).map_err(fail)?;
        let at = self.at(&stated);
        let chart = ChartName { repo_url: &at, stated_url: &stated, chart: name, pass_credentials: false };
        let version = self.resolve(chart, version).await.map_err(fail)?;
        let (bytes, _) = self.archive(chart, &version).await.map_err(fail)?;
        Ok((format!("charts/{name}-{version}.tgz"), bytes))
    }
}

fn join(dir: &str, path: &str) -> String {
    if dir.is_empty() { path.to_owned() } else { format!("{dir}/{path}") }
}

fn local_folder(
    tree: &dyn FileTree,
    chart_dir: &str,
    dependency: &Dependency,
    path: &str,
) -> Result<String, SourceError> {
    let wrong = |why: &str| {
        SourceError::invalid(format!("chart dependency {}: file://{path}: {why}", dependency.name))
    };
    if path.starts_with('/') {
        return Err(wrong("use a path relative to the chart"));
    }
    let folder = normalize_path(&join(chart_dir, path)).map_err(|_| wrong("leaves the repository"))?;
    match tree.list(&folder).map_err(|e| wrong(&e.to_string()))? {
        Some(_) => Ok(folder),
        None => Err(wrong("no such directory")),
    }
}

/// Returns the dependencies that are stated and not there, with the versions of the lock.
fn missing(tree: &dyn FileTree, chart_dir: &str) -> Result<Vec<Dependency>, SourceError> {
    let mut stated = Vec::new();
    for file in ["Chart.yaml", "requirements.yaml"] {
        stated.extend(dependencies(tree, &join(chart_dir, file))?);
    }
    if stated.is_empty() {
        return Ok(stated);
    }
    if stated.len() > DEPENDENCIES_MAX {
        let message = format!("{chart_dir}: more than {DEPENDENCIES_MAX} chart dependencies");
        return Err(SourceError::new(SourceErrorKind::TooLarge, message));
    }
    let mut locked = dependencies(tree, &join(chart_dir, "Chart.lock"))?;
    locked.extend(dependencies(tree, &join(chart_dir, "requirements.lock"))?);
    let there = there(tree, chart_dir)?;
    let mut missing: Vec<Dependency> = Vec::new();
    for (at, dependency) in stated.iter().enumerate() {
        if there.contains(&dependency.name) {
            continue;
        }
        // A chart may be stated twice under aliases, so the lock is matched by place where the places agree.
        let by_place = locked.get(at).filter(|l| l.name == dependency.name);
        let lock = by_place.or_else(|| locked.iter().find(|l| l.name == dependency.name));
        let version = lock.map_or(&dependency.version, |lock| &lock.version).clone();
        let wanted = Dependency { version, ..dependency.clone() };
        if !missing.contains(&wanted) {
            missing.push(wanted);
        }
    }
    if !missing.is_empty() {
        check_locks(tree, chart_dir)?;
    }
    Ok(missing)
}

/// Where something has to be fetched, a lock that no longer fits is an error, as in `helm dependency build`.
fn check_locks(tree: &dyn FileTree, chart_dir: &str) -> Result<(), SourceError> {
    for (chart, lock) in [("Chart.yaml", "Chart.lock"), ("requirements.yaml", "requirements.lock")] {
        let Some(lock) = read_yaml(tree, &join(chart_dir, lock))? else { continue };
        let chart = read_yaml(tree, &join(chart_dir, chart))?.unwrap_or_default();
        let stated = chart.get("dependencies").and_then(Value::as_array).unwrap_or_default();
        let is_v1 = chart.get("apiVersion").and_then(Value::as_str) != Some("v2");
        check_lock(stated, &lock, is_v1)?;
    }
    Ok(())
}

fn dependencies(tree: &dyn FileTree, path: &str) -> Result<Vec<Dependency>, SourceError> {
    let Some(document) = read_yaml(tree, path)? else { return Ok(Vec::new()) };
    let text =
        |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = document.get("dependencies").and_then(Value::as_array).unwrap_or_default();
    Ok(list
        .iter()
        .map(|entry| Dependency {
            name: text(entry, "name"),
            version: text(entry, "version"),
            repository: text(entry, "repository"),
        })
        .filter(|dependency| !dependency.name.is_empty())
        .collect())
}

/// Returns the names of the charts below `charts/`.
fn there(tree: &dyn FileTree, chart_dir: &str) -> Result<BTreeSet<String>, SourceError> {
    let dir = join(chart_dir, "charts");
    let mut names = BTreeSet::new();
    for entry in tree.list(&dir).map_err(|e| store(&e))?.unwrap_or_default() {
        if let Some(stem) = entry.name.strip_suffix(".tgz") {
            // NAME-VERSION, both of which may have dashes: the first that a whole version follows parts them.
            let name = stem
                .match_indices('-')
                .find(|(at, _)| Version::parse_strict(stem[at + 1..].trim_start_matches('v')).is_ok());
            names.insert(name.map_or(stem, |(at, _)| &stem[..at]).to_owned());
        } else if entry.kind != NodeKind::File
            && let Some(chart) = read_yaml(tree, &format!("{dir}/{}/Chart.yaml", entry.name))?
        {
            names.insert(chart.get("name").and_then(Value::as_str).unwrap_or_default().to_owned());
        }
    }
    Ok(names)
}

fn read_yaml(tree: &dyn FileTree, path: &str) -> Result<Option<Value>, SourceError> {
    let Some(bytes) = tree.read(path).map_err(|e| store(&e))? else { return Ok(None) };
    let text = std::str::from_utf8(&bytes).map_err(|_| SourceError::invalid(format!("{path}: not UTF-8")))?;
    fairway_yaml::parse(text).map(Some).map_err(|e| SourceError::invalid(format!("{path}: {e}")))
}

fn store(error: &TreeError) -> SourceError {
    SourceError::new(SourceErrorKind::Store, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::MemoryTree;

    const CHART: &str = "name: p\ndependencies:\n- {name: a, version: 1.x, repository: 'https://h'}\n\
        - {name: b-c, version: 2.x, repository: 'https://h'}\n- {name: d, version: '*', repository: 'file://../d'}\n";

    fn lacks(more: &[(&str, &str)]) -> Vec<(String, String)> {
        let files = [("p/Chart.yaml", CHART)].into_iter().chain(more.iter().copied());
        let tree = MemoryTree::new(files).unwrap();
        missing(&tree, "p").unwrap().into_iter().map(|d| (d.name, d.version)).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn what_lies_in_charts_is_not_missing_and_a_lock_fixes_versions() {
        assert_eq!(lacks(&[]), pairs(&[("a", "1.x"), ("b-c", "2.x"), ("d", "*")]));
        let vendored = [
            ("p/charts/b-c-2.1.0-rc-1.tgz", ""),
            ("p/charts/x/Chart.yaml", "name: d\n"),
            ("p/charts/a-2-1.0.0.tgz", ""),
        ];
        assert_eq!(lacks(&vendored), pairs(&[("a", "1.x")]));
        // `CHART` has no apiVersion, so the lock is one of version 1.
        let digest = "sha256:a6b914180df231f270f1357e80ec6532f2a3c62dc79285b288f208d6064a6e36";
        let lock = format!(
            "dependencies:\n- {{name: a, version: 1.4.0}}\n- {{name: b-c, version: 2.0.1}}\ndigest: {digest}\n"
        );
        let lock = [("p/Chart.lock", lock.as_str())];
        assert_eq!(lacks(&lock), pairs(&[("a", "1.4.0"), ("b-c", "2.0.1"), ("d", "*")]));
    }
}
