use crate::{BuildEnv, SourceType};
use fairway_core::{AppSource, Desired, FileTree, Str};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Another source of the same App that this one refers to as `$name/…`.
pub struct RefSource {
    /// Its tree, from the repository's root.
    pub tree: Arc<dyn FileTree>,
}

/// What the destination cluster offers.
#[derive(Clone, Debug, Default)]
pub struct Capabilities {
    /// Version such as `v1.36.3`; empty for Helm's built-in default.
    pub kube_version: Str,
    /// API versions served; empty for Helm's built-in default.
    pub api_versions: Arc<[Str]>,
}

/// Everything a rendering depends on.
pub struct RenderInput<'a> {
    /// The App's name.
    pub app_name: &'a str,
    /// Namespace for objects that name none.
    pub namespace: &'a str,
    /// The source.
    pub source: &'a AppSource,
    /// Index of the source in the App.
    pub source_index: u16,
    /// The repository at the revision, from its root; or the chart, for a chart repository.
    pub tree: &'a dyn FileTree,
    /// Other sources by the name they are referred to.
    pub refs: &'a BTreeMap<Str, RefSource>,
    /// Variables that settings may use.
    pub env: &'a BuildEnv,
    /// What the cluster offers.
    pub capabilities: &'a Capabilities,
    /// `kustomize.buildOptions` of the settings.
    pub kustomize_build_options: &'a str,
    /// `helm.enable` and `kustomize.enable`: tools that are not looked for (`helm`, `kustomize`).
    pub disabled_tools: &'a [Str],
    /// `helm.valuesFileSchemes`: schemes of addresses that values files may come from.
    pub value_file_schemes: &'a [Str],
    /// Fetches remote bases and values files; none where they are off.
    pub remote: Option<&'a dyn fairway_kustomize::Remote>,
    /// Charts that earlier renderings have parsed.
    pub charts: &'a crate::ChartCache,
    /// What Helm's `lookup` asks; it finds nothing without.
    pub lookup: Option<&'a dyn fairway_template::Lookup>,
    /// The time and random bytes that templates may ask for.
    pub ports: fairway_template::Ports<'a>,
}

/// What a source gives.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// The objects in the renderer's order, hooks included.
    pub objects: Vec<Desired>,
    /// How it was rendered.
    pub source_type: Option<SourceType>,
    /// Things worth knowing.
    pub warnings: Vec<String>,
}
