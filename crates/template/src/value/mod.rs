//! Values as templates see them: typed as in Go, shared and mutable where Go's are.

mod convert;
mod entries;
mod json;
mod list;
mod map;
mod object;
mod structure;
mod types;
mod variant;

pub(crate) use convert::{count, text_of};
pub use list::List;
pub use map::Map;
pub use object::Object;
pub use structure::Struct;
pub use types::*;
pub use variant::{IntKind, UintKind, Value};
