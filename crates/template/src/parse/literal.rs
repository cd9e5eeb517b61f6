//! Go's literals: numbers and quoted text.

use super::tree::Number;

/// Reads a number token as Go's `text/template` does.
pub(crate) fn number(text: &str, complex: bool) -> Result<Number, String> {
    let mut n = Number::default();
    if complex {
        // The lexer has seen sign, number, sign, number, `i`.
        let body = &text[..text.len() - 1];
        let split = body
            .char_indices()
            .skip(1)
            .filter(|(i, c)| {
                matches!(c, '+' | '-') && !matches!(body.as_bytes()[i - 1], b'e' | b'E' | b'p' | b'P')
            })
            .map(|(i, _)| i)
            .last();
        let parts = split.and_then(|i| Some((parse_float(&body[..i])?, parse_float(&body[i..])?)));
        let Some(parts) = parts else {
            return Err(format!("illegal number syntax: {}", crate::fmt::quote(text)));
        };
        simplify_complex(&mut n, parts);
        return Ok(n);
    }
    if let Some(imaginary) = text.strip_suffix('i')
        && let Some(f) = parse_float(imaginary)
    {
        simplify_complex(&mut n, (0.0, f));
        return Ok(n);
    }
    n.uint = parse_uint(text);
    n.int = parse_int(text);
    if n.int == Some(0) {
        n.uint = Some(0);
    }
    let hex = text.len() > 2
        && text.starts_with('0')
        && matches!(text.as_bytes()[1], b'x' | b'X')
        && !text.contains(['p', 'P']);
    n.float_like = !hex && text.contains(['.', 'e', 'E', 'p', 'P']);
    #[expect(clippy::cast_precision_loss, reason = "Go promotes integer constants to floats the same way")]
    if let Some(i) = n.int {
        n.float = Some(i as f64);
    } else if let Some(u) = n.uint {
        n.float = Some(u as f64);
    } else if let Some(f) = parse_float(text) {
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err(format!("integer overflow: {}", crate::fmt::quote(text)));
        }
        promote_float(&mut n, f);
    }
    if n.int.is_none() && n.uint.is_none() && n.float.is_none() {
        return Err(format!("illegal number syntax: {}", crate::fmt::quote(text)));
    }
    Ok(n)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "the range is checked, and whether the float is integral is the question"
)]
fn promote_float(n: &mut Number, f: f64) {
    n.float = Some(f);
    if n.int.is_none() && f.abs() < 9.3e18 && (f as i64) as f64 == f {
        n.int = Some(f as i64);
    }
    if n.uint.is_none() && (0.0..1.8446744073709552e19).contains(&f) && (f as u64) as f64 == f {
        n.uint = Some(f as u64);
    }
}

fn simplify_complex(n: &mut Number, (re, im): (f64, f64)) {
    n.complex = Some((re, im));
    if im == 0.0 {
        promote_float(n, re);
    }
}

/// Reads a character constant with its quotes.
pub(crate) fn char_constant(text: &str) -> Result<Number, String> {
    let malformed = || format!("malformed character constant: {text}");
    let inner = text.get(1..).ok_or_else(malformed)?;
    let (piece, rest) = unquote_char(inner, '\'').ok_or("invalid syntax")?;
    if rest != "'" {
        return Err(malformed());
    }
    let code = match piece {
        Piece::Char(c) => u32::from(c),
        Piece::Byte(b) => u32::from(b),
    };
    Ok(Number {
        int: Some(code.into()),
        uint: Some(code.into()),
        float: Some(code.into()),
        ..Number::default()
    })
}

enum Piece {
    Char(char),
    Byte(u8),
}

/// Takes the quotes off a string token and resolves its escapes, as Go's `strconv.Unquote` does.
pub(crate) fn unquote(text: &str) -> Option<Vec<u8>> {
    if let Some(raw) = text.strip_prefix('`') {
        return Some(raw.strip_suffix('`')?.bytes().filter(|b| *b != b'\r').collect());
    }
    let mut rest = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let plain = rest.find(['\\', '"']).unwrap_or(rest.len());
        out.extend_from_slice(&rest.as_bytes()[..plain]);
        rest = &rest[plain..];
        if rest.is_empty() {
            break;
        }
        let (piece, after) = unquote_char(rest, '"')?;
        match piece {
            Piece::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Piece::Byte(b) => out.push(b),
        }
        rest = after;
    }
    Some(out)
}

fn unquote_char(text: &str, quote: char) -> Option<(Piece, &str)> {
    let mut chars = text.chars();
    let c = chars.next()?;
    if c == quote {
        return None;
    }
    if c != '\\' {
        return Some((Piece::Char(c), chars.as_str()));
    }
    let escape = chars.next()?;
    let rest = chars.as_str();
    let plain = match escape {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' => '\\',
        '\'' | '"' if escape == quote => quote,
        'x' => return digits(rest, 2, 16).map(|(n, rest)| (byte_or_char(n), rest)),
        'u' | 'U' => {
            let (n, rest) = digits(rest, if escape == 'u' { 4 } else { 8 }, 16)?;
            return Some((Piece::Char(char::from_u32(n)?), rest));
        }
        '0'..='7' => {
            let (n, rest) = digits(&text[1..], 3, 8)?;
            return (n < 256).then(|| (byte_or_char(n), rest));
        }
        _ => return None,
    };
    Some((Piece::Char(plain), rest))
}

fn byte_or_char(n: u32) -> Piece {
    u8::try_from(n)
        .map_or(Piece::Char('\u{fffd}'), |b| if b < 0x80 { Piece::Char(b.into()) } else { Piece::Byte(b) })
}

fn digits(text: &str, count: usize, radix: u32) -> Option<(u32, &str)> {
    let head = text.get(..count)?;
    if !head.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    Some((u32::from_str_radix(head, radix).ok()?, &text[count..]))
}

/// Reads a signed integer as Go's `strconv.ParseInt(text, 0, 64)`.
pub(crate) fn parse_int(text: &str) -> Option<i64> {
    let (negative, body) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let magnitude = parse_uint(body)?;
    if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Reads an unsigned integer as Go's `strconv.ParseUint(text, 0, 64)`.
pub(crate) fn parse_uint(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (radix, body) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if !body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') || !underscores_fine(&lower) {
        return None;
    }
    let clean: String = body.chars().filter(|c| *c != '_').collect();
    if clean.is_empty() { None } else { u64::from_str_radix(&clean, radix).ok() }
}

/// Whether underscores stand between digits or right behind a base prefix only.
fn underscores_fine(text: &str) -> bool {
    let bytes = text.trim_start_matches(['+', '-']).as_bytes();
    let prefixed = bytes.len() >= 2 && bytes[0] == b'0' && matches!(bytes[1] | 0x20, b'b' | b'o' | b'x');
    let hex = prefixed && bytes[1] | 0x20 == b'x';
    let (mut saw, from) = if prefixed { (b'0', 2) } else { (b'^', 0) };
    for &b in &bytes[from..] {
        saw = if b.is_ascii_digit() || hex && b.is_ascii_hexdigit() {
            b'0'
        } else if b == b'_' {
            if saw != b'0' {
                return false;
            }
            b'_'
        } else if saw == b'_' {
            return false;
        } else {
            b'!'
        };
    }
    saw != b'_'
}

/// Reads a float as Go's `strconv.ParseFloat(text, 64)`, hexadecimal ones included; nothing where it overflows.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let (sign, body) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    let lower = body.to_ascii_lowercase();
    if matches!(lower.as_str(), "inf" | "infinity") {
        return Some(sign * f64::INFINITY);
    }
    if lower == "nan" {
        return Some(f64::NAN);
    }
    if lower.contains('_')
        && !(lower.starts_with("0x") && underscores_fine(&lower))
        && !underscores_fine(&lower)
    {
        return None;
    }
    let clean: String = lower.chars().filter(|c| *c != '_').collect();
    if let Some(hex) = clean.strip_prefix("0x") {
        return hex_float(hex).map(|f| sign * f);
    }
    if !clean.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-'))
        || !clean.bytes().any(|b| b.is_ascii_digit())
    {
        return None;
    }
    let f: f64 = clean.parse().ok()?;
    f.is_finite().then_some(sign * f)
}

fn hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0_f64;
    for c in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    let shift = i32::try_from(fraction.len()).ok()?.checked_mul(4)?;
    let f = value * 2.0_f64.powi(exponent.checked_sub(shift)?);
    f.is_finite().then_some(f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_every_type_that_holds_them() {
        for (text, int, float) in [
            ("017", Some(15), Some(15.0)),
            ("0x1F", Some(31), Some(31.0)),
            ("1_000", Some(1000), Some(1000.0)),
            ("1e3", Some(1000), Some(1000.0)),
            ("0x1p4", Some(16), Some(16.0)),
            ("1.5", None, Some(1.5)),
        ] {
            let n = number(text, false).unwrap();
            assert_eq!((n.int, n.float), (int, float), "{text}");
        }
        for text in ["08", "1__0", "0x", "1e400", "."] {
            assert!(number(text, false).is_err(), "{text}");
        }
    }

    #[test]
    fn escapes_are_gos() {
        assert_eq!(unquote(r#""a\x41\u00e9\101\\""#).unwrap(), "aA\u{e9}A\\".as_bytes());
        assert_eq!(unquote(r#""\xff""#).unwrap(), [0xff]);
        assert_eq!(unquote("`a\r\n\\`").unwrap(), b"a\n\\");
        for text in [r#""\z""#, r#""\'""#, r#""\400""#, r#""\ud800""#] {
            assert!(unquote(text).is_none(), "{text}");
        }
    }
}
