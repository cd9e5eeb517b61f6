use crate::metadata::{Lock, Metadata};
use crate::schema::Schema;
use fairway_value::Map;
use std::sync::Arc;

/// A file of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path inside the chart, `/`-separated.
    pub name: String,
    /// Its bytes, without a UTF-8 byte order mark.
    pub data: Arc<[u8]>,
}

impl File {
    /// Makes a file.
    #[must_use]
    pub fn new(name: impl Into<String>, data: impl Into<Arc<[u8]>>) -> Self {
        Self { name: name.into(), data: data.into() }
    }

    /// Returns the bytes as text; what is no UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        fairway_yaml::lossy_text(&self.data)
    }
}

/// A chart in memory: parsed once, rendered as often as wanted.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What `Chart.yaml` says.
    pub metadata: Metadata,
    /// What `Chart.lock` or `requirements.lock` says.
    pub lock: Option<Lock>,
    /// `values.yaml`; numbers are floats, as Go's JSON decoder leaves them.
    pub values: Map,
    /// `values.schema.json`.
    pub schema: Option<Schema>,
    /// The files below `templates/`.
    pub templates: Vec<File>,
    /// The files that have no meaning of their own: what `.Files` shows, and `crds/`.
    pub files: Vec<File>,
    /// The charts below `charts/`.
    pub dependencies: Vec<Chart>,
    /// Every file as it was found.
    pub raw: Vec<File>,
}

/// A custom resource definition of a chart, from its `crds/` directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crd {
    /// Path with the chart's name in front: what `# Source:` says.
    pub source: String,
    /// The file.
    pub file: File,
}

impl Chart {
    /// Returns the chart's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Whether the chart only defines templates for others.
    #[must_use]
    pub fn is_library(&self) -> bool {
        self.metadata.chart_type.eq_ignore_ascii_case("library")
    }

    /// Returns what Helm warns of when it loads the chart and those in it: files that only charts of the first version
    /// have (`pkg/chart/loader`).
    #[must_use]
    pub fn warnings(&self) -> Vec<&'static str> {
        let old = [
            (
                "requirements.yaml",
                "Dependencies are handled in Chart.yaml since apiVersion \"v2\". We recommend migrating dependencies to Chart.yaml.",
            ),
            (
                "requirements.lock",
                "Dependency locking is handled in Chart.lock since apiVersion \"v2\". We recommend migrating to Chart.lock.",
            ),
        ];
        let is_old =
            |(name, _): &(&str, _)| self.metadata.api_version != "v1" && self.raw_file(name).is_some();
        let own = old.into_iter().filter(is_old).map(|(_, warning)| warning);
        own.chain(self.dependencies.iter().flat_map(Self::warnings)).collect()
    }

    /// Returns a file as it was found, such as `README.md`.
    #[must_use]
    pub fn raw_file(&self, name: &str) -> Option<&File> {
        self.raw.iter().find(|f| f.name == name)
    }
}

/// Whether a file of `crds/` is taken for a manifest.
pub(crate) fn is_crd_file(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    name.starts_with("crds/") && matches!(extension.as_deref(), Some("yaml" | "yml" | "json"))
}
