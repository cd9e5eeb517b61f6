//! Searches texts for bytes with the registers that every processor of the architecture has.
//!
//! To look for wider ones, as memchr does at first, takes seven questions to the processor, of 5 µs each on a virtual
//! machine: more than to read a document of a few objects. Lines are too short to gain by them.

#[cfg(target_arch = "x86_64")]
use memchr::arch::x86_64::sse2::memchr::{One, Three};

/// Returns where a byte is first.
pub(crate) fn find(byte: u8, text: &[u8]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let Some(one) = One::new(byte) {
        return one.find(text);
    }
    memchr::memchr(byte, text)
}

/// Returns where one of three bytes is first.
pub(crate) fn find_any([a, b, c]: [u8; 3], text: &[u8]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let Some(three) = Three::new(a, b, c) {
        return three.find(text);
    }
    memchr::memchr3(a, b, c, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_is_found_in_texts_of_any_length() {
        for before in 0..70 {
            let text = [vec![b'x'; before], b":\t#:".to_vec()].concat();
            assert_eq!(find(b'\t', &text), Some(before + 1));
            assert_eq!(find_any(*b"\t#:", &text), Some(before));
            assert_eq!(find_any(*b"\t##", &text), Some(before + 1));
            assert_eq!(find(b'y', &text), None);
        }
        assert_eq!((find(b'x', b""), find_any(*b"abc", b"")), (None, None));
    }
}
