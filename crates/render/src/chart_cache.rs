use fairway_core::{ContentId, FileTree, NodeKind, TreeError};
use fairway_helm::{Chart, CompiledChart, Error, HelmVersion};
use std::sync::{Arc, Mutex, PoisonError};

/// Most charts that are kept: a platform's Apps share few, and one takes up to some megabytes.
const CHARTS_MAX: usize = 64;
/// Deepest folder that is looked into for links.
const DEPTH_MAX: usize = 32;

type Key = (ContentId, HelmVersion);

/// Charts with their templates parsed, by their content: what is kept between renderings. The least recently used one
/// makes room for a new one.
#[derive(Default)]
pub struct ChartCache {
    /// The most recently used last.
    charts: Mutex<Vec<(Key, Arc<CompiledChart>)>>,
}

impl std::fmt::Debug for ChartCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChartCache").finish_non_exhaustive()
    }
}

impl ChartCache {
    /// Returns the chart in a folder, from the cache where its content has been loaded before.
    ///
    /// The tree's content id names the folder with all below it, so whoever records what is read records that. Of a
    /// link the id holds no more than where it leads, so charts with links are loaded anew each time.
    ///
    /// # Errors
    /// The chart cannot be loaded.
    pub(crate) fn load(
        &self,
        tree: &dyn FileTree,
        path: &str,
        helm: HelmVersion,
    ) -> Result<Arc<CompiledChart>, Error> {
        let unreadable = |source: TreeError| Error::Tree { chart: path.to_owned(), source };
        let compile = || Ok(Arc::new(CompiledChart::with(Arc::new(Chart::load(tree, path)?), helm)));
        let Some(id) = tree.content_id(path).map_err(unreadable)? else { return compile() };
        if let Some(found) = self.find((id, helm)) {
            return Ok(found);
        }
        let chart = compile()?;
        if !has_links(tree, path, 0).map_err(unreadable)? {
            let mut charts = self.charts.lock().unwrap_or_else(PoisonError::into_inner);
            if charts.len() >= CHARTS_MAX {
                charts.remove(0);
            }
            charts.push(((id, helm), chart.clone()));
        }
        Ok(chart)
    }

    fn find(&self, key: Key) -> Option<Arc<CompiledChart>> {
        let mut charts = self.charts.lock().unwrap_or_else(PoisonError::into_inner);
        let at = charts.iter().position(|(k, _)| *k == key)?;
        let found = charts.remove(at);
        let chart = found.1.clone();
        charts.push(found);
        Some(chart)
    }
}

fn has_links(tree: &dyn FileTree, dir: &str, depth: usize) -> Result<bool, TreeError> {
    if depth > DEPTH_MAX {
        return Ok(true);
    }
    for entry in tree.list(dir)?.unwrap_or_default() {
        let below = if dir.is_empty() { entry.name.clone() } else { format!("{dir}/{}", entry.name) };
        let linked = match entry.kind {
            NodeKind::Symlink => true,
            NodeKind::Dir => has_links(tree, &below, depth + 1)?,
            NodeKind::File => false,
        };
        if linked {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::MemoryTree;

    fn tree(template: &str) -> MemoryTree {
        let files = [
            ("a/Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n"),
            ("a/templates/x.yaml", template),
            ("b/Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n"),
            ("b/templates/x.yaml", template),
        ];
        MemoryTree::new(files).unwrap()
    }

    #[test]
    fn a_chart_is_kept_by_its_content_and_its_helm() {
        let cache = ChartCache::default();
        let load = |tree: &MemoryTree, path: &str, helm| cache.load(tree, path, helm).unwrap();
        let (one, other) = (tree("a: 1"), tree("a: 2"));
        let first = load(&one, "a", HelmVersion::V3);
        assert!(Arc::ptr_eq(&first, &load(&one, "a", HelmVersion::V3)));
        assert!(Arc::ptr_eq(&first, &load(&one, "b", HelmVersion::V3)), "the content counts, not the place");
        assert!(!Arc::ptr_eq(&first, &load(&one, "a", HelmVersion::V4)));
        assert!(!Arc::ptr_eq(&first, &load(&other, "a", HelmVersion::V3)));
    }

    #[test]
    fn the_least_recently_used_makes_room() {
        let cache = ChartCache::default();
        let first = tree("a: 0");
        let kept = cache.load(&first, "a", HelmVersion::V3).unwrap();
        for n in 1..=CHARTS_MAX {
            cache.load(&tree(&format!("a: {n}")), "a", HelmVersion::V3).unwrap();
            assert!(Arc::ptr_eq(&kept, &cache.load(&first, "a", HelmVersion::V3).unwrap()));
        }
        assert_eq!(cache.charts.lock().unwrap().len(), CHARTS_MAX);
    }
}
