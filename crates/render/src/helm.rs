use crate::{Capabilities, RenderError, RenderInput, Rendered};
use fairway_core::{FileTree, HelmOptions};
use fairway_kustomize::{ChartInflator, ChartRequest};

/// Renders a chart with an App's settings.
pub(crate) fn render(_: &RenderInput<'_>, path: &str, _: &HelmOptions) -> Result<Rendered, RenderError> {
    Err(RenderError::Unsupported(format!("the Helm chart in {path:?}")))
}

/// Charts inside kustomizations.
pub(crate) struct Inflator<'a> {
    pub capabilities: &'a Capabilities,
}

impl ChartInflator for Inflator<'_> {
    fn inflate(&self, _: &dyn FileTree, request: &ChartRequest) -> Result<String, String> {
        let _ = self.capabilities;
        Err(format!("unsupported: Helm chart {} in a kustomization", request.name))
    }
}
