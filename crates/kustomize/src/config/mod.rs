//! Where each transformer works: field specs, built in and from `configurations` and `crds`.

mod crds;
pub mod defaults;
mod fieldspec;
mod transformer;

pub use crds::from_crds;
pub use fieldspec::{FieldSpec, FieldSpecs, check_path, merge_all, merge_one, split_path};
pub use transformer::{NameReference, TransformerConfig, compare_texts, rank};
