//! What a build has gathered.

use crate::build::Build;
use crate::config::TransformerConfig;
use crate::resmap::ResMap;
use crate::vars::{self, VarSet};
use std::sync::Arc;

/// Objects gathered so far, with the rules that came with them.
#[derive(Default)]
pub struct Accumulator {
    pub resources: ResMap,
    /// Nothing as long as no rules came in.
    pub config: Option<Arc<TransformerConfig>>,
    pub vars: VarSet,
}

impl Accumulator {
    pub fn config(&self) -> Arc<TransformerConfig> {
        self.config.clone().unwrap_or_default()
    }

    /// Adds rules: the first that come in are put in order as kustomize puts them.
    ///
    /// # Errors
    /// A field that one creates and the other does not.
    pub fn merge_config(&mut self, other: &Arc<TransformerConfig>) -> Result<(), String> {
        match &mut self.config {
            None if Arc::ptr_eq(other, &TransformerConfig::defaults()) => self.config = Some(other.clone()),
            None => self.config = Some(Arc::new(other.canonical()?)),
            Some(mine) if Arc::ptr_eq(mine, other) => {}
            Some(mine) => Arc::make_mut(mine).merge(other)?,
        }
        Ok(())
    }

    /// Adds what another has gathered.
    ///
    /// # Errors
    /// Objects, rules or variables that stand in both and cannot.
    pub fn merge(&mut self, other: Self, build: &Build<'_>) -> Result<(), String> {
        if self.resources.len() == 0 {
            self.resources = other.resources;
        } else {
            self.resources.append_all(other.resources, &build.openapi)?;
        }
        if let Some(config) = &other.config {
            self.merge_config(config)?;
        }
        vars::add(&mut self.vars, other.vars.into_values())
    }
}
