use super::Transform;
use crate::config::{FieldSpec, FieldSpecs};
use crate::field::{Create, set_scalar, visit};
use crate::openapi::OpenApi;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::scalar::{text, what};
use fairway_value::{Str, Value};

/// Which subjects of role bindings get the namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subjects {
    /// Those called `default`.
    #[default]
    Default,
    /// Every ServiceAccount.
    ServiceAccounts,
    /// None.
    Nobody,
}

/// The namespace of objects and of what refers to it.
pub struct Namespace {
    pub namespace: Str,
    pub fields: FieldSpecs,
    pub unset_only: bool,
    pub subjects: Subjects,
}

impl Subjects {
    /// Reads `setRoleBindingSubjects`.
    ///
    /// # Errors
    /// Another word.
    pub fn parse(word: &str) -> Result<Self, String> {
        match word {
            "" | "defaultOnly" => Ok(Self::Default),
            "allServiceAccounts" => Ok(Self::ServiceAccounts),
            "none" => Ok(Self::Nobody),
            other => Err(format!(
                "invalid value \"{other}\" for setRoleBindingSubjects: must be one of defaultOnly, none or allServiceAccounts"
            )),
        }
    }
}

impl Namespace {
    fn set(&self, field: &mut Value) -> Result<(), String> {
        if self.unset_only && !field.is_null() && text(field).is_some_and(|t| !t.is_empty()) {
            return Ok(());
        }
        set_scalar(field, Value::String(self.namespace.clone()))
            .map_err(|e| format!("namespace field specs must target scalar nodes: {e}"))
    }

    /// Sets the namespace of one object.
    ///
    /// # Errors
    /// A field that is no scalar.
    pub fn apply(&self, resource: &mut Resource, openapi: &OpenApi) -> Result<(), String> {
        let id = resource.id(openapi);
        let mut set = |field: &mut Value| self.set(field);
        if !id.cluster_scoped {
            visit(&mut resource.value, &FieldSpec::created("metadata/namespace"), Create::Scalar, &mut set)?;
        }
        let is_binding = |kind: &str| matches!(kind, "RoleBinding" | "ClusterRoleBinding");
        if is_binding(&id.gvk.kind) {
            self.set_subjects(&mut resource.value)?;
        }
        let in_core = resource.api_version() == "v1";
        for spec in self.fields.iter().filter(|f| id.gvk.is_selected_by(&f.gvk)) {
            let skipped = spec.path == "metadata/namespace"
                || (spec.path == "metadata/name" && !in_core)
                || (is_binding(&id.gvk.kind)
                    && is_binding(&spec.gvk.kind)
                    && spec.path == "subjects/namespace");
            if !skipped {
                visit(&mut resource.value, spec, Create::Scalar, &mut set)?;
            }
        }
        Ok(())
    }

    fn set_subjects(&self, object: &mut Value) -> Result<(), String> {
        let (key, wanted) = match self.subjects {
            Subjects::Nobody => return Ok(()),
            Subjects::Default => ("name", "default"),
            Subjects::ServiceAccounts => ("kind", "ServiceAccount"),
        };
        let subjects = match object.get_mut("subjects") {
            None | Some(Value::Null) => return Ok(()),
            Some(Value::Array(list)) => list,
            Some(other) => return Err(format!("subjects: expected a list, found {}", what(other))),
        };
        for subject in subjects.make_mut() {
            if subject.get(key).and_then(text).is_some_and(|t| t == wanted)
                && let Some(map) = subject.as_object_mut()
            {
                let mut field = map.get("namespace").cloned().unwrap_or_default();
                self.set(&mut field)?;
                map.insert("namespace", field);
            }
        }
        Ok(())
    }
}

impl Transform for Namespace {
    fn transform(&self, resources: &mut ResMap, openapi: &OpenApi) -> Result<(), String> {
        if self.namespace.is_empty() {
            return Ok(());
        }
        for n in 0..resources.len() {
            if resources.get(n).is_gone() || resources.get(n).state.from_chart {
                continue;
            }
            resources.update(n, openapi, |resource| {
                resource.store_previous_id(openapi);
                self.apply(resource, openapi).map_err(|e| format!("{}: {e}", resource.id(openapi)))
            })?;
            let id = resources.get(n).id(openapi);
            if resources.find_current(&id, openapi).len() != 1 {
                return Err(format!("namespace transformation produces ID conflict: {id}"));
            }
        }
        Ok(())
    }
}
