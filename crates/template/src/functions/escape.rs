//! `html`, `js` and `urlquery`, as Go's `text/template/funcs.go` has them.

use crate::Value;
use std::fmt::Write as _;

/// Joins the arguments as `print` does, with what is missing printed as templates print it.
pub(super) fn joined(args: &[Value]) -> Vec<u8> {
    if let [only] = args
        && let Some(bytes) = only.as_bytes()
    {
        return bytes.to_vec();
    }
    let shown: Vec<Value> =
        args.iter().map(|a| if a.is_nil() { Value::from("<no value>") } else { a.clone() }).collect();
    crate::fmt::sprint(&shown)
}

pub(super) fn html(bytes: &[u8]) -> Value {
    let mut out = Vec::with_capacity(bytes.len());
    for b in bytes {
        match b {
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            other => out.push(*other),
        }
    }
    Value::string_from_bytes(out)
}

pub(super) fn js(bytes: &[u8]) -> Value {
    let mut all = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut out = String::with_capacity(chunk.valid().len());
        for c in chunk.valid().chars() {
            // Writing to a String cannot fail.
            let _ = match c {
                '\\' => out.write_str("\\\\"),
                '\'' => out.write_str("\\'"),
                '"' => out.write_str("\\\""),
                '<' => out.write_str("\\u003C"),
                '>' => out.write_str("\\u003E"),
                '&' => out.write_str("\\u0026"),
                '=' => out.write_str("\\u003D"),
                '\0'..='\x1f' => write!(out, "\\u{:04X}", u32::from(c)),
                c if c.is_ascii() || crate::fmt::is_print(c) => out.write_char(c),
                c => write!(out, "\\u{:04X}", u32::from(c)),
            };
        }
        all.extend_from_slice(out.as_bytes());
        all.extend_from_slice(chunk.invalid());
    }
    Value::string_from_bytes(all)
}

/// Escapes as Go's `url.QueryEscape` does.
pub(crate) fn url_query(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for b in bytes {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(*b)),
            b' ' => out.push('+'),
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}
