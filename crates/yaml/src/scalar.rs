use crate::Dialect;
use crate::resolve::{Resolved, is_base60_float, old_bool, resolve};

/// The style that a string asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Plain,
    DoubleQuoted,
    Literal,
}

/// What a string allows, as `yaml_emitter_analyze_scalar`, and what Go's encoder asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Analysis {
    pub wish: Wish,
    pub plain_allowed: bool,
    pub single_quoted_allowed: bool,
    pub block_allowed: bool,
    pub multiline: bool,
}

/// How characters follow each other.
#[derive(Default)]
struct Spaces {
    leading: bool,
    trailing: bool,
    trailing_space: bool,
    break_space: bool,
    space_break: bool,
    breaks: bool,
    special: bool,
    tab: bool,
}

impl Analysis {
    pub(crate) fn of(text: &str, dialect: Dialect) -> Self {
        if is_word(text) {
            // Nearly every string: letters, digits, dots, dashes, slashes. It has no line break and is no float to base 60.
            let plain = reads_as_itself(text, dialect);
            return Self {
                wish: if plain { Wish::Plain } else { Wish::DoubleQuoted },
                plain_allowed: true,
                single_quoted_allowed: true,
                block_allowed: true,
                multiline: false,
            };
        }
        let wish = wish(text, dialect);
        if text.is_empty() {
            return Self {
                wish,
                plain_allowed: true,
                single_quoted_allowed: true,
                block_allowed: false,
                multiline: false,
            };
        }
        let s = spaces(text, dialect);
        let unquotable = s.space_break || s.special;
        let tab = s.tab && dialect == Dialect::V3;
        Self {
            wish,
            plain_allowed: !(s.leading
                || s.trailing
                || s.break_space
                || unquotable
                || tab
                || s.breaks
                || has_block_indicators(text)),
            single_quoted_allowed: !(s.break_space || unquotable || tab),
            block_allowed: !(s.trailing_space || unquotable),
            multiline: s.breaks,
        }
    }
}

fn wish(text: &str, dialect: Dialect) -> Wish {
    if text.contains('\n') {
        return Wish::Literal;
    }
    let plain = reads_as_itself(text, dialect) && !is_base60_float(text);
    if plain { Wish::Plain } else { Wish::DoubleQuoted }
}

/// Whether a plain scalar of this text is the text.
fn reads_as_itself(text: &str, dialect: Dialect) -> bool {
    resolve(text, dialect) == Resolved::Str && !(dialect == Dialect::V3 && old_bool(text).is_some())
}

fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'/')
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/'))
}

fn has_block_indicators(text: &str) -> bool {
    if text.starts_with("---") || text.starts_with("...") {
        return true;
    }
    let bytes = text.as_bytes();
    let blank_or_end = |at: usize| bytes.get(at).is_none_or(|b| matches!(b, b' ' | b'\t'));
    let first = match bytes.first() {
        Some(
            b'#' | b',' | b'[' | b']' | b'{' | b'}' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%'
            | b'@' | b'`',
        ) => true,
        Some(b'?' | b':' | b'-') => blank_or_end(1),
        _ => false,
    };
    first
        || bytes.iter().enumerate().skip(1).any(|(at, b)| match b {
            b':' => blank_or_end(at + 1),
            // Line breaks count as blanks here, but with them nothing is plain anyway.
            b'#' => matches!(bytes[at - 1], b' ' | b'\t'),
            _ => false,
        })
}

fn spaces(text: &str, dialect: Dialect) -> Spaces {
    let mut s = Spaces::default();
    let (mut after_space, mut after_break) = (false, false);
    for (at, c) in text.char_indices() {
        let last = at + c.len_utf8() == text.len();
        if c == '\t' && dialect == Dialect::V3 {
            s.tab = true;
        } else if !is_printable(c) {
            s.special = true;
        }
        if c == ' ' {
            s.leading |= at == 0;
            s.trailing |= last;
            s.trailing_space |= last;
            s.break_space |= after_break;
            (after_space, after_break) = (true, false);
        } else if is_break(c) {
            s.breaks = true;
            s.leading |= at == 0;
            s.trailing |= last;
            s.space_break |= after_space;
            (after_space, after_break) = (false, true);
        } else {
            (after_space, after_break) = (false, false);
        }
    }
    s
}

pub(crate) fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What libyaml writes as it is. It escapes characters beyond the basic plane.
pub(crate) fn is_printable(c: char) -> bool {
    match c {
        '\n' | ' '..='~' => true,
        '\u{feff}' => false,
        '\u{a0}'..='\u{fffd}' => true,
        _ => false,
    }
}
