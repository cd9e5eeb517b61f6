use super::args::bytes;
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
        let mut out = Vec::new();
        for b in bytes(&a[0]) {
            if b"\\.+*?()|[]{}^$".contains(b) {
                out.push(b'\\');
            }
            out.push(*b);
        }
        Ok(Value::string_from_bytes(out))
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
/// Faults are named by the byte that Go names.
pub(super) fn decode_base64(text: &[u8]) -> Result<Vec<u8>, String> {
    let corrupt = |at: usize| format!("illegal base64 data at input byte {at}");
    let is_break = |b: &u8| matches!(b, b'\r' | b'\n');
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut buffer, mut held) = (0_u32, 0_usize);
    let mut symbols = text.iter().copied().enumerate().filter(|(_, b)| !is_break(b));
    while let Some((at, b)) = symbols.next() {
        if let Some(digit) = base64_digit(b) {
            buffer = buffer << 6 | u32::from(digit);
            held += 1;
            if held == 4 {
                out.extend_from_slice(&buffer.to_be_bytes()[1..]);
                (buffer, held) = (0, 0);
            }
            continue;
        }
        if b != b'=' || held < 2 {
            return Err(corrupt(at));
        }
        if held == 2 {
            match symbols.next() {
                None => return Err(corrupt(text.len())),
                Some((_, b'=')) => {}
                Some((second, _)) => return Err(corrupt(second - 1)),
            }
        }
        if let Some((trailing, _)) = symbols.next() {
            return Err(corrupt(trailing));
        }
        let bytes = (buffer << (6 * (4 - held))).to_be_bytes();
        out.extend_from_slice(&bytes[1..held]);
        return Ok(out);
    }
    if held > 0 { Err(corrupt(text.len() - held)) } else { Ok(out) }
}

/// Decodes as Go's `base32.StdEncoding`, which counts faults without line ends and stops at padding near the end.
fn decode_base32(text: &[u8]) -> Result<Vec<u8>, String> {
    const GROUP: usize = 8;
    let symbols: Vec<u8> = text.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let corrupt = |at: usize| format!("illegal base32 data at input byte {at}");
    let mut out = Vec::with_capacity(symbols.len() / 8 * 5);
    for (n, group) in symbols.chunks(GROUP).enumerate() {
        let from = n * GROUP;
        let (mut buffer, mut digits, mut ended) = (0_u64, 0, false);
        for (j, b) in group.iter().enumerate() {
            let after = &symbols[from + j + 1..];
            if *b == b'=' && j >= 2 && after.len() < GROUP {
                if after.len() + j < GROUP - 1 {
                    return Err(corrupt(symbols.len()));
                }
                if let Some(k) = after.iter().take(GROUP - 1 - j).position(|b| *b != b'=') {
                    return Err(corrupt(from + j + k));
                }
                if matches!(j, 3 | 6) {
                    return Err(corrupt(from + j));
                }
                ended = true;
                break;
            }
            let digit = base32_digit(*b).ok_or_else(|| corrupt(from + j))?;
            buffer = buffer << 5 | u64::from(digit);
            digits = j + 1;
        }
        if !ended && digits < GROUP {
            return Err(corrupt(from));
        }
        let bytes = (buffer << (40 - 5 * digits)).to_be_bytes();
        out.extend_from_slice(&bytes[3..3 + digits * 5 / 8]);
        if ended {
            break;
        }
    }
    Ok(out)
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
