use super::TransformerConfig;
use super::fieldspec::{FieldSpec, merge_one};
use crate::config::NameReference;
use crate::id::{Gvk, GvkSelector};
use fairway_value::Value;

/// Deepest chain of definitions that is followed.
const DEPTH_MAX: usize = 64;
/// Most properties that are looked at, each as often as a chain of definitions leads to it.
const STEPS_MAX: usize = 100_000;

/// Reads what an OpenAPI document of `crds` says about labels, annotations, names and references to names.
///
/// # Errors
/// Definitions that refer to each other in a circle or too deep.
pub fn from_crds(document: &Value) -> Result<TransformerConfig, String> {
    let mut config = TransformerConfig::default();
    let mut steps = 0;
    let types = document.as_object().into_iter().flat_map(|m| m.iter());
    for (name, _) in types {
        let Some(properties) = properties(document, name) else { continue };
        if !["kind", "apiVersion", "metadata"].iter().all(|k| properties.get(k).is_some()) {
            continue;
        }
        let kind = name.rsplit('.').next().unwrap_or(name);
        let mut one = TransformerConfig::default();
        load(&mut one, &Gvk::of_kind(kind), document, name, &mut Vec::new(), &mut steps)?;
        config.merge(&one)?;
    }
    Ok(config)
}

fn properties<'a>(document: &'a Value, name: &str) -> Option<&'a Value> {
    let definition = document.get(name)?;
    let schema = definition.get("Schema").or_else(|| definition.get("schema"))?;
    schema.get("properties")
}

fn load(
    config: &mut TransformerConfig,
    gvk: &Gvk,
    document: &Value,
    name: &str,
    path: &mut Vec<String>,
    steps: &mut usize,
) -> Result<(), String> {
    if path.len() > DEPTH_MAX {
        return Err(format!("crds: `{name}` refers to itself or lies deeper than {DEPTH_MAX} definitions"));
    }
    let all = properties(document, name).and_then(Value::as_object);
    for (field, property) in all.into_iter().flat_map(|m| m.iter()) {
        let text = |key: &str| property.get(key).and_then(Value::as_str);
        *steps += 1;
        if *steps > STEPS_MAX {
            return Err(format!("crds: more than {STEPS_MAX} properties along the definitions' references"));
        }
        path.push(field.to_string());
        let here = FieldSpec { gvk: gvk.clone().into(), path: path.join("/").into(), create: false };
        if text("x-kubernetes-annotation").is_some() {
            merge_one(config.common_annotations.to_mut(), &here)?;
        }
        if text("x-kubernetes-label-selector").is_some() {
            merge_one(config.common_labels.to_mut(), &here)?;
        }
        if text("x-kubernetes-identity").is_some() {
            merge_one(config.name_prefix.to_mut(), &here)?;
        }
        if let (Some(version), Some(kind)) =
            (text("x-kubernetes-object-ref-api-version"), text("x-kubernetes-object-ref-kind"))
        {
            let key = text("x-kubernetes-object-ref-name-key").unwrap_or("name");
            let referrer = FieldSpec { path: format!("{}/{key}", here.path).into(), ..here };
            let named = GvkSelector {
                version: version.to_owned().into(),
                kind: kind.to_owned().into(),
                ..GvkSelector::default()
            };
            let reference = NameReference { gvk: named, referrers: vec![referrer].into() };
            let other =
                TransformerConfig { name_reference: vec![reference].into(), ..TransformerConfig::default() };
            config.merge(&other)?;
        }
        if let Some(reference) = text("$ref") {
            load(config, gvk, document, reference, path, steps)?;
        }
        path.pop();
    }
    Ok(())
}
