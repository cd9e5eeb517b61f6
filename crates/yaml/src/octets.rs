//! Bytes that are no UTF-8, as go-yaml's reader and Go's strings have them.

use std::borrow::Cow;
use std::str;

/// Returns what go-yaml's reader says of the first bytes that are no UTF-8; nothing where all are.
#[must_use]
pub fn octets_fault(bytes: &[u8]) -> Option<&'static str> {
    let error = str::from_utf8(bytes).err()?;
    Some(match error.error_len() {
        None => "incomplete UTF-8 octet sequence",
        Some(1) if !is_leading_octet(bytes.get(error.valid_up_to())) => "invalid leading UTF-8 octet",
        Some(_) => "invalid trailing UTF-8 octet",
    })
}

/// Whether an octet starts a character of several, as go-yaml's reader has it.
fn is_leading_octet(octet: Option<&u8>) -> bool {
    octet.is_some_and(|o| matches!(o, 0xc0..=0xf7))
}

/// Reads a text in which each byte that is no UTF-8 is one U+FFFD, as Go does; Rust's lossy reading joins some.
#[must_use]
pub fn lossy_text(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_those_of_go_yaml() {
        for (bytes, fault, text) in [
            (&b"ab"[..], None, "ab"),
            (b"a\xff", Some("invalid leading UTF-8 octet"), "a\u{fffd}"),
            (b"\x80a", Some("invalid leading UTF-8 octet"), "\u{fffd}a"),
            (b"a\xe2\x82", Some("incomplete UTF-8 octet sequence"), "a\u{fffd}\u{fffd}"),
            (b"\xe2\x82x", Some("invalid trailing UTF-8 octet"), "\u{fffd}\u{fffd}x"),
        ] {
            assert_eq!((octets_fault(bytes), lossy_text(bytes).as_ref()), (fault, text), "{bytes:?}");
        }
    }
}
