//! Secrets leave the engine masked, so that a change is still seen.

use fairway_value::{Map, Str, Value};
use std::collections::BTreeMap;

/// What stands for a first secret value; each further different value gets one more sign.
const MASK: &str = "++++++++";

/// Masks several states of one object together: equal values get equal masks, different ones different masks, as Argo
/// CD's `HideSecretData`.
#[must_use]
pub fn mask_all(states: &[Option<&Value>], annotations: &[Str]) -> Vec<Option<Value>> {
    let mut masks: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    states
        .iter()
        .map(|state| {
            let mut state = (*state)?.clone();
            if is_secret(&state) {
                hide(&mut state, annotations, &mut masks, &mut counts);
            }
            Some(state)
        })
        .collect()
}

/// Masks one object.
#[must_use]
pub fn mask(state: &Value, annotations: &[Str]) -> Value {
    mask_all(&[Some(state)], annotations).into_iter().flatten().next().unwrap_or_default()
}

fn is_secret(value: &Value) -> bool {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    text("kind") == Some("Secret") && text("apiVersion") == Some("v1")
}

fn hide(
    state: &mut Value,
    annotations: &[Str],
    masks: &mut BTreeMap<(String, String), String>,
    counts: &mut BTreeMap<String, usize>,
) {
    let all: &dyn Fn(&str) -> bool = &|_| true;
    let named: &dyn Fn(&str) -> bool = &|key| annotations.iter().any(|a| a == key);
    for (field, hides) in
        [(&["data"][..], all), (&["stringData"], all), (&["metadata", "annotations"], named)]
    {
        let Some(map) = state.get_path_mut(field).and_then(Value::as_object_mut) else { continue };
        for (key, value) in map.iter_mut().filter(|(key, _)| hides(key)) {
            let shown = value.to_string();
            let mask = masks.entry((key.to_string(), shown)).or_insert_with(|| {
                let count = counts.entry(key.to_string()).or_insert(0);
                *count += 1;
                format!("{MASK}{}", "+".repeat(*count - 1))
            });
            *value = Value::from(mask.as_str());
        }
    }
    // The last applied configuration holds the data a second time, and managed fields name its keys alone.
    if let Some(map) = state.get_path_mut(&["metadata", "annotations"]).and_then(Value::as_object_mut) {
        hide_last_applied(map);
    }
}

fn hide_last_applied(annotations: &mut Map) {
    let key = "kubectl.kubernetes.io/last-applied-configuration";
    if annotations.contains_key(key) {
        annotations.insert(key, MASK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    #[test]
    fn a_change_is_seen_and_a_value_is_not() {
        let one =
            from_json(br#"{"apiVersion":"v1","kind":"Secret","data":{"a":"eA==","b":"eQ=="}}"#).unwrap();
        let two =
            from_json(br#"{"apiVersion":"v1","kind":"Secret","data":{"a":"eA==","b":"eg=="}}"#).unwrap();
        let masked = mask_all(&[Some(&one), Some(&two)], &[]);
        let text = |n: usize, key: &str| {
            masked[n].as_ref().unwrap().get_path(&["data", key]).unwrap().as_str().unwrap().to_owned()
        };
        assert_eq!(text(0, "a"), text(1, "a"));
        assert_ne!(text(0, "b"), text(1, "b"));
        assert!(!format!("{}{}", masked[0].as_ref().unwrap(), masked[1].as_ref().unwrap()).contains("eA=="));
    }

    #[test]
    fn the_last_applied_configuration_does_not_give_it_away() {
        let value = from_json(
            br#"{"apiVersion":"v1","kind":"Secret","metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"data\":{\"a\":\"eA==\"}}"}}}"#,
        )
        .unwrap();
        assert!(!mask(&value, &[]).to_string().contains("eA=="));
    }

    #[test]
    fn annotations_that_settings_name_are_masked_on_secrets_alone() {
        let named = [Str::from("example.org/token")];
        let of = |kind: &str| {
            let text = format!(
                r#"{{"apiVersion":"v1","kind":"{kind}","metadata":{{"annotations":{{"example.org/token":"abc","example.org/team":"web"}}}}}}"#
            );
            mask(&from_json(text.as_bytes()).unwrap(), &named).to_string()
        };
        let secret = of("Secret");
        assert!(!secret.contains("abc") && secret.contains("web"), "{secret}");
        assert!(of("ConfigMap").contains("abc"));
    }
}
