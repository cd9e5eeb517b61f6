//! `--set` and its relatives.

use fairway_helm::{Error, SetKind, set};
use fairway_value::Map;

/// Takes one input.
pub fn set_values(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for kind in [SetKind::Typed, SetKind::String, SetKind::Json, SetKind::File, SetKind::Literal] {
        let mut values = Map::default();
        let _ = set(&mut values, text, kind, &|path| Err(Error::Values(path.to_owned())));
    }
}
