//! What Sprig's functions do with their arguments before anything else.

use crate::functions::CallError;
use crate::value::{Kind, text_of};
use crate::{List, Map, Value};
use std::borrow::Cow;

/// Returns a string argument's text.
pub(super) fn text(value: &Value) -> Cow<'_, str> {
    value.as_str().unwrap_or_default()
}

/// Returns a string argument's bytes.
pub(super) fn bytes(value: &Value) -> &[u8] {
    value.as_bytes().unwrap_or_default()
}

/// String arguments for what goes over them character by character and hands parts of them on as they are. A byte that is
/// no UTF-8 is one character then, as it is to Go: while it is gone over a private one (U+10FF80 to U+10FFFF) stands for
/// it, which, as the U+FFFD that Go sees, is no letter, no digit and no space.
pub(super) struct Texts<'v, const N: usize> {
    of: [Cow<'v, str>; N],
    is_raw: bool,
}

const PRIVATE: u32 = 0x10_ff00;

impl<'v, const N: usize> Texts<'v, N> {
    pub(super) fn new(values: [&'v Value; N]) -> Self {
        let is_raw = values.iter().any(|v| !v.is_utf8());
        Self { of: values.map(|v| if v.is_utf8() { text(v) } else { stood_for(bytes(v)).into() }), is_raw }
    }

    pub(super) fn of(&self) -> [&str; N] {
        self.of.each_ref().map(AsRef::as_ref)
    }

    /// Returns a part of a text, or what was made of one, with the bytes that it came with.
    pub(super) fn back(&self, made: &str) -> Value {
        if !self.is_raw {
            return made.into();
        }
        let mut out = Vec::with_capacity(made.len());
        for c in made.chars() {
            match u8::try_from(u32::from(c).wrapping_sub(PRIVATE)) {
                Ok(byte @ 0x80..) => out.push(byte),
                _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Value::string_from_bytes(out)
    }
}

/// Whether a character of such a text is what Go takes for U+FFFD.
pub(super) fn is_no_utf8(c: char) -> bool {
    c == '\u{fffd}' || u32::from(c) >= PRIVATE + 0x80
}

fn stood_for(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().filter_map(|b| char::from_u32(PRIVATE + u32::from(*b))));
    }
    out
}

/// Returns an integer argument.
pub(super) fn int(value: &Value) -> i64 {
    value.as_int().unwrap_or(0)
}

/// Returns what Sprig's `toString` gives.
pub(super) fn strval(value: &Value) -> Vec<u8> {
    match value {
        Value::Str(s) => s.as_bytes().to_vec(),
        Value::RawStr(b) | Value::Bytes(b) => b.to_vec(),
        other => {
            let mut out = Vec::new();
            crate::fmt::print(&mut out, other);
            out
        }
    }
}

pub(super) fn strval_text(value: &Value) -> String {
    text_of(strval(value))
}

/// Whether Sprig's `empty` holds: like a condition, but a missing value counts as well.
pub(super) fn empty(value: &Value) -> bool {
    !value.truth()
}

/// Returns the items of any slice; nothing where it is none.
pub(super) fn items(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(l) => Some(l.items().to_vec()),
        Value::Bytes(b) => {
            Some(b.iter().map(|b| Value::Uint(crate::value::UintKind::Uint8, u64::from(*b))).collect())
        }
        Value::Object(o) if o.go_type().kind == Kind::Slice => {
            Some(o.entries()?.into_iter().map(|(_, v)| v).collect())
        }
        _ => None,
    }
}

/// Returns the items of a slice, or Go's complaint about anything else.
pub(super) fn slice(value: &Value, verb: &str) -> Result<Vec<Value>, CallError> {
    match items(value) {
        Some(items) => Ok(items),
        None if value.is_nil() => Err(nil_pointer()),
        None => Err(format!("Cannot {verb} type {}", super::reflect::kind_name(value)).into()),
    }
}

pub(super) fn nil_pointer() -> CallError {
    "runtime error: invalid memory address or nil pointer dereference".into()
}

/// Returns the map of an argument whose parameter is a map.
pub(super) fn map(value: &Value) -> Map {
    match value {
        Value::Map(m) => m.clone(),
        _ => Map::nil(&crate::value::ANY_MAP),
    }
}

/// Returns what Sprig's `toStrings` gives.
pub(super) fn strings(value: &Value) -> Vec<Value> {
    let one = |v: &Value| Value::string_from_bytes(strval(v));
    match items(value) {
        Some(items) => items.iter().filter(|v| !v.is_nil()).map(one).collect(),
        None if value.is_nil() => Vec::new(),
        None => vec![one(value)],
    }
}

/// Returns a `[]string`.
pub(super) fn string_list(items: Vec<Value>) -> Value {
    Value::List(List::new(&crate::value::STRING_SLICE, items))
}
