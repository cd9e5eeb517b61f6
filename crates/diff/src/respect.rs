//! `RespectIgnoreDifferences`: what a comparison leaves out keeps its live value when a sync writes.

use crate::IgnoreRules;
use fairway_schema::managed::equal;
use fairway_schema::{Schemas, merge};
use fairway_value::Value;

/// Returns the desired object with the live values of what the rules leave out of a comparison: pointers, jq paths and fields of
/// trusted managers. Where a live value cannot be laid over it, the desired object stays as it is.
///
/// As Argo CD 3 `controller/sync.go` `normalizeTargetResources`.
#[must_use]
pub fn with_live_values(desired: &Value, live: &Value, rules: &IgnoreRules, schemas: &Schemas) -> Value {
    let (mut kept_live, mut kept) = match rules.without_trusted(live, desired, schemas) {
        Some(cut) => cut,
        None => (live.clone(), desired.clone()),
    };
    rules.normalize(&mut kept_live);
    rules.normalize(&mut kept);
    // A status belongs to the object's controller, never to a sync.
    let mut whole_live = live.clone();
    for object in [&mut kept_live, &mut whole_live] {
        object.remove_path(&["status"]);
    }
    let text = |key: &str| desired.get(key).and_then(Value::as_str).unwrap_or_default();
    let merged = match schemas.type_of(text("apiVersion"), text("kind")) {
        Some(ty) => merge::two_way(&kept_live, &whole_live, ty).and_then(|p| merge::strategic(&kept, &p, ty)),
        None => Ok(merge::json_merge(&kept, &merge::json_two_way(&kept_live, &whole_live))),
    };
    let Ok(mut merged) = merged else { return desired.clone() };
    restore(&mut merged, desired, &kept, &kept_live);
    merged
}

/// A list or map that is replaced as a whole brings along live values that no rule names: what is desired holds there.
fn restore(merged: &mut Value, desired: &Value, kept: &Value, kept_live: &Value) {
    let (Some(map), Some(desired), Some(kept)) =
        (merged.as_object_mut(), desired.as_object(), kept.as_object())
    else {
        return;
    };
    map.retain(|key, _| desired.contains_key(key) || kept.contains_key(key) || kept_live.get(key).is_none());
    for (key, wanted) in kept.iter() {
        match (map.get_mut(key), wanted) {
            (Some(have @ Value::Object(_)), Value::Object(_)) => {
                let below = kept_live.get(key).unwrap_or(&Value::Null);
                restore(have, desired.get(key).unwrap_or(wanted), wanted, below);
            }
            (Some(Value::Array(_)), Value::Array(_)) => {}
            (Some(have), wanted) if equal(have, wanted) => {}
            _ => {
                map.insert(key.clone(), wanted.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::{IgnoreRule, Str};
    use fairway_value::from_json;

    fn deployment(spec: &str) -> Value {
        let text = format!(
            r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"web","namespace":"a"}},"spec":{spec}}}"#
        );
        from_json(text.as_bytes()).unwrap()
    }

    fn check(rule: IgnoreRule, desired: &str, live: &str) -> String {
        let rule = IgnoreRule { group: "apps".into(), kind: "Deployment".into(), ..rule };
        let (rules, unsupported) = IgnoreRules::compile(&[rule]);
        assert!(unsupported.is_empty());
        let out = with_live_values(&deployment(desired), &deployment(live), &rules, Schemas::builtin());
        out.get("spec").unwrap().to_string()
    }

    #[test]
    fn ignored_fields_keep_their_live_values_and_others_do_not() {
        let pointer =
            || IgnoreRule { json_pointers: vec![Str::from("/spec/replicas")], ..IgnoreRule::default() };
        assert_eq!(
            check(pointer(), r#"{"paused":true,"replicas":1}"#, r#"{"replicas":5}"#),
            r#"{"paused":true,"replicas":5}"#
        );
        assert_eq!(
            check(pointer(), r#"{"paused":true}"#, r#"{"replicas":5}"#),
            r#"{"paused":true,"replicas":5}"#
        );
        assert_eq!(check(pointer(), r#"{"paused":true,"replicas":1}"#, "{}"), r#"{"paused":true}"#);
        let jq = IgnoreRule {
            jq_path_expressions: vec![
                ".spec.template.spec.containers[] | select(.name == \"a\") | .image".into(),
            ],
            ..IgnoreRule::default()
        };
        let pods = |a: &str, b: &str| {
            format!(
                r#"{{"template":{{"spec":{{"containers":[{{"image":"{a}","name":"a"}},{{"image":"{b}","name":"b"}}]}}}}}}"#
            )
        };
        assert_eq!(check(jq, &pods("a:1", "b:1"), &pods("a:9", "b:9")), pods("a:9", "b:1"));
    }
}
