//! Quantities (`500m`, `1Gi`), durations and times, and their canonical forms.

/// Returns the canonical form of a quantity as the API server writes it, or nothing where it is none.
#[must_use]
pub fn canonical(text: &str) -> Option<String> {
    let _ = text;
    None
}
