//! Patterns of schemas, which are Go's regular expressions.

use regex::Regex;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// How many patterns are kept compiled. A cluster's definitions have some hundreds; beyond that all are forgotten.
const KEPT_MAX: usize = 2048;

/// Largest compiled pattern, in bytes.
const SIZE_MAX: usize = 4 << 20;

static COMPILED: LazyLock<Mutex<HashMap<String, Result<Regex, String>>>> = LazyLock::new(Mutex::default);

/// Whether a text matches a pattern anywhere. A pattern that cannot be read here matches everything: the server could read it.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    compiled(pattern).map_or(true, |regex| regex.is_match(text))
}

/// Returns a pattern ready to be used.
///
/// # Errors
/// Why it cannot be read.
pub(crate) fn compiled(pattern: &str) -> Result<Regex, String> {
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if compiled.len() > KEPT_MAX {
        compiled.clear();
    }
    if let Some(known) = compiled.get(pattern) {
        return known.clone();
    }
    let regex = regex::RegexBuilder::new(&translated(pattern)).size_limit(SIZE_MAX).build();
    let regex = regex.map_err(|why| format!("error parsing regexp: {why}"));
    compiled.insert(pattern.to_owned(), regex.clone());
    regex
}

/// Go's classes of digits, words and blanks know ASCII alone.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('d') => out.push_str("[0-9]"),
            Some('D') => out.push_str("[^0-9]"),
            Some('w') => out.push_str("[0-9A-Za-z_]"),
            Some('W') => out.push_str("[^0-9A-Za-z_]"),
            Some('s') => out.push_str("[\\t\\n\\x0C\\r ]"),
            Some('S') => out.push_str("[^\\t\\n\\x0C\\r ]"),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_as_go_reads_them() {
        assert!(matches(r"^[a-z0-9.-]+$", "a.b-1"));
        assert!(!matches(r"^\d+$", "١"));
        assert!(matches(r"^[\w-]+$", "a_b-c"));
        assert!(matches("(", "what cannot be read refuses nothing"));
    }
}
