use fairway_value::{Map, Str, Value};
use std::collections::BTreeMap;

/// How a source is rendered. `Auto` looks at the files: `Chart.yaml`, then a kustomization, else a plain directory.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Tool {
    /// Chosen by the files found.
    #[default]
    Auto,
    /// Plain manifests.
    Directory(DirectoryOptions),
    /// A Helm chart.
    Helm(HelmOptions),
    /// A kustomization.
    Kustomize(KustomizeOptions),
    /// A config management plugin; not run.
    Plugin(PluginOptions),
}

/// `spec.source.directory`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DirectoryOptions {
    /// Whether subdirectories are read too.
    pub recurse: bool,
    /// Glob (`{a,b}` allowed) of paths to read; empty for all.
    pub include: Str,
    /// Glob of paths to leave out; empty for none.
    pub exclude: Str,
    /// Whether Jsonnet settings are present, which is unsupported.
    pub jsonnet: Option<Value>,
}

/// One `--set` of a Helm source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HelmParameter {
    /// Path such as `image.tag`.
    pub name: Str,
    /// The text, or for a file parameter the path.
    pub value: Str,
    /// Whether the value stays a string (`--set-string`).
    pub force_string: bool,
}

/// `spec.source.helm`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HelmOptions {
    /// Release name; empty for the App's name.
    pub release_name: Str,
    /// Values files in order: paths, globs, `$ref/…` paths or URLs.
    pub value_files: Vec<Str>,
    /// Whether missing values files are passed over.
    pub ignore_missing_value_files: bool,
    /// Inline values as YAML text; empty for none.
    pub values: Str,
    /// Inline values; win over `values`.
    pub values_object: Option<Map>,
    /// `--set` and `--set-string`.
    pub parameters: Vec<HelmParameter>,
    /// `--set-file`: name and path.
    pub file_parameters: Vec<HelmParameter>,
    /// Which Helm: empty or `v3`, or `v4`.
    pub version: Str,
    /// Whether credentials go to other hosts too.
    pub pass_credentials: bool,
    /// Whether `crds/` is left out.
    pub skip_crds: bool,
    /// Whether test hooks are left out.
    pub skip_tests: bool,
    /// Whether `values.schema.json` is not applied.
    pub skip_schema_validation: bool,
    /// Namespace for rendering; empty for the destination's.
    pub namespace: Str,
    /// Kubernetes version for rendering; empty for the cluster's.
    pub kube_version: Str,
    /// API versions for rendering; empty for the cluster's.
    pub api_versions: Vec<Str>,
}

/// `spec.source.kustomize.replicas[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KustomizeReplica {
    /// Name of the workload.
    pub name: Str,
    /// Replica count.
    pub count: i64,
}

/// `spec.source.kustomize.patches[]`, in kustomize's own fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KustomizePatch {
    /// The patch entry as kustomize reads it: `path`, `patch`, `target`, `options`.
    pub entry: Map,
}

/// `spec.source.kustomize`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KustomizeOptions {
    /// `namePrefix`.
    pub name_prefix: Str,
    /// `nameSuffix`.
    pub name_suffix: Str,
    /// `images`, each `name=new:tag`, `name:tag` or `name@digest`.
    pub images: Vec<Str>,
    /// `replicas`.
    pub replicas: Vec<KustomizeReplica>,
    /// `commonLabels`.
    pub common_labels: BTreeMap<Str, Str>,
    /// Whether labels do not enter selectors.
    pub label_without_selector: bool,
    /// Whether labels enter templates though not selectors.
    pub label_include_templates: bool,
    /// Whether labels replace those of the base.
    pub force_common_labels: bool,
    /// `commonAnnotations`.
    pub common_annotations: BTreeMap<Str, Str>,
    /// Whether the build environment is substituted in annotations.
    pub common_annotations_envsubst: bool,
    /// Whether annotations replace those of the base.
    pub force_common_annotations: bool,
    /// `namespace`.
    pub namespace: Str,
    /// `patches`.
    pub patches: Vec<KustomizePatch>,
    /// `components`.
    pub components: Vec<Str>,
    /// Whether missing components are passed over.
    pub ignore_missing_components: bool,
    /// Which kustomize; one is built in.
    pub version: Str,
    /// Kubernetes version for rendering.
    pub kube_version: Str,
    /// API versions for rendering.
    pub api_versions: Vec<Str>,
}

/// `spec.source.plugin`: known, but no plugin is run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginOptions {
    /// Name of the plugin; empty for discovery.
    pub name: Str,
}

/// What kind of source a directory is. The words are Argo CD's `ApplicationSourceType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceType {
    /// A Helm chart.
    Helm,
    /// A kustomization.
    Kustomize,
    /// Plain manifests.
    Directory,
    /// A config management plugin.
    Plugin,
}

impl SourceType {
    /// Returns the word in `status.sourceType`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Helm => "Helm",
            Self::Kustomize => "Kustomize",
            Self::Directory => "Directory",
            Self::Plugin => "Plugin",
        }
    }
}
