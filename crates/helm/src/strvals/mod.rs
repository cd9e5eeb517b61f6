//! The language of `--set` and its kin, as Helm 3's `pkg/strvals`.

mod cursor;
mod parser;

pub use parser::{FileReader, Kind, set};
