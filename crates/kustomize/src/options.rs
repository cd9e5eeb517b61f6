use crate::{ChartInflator, Overrides, Remote};

/// Which files a kustomization may read (`--load-restrictor`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadRestrictor {
    /// Files below the kustomization's own directory only.
    #[default]
    RootOnly,
    /// Any file of the tree.
    None,
}

/// The order of the output where the kustomization's `sortOptions` do not say (`--reorder`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reorder {
    /// By kind, then by name, as the command line tool does without the flag.
    #[default]
    Legacy,
    /// As accumulated.
    None,
}

/// What `kustomize build` takes as flags, with the ports to what lies outside the tree.
#[derive(Clone, Copy, Default)]
pub struct BuildOptions<'a> {
    /// `--load-restrictor`.
    pub load_restrictor: LoadRestrictor,
    /// `--reorder`.
    pub reorder: Reorder,
    /// `--enable-helm`: without it `helmCharts` is an error, as in kustomize. Our charts run in process and need no
    /// such warning, so callers may set it always.
    pub enable_helm: bool,
    /// `--enable-alpha-plugins`; exec and container plugins are refused with it too.
    pub enable_alpha_plugins: bool,
    /// `--enable-managedby-label`: as `buildMetadata: [managedByLabel]`.
    pub managed_by_label: bool,
    /// `--helm-kube-version`: for charts that name none.
    pub helm_kube_version: &'a str,
    /// `--helm-api-versions`: added to each chart's own.
    pub helm_api_versions: &'a [String],
    /// Changes to the top kustomization, as `kustomize edit` would make them.
    pub overrides: Option<&'a Overrides>,
    /// Where remote bases and files come from.
    pub remote: Option<&'a dyn Remote>,
    /// What renders Helm charts.
    pub charts: Option<&'a dyn ChartInflator>,
}
