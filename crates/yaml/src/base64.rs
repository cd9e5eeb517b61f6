/// Decodes padded standard base64 with line breaks, as Go's `base64.StdEncoding`. Twenty lines spare this crate a
/// dependency for a tag that hardly anyone writes.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let clean: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let body = match clean.as_slice() {
        [head @ .., b'=', b'='] | [head @ .., b'='] | head => head,
    };
    if !clean.len().is_multiple_of(4) || body.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::with_capacity(body.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for b in body {
        let six = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    #[test]
    fn padding_is_required_and_line_breaks_are_not_data() {
        assert_eq!(super::decode("aGVs\nbG8="), Some(b"hello".to_vec()));
        assert_eq!(super::decode("aGVsbG8"), None);
        assert_eq!(super::decode("a*=="), None);
    }
}
