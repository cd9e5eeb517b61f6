//! Changes to the text of a kustomization, as `kustomize edit` makes them, with comments, order and style kept.

mod change;
mod fix;
mod generator;
mod lines;
mod rewrite;
mod vars;

pub use change::{Edit, GeneratorField, ListField, MapField, NewGenerator};
pub use rewrite::edit;
pub use vars::{WithoutVars, without_vars};
