use super::is_print;
use std::fmt::Write as _;

/// Quotes a string as Go's `strconv.Quote` does.
pub(crate) fn quote(text: &str) -> String {
    quote_bytes(text.as_bytes(), '"', false)
}

/// Quotes bytes; those that are no UTF-8 come out as `\xff`.
pub(crate) fn quote_bytes(bytes: &[u8], quote: char, ascii: bool) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push(quote);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_escaped(&mut out, c, quote, ascii);
        }
        for b in chunk.invalid() {
            let _ = write!(out, "\\x{b:02x}");
        }
    }
    out.push(quote);
    out
}

fn push_escaped(out: &mut String, c: char, quote: char, ascii: bool) {
    if c == quote || c == '\\' {
        out.push('\\');
        out.push(c);
        return;
    }
    if is_print(c) && (c.is_ascii() || !ascii) {
        out.push(c);
        return;
    }
    let short = match c {
        '\x07' => "\\a",
        '\x08' => "\\b",
        '\x0c' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\x0b' => "\\v",
        _ => "",
    };
    // Writing to a String cannot fail.
    let _ = match u32::from(c) {
        _ if !short.is_empty() => out.write_str(short),
        n @ (0..0x20 | 0x7f) => write!(out, "\\x{n:02x}"),
        n @ 0x1_0000.. => write!(out, "\\U{n:08x}"),
        n => write!(out, "\\u{n:04x}"),
    };
}
