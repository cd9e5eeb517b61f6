use super::Transform;
use crate::config::{FieldSpec, split_path};
use crate::field::{Create, set_entry, visit_path};
use crate::openapi::OpenApi;
use crate::resmap::ResMap;
use fairway_value::Str;
use std::collections::BTreeMap;

/// Labels or annotations for every field that the specs name.
pub struct MapEntries {
    pub entries: BTreeMap<Str, Str>,
    pub fields: Vec<FieldSpec>,
}

impl Transform for MapEntries {
    fn transform(&self, resources: &mut ResMap, _openapi: &OpenApi) -> Result<(), String> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let fields: Vec<(&FieldSpec, Vec<Str>)> =
            self.fields.iter().map(|f| (f, split_path(&f.path, '/'))).collect();
        for resource in resources.all_mut() {
            let gvk = resource.gvk();
            for (spec, path) in fields.iter().filter(|(f, _)| gvk.is_selected_by(&f.gvk)) {
                visit_path(&mut resource.value, spec, path, Create::Map, &mut |field| {
                    self.entries.iter().try_for_each(|(key, value)| set_entry(field, key, value))
                })
                .map_err(|e| format!("{gvk}/{}: {e}", resource.name()))?;
            }
        }
        Ok(())
    }
}
