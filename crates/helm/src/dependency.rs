//! Brings the charts that `Chart.yaml` names into a chart, as `helm dependency build` does.

use crate::Error;
use crate::chart::Chart;
use crate::metadata::{Dependency, Lock};
use crate::values::is_compatible_range;
use fairway_core::{FileTree, normalize_path};
use fairway_value::{HtmlEscape, Value, to_json};
use sha2::{Digest, Sha256};

/// Fetches packed charts from repositories: HTTP, OCI or a mirror.
pub trait ChartFetcher {
    /// Returns the `.tgz` of a dependency. Its version is exact where a lock file names it, else a range of which the
    /// highest version counts.
    ///
    /// # Errors
    /// Why it cannot be had, in one sentence.
    fn fetch(&self, dependency: &Dependency) -> Result<Vec<u8>, String>;
}

impl Chart {
    /// Returns the names of dependencies that `Chart.yaml` states and `charts/` lacks.
    #[must_use]
    pub fn missing_dependencies(&self) -> Vec<&str> {
        let stated = self.metadata.dependencies.iter().flatten();
        stated.filter(|d| !self.has_dependency(d)).map(|d| d.name.as_str()).collect()
    }

    fn has_dependency(&self, dependency: &Dependency) -> bool {
        self.dependencies.iter().any(|c| c.name() == dependency.name)
    }

    /// Adds the missing dependencies: those with a `file://` repository from `tree`, in which the chart lies in `dir`,
    /// the others through `fetcher`. A lock file fixes the versions and must fit `Chart.yaml`.
    ///
    /// # Errors
    /// The lock file is out of date, or a dependency cannot be had or is not the one asked for.
    pub fn build_dependencies(
        &mut self,
        tree: &dyn FileTree,
        dir: &str,
        fetcher: Option<&dyn ChartFetcher>,
    ) -> Result<(), Error> {
        if self.missing_dependencies().is_empty() {
            return Ok(());
        }
        self.check_lock()?;
        let stated: Vec<Dependency> = self.metadata.dependencies.clone().unwrap_or_default();
        for dependency in stated {
            if self.has_dependency(&dependency) {
                continue;
            }
            let wanted = self.locked(&dependency);
            let chart = find(&wanted, tree, dir, fetcher)?;
            if chart.name() != dependency.name {
                return Err(fail(&dependency, format!("the chart found is named {}", chart.name())));
            }
            if !is_compatible_range(&wanted.version, &chart.metadata.version) {
                let found = &chart.metadata.version;
                return Err(fail(&dependency, format!("version {found} is not in {}", wanted.version)));
            }
            self.dependencies.push(chart);
        }
        Ok(())
    }

    /// Returns the lock for dependencies at exact versions, as `helm dependency update` writes it.
    #[must_use]
    pub fn lock_of(&self, locked: &[Dependency]) -> Lock {
        let bare = |d: &Dependency| Dependency {
            name: d.name.clone(),
            version: d.version.clone(),
            repository: d.repository.clone(),
            ..Dependency::default()
        };
        let dependencies: Vec<Dependency> = locked.iter().map(bare).collect();
        let stated = self.metadata.dependencies.as_deref().unwrap_or_default();
        Lock { digest: lock_digest(stated, &dependencies), dependencies }
    }

    /// Compares the lock file's digest with that of the dependencies, by Helm 3's rule and for old charts by Helm 2's.
    ///
    /// # Errors
    /// They differ: the lock file is out of date.
    pub fn check_lock(&self) -> Result<(), Error> {
        let Some(lock) = &self.lock else { return Ok(()) };
        let stated = self.metadata.dependencies.as_deref().unwrap_or_default();
        let is_v1 = self.metadata.api_version == "v1";
        let helm2 = || digest(&format!("{{\"dependencies\":{}}}", json_list(stated)));
        if lock.digest == lock_digest(stated, &lock.dependencies) || (is_v1 && lock.digest == helm2()) {
            return Ok(());
        }
        let (lock, file) =
            if is_v1 { ("requirements.lock", "requirements.yaml") } else { ("Chart.lock", "Chart.yaml") };
        Err(Error::Chart(format!(
            "the lock file ({lock}) is out of sync with the dependencies file ({file}). Please update the dependencies"
        )))
    }

    fn locked(&self, dependency: &Dependency) -> Dependency {
        let locked = self.lock.iter().flat_map(|l| &l.dependencies).find(|l| l.name == dependency.name);
        match locked {
            Some(lock) => Dependency { version: lock.version.clone(), ..dependency.clone() },
            None => dependency.clone(),
        }
    }
}

fn json_list(dependencies: &[Dependency]) -> String {
    let items: Vec<String> = dependencies.iter().map(go_json).collect();
    format!("[{}]", items.join(","))
}

fn digest(text: &str) -> String {
    format!("sha256:{}", hex(&Sha256::digest(text.as_bytes())))
}

/// As Helm 3's `resolver.HashReq`.
fn lock_digest(stated: &[Dependency], locked: &[Dependency]) -> String {
    digest(&format!("[{},{}]", json_list(stated), json_list(locked)))
}

fn fail(dependency: &Dependency, why: impl Into<String>) -> Error {
    Error::Dependency { name: dependency.name.clone(), why: why.into() }
}

fn find(
    wanted: &Dependency,
    tree: &dyn FileTree,
    dir: &str,
    fetcher: Option<&dyn ChartFetcher>,
) -> Result<Chart, Error> {
    if let Some(path) = wanted.repository.strip_prefix("file://") {
        if path.starts_with('/') {
            return Err(fail(wanted, format!("file://{path} leaves the repository; use a relative path")));
        }
        let path = normalize_path(&format!("{dir}/{path}")).map_err(|e| fail(wanted, e.to_string()))?;
        if !tree.is_dir(&path).map_err(|e| fail(wanted, e.to_string()))? {
            return Err(fail(wanted, format!("directory {path} not found")));
        }
        return Chart::load(tree, &path);
    }
    if wanted.repository.is_empty() {
        return Err(fail(wanted, format!("directory charts/{} not found", wanted.name)));
    }
    let Some(fetcher) = fetcher else {
        return Err(fail(wanted, format!("{} cannot be fetched here", wanted.repository)));
    };
    let bytes = fetcher.fetch(wanted).map_err(|why| fail(wanted, why))?;
    Chart::load_archive(&bytes)
}

/// A dependency as Go's `encoding/json` writes it: fields in the order of the struct, empty ones left out.
fn go_json(d: &Dependency) -> String {
    let text = |s: &str| to_json(&Value::from(s), HtmlEscape::Yes);
    let mut fields = vec![format!("\"name\":{}", text(&d.name))];
    let mut optional = |key: &str, present: bool, json: String| {
        if present {
            fields.push(format!("\"{key}\":{json}"));
        }
    };
    let tags: Value = d.tags.iter().map(|t| Value::from(t.as_str())).collect();
    let imports = Value::from(d.import_values.clone());
    optional("version", !d.version.is_empty(), text(&d.version));
    optional("repository", true, text(&d.repository));
    optional("condition", !d.condition.is_empty(), text(&d.condition));
    optional("tags", !d.tags.is_empty(), to_json(&tags, HtmlEscape::Yes));
    optional("enabled", d.enabled, "true".to_owned());
    optional("import-values", !d.import_values.is_empty(), to_json(&imports, HtmlEscape::Yes));
    optional("alias", !d.alias.is_empty(), text(&d.alias));
    format!("{{{}}}", fields.join(","))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::MemoryTree;

    const PARENT: &str = "apiVersion: v2\nname: p\nversion: 1.0.0\ndependencies:\n- name: lib\n  version: ^1\n  repository: file://../lib\n- name: far\n  version: 2.x\n  repository: https://charts.example.com\n";

    struct Shelf;

    impl ChartFetcher for Shelf {
        fn fetch(&self, dependency: &Dependency) -> Result<Vec<u8>, String> {
            assert_eq!(dependency.repository, "https://charts.example.com");
            Ok(crate::archive::tests::pack(&[(
                "far/Chart.yaml",
                "apiVersion: v2\nname: far\nversion: 2.3.4\n",
            )]))
        }
    }

    fn tree(lib_version: &str) -> MemoryTree {
        let lib = format!("apiVersion: v2\nname: lib\nversion: {lib_version}\n");
        MemoryTree::new([("p/Chart.yaml", PARENT.to_owned()), ("lib/Chart.yaml", lib)]).unwrap()
    }

    #[test]
    fn dependencies_come_from_the_tree_and_from_repositories() {
        let tree = tree("1.2.0");
        let mut chart = Chart::load(&tree, "p").unwrap();
        assert_eq!(chart.missing_dependencies(), ["lib", "far"]);
        chart.build_dependencies(&tree, "p", Some(&Shelf)).unwrap();
        assert!(chart.missing_dependencies().is_empty());
    }

    #[test]
    fn a_lock_of_its_own_is_in_step() {
        let tree = tree("1.2.0");
        let mut chart = Chart::load(&tree, "p").unwrap();
        let mut locked = chart.metadata.dependencies.clone().unwrap();
        locked[0].version = "1.2.0".to_owned();
        locked[1].version = "2.3.4".to_owned();
        chart.lock = Some(chart.lock_of(&locked));
        chart.check_lock().unwrap();
        chart.metadata.dependencies.as_mut().unwrap().pop();
        assert!(chart.check_lock().is_err());
    }

    #[test]
    fn a_wrong_version_a_missing_fetcher_and_a_stale_lock_are_refused() {
        let old = tree("0.9.0");
        let error = Chart::load(&old, "p").unwrap().build_dependencies(&old, "p", Some(&Shelf)).unwrap_err();
        assert!(error.to_string().contains("0.9.0 is not in ^1"), "{error}");
        let mut tree = tree("1.0.0");
        let error = Chart::load(&tree, "p").unwrap().build_dependencies(&tree, "p", None).unwrap_err();
        assert!(error.to_string().contains("cannot be fetched"), "{error}");
        tree.insert("p/Chart.lock", "digest: sha256:00\ndependencies: []\n").unwrap();
        let error =
            Chart::load(&tree, "p").unwrap().build_dependencies(&tree, "p", Some(&Shelf)).unwrap_err();
        assert!(error.to_string().contains("out of sync"), "{error}");
    }
}
