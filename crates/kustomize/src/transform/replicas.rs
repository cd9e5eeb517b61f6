use super::Transform;
use crate::config::FieldSpecs;
use crate::field::{Create, set_scalar, visit};
use crate::kustomization::Replica;
use crate::openapi::OpenApi;
use crate::resmap::ResMap;
use crate::scalar::{resolve_plain, text};
use fairway_value::Value;

/// A replica count for the workloads of one name.
pub struct Replicas {
    pub replica: Replica,
    pub fields: FieldSpecs,
}

impl Transform for Replicas {
    fn transform(&self, resources: &mut ResMap, openapi: &OpenApi) -> Result<(), String> {
        let mut found = false;
        for spec in self.fields.iter() {
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
                        // A count in quotes stays in quotes; a field that was made just now is an empty text.
                        let is_quoted = field
                            .as_str()
                            .is_some_and(|old| !old.is_empty() && resolve_plain(old).as_str() != Some(old));
                        let count = Value::Int(self.replica.count);
                        set_scalar(
                            field,
                            if is_quoted { text(&count).map_or(Value::Null, Value::from) } else { count },
                        )
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
