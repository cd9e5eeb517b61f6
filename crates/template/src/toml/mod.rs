//! TOML as BurntSushi/toml 1.6 reads and writes it.

mod parse;
mod write;

pub(crate) use parse::parse;
pub(crate) use write::write;
