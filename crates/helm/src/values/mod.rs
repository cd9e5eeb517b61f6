//! What becomes `.Values`.

mod coalesce;
mod dependencies;
mod path;
mod user;

pub(crate) use coalesce::{Nulls, coalesce_values};
pub(crate) use dependencies::{is_compatible_range, process_dependencies};
pub(crate) use path::table;
pub use user::{ValueSources, ValuesFile, merge_maps};
