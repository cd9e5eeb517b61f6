//! Text as Go's `fmt` makes it.

use crate::Value;

/// Returns what `%v` prints.
#[must_use]
pub fn sprint_v(value: &Value) -> String {
    format!("{value:?}")
}

pub(crate) fn float_text(f: f64) -> String {
    format!("{f}")
}
