//! Names of objects, as Helm's `validateMetadataName` holds them against Kubernetes' rules.

use crate::release_name::is_label;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
    and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
    start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
    alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
    validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/// Says what is wrong with the name of an object of a kind.
pub(super) fn name_fault(kind: &str, name: &str) -> Option<String> {
    let faults = match kind.to_lowercase().as_str() {
        "certificatesigningrequest" => Vec::new(),
        "role" | "clusterrole" | "rolebinding" | "clusterrolebinding" => segment(name),
        "service" => {
            let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
            pattern(name, 63, starts && is_label(name), LABEL_1035)
        }
        "namespace" => pattern(name, 63, is_label(name), LABEL),
        _ => pattern(name, 253, name.split('.').all(is_label), SUBDOMAIN),
    };
    let shown: Vec<String> =
        faults.iter().map(|f| format!("metadata.name: Invalid value: {name:?}: {f}")).collect();
    let all = match &shown[..] {
        [] => return None,
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    Some(format!("object name does not conform to Kubernetes naming requirements: {name:?}: {all}"))
}

fn pattern(name: &str, max: usize, holds: bool, words: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if name.len() > max {
        faults.push(format!("must be no more than {max} characters"));
    }
    if !holds {
        faults.push(words.to_owned());
    }
    faults
}

/// As Kubernetes' `IsPathSegmentName`.
fn segment(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    ["/", "%"].iter().filter(|c| name.contains(**c)).map(|c| format!("may not contain '{c}'")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_rule() {
        for (kind, name, expect) in [
            ("ConfigMap", "a.b-c", true),
            ("ConfigMap", "", false),
            ("ConfigMap", "a_b", false),
            ("Service", "1a", false),
            ("Service", "a1", true),
            ("Namespace", "a.b", false),
            ("ClusterRole", "system:x", true),
            ("ClusterRole", "a/b", false),
        ] {
            assert_eq!(name_fault(kind, name).is_none(), expect, "{kind} {name}");
        }
    }
}
