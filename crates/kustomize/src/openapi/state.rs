use super::{Definitions, builtin};
use fairway_value::{Str, Value};
use std::cell::Cell;

/// The schema in force for one build. The first kustomization that names one decides, from the top down.
#[derive(Clone, Debug, Default)]
pub struct OpenApi {
    chosen: bool,
    custom: Option<Box<Definitions>>,
    /// Whether the built-in definitions have been asked for: those that come later are then added to them.
    asked: Cell<bool>,
}

/// The only version that kustomize has built in.
const BUILTIN_VERSION: &str = "v1.21.2";

impl OpenApi {
    /// Takes a kustomization's `openapi` field, with the parsed document where it names a path. The top kustomization's
    /// choice, and then the first one below it, stays.
    pub fn choose(&mut self, version: Option<&str>, document: Option<&Value>) -> Result<(), String> {
        if self.chosen {
            return Ok(());
        }
        if let Some(document) = document {
            if version.is_some() {
                return Err("openapi: builtin version and custom schema provided, cannot use both".to_owned());
            }
            let mut custom =
                if self.asked.get() { builtin::definitions() } else { builtin::kustomization() }.clone();
            custom.add_swagger(document);
            self.custom = Some(Box::new(custom));
            self.chosen = true;
            return Ok(());
        }
        match version {
            None | Some("") => Ok(()),
            Some(BUILTIN_VERSION) => {
                self.chosen = true;
                Ok(())
            }
            Some(other) => Err(format!(
                "openapi.version: the specified OpenAPI version `{other}` is not built in; use {BUILTIN_VERSION} or openapi.path"
            )),
        }
    }

    /// Returns the definitions in force.
    pub fn definitions(&self) -> &Definitions {
        self.custom.as_deref().unwrap_or_else(|| {
            self.asked.set(true);
            builtin::definitions()
        })
    }

    /// Whether a type is known to be cluster-scoped.
    pub fn is_cluster_scoped(&self, api_version: &str, kind: &str) -> bool {
        let key = (Str::from(api_version), Str::from(kind));
        let namespaced = builtin::precomputed_scopes()
            .get(&key)
            .or_else(|| self.definitions().namespaced.get(&key))
            .copied();
        namespaced == Some(false)
    }
}
