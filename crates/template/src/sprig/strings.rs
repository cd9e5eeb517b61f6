use super::args::{Texts, bytes, int, is_no_utf8, string_list, strings, strval, text};
use super::case;
use super::wrap;
use crate::functions::{CallError, Context, Functions};
use crate::value::{ANY, INT, STRING};
use crate::{Map, Value};
use fairway_value::Str;

pub(super) fn register(f: &mut Functions) {
    f.native("hello", &[], |_, _| Ok("Hello!".into()));
    cases(f);
    cuts(f);
    trims(f);
    tests_and_parts(f);
    f.variadic("quote", &[&ANY], |ctx, a| Ok(joined(ctx, a, quote)));
    f.variadic("squote", &[&ANY], |ctx, a| {
        Ok(joined(ctx, a, |out, v| {
            out.push(b'\'');
            crate::fmt::print(out, v);
            out.push(b'\'');
        }))
    });
    f.variadic("cat", &[&ANY], |ctx, a| Ok(joined(ctx, a, crate::fmt::print)));
    f.native("indent", &[&INT, &STRING], |ctx, a| indent(ctx, &a[0], &a[1], ""));
    f.native("nindent", &[&INT, &STRING], |ctx, a| indent(ctx, &a[0], &a[1], "\n"));
    f.native("toString", &[&ANY], |_, a| match &a[0] {
        text @ Value::Str(_) => Ok(text.clone()),
        other => Ok(Value::string_from_bytes(strval(other))),
    });
    f.native("toStrings", &[&ANY], |_, a| match &a[0] {
        Value::List(l) if l.go_type().name == "[]string" => Ok(a[0].clone()),
        other => Ok(string_list(strings(other))),
    });
}

fn cases(f: &mut Functions) {
    f.native("upper", &[&STRING], |_, a| Ok(case::upper(&text(&a[0])).into()));
    f.native("lower", &[&STRING], |_, a| Ok(case::lower(&text(&a[0])).into()));
    f.native("title", &[&STRING], |_, a| Ok(case::title(&text(&a[0])).into()));
    f.native("untitle", &[&STRING], |_, a| Ok(case::untitle(&text(&a[0])).into()));
    f.native("swapcase", &[&STRING], |_, a| Ok(case::swap(&text(&a[0])).into()));
    f.native("camelcase", &[&STRING], |_, a| Ok(case::pascal(&text(&a[0])).into()));
    f.native("snakecase", &[&STRING], |_, a| Ok(case::separated(&text(&a[0]), '_').into()));
    f.native("kebabcase", &[&STRING], |_, a| Ok(case::separated(&text(&a[0]), '-').into()));
}

fn cuts(f: &mut Functions) {
    f.native("abbrev", &[&INT, &STRING], |_, a| Ok(wrap::abbreviate(0, int(&a[0]), &a[1])));
    f.native("abbrevboth", &[&INT, &INT, &STRING], |_, a| {
        let (left, right) = (int(&a[0]), int(&a[1]));
        if right < 4 || left > 0 && right < 7 {
            return Ok(a[2].clone());
        }
        Ok(wrap::abbreviate(left, right, &a[2]))
    });
    f.native("trunc", &[&INT, &STRING], |_, a| Ok(trunc(int(&a[0]), &a[1])));
    f.native("substr", &[&INT, &INT, &STRING], |_, a| substring(int(&a[0]), int(&a[1]), bytes(&a[2])));
    f.native("repeat", &[&INT, &STRING], |ctx, a| {
        let count =
            usize::try_from(int(&a[0])).map_err(|_| CallError::from("strings: negative Repeat count"))?;
        let piece = bytes(&a[1]);
        ctx.charge(count.saturating_mul(piece.len()))?;
        Ok(Value::string_from_bytes(piece.repeat(count)))
    });
    f.native("nospace", &[&STRING], |_, a| Ok(wrap::without_space(&a[0])));
    f.native("initials", &[&STRING], |_, a| Ok(wrap::initials(bytes(&a[0])).into()));
    f.native("wrap", &[&INT, &STRING], |ctx, a| wrap::wrap(ctx, int(&a[0]), "", &a[1], false));
    f.native("wrapWith", &[&INT, &STRING, &STRING], |ctx, a| {
        wrap::wrap(ctx, int(&a[0]), &text(&a[1]), &a[2], true)
    });
}

fn trims(f: &mut Functions) {
    f.native("trim", &[&STRING], |_, a| Ok(trimmed(&a[0], |s| s.trim_matches(is_space))));
    for name in ["trimall", "trimAll"] {
        f.native(name, &[&STRING, &STRING], |_, a| {
            let texts = Texts::new([&a[0], &a[1]]);
            let [set, whole] = texts.of();
            // To Go, all bytes that are no UTF-8 are one character here.
            let has_raw = set.contains(is_no_utf8);
            let out = whole.trim_matches(|c| set.contains(c) || has_raw && is_no_utf8(c));
            Ok(if out.len() == whole.len() { a[1].clone() } else { texts.back(out) })
        });
    }
    f.native("trimSuffix", &[&STRING, &STRING], |_, a| {
        let (fix, whole) = (bytes(&a[0]), bytes(&a[1]));
        Ok(whole.strip_suffix(fix).map_or_else(|| a[1].clone(), Value::string_of))
    });
    f.native("trimPrefix", &[&STRING, &STRING], |_, a| {
        let (fix, whole) = (bytes(&a[0]), bytes(&a[1]));
        Ok(whole.strip_prefix(fix).map_or_else(|| a[1].clone(), Value::string_of))
    });
}

fn tests_and_parts(f: &mut Functions) {
    f.native("contains", &[&STRING, &STRING], |_, a| {
        let (part, whole) = (bytes(&a[0]), bytes(&a[1]));
        let found = match (a[0].as_str(), a[1].as_str()) {
            (Some(part), Some(whole)) if a[1].is_utf8() => whole.contains(part.as_ref()),
            _ => part.is_empty() || whole.windows(part.len()).any(|w| w == part),
        };
        Ok(found.into())
    });
    f.native("hasPrefix", &[&STRING, &STRING], |_, a| Ok(bytes(&a[1]).starts_with(bytes(&a[0])).into()));
    f.native("hasSuffix", &[&STRING, &STRING], |_, a| Ok(bytes(&a[1]).ends_with(bytes(&a[0])).into()));
    f.native("replace", &[&STRING, &STRING, &STRING], |ctx, a| {
        let texts = Texts::new([&a[0], &a[1], &a[2]]);
        let [old, new, whole] = texts.of();
        let count = whole.matches(old).count();
        if count == 0 {
            return Ok(a[2].clone());
        }
        ctx.charge(count.saturating_mul(new.len()))?;
        Ok(texts.back(&whole.replace(old, new)))
    });
    f.native("plural", &[&STRING, &STRING, &INT], |_, a| Ok(a[usize::from(int(&a[2]) != 1)].clone()));
    f.native("split", &[&STRING, &STRING], |_, a| Ok(numbered(parts(&a[1], &a[0], -1))));
    f.native("splitList", &[&STRING, &STRING], |_, a| Ok(string_list(parts(&a[1], &a[0], -1))));
    f.native("splitn", &[&STRING, &INT, &STRING], |_, a| Ok(numbered(parts(&a[2], &a[0], int(&a[1])))));
    f.native("join", &[&STRING, &ANY], |ctx, a| {
        let parts: Vec<Vec<u8>> = strings(&a[1]).iter().map(strval).collect();
        let separator = bytes(&a[0]);
        ctx.charge(parts.len().saturating_mul(separator.len()))?;
        Ok(Value::string_from_bytes(parts.join(separator)))
    });
    f.native("sortAlpha", &[&ANY], |_, a| {
        let mut parts: Vec<Vec<u8>> = match super::args::items(&a[0]) {
            Some(_) => strings(&a[0]).iter().map(strval).collect(),
            None => vec![strval(&a[0])],
        };
        parts.sort();
        Ok(string_list(parts.into_iter().map(Value::string_from_bytes).collect()))
    });
}

/// Go's `unicode.IsSpace`.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace()
}

/// Writes the values that are not nil, with spaces between them.
fn joined(ctx: &mut Context<'_>, values: &[Value], write: impl Fn(&mut Vec<u8>, &Value)) -> Value {
    ctx.build(|out| {
        for (n, value) in values.iter().filter(|v| !v.is_nil()).enumerate() {
            if n > 0 {
                out.push(b' ');
            }
            write(out, value);
        }
    })
}

fn quote(out: &mut Vec<u8>, value: &Value) {
    match value.as_bytes() {
        // Nearly all strings need no escapes.
        Some(text) if text.iter().all(|b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\')) => {
            out.push(b'"');
            out.extend_from_slice(text);
            out.push(b'"');
        }
        _ => out.extend_from_slice(crate::fmt::quote_bytes(&strval(value), '"', false).as_bytes()),
    }
}

fn trimmed(value: &Value, trim: impl Fn(&str) -> &str) -> Value {
    match value {
        Value::Str(s) => {
            let out = trim(s);
            if out.len() == s.len() { value.clone() } else { out.into() }
        }
        other => {
            let texts = Texts::new([other]);
            texts.back(trim(texts.of()[0]))
        }
    }
}

fn indent(ctx: &mut Context<'_>, spaces: &Value, text: &Value, before: &str) -> Result<Value, CallError> {
    let spaces =
        usize::try_from(int(spaces)).map_err(|_| CallError::from("strings: negative Repeat count"))?;
    let lines = bytes(text);
    let breaks = lines.iter().filter(|b| **b == b'\n').count();
    ctx.charge(spaces.saturating_mul(breaks + 1))?;
    Ok(ctx.build(|out| {
        out.reserve(before.len() + lines.len() + spaces * (breaks + 1));
        out.extend_from_slice(before.as_bytes());
        for (n, line) in lines.split(|b| *b == b'\n').enumerate() {
            if n > 0 {
                out.push(b'\n');
            }
            out.resize(out.len() + spaces, b' ');
            out.extend_from_slice(line);
        }
    }))
}

fn trunc(count: i64, value: &Value) -> Value {
    let all = bytes(value);
    let len = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let range = if count < 0 && len.saturating_add(count) > 0 {
        usize::try_from(len + count).map_or(0, |n| n)..all.len()
    } else if count >= 0 && len > count {
        0..usize::try_from(count).unwrap_or(all.len())
    } else {
        return value.clone();
    };
    Value::string_of(&all[range])
}

fn substring(start: i64, end: i64, all: &[u8]) -> Result<Value, CallError> {
    let len = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let (from, to) = if start < 0 {
        (0, end)
    } else if end < 0 || end > len {
        (start, len)
    } else {
        (start, end)
    };
    let cut =
        usize::try_from(from).ok().zip(usize::try_from(to).ok()).and_then(|(from, to)| all.get(from..to));
    match cut {
        Some(cut) => Ok(Value::string_from_bytes(cut.to_vec())),
        None => {
            // As Go puts it: by which bound is wrong, and which bounds the expression has.
            let range = match (from, to) {
                (0, to) if to < 0 => format!("[:{to}]"),
                (0, to) => format!("[:{to}] with length {len}"),
                (from, to) => format!("[{from}:{to}]"),
            };
            Err(format!("runtime error: slice bounds out of range {range}").into())
        }
    }
}

/// Splits as Go's `strings.SplitN`: an empty separator splits between characters, a count of nought gives nothing.
pub(super) fn split(text: &str, separator: &str, count: i64) -> Vec<String> {
    if count == 0 {
        return Vec::new();
    }
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    if !separator.is_empty() {
        return text.splitn(most, separator).map(str::to_owned).collect();
    }
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if out.len() + 1 == most {
            out.push(rest.to_owned());
            return out;
        }
        out.push(c.to_string());
        rest = &rest[c.len_utf8()..];
    }
    out
}

fn parts(whole: &Value, separator: &Value, count: i64) -> Vec<Value> {
    let texts = Texts::new([whole, separator]);
    let [whole, separator] = texts.of();
    split(whole, separator, count).iter().map(|part| texts.back(part)).collect()
}

fn numbered(parts: Vec<Value>) -> Value {
    let entries = parts.into_iter().enumerate().map(|(n, part)| (Str::from(format!("_{n}")), part));
    Value::Map(Map::of_strings(entries))
}
