//! Legacy fields become those that stand for them now.

use super::change::list;
use crate::{Error, factory};
use fairway_value::{Array, Map, Str, Value};

/// Moves the legacy fields as `kustomize edit fix` does. `vars` stay: what stands for them depends on the objects.
pub fn fix(map: &mut Map) -> Result<(), Error> {
    if map.get("apiVersion").is_none() {
        let is_component = map.get("kind").and_then(Value::as_str) == Some("Component");
        let version = if is_component { "v1alpha1" } else { "v1beta1" };
        map.insert("apiVersion", format!("kustomize.config.k8s.io/{version}"));
    }
    if map.get("kind").is_none() {
        map.insert("kind", "Kustomization");
    }
    for (old, new) in [("bases", "resources"), ("imageTags", "images"), ("patchesJson6902", "patches")] {
        move_items(map, old, new, Clone::clone)?;
    }
    move_items(map, "patchesStrategicMerge", "patches", |item| {
        let text = item.as_str().unwrap_or_default();
        let is_inline = factory::patches(text, "").is_ok_and(|p| !p.is_empty());
        let key = Str::from(if is_inline { "patch" } else { "path" });
        [(key, item.clone())].into_iter().collect()
    })?;
    if let Some(labels) = map.remove("commonLabels").filter(|l| !l.is_null()) {
        let keys: Vec<Str> = labels.as_object().into_iter().flat_map(Map::keys).cloned().collect();
        let list = list(map, "labels")?;
        let pairs =
            |entry: &Value| entry.get("pairs").and_then(Value::as_object).cloned().unwrap_or_default();
        if let Some(key) = keys.iter().find(|k| list.iter().any(|e| pairs(e).contains_key(k))) {
            return Err(Error::Invalid(format!(
                "the label `{key}` stands in both commonLabels and labels; remove one"
            )));
        }
        let entry = [("includeSelectors", Value::Bool(true)), ("pairs", labels)];
        list.push(entry.into_iter().map(|(k, v)| (Str::from(k), v)).collect());
    }
    for field in ["configMapGenerator", "secretGenerator"] {
        let Some(Value::Array(generators)) = map.get_mut(field) else { continue };
        for generator in generators.make_mut().iter_mut().filter_map(Value::as_object_mut) {
            if let Some(env) = generator.remove("env") {
                list(generator, "envs")?.push(env);
            }
        }
    }
    Ok(())
}

fn move_items(map: &mut Map, old: &str, new: &str, change: impl Fn(&Value) -> Value) -> Result<(), Error> {
    let moved: Array = match map.remove(old) {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(items)) => items,
        Some(other) => {
            return Err(Error::Invalid(format!("{old}: expected a list, found a {}", other.type_name())));
        }
    };
    let list = list(map, new)?;
    moved.iter().for_each(|item| list.push(change(item)));
    Ok(())
}
