//! The language of `--set` and its kin, as Helm 3's `pkg/strvals`.

mod cursor;
mod escape;
mod parser;

pub use escape::escape_commas;
pub use parser::{FileReader, Kind, set};
