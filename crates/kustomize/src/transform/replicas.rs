use super::Transform;
use crate::config::FieldSpec;
use crate::field::{Create, set_scalar, visit};
use crate::kustomization::Replica;
use crate::openapi::OpenApi;
use crate::resmap::ResMap;
use fairway_value::Value;

/// A replica count for the workloads of one name.
pub struct Replicas {
    pub replica: Replica,
    pub fields: Vec<FieldSpec>,
}

impl Transform for Replicas {
    fn transform(&self, resources: &mut ResMap, openapi: &OpenApi) -> Result<(), String> {
        let mut found = false;
        for spec in &self.fields {
            for resource in resources.all_mut().iter_mut().filter(|r| !r.is_gone()) {
                let current = resource.id(openapi);
                let fits =
                    |id: &crate::id::ResId| id.name == self.replica.name && id.gvk.is_selected_by(&spec.gvk);
                if !fits(&current) && !resource.previous_ids().any(|id| fits(&id)) {
                    continue;
                }
                found = true;
                if current.gvk.is_selected_by(&spec.gvk) {
                    visit(&mut resource.value, spec, Create::Scalar, &mut |field| {
                        set_scalar(field, Value::Int(self.replica.count))
                    })?;
                }
            }
        }
        if found {
            return Ok(());
        }
        let kinds: Vec<String> = self.fields.iter().map(|f| f.gvk.to_string()).collect();
        Err(format!(
            "replicas: resource with name {} does not match a config with the following GVK [{}]",
            self.replica.name,
            kinds.join(" ")
        ))
    }
}
