//! Changes to the text of a kustomization, as `kustomize edit` makes them, with comments, order and style kept.

mod change;
mod lines;
mod rewrite;

pub use change::Edit;
pub use rewrite::edit;
