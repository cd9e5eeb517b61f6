use crate::SourceError;
use fairway_value::{HtmlEscape, Value, to_json};
use sha2::{Digest, Sha256};

/// Checks that a lock was made from the dependencies that the chart states now, by the digest that it holds. As Helm 3
/// `internal/resolver` `HashReq` and, for charts of version 1, `HashV2Req`.
///
/// # Errors
/// Helm's words, where it was not.
pub(crate) fn check_lock(stated: &[Value], lock: &Value, chart_is_v1: bool) -> Result<(), SourceError> {
    let digest = lock.get("digest").and_then(Value::as_str).unwrap_or_default();
    let stated = listed(stated);
    let locked = listed(lock.get("dependencies").and_then(Value::as_array).unwrap_or_default());
    if sum(&format!("[{stated},{locked}]")) == digest {
        return Ok(());
    }
    if chart_is_v1 && sum(&format!("{{\"dependencies\":{stated}}}")) == digest {
        return Ok(());
    }
    let (lock, chart) =
        if chart_is_v1 { ("requirements.lock", "requirements.yaml") } else { ("Chart.lock", "Chart.yaml") };
    Err(SourceError::invalid(format!(
        "the lock file ({lock}) is out of sync with the dependencies file ({chart}). Please update the dependencies"
    )))
}

fn sum(json: &str) -> String {
    format!("sha256:{}", super::oci::hex(&Sha256::digest(json)))
}

/// Lists dependencies as Go's encoder writes Helm's `chart.Dependency`: its fields in order, empty ones left out.
fn listed(dependencies: &[Value]) -> String {
    const FIELDS: [&str; 8] =
        ["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];
    // These two are written empty too.
    const ALWAYS: [&str; 2] = ["name", "repository"];
    let entry = |dependency: &Value| {
        let mut fields = Vec::new();
        for field in FIELDS {
            let value = dependency.get(field).cloned().unwrap_or_default();
            let is_empty = match &value {
                Value::Null | Value::Bool(false) => true,
                Value::String(text) => text.is_empty(),
                Value::Array(list) => list.is_empty(),
                _ => false,
            };
            if !is_empty {
                fields.push(format!("\"{field}\":{}", to_json(&value, HtmlEscape::Yes)));
            } else if ALWAYS.contains(&field) {
                fields.push(format!("\"{field}\":\"\""));
            }
        }
        format!("{{{}}}", fields.join(","))
    };
    if dependencies.is_empty() {
        // Go's empty slice of a file without dependencies is nil.
        return "null".to_owned();
    }
    format!("[{}]", dependencies.iter().map(entry).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As bitnami's postgresql 16 states and locks it; the digest is Helm's.
    const CHART: &str = "dependencies:\n- name: common\n  repository: oci://registry-1.docker.io/bitnamicharts\n  \
        tags: [bitnami-common]\n  version: 2.x.x\n";
    const LOCK: &str = "dependencies:\n- name: common\n  repository: oci://registry-1.docker.io/bitnamicharts\n  \
        version: 2.31.4\ndigest: sha256:fc442e77200e1914dd46fe26490dcf62f44caa51db673c2f8e67d5319cd4c163\n";

    #[test]
    fn a_lock_holds_for_the_dependencies_it_was_made_from() {
        let chart = fairway_yaml::parse(CHART).unwrap();
        let lock = fairway_yaml::parse(LOCK).unwrap();
        let stated = chart.get("dependencies").and_then(Value::as_array).unwrap();
        assert!(check_lock(stated, &lock, false).is_ok());
        let mut changed = stated.to_vec();
        changed[0].set_path(&["version"], "3.x.x");
        let error = check_lock(&changed, &lock, false).unwrap_err().to_string();
        assert!(error.contains("Chart.lock) is out of sync"), "{error}");
    }
}
