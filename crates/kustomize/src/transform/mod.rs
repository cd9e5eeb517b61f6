//! What changes resources, whether a kustomization's field or a plugin's file asks for it.

mod images;
mod maps;
mod names;
mod namespace;
mod patch;
mod replacement;
mod replicas;
mod value_add;

pub use images::{Images, split as split_image};
pub use maps::MapEntries;
pub use names::{Affix, Hash};
pub use namespace::{Namespace, Subjects};
pub use patch::{Json6902, PatchTransformer, StrategicMerge, drop_empty_fields, quoted};
pub use replacement::Replacements;
pub use replicas::Replicas;
pub use value_add::{Target as ValueAddTarget, ValueAdd};

use crate::openapi::OpenApi;
use crate::resmap::ResMap;

/// A configured transformer.
pub trait Transform {
    /// Changes the resources.
    ///
    /// # Errors
    /// What kustomize's transformer of that name fails on.
    fn transform(&self, resources: &mut ResMap, openapi: &OpenApi) -> Result<(), String>;
}

/// Several transformers as one.
pub struct Several(pub Vec<Box<dyn Transform>>);

impl Transform for Several {
    fn transform(&self, resources: &mut ResMap, openapi: &OpenApi) -> Result<(), String> {
        self.0.iter().try_for_each(|t| t.transform(resources, openapi))
    }
}
