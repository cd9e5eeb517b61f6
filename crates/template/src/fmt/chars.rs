/// Whether Go's `unicode.IsPrint` holds: letters, marks, numbers, punctuation, symbols and the ASCII space.
pub(crate) fn is_print(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // Rust escapes in Debug what is neither printable nor a combining mark; Go prints the marks.
    let escaped = c.escape_debug().len() > 1;
    !escaped && !c.is_whitespace() && !is_format_or_private(c) || escaped && is_grapheme_extend(c)
}

fn is_format_or_private(c: char) -> bool {
    matches!(u32::from(c), 0xad | 0xe000..=0xf8ff | 0xf0000..=0x10ffff | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff)
}

fn is_grapheme_extend(c: char) -> bool {
    matches!(u32::from(c),
        0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x610..=0x61a | 0x64b..=0x65f | 0x900..=0x902 | 0x93c
        | 0x941..=0x948 | 0x94d | 0xe31 | 0xe34..=0xe3a | 0xe47..=0xe4e | 0x1ab0..=0x1ace | 0x1dc0..=0x1dff
        | 0x20d0..=0x20f0 | 0x302a..=0x302f | 0x3099..=0x309a | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f | 0xe0100..=0xe01ef)
}

/// Whether a character is a decimal digit of any script (Unicode category Nd).
pub(crate) fn is_decimal_digit(c: char) -> bool {
    // Each run of ten starts at one of these.
    const ZEROS: [u32; 30] = [
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
        0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
        0xa620, 0xa8d0, 0xff10,
    ];
    c.is_ascii_digit() || ZEROS.iter().any(|z| (*z..z + 10).contains(&u32::from(c)))
}
