//! The kustomization file.

mod args;
mod file;

pub use args::{
    ChartArgs, FieldOptions, GeneratorArgs, GeneratorOptions, Image, Label, LegacySort, Patch, PatchOptions,
    Replacement, ReplacementField, Replica, Selector, SortOptions, SourceSelector, TargetSelector, Var,
    merge_options,
};
pub use file::Kustomization;
