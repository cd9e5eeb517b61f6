//! What `helm show` prints.

use crate::chart::{Chart, File, is_crd_file};
use crate::metadata::{Dependency, Metadata};
use fairway_value::{Map, Value};

impl Chart {
    /// Returns what `helm show chart` prints: `Chart.yaml` as Helm reads it.
    #[must_use]
    pub fn show_chart(&self) -> String {
        format!("{}\n", fairway_yaml::to_string(&metadata_value(&self.metadata)))
    }

    /// Returns what `helm show values` prints: `values.yaml` as it is.
    #[must_use]
    pub fn show_values(&self) -> String {
        self.raw_file("values.yaml").map_or_else(String::new, |f| format!("{}\n", f.text()))
    }

    /// Returns what `helm show readme` prints.
    #[must_use]
    pub fn show_readme(&self) -> String {
        let is_readme = |f: &&File| {
            ["readme.md", "readme.txt", "readme"].iter().any(|name| f.name.eq_ignore_ascii_case(name))
        };
        self.files.iter().find(is_readme).map_or_else(String::new, |f| format!("{}\n", f.text()))
    }

    /// Returns what `helm show crds` prints: the files of `crds/` of the chart and its subcharts.
    #[must_use]
    pub fn show_crds(&self) -> String {
        let own = self.files.iter().filter(|f| is_crd_file(&f.name)).map(|f| format!("{}\n", f.text()));
        own.chain(self.dependencies.iter().map(Self::show_crds)).collect()
    }

    /// Returns what `helm show all` prints.
    #[must_use]
    pub fn show_all(&self) -> String {
        let mut out = self.show_chart();
        for part in [self.show_values(), self.show_readme()] {
            if !part.is_empty() {
                out.push_str("---\n");
                out.push_str(&part);
            }
        }
        let crds = self.show_crds();
        if !crds.is_empty() && !crds.starts_with("---") {
            out.push_str("---\n");
        }
        out.push_str(&crds);
        out
    }
}

/// The fields of a `Chart.yaml`, empty ones left out.
fn metadata_value(m: &Metadata) -> Value {
    let mut map = Map::new();
    let mut text = |key: &str, value: &str| {
        if !value.is_empty() {
            map.insert(key, value);
        }
    };
    for (key, value) in [
        ("name", &m.name),
        ("home", &m.home),
        ("version", &m.version),
        ("description", &m.description),
        ("icon", &m.icon),
        ("apiVersion", &m.api_version),
        ("condition", &m.condition),
        ("tags", &m.tags),
        ("appVersion", &m.app_version),
        ("kubeVersion", &m.kube_version),
        ("type", &m.chart_type),
    ] {
        text(key, value);
    }
    let strings = |list: &[String]| list.iter().map(|s| Value::from(s.as_str())).collect::<Value>();
    let mut list = |key: &str, value: Value| {
        if value.as_array().is_none_or(|a| !a.is_empty()) {
            map.insert(key, value);
        }
    };
    list("sources", strings(&m.sources));
    list("keywords", strings(&m.keywords));
    let maintainer = |fields: [(&str, &String); 3]| {
        fields
            .into_iter()
            .filter(|(_, v)| !v.is_empty())
            .map(|(k, v)| (k, Value::from(v.as_str())))
            .collect::<Value>()
    };
    let maintainers = m.maintainers.iter();
    list(
        "maintainers",
        maintainers.map(|p| maintainer([("name", &p.name), ("email", &p.email), ("url", &p.url)])).collect(),
    );
    list("dependencies", m.dependencies.iter().flatten().map(dependency_value).collect());
    if m.deprecated {
        map.insert("deprecated", true);
    }
    if !m.annotations.is_empty() {
        let entries = m.annotations.iter().map(|(k, v)| (k.as_str(), Value::from(v.as_str())));
        map.insert("annotations", entries.collect::<Value>());
    }
    Value::Object(map)
}

fn dependency_value(d: &Dependency) -> Value {
    let mut map = Map::new();
    map.insert("name", d.name.as_str());
    map.insert("repository", d.repository.as_str());
    for (key, value) in [("version", &d.version), ("condition", &d.condition), ("alias", &d.alias)] {
        if !value.is_empty() {
            map.insert(key, value.as_str());
        }
    }
    if d.enabled {
        map.insert("enabled", true);
    }
    if !d.tags.is_empty() {
        map.insert("tags", d.tags.iter().map(|t| Value::from(t.as_str())).collect::<Value>());
    }
    if !d.import_values.is_empty() {
        map.insert("import-values", d.import_values.clone());
    }
    Value::Object(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::MemoryTree;

    #[test]
    fn parts_are_shown_as_helm_shows_them() {
        let tree = MemoryTree::new([
            (
                "Chart.yaml",
                "name: c\nversion: 0.1.0\napiVersion: v2\nappVersion: 1.10\nkeywords: [a]\nunknown: x\n",
            ),
            ("values.yaml", "# note\na: 1\n"),
            ("README.md", "hi"),
            ("crds/x.yaml", "kind: CustomResourceDefinition"),
        ])
        .unwrap();
        let chart = Chart::load(&tree, "").unwrap();
        let shown = "apiVersion: v2\nappVersion: \"1.1\"\nkeywords:\n- a\nname: c\nversion: 0.1.0\n\n";
        assert_eq!(chart.show_chart(), shown);
        assert_eq!(chart.show_values(), "# note\na: 1\n\n");
        assert_eq!(
            chart.show_all(),
            format!("{shown}---\n# note\na: 1\n\n---\nhi\n---\nkind: CustomResourceDefinition\n")
        );
    }
}
