use super::{Definitions, builtin};
use fairway_value::{Str, Value};
use std::cell::{Cell, RefCell};
use std::sync::OnceLock;

/// The schema in force for one build. The first kustomization that names one decides, from the top down.
#[derive(Clone, Debug, Default)]
pub struct OpenApi {
    chosen: bool,
    custom: Option<Box<Definitions>>,
    /// Whether the built-in definitions have been asked for: those that come later are then added to them.
    asked: Cell<bool>,
    /// Types that have been asked for, with whether they are cluster-scoped: most builds have few.
    scopes: RefCell<Vec<(Str, Str, bool)>>,
}

/// Most types whose scope is kept.
const SCOPES_MAX: usize = 32;

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
                if self.asked.get() { Definitions::builtin() } else { Definitions::kustomization() };
            custom.add_swagger(document);
            self.custom = Some(Box::new(custom));
            self.scopes.borrow_mut().clear();
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
            static BUILTIN: OnceLock<Definitions> = OnceLock::new();
            BUILTIN.get_or_init(Definitions::builtin)
        })
    }

    /// Whether a type is known to be cluster-scoped.
    pub fn is_cluster_scoped(&self, api_version: &str, kind: &str) -> bool {
        let kept = |(v, k, _): &&(Str, Str, bool)| *k == kind && *v == api_version;
        if let Some((.., is_cluster)) = self.scopes.borrow().iter().find(kept) {
            return *is_cluster;
        }
        let is_cluster = self.look_up_scope(api_version, kind);
        let mut scopes = self.scopes.borrow_mut();
        if scopes.len() < SCOPES_MAX {
            scopes.push((api_version.into(), kind.into(), is_cluster));
        }
        is_cluster
    }

    fn look_up_scope(&self, api_version: &str, kind: &str) -> bool {
        let known = builtin::builtin_type(api_version, kind).filter(|t| t.is_precomputed);
        let namespaced = match known {
            Some(known) => known.namespaced,
            None => self.definitions().is_namespaced(api_version, kind),
        };
        namespaced == Some(false)
    }
}
