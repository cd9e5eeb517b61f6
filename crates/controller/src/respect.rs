//! `RespectIgnoreDifferences`: fields whose differences do not count keep their live values when a sync writes.

use fairway_core::{Desired, IgnoreRule, Live, ObjectKey, glob_match};
use fairway_value::{Value, parse_pointer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns the desired objects with the live values of ignored fields; an object that is not live stays as it is.
///
/// As Argo CD 3 `controller/sync.go` `normalizeTargetResources`, for JSON pointers.
pub fn with_live_values(
    desired: &[Desired],
    rules: &[IgnoreRule],
    live: &BTreeMap<ObjectKey, Arc<Live>>,
) -> Vec<Desired> {
    desired
        .iter()
        .map(|wanted| {
            let key = wanted.key();
            let Some(found) = live.get(&key) else { return wanted.clone() };
            let mut wanted = wanted.clone();
            for pointer in rules.iter().filter(|r| names(r, &key)).flat_map(|r| &r.json_pointers) {
                keep(wanted.object.value_mut(), found.value(), pointer);
            }
            wanted
        })
        .collect()
}

fn names(rule: &IgnoreRule, key: &ObjectKey) -> bool {
    let fits = |pattern: &str, text: &str| pattern.is_empty() || glob_match(pattern, text, None);
    let any = rule.kind == "*" && rule.group.is_empty();
    (any || (glob_match(&rule.group, &key.group, None) && glob_match(&rule.kind, &key.kind, None)))
        && fits(&rule.name, &key.name)
        && fits(&rule.namespace, &key.namespace)
}

/// Gives what a pointer names its live value, or takes it out where the live object has none. A path that the desired
/// object has no parent for is left alone.
fn keep(wanted: &mut Value, live: &Value, pointer: &str) {
    let Some(tokens) = parse_pointer(pointer) else { return };
    let Some((last, parents)) = tokens.split_last() else { return };
    let parent = parents.iter().try_fold(wanted, |at, token| match at {
        Value::Object(map) => map.get_mut(token),
        Value::Array(list) => {
            let index = token.parse::<usize>().ok()?;
            list.make_mut().get_mut(index)
        }
        _ => None,
    });
    match (parent, live.pointer(pointer)) {
        (Some(Value::Object(map)), Some(value)) => {
            map.insert(last.as_ref(), value.clone());
        }
        (Some(Value::Object(map)), None) => {
            map.remove(last);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::{Object, Origin, Str};
    use fairway_value::from_json;

    fn object(replicas: &str) -> Object {
        let text = format!(
            r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"web","namespace":"a"}},"spec":{{"paused":true{replicas}}}}}"#
        );
        Object::new(from_json(text.as_bytes()).unwrap())
    }

    fn check(wanted: &str, found: &str, kind: &str) -> Option<i64> {
        let desired = [Desired { object: object(wanted), origin: Origin::default() }];
        let live = BTreeMap::from([(desired[0].key(), Arc::new(Live(object(found))))]);
        let rule = IgnoreRule {
            group: "apps".into(),
            kind: kind.into(),
            json_pointers: vec![Str::from("/spec/replicas")],
            ..IgnoreRule::default()
        };
        let out = with_live_values(&desired, &[rule], &live);
        assert_eq!(out[0].value().get_path(&["spec", "paused"]), Some(&Value::Bool(true)));
        out[0].value().get_path(&["spec", "replicas"]).and_then(Value::as_i64)
    }

    #[test]
    fn an_ignored_field_keeps_its_live_value_and_others_do_not() {
        assert_eq!(check(r#","replicas":1"#, r#","replicas":5"#, "Deployment"), Some(5));
        assert_eq!(check("", r#","replicas":5"#, "Deployment"), Some(5));
        assert_eq!(check(r#","replicas":1"#, "", "Deployment"), None);
        assert_eq!(check(r#","replicas":1"#, r#","replicas":5"#, "StatefulSet"), Some(1));
    }
}
