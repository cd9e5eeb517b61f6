//! Helm charts in memory to manifests, as Helm 3 renders them.
