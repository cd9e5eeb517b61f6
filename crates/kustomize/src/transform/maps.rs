use super::Transform;
use crate::config::{FieldSpec, FieldSpecs, split_path};
use crate::field::{Create, set_entry, visit_path};
use crate::id::Gvk;
use crate::openapi::OpenApi;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::shared::Path;
use fairway_value::Str;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// Labels or annotations for every field that the specs name.
pub struct MapEntries {
    pub entries: BTreeMap<Str, Str>,
    pub fields: FieldSpecs,
}

/// A field spec with its path split.
type Field<'a> = (&'a FieldSpec, &'a Path);

impl Transform for MapEntries {
    fn transform(&self, resources: &mut ResMap, _openapi: &OpenApi) -> Result<(), String> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let split: Vec<OnceCell<Path>> = self.fields.iter().map(|_| OnceCell::new()).collect();
        let all: Vec<(&FieldSpec, &OnceCell<Path>)> = self.fields.iter().zip(&split).collect();
        // Objects of one type mostly follow each other, and have the same fields.
        let mut of_last: Option<(Gvk, Vec<Field<'_>>)> = None;
        for resource in resources.all_mut() {
            let (gvk, fields) = match of_last.take() {
                Some(last) if resource.is_of_type(&last.0) => last,
                _ => {
                    let gvk = resource.gvk();
                    let meant = all.iter().filter(|(f, _)| gvk.is_selected_by(&f.gvk));
                    let path = |f: &FieldSpec| -> Path { split_path(&f.path, '/').into() };
                    let fields = meant.map(|(f, p)| (*f, p.get_or_init(|| path(f)))).collect();
                    (gvk, fields)
                }
            };
            resource.note_odd_keys(self.entries.keys());
            for (key, value) in &self.entries {
                set(resource, &fields, key, value).map_err(|e| format!("{gvk}/{}: {e}", resource.name()))?;
            }
            of_last = Some((gvk, fields));
        }
        Ok(())
    }
}

fn has(resource: &Resource, field: &str) -> bool {
    resource.value.get_path(&["metadata", field]).is_some_and(|v| !v.is_null())
}

fn set(resource: &mut Resource, fields: &[Field<'_>], key: &Str, value: &Str) -> Result<(), String> {
    let mut made: Vec<Path> = Vec::new();
    for (spec, path) in fields {
        let (mut is_made, mut is_changed) = (false, false);
        if spec.path == "metadata/labels" && spec.create && !has(resource, "labels") {
            resource.labels_made = true;
        }
        // kustomize keeps what it knows of an object in its annotations, which are there then.
        let shows_state = spec.path == "metadata/annotations" && !spec.create && resource.state.is_shown();
        let created = shows_state.then(|| FieldSpec { create: true, ..(*spec).clone() });
        let spec = created.as_ref().unwrap_or(spec);
        visit_path(&mut resource.value, spec, path, Create::Map, &mut |field| {
            match set_entry(field, key, value)? {
                Some(true) => is_changed = true,
                Some(false) => is_made = true,
                None => {}
            }
            Ok(())
        })?;
        if is_changed && !resource.shared.is_empty() {
            resource.follow(path, key);
        }
        if is_made {
            made.push((*path).clone());
        }
    }
    resource.share(key, made);
    Ok(())
}
