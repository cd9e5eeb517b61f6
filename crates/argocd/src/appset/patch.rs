use crate::lower::type_faults;
use fairway_core::{Map, Value};
use fairway_value::Array;

/// Applies a rendered `templatePatch` to an Application: a strategic merge patch, which for Argo CD's types is a merge
/// patch with `$patch` directives; only `metadata.finalizers` is merged as a list.
pub(crate) fn apply_template_patch(app: &mut Value, patch: &str) -> Result<(), String> {
    let value = fairway_yaml::parse(patch)
        .map_err(|error| format!("error while converting template to json {patch:?}: {error}"))?;
    let Value::Object(map) = &value else {
        if value.is_null() {
            return Ok(());
        }
        return Err(format!("invalid templatePatch {value}: expected an object"));
    };
    if let Some(fault) = type_faults(&value).into_iter().next() {
        return Err(format!("invalid templatePatch {value}: {fault}"));
    }
    // The patch may not move the Application to another project.
    let project = app.get_path(&["spec", "project"]).cloned();
    if let Some(target) = app.as_object_mut() {
        merge(target, map, &mut Vec::new());
    }
    match project {
        Some(project) => {
            app.set_path(&["spec", "project"], project);
        }
        None => {
            app.remove_path(&["spec", "project"]);
        }
    }
    Ok(())
}

fn merge<'p>(target: &mut Map, patch: &'p Map, path: &mut Vec<&'p str>) {
    match patch.get("$patch").and_then(Value::as_str) {
        Some("delete") => {
            *target = Map::new();
            return;
        }
        Some("replace") => *target = Map::new(),
        _ => {}
    }
    for (key, value) in patch.iter().filter(|(key, _)| !key.starts_with('$')) {
        path.push(key);
        match value {
            Value::Null => {
                target.remove(key);
            }
            Value::Object(below) => {
                let mut own = target.remove(key).and_then(|v| v.as_object().cloned()).unwrap_or_default();
                merge(&mut own, below, path);
                target.insert(key.clone(), own);
            }
            Value::Array(list) if path.as_slice() == ["metadata", "finalizers"] => {
                let own = target.get(key).and_then(Value::as_array).unwrap_or_default();
                let fresh = list.iter().filter(|v| !own.contains(v));
                let merged: Array = own.iter().chain(fresh).cloned().collect();
                target.insert(key.clone(), merged);
            }
            other => {
                target.insert(key.clone(), other.clone());
            }
        }
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_merges_maps_but_cannot_change_the_project() {
        let mut app = fairway_value::from_json(
            br#"{"metadata":{"name":"a","finalizers":["x"]},"spec":{"project":"p","source":{"path":"q"}}}"#,
        )
        .unwrap();
        let patch = "metadata: {finalizers: [z, x]}\nspec: {project: other, source: {path: null, helm: {valueFiles: [v]}}}";
        apply_template_patch(&mut app, patch).unwrap();
        assert_eq!(
            app.to_string(),
            r#"{"metadata":{"finalizers":["x","z"],"name":"a"},"spec":{"project":"p","source":{"helm":{"valueFiles":["v"]}}}}"#
        );
        assert!(apply_template_patch(&mut app, "spec: [a]").is_err());
    }
}
