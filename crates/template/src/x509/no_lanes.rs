//! Where processors have no lanes that multiply 52 bits by 52.

use super::montgomery::Montgomery;

/// How many numbers would be worked on at once.
pub(super) const LANES: usize = 8;

/// Says whether the processor and the length go with it.
pub(super) fn fit(_words: usize) -> bool {
    false
}

/// Says nothing of any number.
pub(super) fn pass<const N: usize>(_fields: &[Montgomery<N>], _bases: &[[u64; N]]) -> Option<Vec<bool>> {
    None
}
