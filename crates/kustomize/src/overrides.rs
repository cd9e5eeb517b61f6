use crate::Error;
use fairway_core::{KustomizeOptions, Str};
use std::collections::BTreeMap;

/// Changes to a kustomization as a row of `kustomize edit` calls would make them, in Argo CD's order: prefix, suffix,
/// images, replicas, labels, annotations, namespace, patches, components. The tree itself is not touched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    options: KustomizeOptions,
}

impl Overrides {
    /// Takes an Application's `spec.source.kustomize`. `environment` is the build environment (`ARGOCD_APP_NAME` …)
    /// that `commonAnnotationsEnvsubst` puts in.
    ///
    /// # Errors
    /// A field that cannot be applied.
    pub fn new(options: &KustomizeOptions, environment: &BTreeMap<Str, Str>) -> Result<Self, Error> {
        let _ = environment;
        Ok(Self { options: options.clone() })
    }

    /// Whether there is nothing to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.options == KustomizeOptions::default()
    }
}
