//! API versions that Kubernetes has deprecated, as Helm's `pkg/lint/rules/deprecations.go` asks its client library.

use crate::capabilities::KubeVersion;

/// A line for each kind, as client-go 0.37 (of Helm 3.22) has them: `VERSION KIND DEPRECATED REMOVED [VERSION KIND]`, the
/// last two what takes its place.
const KINDS: &str = include_str!("deprecated.txt");

/// Says that a kind's version is deprecated in a version of Kubernetes.
pub(super) fn deprecation(api_version: &str, kind: &str, kube: &KubeVersion) -> Option<String> {
    let line = KINDS.lines().find(|line| {
        line.strip_prefix(api_version)
            .and_then(|rest| rest.strip_prefix(' ')?.strip_prefix(kind))
            .is_some_and(|rest| rest.starts_with(' '))
    })?;
    let mut words = line.split(' ').skip(2);
    let (deprecated, removed) = (words.next()?, words.next()?);
    let since = numbers(deprecated.split_once('.')?)?;
    if numbers((&kube.major, &kube.minor))? < since {
        return None;
    }
    let mut message = format!("{api_version} {kind} is deprecated in v{deprecated}+");
    if removed != "-" {
        message.push_str(&format!(", unavailable in v{removed}+"));
    }
    if let (Some(version), Some(kind)) = (words.next(), words.next()) {
        message.push_str(&format!("; use {version} {kind}"));
    }
    Some(message)
}

fn numbers((major, minor): (&str, &str)) -> Option<(u32, u32)> {
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capabilities::HelmVersion;

    #[test]
    fn a_version_is_deprecated_from_one_of_kubernetes_on() {
        let told = |api_version: &str, kind: &str, kube: &str| {
            deprecation(api_version, kind, &KubeVersion::parse(kube, HelmVersion::V3).unwrap())
        };
        assert_eq!(
            told("batch/v1beta1", "CronJob", "1.21.0").as_deref(),
            Some(
                "batch/v1beta1 CronJob is deprecated in v1.21+, unavailable in v1.25+; use batch/v1 CronJob"
            )
        );
        assert_eq!(told("batch/v1beta1", "CronJob", "1.20.9"), None);
        assert_eq!(
            told("policy/v1beta1", "Eviction", "1.30.0").as_deref(),
            Some("policy/v1beta1 Eviction is deprecated in v1.22+, unavailable in v1.25+")
        );
        for (api_version, kind) in
            [("batch/v1", "CronJob"), ("batch/v1beta1", "Cron"), ("batch", "v1beta1"), ("", "")]
        {
            assert_eq!(told(api_version, kind, "1.40.0"), None, "{api_version} {kind}");
        }
    }
}
