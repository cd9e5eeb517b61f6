use crate::{Value, format_float};
use thiserror::Error;

/// Whether `<`, `>` and `&` are written as `\u003c` and so on, as Go's `json.Marshal` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HtmlEscape {
    /// Escaped, as `json.Marshal`.
    Yes,
    /// As they are, as a Go encoder with `SetEscapeHTML(false)`.
    No,
}

/// Text is no JSON document.
#[derive(Debug, Error)]
#[error("invalid JSON: {0}")]
pub struct JsonError(#[from] serde_json::Error);

/// Reads one JSON document. Of equal keys the last wins.
///
/// # Errors
/// Malformed text, or nesting beyond what `serde_json` allows (128); the message has line and column.
pub fn from_json(text: &[u8]) -> Result<Value, JsonError> {
    Ok(serde_json::from_slice(text)?)
}

/// Writes compact JSON as Go's `encoding/json` does.
#[must_use]
pub fn to_json(value: &Value, escape: HtmlEscape) -> String {
    let mut out = String::new();
    write_json(value, escape, &mut out);
    out
}

/// Writes JSON with an indentation, as Go's `json.MarshalIndent(v, "", indent)` does.
#[must_use]
pub fn to_json_pretty(value: &Value, indent: &str, escape: HtmlEscape) -> String {
    let mut out = String::new();
    write_pretty(value, indent, 0, escape, &mut out);
    out
}

/// Appends compact JSON.
pub fn write_json(value: &Value, escape: HtmlEscape, out: &mut String) {
    match value {
        Value::Array(list) => {
            out.push('[');
            for (n, item) in list.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write_json(item, escape, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (n, (key, item)) in map.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write_string(key, escape, out);
                out.push(':');
                write_json(item, escape, out);
            }
            out.push('}');
        }
        scalar => write_scalar(scalar, escape, out),
    }
}

fn write_pretty(value: &Value, indent: &str, depth: usize, escape: HtmlEscape, out: &mut String) {
    let line = |depth: usize, out: &mut String| {
        out.push('\n');
        for _ in 0..depth {
            out.push_str(indent);
        }
    };
    match value {
        Value::Array(list) if !list.is_empty() => {
            out.push('[');
            for (n, item) in list.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                line(depth + 1, out);
                write_pretty(item, indent, depth + 1, escape, out);
            }
            line(depth, out);
            out.push(']');
        }
        Value::Object(map) if !map.is_empty() => {
            out.push('{');
            for (n, (key, item)) in map.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                line(depth + 1, out);
                write_string(key, escape, out);
                out.push_str(": ");
                write_pretty(item, indent, depth + 1, escape, out);
            }
            line(depth, out);
            out.push('}');
        }
        other => write_json(other, escape, out),
    }
}

fn write_scalar(value: &Value, escape: HtmlEscape, out: &mut String) {
    match value {
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Int(i) => out.push_str(&i.to_string()),
        Value::Uint(u) => out.push_str(&u.to_string()),
        Value::Float(f) => out.push_str(&format_float(*f)),
        Value::String(s) => write_string(s, escape, out),
        Value::Null | Value::Array(_) | Value::Object(_) => out.push_str("null"),
    }
}

fn write_string(text: &str, escape: HtmlEscape, out: &mut String) {
    use std::fmt::Write as _;
    out.push('"');
    // Most texts hold nothing to escape.
    let plain = |b: u8| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\' | b'<' | b'>' | b'&');
    if text.bytes().all(plain) {
        out.push_str(text);
        out.push('"');
        return;
    }
    let mut plain_from = 0;
    for (at, c) in text.char_indices() {
        let replacement = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '<' | '>' | '&' if escape == HtmlEscape::Yes => "",
            '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => "",
            _ => continue,
        };
        out.push_str(&text[plain_from..at]);
        plain_from = at + c.len_utf8();
        if replacement.is_empty() {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push_str(replacement);
        }
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(text: &str) -> String {
        to_json(&from_json(text.as_bytes()).unwrap(), HtmlEscape::Yes)
    }

    #[test]
    fn numbers_and_strings_are_written_as_go_writes_them() {
        assert_eq!(
            round(r#"{"b":1.0,"a":1e21,"c":1e-7,"d":18446744073709551615,"e":"<a&b>","f":"\u0001\u2028"}"#),
            r#"{"a":1e+21,"b":1,"c":1e-7,"d":18446744073709551615,"e":"\u003ca\u0026b\u003e","f":"\u0001\u2028"}"#
        );
    }

    #[test]
    fn indentation_keeps_empty_containers_on_their_line() {
        let value = from_json(br#"{"a":[],"b":{},"c":[1]}"#).unwrap();
        assert_eq!(
            to_json_pretty(&value, "  ", HtmlEscape::No),
            "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1\n  ]\n}"
        );
    }
}
