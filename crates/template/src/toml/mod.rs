//! TOML as BurntSushi/toml 1.6 reads and writes it.

mod document;
mod parse;
mod scalar;
mod write;

pub(crate) use parse::parse;
pub(crate) use write::write;
