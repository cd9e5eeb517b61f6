use super::args::{bytes, text};
use crate::Value;
use crate::functions::Functions;
use crate::value::STRING;
use sha1::Digest as _;

pub(super) fn register(f: &mut Functions) {
    f.native("b64enc", &[&STRING], |_, a| Ok(base64(bytes(&a[0])).into()));
    f.native("b64dec", &[&STRING], |_, a| Ok(decoded(decode_base64(bytes(&a[0])))));
    f.native("b32enc", &[&STRING], |_, a| Ok(base32(bytes(&a[0])).into()));
    f.native("b32dec", &[&STRING], |_, a| Ok(decoded(decode_base32(bytes(&a[0])))));
    f.native("sha1sum", &[&STRING], |_, a| Ok(hex(&sha1::Sha1::digest(bytes(&a[0]))).into()));
    f.native("sha256sum", &[&STRING], |_, a| Ok(hex(&sha2::Sha256::digest(bytes(&a[0]))).into()));
    f.native("sha512sum", &[&STRING], |_, a| Ok(hex(&sha2::Sha512::digest(bytes(&a[0]))).into()));
    f.native("adler32sum", &[&STRING], |_, a| Ok(adler32(bytes(&a[0])).to_string().into()));
    f.native("regexQuoteMeta", &[&STRING], |_, a| {
        let mut out = String::new();
        for c in text(&a[0]).chars() {
            if "\\.+*?()|[]{}^$".contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
        Ok(out.into())
    });
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % MODULUS;
        b = (b + a) % MODULUS;
    }
    b << 16 | a
}

fn decoded(result: Result<Vec<u8>, String>) -> Value {
    result.map_or_else(Value::from, Value::string_from_bytes)
}

pub(super) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Decodes as Go's `base64.StdEncoding`: line ends are skipped, trailing bits may be anything, padding must be there.
pub(super) fn decode_base64(text: &[u8]) -> Result<Vec<u8>, String> {
    decode(text, &Code { bits: 6, group: 4, name: "base64", digit: base64_digit, paddings: &[0, 1, 2] })
}

fn decode_base32(text: &[u8]) -> Result<Vec<u8>, String> {
    decode(text, &Code { bits: 5, group: 8, name: "base32", digit: base32_digit, paddings: &[0, 1, 3, 4, 6] })
}

struct Code {
    bits: u32,
    group: usize,
    name: &'static str,
    digit: fn(u8) -> Option<u8>,
    paddings: &'static [usize],
}

fn base64_digit(b: u8) -> Option<u8> {
    Some(match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

fn base32_digit(b: u8) -> Option<u8> {
    match b {
        b'A'..=b'Z' => Some(b - b'A'),
        b'2'..=b'7' => Some(b - b'2' + 26),
        _ => None,
    }
}

fn decode(text: &[u8], code: &Code) -> Result<Vec<u8>, String> {
    let corrupt = |at: usize| format!("illegal {} data at input byte {at}", code.name);
    let symbols: Vec<(usize, u8)> =
        text.iter().copied().enumerate().filter(|(_, b)| !matches!(b, b'\r' | b'\n')).collect();
    let mut out = Vec::with_capacity(symbols.len() * 3 / 4);
    let mut groups = symbols.chunks(code.group).peekable();
    while let Some(group) = groups.next() {
        let digits = group.iter().take_while(|(_, b)| *b != b'=').count();
        for (at, b) in &group[..digits] {
            if (code.digit)(*b).is_none() {
                return Err(corrupt(*at));
            }
        }
        if group.len() < code.group {
            // Go names where the incomplete group began.
            let at = if digits < group.len() { text.len() } else { group.first().map_or(0, |(at, _)| *at) };
            return Err(corrupt(at));
        }
        let padding = code.group - digits;
        let all_padding = group[digits..].iter().position(|(_, b)| *b != b'=');
        if let Some(n) = all_padding {
            return Err(corrupt(group[digits + n].0));
        }
        if !code.paddings.contains(&padding) {
            return Err(corrupt(group[digits].0));
        }
        let (mut buffer, mut held) = (0_u64, 0_u32);
        for (_, b) in &group[..digits] {
            buffer = buffer << code.bits | u64::from((code.digit)(*b).unwrap_or(0));
            held += code.bits;
        }
        while held >= 8 {
            held -= 8;
            out.push(u8::try_from(buffer >> held & 0xff).unwrap_or(0));
        }
        if padding > 0
            && let Some(next) = groups.peek()
        {
            return Err(corrupt(next[0].0));
        }
    }
    Ok(out)
}

fn base32(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let mut group = [0_u8; 8];
        group[3..3 + chunk.len()].copy_from_slice(chunk);
        let buffer = u64::from_be_bytes(group);
        let digits = (chunk.len() * 8).div_ceil(5);
        for n in 0..8 {
            let at = usize::try_from(buffer >> (35 - 5 * n) & 31).unwrap_or(0);
            out.push(if n < digits { char::from(DIGITS[at]) } else { '=' });
        }
    }
    out
}
