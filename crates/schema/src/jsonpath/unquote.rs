//! Quoted strings, as Go's `strconv.UnquoteChar` reads them between either quote.

/// Returns the text between the quotes with its escapes read; nothing where one is unknown or cut off.
pub(super) fn unquote(quoted: &str) -> Option<String> {
    let quote = quoted.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut rest = quoted.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut out = Vec::with_capacity(rest.len());
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            c if c == quote => return None,
            '\\' => rest = escape(rest, quote, &mut out)?,
            c => out.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

fn escape<'t>(text: &'t str, quote: char, out: &mut Vec<u8>) -> Option<&'t str> {
    let c = text.chars().next()?;
    let rest = &text[c.len_utf8()..];
    let simple = match c {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        c if c == quote => u8::try_from(c).ok()?,
        'x' => return number(rest, 2, 16, out, |n, out| u8::try_from(n).map(|b| out.push(b)).ok()),
        'u' => return number(rest, 4, 16, out, character),
        'U' => return number(rest, 8, 16, out, character),
        '0'..='7' => return number(text, 3, 8, out, |n, out| u8::try_from(n).map(|b| out.push(b)).ok()),
        _ => return None,
    };
    out.push(simple);
    Some(rest)
}

fn number<'t>(
    text: &'t str,
    digits: usize,
    radix: u32,
    out: &mut Vec<u8>,
    push: impl Fn(u32, &mut Vec<u8>) -> Option<()>,
) -> Option<&'t str> {
    let found = text.get(..digits).filter(|d| d.chars().all(|c| c.is_digit(radix)))?;
    push(u32::from_str_radix(found, radix).ok()?, out)?;
    Some(&text[digits..])
}

fn character(code: u32, out: &mut Vec<u8>) -> Option<()> {
    out.extend(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes());
    Some(())
}
