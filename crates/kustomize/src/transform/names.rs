use super::Transform;
use crate::config::FieldSpecs;
use crate::field::{Create, set_scalar, visit};
use crate::hash::name_suffix;
use crate::id::Gvk;
use crate::openapi::OpenApi;
use crate::resmap::ResMap;
use crate::scalar::text;
use fairway_value::{Str, Value};

/// A prefix or suffix of names.
pub struct Affix {
    pub text: Str,
    pub is_prefix: bool,
    pub fields: FieldSpecs,
}

/// Kinds whose names mean something outside.
fn is_exempt(gvk: &Gvk) -> bool {
    gvk.kind == "CustomResourceDefinition"
        || gvk.kind == "Namespace"
        || (gvk.kind == "APIService" && gvk.group == "apiregistration.k8s.io")
}

impl Transform for Affix {
    fn transform(&self, resources: &mut ResMap, openapi: &OpenApi) -> Result<(), String> {
        for resource in resources.all_mut() {
            let original = resource.original_id(openapi).gvk;
            if is_exempt(&original) {
                continue;
            }
            for spec in self.fields.iter().filter(|f| original.is_selected_by(&f.gvk)) {
                if spec.path == "metadata/name" && !self.text.is_empty() {
                    let list = if self.is_prefix {
                        &mut resource.state.prefixes
                    } else {
                        &mut resource.state.suffixes
                    };
                    list.push(self.text.clone());
                    resource.store_previous_id(openapi);
                }
                if !resource.gvk().is_selected_by(&spec.gvk) {
                    continue;
                }
                let written = if spec.path == "metadata/name" { resource.name_as_written() } else { None };
                visit(&mut resource.value, spec, Create::Scalar, &mut |field| {
                    let old = written.clone().or_else(|| text(field)).unwrap_or_default();
                    let new = if self.is_prefix {
                        format!("{}{old}", self.text)
                    } else {
                        format!("{old}{}", self.text)
                    };
                    set_scalar(field, Value::from(new))
                })?;
            }
        }
        Ok(())
    }
}

/// The suffix of a hash of the content, for the objects that want one.
pub struct Hash;

impl Transform for Hash {
    fn transform(&self, resources: &mut ResMap, openapi: &OpenApi) -> Result<(), String> {
        if !resources.iter().any(|r| r.state.needs_hash) {
            return Ok(());
        }
        for resource in resources.all_mut().iter_mut().filter(|r| r.state.needs_hash) {
            let hash = name_suffix(&resource.value)?;
            resource.store_previous_id(openapi);
            let name = format!("{}-{hash}", resource.name());
            resource.set_name(&name.into());
        }
        Ok(())
    }
}
