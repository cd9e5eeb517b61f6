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

/// What `.Capabilities.HelmVersion.Version` says: the Helm whose output is matched, in its own words.
pub const HELM_VERSION: &str = "v3.22";

/// The Go release that this Helm was built with.
pub(crate) const HELM_GO_VERSION: &str = "go1.26.8";

/// A Kubernetes version with its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeVersion {
    /// The version with a `v` in front.
    pub version: String,
    /// The first number.
    pub major: String,
    /// The second number.
    pub minor: String,
}

impl KubeVersion {
    /// Reads numbers joined by dots, with or without a `v`; what follows them is dropped, as Kubernetes'
    /// `version.ParseGeneric`.
    ///
    /// # Errors
    /// Fewer than two numbers, or leading zeros.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fail = || {
            Error::Values(format!(
                "invalid kube version '{text}': could not parse {text:?} as version; write it as 1.31 or 1.31.2"
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
        Ok(Self {
            version: format!("v{}", parts.join(".")),
            major: (*major).to_owned(),
            minor: (*minor).to_owned(),
        })
    }
}

impl Default for KubeVersion {
    fn default() -> Self {
        Self { version: DEFAULT_KUBE_VERSION.to_owned(), major: "1".to_owned(), minor: "20".to_owned() }
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
            assert_eq!(KubeVersion::parse(text).ok().map(|v| v.version).as_deref(), expect, "{text}");
        }
    }
}
