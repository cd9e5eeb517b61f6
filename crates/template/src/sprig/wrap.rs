//! What goutils does byte by byte: abbreviations, initials, wrapping.

use super::args::bytes;
use crate::Value;
use crate::functions::{CallError, Context};

/// A byte as goutils takes it for a character.
fn is_space(b: u8) -> bool {
    matches!(b, b'\t'..=b'\r' | b' ' | 0x85 | 0xa0)
}

pub(super) fn without_space(value: &Value) -> Value {
    let all = bytes(value);
    if !all.iter().any(|b| is_space(*b)) {
        return value.clone();
    }
    let kept: String = all.iter().filter(|b| !is_space(**b)).map(|b| char::from(*b)).collect();
    kept.into()
}

pub(super) fn initials(all: &[u8]) -> String {
    let mut after_gap = true;
    let mut out = String::new();
    for b in all {
        if is_space(*b) {
            after_gap = true;
        } else if std::mem::take(&mut after_gap) {
            out.push(char::from(*b));
        }
    }
    out
}

pub(super) fn abbreviate(offset: i64, width: i64, value: &Value) -> Value {
    if width < 4 {
        return value.clone();
    }
    let (Ok(width), offset) = (usize::try_from(width), usize::try_from(offset).unwrap_or(0)) else {
        return value.clone();
    };
    if bytes(value).len() <= width {
        return value.clone();
    }
    Value::string_from_bytes(abbreviate_bytes(bytes(value), offset, width))
}

fn abbreviate_bytes(all: &[u8], offset: usize, width: usize) -> Vec<u8> {
    const MARK: &[u8] = b"...";
    if all.len() <= width {
        return all.to_vec();
    }
    let kept = width - MARK.len();
    let mut offset = offset.min(all.len());
    if all.len() - offset < kept {
        offset = all.len() - kept;
    }
    if offset <= 4 {
        return [&all[..kept], MARK].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    if offset + kept < all.len() {
        return [MARK, &abbreviate_bytes(&all[offset..], 0, kept)].concat();
    }
    [MARK, &all[all.len() - kept..]].concat()
}

/// Wraps at spaces; words longer than a line are cut where `cut_words` says so.
pub(super) fn wrap(
    ctx: &mut Context<'_>,
    width: i64,
    separator: &str,
    value: &Value,
    cut_words: bool,
) -> Result<Value, CallError> {
    let all = bytes(value);
    let separator = if separator.is_empty() { b"\n" } else { separator.as_bytes() };
    let width = usize::try_from(width.max(1)).unwrap_or(usize::MAX);
    ctx.charge((all.len() / width.max(1)).saturating_mul(separator.len()))?;
    let mut out = Vec::with_capacity(all.len());
    let mut at = 0;
    while all.len() - at > width {
        if all[at] == b' ' {
            at += 1;
            continue;
        }
        let line = &all[at..=at + width];
        let end = match line.iter().rposition(|b| *b == b' ') {
            Some(space) => Some((at + space, 1)),
            None if cut_words => Some((at + width, 0)),
            None => all[at + width..].iter().position(|b| *b == b' ').map(|n| (at + width + n, 1)),
        };
        let Some((end, skip)) = end else { break };
        out.extend_from_slice(&all[at..end]);
        out.extend_from_slice(separator);
        at = end + skip;
    }
    out.extend_from_slice(&all[at..]);
    Ok(Value::string_from_bytes(out))
}
