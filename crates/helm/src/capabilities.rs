//! What a chart may ask about the cluster.

use crate::Error;

/// The API versions that Helm 3.22 assumes without a cluster, in the order in which it lists them: the groups compiled
/// into its Kubernetes client, and the two of custom resource definitions.
pub const DEFAULT_API_VERSIONS: &[&str] = &[
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "lifecycle.k8s.io/v1alpha1",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2",
    "resource.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "storagemigration.k8s.io/v1",
    "storagemigration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
];

/// The Kubernetes version that Helm 3 assumes without a cluster.
pub const DEFAULT_KUBE_VERSION: &str = "v1.20.0";

/// The Helm whose output is wanted. Where they differ, the output of Helm 3 is the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HelmVersion {
    /// Helm 3.22.
    #[default]
    V3,
    /// Helm 4.3: `pkg/engine`, `pkg/chart/common` and `pkg/release/v1/util` there.
    V4,
}

impl HelmVersion {
    /// The Kubernetes version that it assumes without a cluster: Helm 4 takes that of its client.
    #[must_use]
    pub fn default_kube_version(self) -> &'static str {
        match self {
            Self::V3 => DEFAULT_KUBE_VERSION,
            Self::V4 => "v1.37.0",
        }
    }

    /// What `.Capabilities.HelmVersion.Version` says.
    pub(crate) fn own(self) -> &'static str {
        match self {
            Self::V3 => HELM_VERSION,
            Self::V4 => "v4.3",
        }
    }
}

impl std::str::FromStr for HelmVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "" | "v3" => Ok(Self::V3),
            "v4" => Ok(Self::V4),
            other => Err(format!("unsupported: helm version {other}; use v3 or v4")),
        }
    }
}

/// What `.Capabilities.HelmVersion.Version` says: the Helm whose output is matched, in its own words.
pub const HELM_VERSION: &str = "v3.22";

/// The Go release that this Helm was built with.
pub(crate) const HELM_GO_VERSION: &str = "go1.26.8";

/// A Kubernetes version with its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeVersion {
    /// The version with a `v` in front: what `.Version` shows.
    pub version: String,
    /// Its numbers alone: what constraints are held against. In Helm 3 both are the same.
    pub numbers: String,
    /// The first number.
    pub major: String,
    /// The second number.
    pub minor: String,
}

impl KubeVersion {
    /// Reads numbers joined by dots, with or without a `v`; what follows them is dropped, as Kubernetes'
    /// `version.ParseGeneric`. Helm 4 shows it all the same.
    ///
    /// # Errors
    /// Fewer than two numbers, or leading zeros.
    pub fn parse(text: &str, helm: HelmVersion) -> Result<Self, Error> {
        let fail = || {
            Error::Values(format!(
                "invalid kube version '{text}': illegal version string {text:?}; write it as 1.31 or 1.31.2"
            ))
        };
        let body = text.trim_start();
        let body = body.strip_prefix('v').unwrap_or(body);
        let end = body.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(body.len());
        let parts: Vec<&str> = body[..end].trim_end_matches('.').split('.').collect();
        let number = |p: &&str| p.parse::<u64>().is_ok() && (p.len() == 1 || !p.starts_with('0'));
        let [major, minor, ..] = parts.as_slice() else { return Err(fail()) };
        if !parts.iter().all(number) {
            return Err(fail());
        }
        let numbers = format!("v{}", parts.join("."));
        let version = match helm {
            HelmVersion::V3 => numbers.clone(),
            HelmVersion::V4 if text.starts_with('v') => text.to_owned(),
            HelmVersion::V4 => format!("v{text}"),
        };
        Ok(Self { version, numbers, major: (*major).to_owned(), minor: (*minor).to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_numbers_is_dropped() {
        for (text, expect) in [
            ("1.31", Some("v1.31")),
            ("v1.31.2+k3s1", Some("v1.31.2")),
            ("1", None),
            ("x", None),
            ("1.031", None),
        ] {
            let parsed = KubeVersion::parse(text, HelmVersion::V3);
            assert_eq!(parsed.ok().map(|v| v.version).as_deref(), expect, "{text}");
        }
        let four = KubeVersion::parse("1.33.4-gke.1245000", HelmVersion::V4).unwrap();
        assert_eq!((four.version.as_str(), four.numbers.as_str()), ("v1.33.4-gke.1245000", "v1.33.4"));
    }
}
