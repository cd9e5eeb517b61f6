//! Scalars: plain, quoted, literal and folded.

use super::reader::{Reader, leading_spaces};
use crate::bytes;
use crate::compose;
use crate::resolve::resolve;
use crate::scan::escape;
use fairway_value::{Str, Value};

impl<'t> Reader<'t> {
    /// Reads what stands on one line and, where it is a scalar, on those below that belong to it; goes on behind it.
    pub(super) fn inline(&mut self, text: &'t str, indent: usize, depth: usize) -> Option<Value> {
        let place = self.place();
        let (value, may_go_on) = match text.as_bytes() {
            [b'|' | b'>', ..] => (self.block_scalar(text, indent)?, false),
            [b'[' | b'{', ..] => {
                let (value, rest) = self.flow(text, depth + 1)?;
                (is_end(rest).then_some(value)?, false)
            }
            [b'"' | b'\'', ..] => (self.quoted_value(text)?, false),
            _ => self.plain_value(text)?,
        };
        self.advance()?;
        if !self.is_deeper(indent) {
            return Some(value);
        }
        // What is deeper goes on with a plain scalar, or is a fault.
        if !may_go_on {
            return None;
        }
        self.go_to(place);
        let folded = self.plain_lines(text, indent)?;
        let value = self.plain(&folded)?;
        self.advance()?;
        (!self.is_deeper(indent)).then_some(value)
    }

    fn is_deeper(&self, indent: usize) -> bool {
        self.inside().is_some_and(|line| line.indent > indent)
    }

    /// Reads a plain scalar, and whether the line below may go on with it.
    fn plain_value(&mut self, text: &'t str) -> Option<(Value, bool)> {
        self.count()?;
        match text.as_bytes() {
            [b'-' | b':', b' ', ..] | [b'-' | b':'] => None,
            [b',' | b']' | b'}' | b'&' | b'*' | b'!' | b'%' | b'@' | b'`' | b'?', ..] => None,
            _ => {
                let end = plain_end(text)?;
                let value = self.plain(text[..end].trim_end_matches(' '))?;
                Some((value, end == text.len()))
            }
        }
    }

    pub(super) fn plain(&self, text: &str) -> Option<Value> {
        let value = compose::plain_value(resolve(text, self.options.dialect), text, &self.options);
        let is_number = !matches!(value, Value::Float(f) if !f.is_finite());
        is_number.then_some(value)
    }

    /// Reads a plain scalar of several lines behind its first, each of them deeper than what it stands in.
    fn plain_lines(&mut self, first: &str, indent: usize) -> Option<String> {
        let mut text = first.to_owned();
        loop {
            let place = self.place();
            let mut breaks = 0;
            let line = loop {
                let Some(raw) = self.raw() else { break None };
                let line = raw.trim_matches(' ');
                if !line.is_empty() {
                    break (leading_spaces(raw) > indent && !line.starts_with('#')).then_some(line);
                }
                breaks += 1;
            };
            let Some(line) = line else {
                self.go_to(place);
                return Some(text);
            };
            if plain_end(line)? < line.len() {
                return None;
            }
            fold(breaks, &mut text);
            text.push_str(line);
        }
    }

    /// Reads a quoted string, and nothing but a comment behind it.
    fn quoted_value(&mut self, text: &'t str) -> Option<Value> {
        self.count()?;
        if let Some((inner, rest)) = quoted(text) {
            return (is_end(rest) && !self.has_tab(inner)).then(|| Value::String(inner.into()));
        }
        let (quote, mut line) = (*text.as_bytes().first()?, &text[1..]);
        let mut inner = String::new();
        loop {
            if self.has_tab(line) {
                return None;
            }
            if let Some(rest) = unquote(line, quote, &mut inner)? {
                return is_end(rest).then(|| Value::String(inner.into()));
            }
            let mut breaks = 0;
            line = loop {
                let raw = self.raw()?;
                if raw.starts_with("---") || raw.starts_with("...") {
                    return None;
                }
                let line = raw.trim_matches(' ');
                if !line.is_empty() {
                    break line;
                }
                breaks += 1;
            };
            fold(breaks, &mut inner);
        }
    }

    /// Reads a quoted string of one line and what stands behind it.
    pub(super) fn quoted_on_a_line(&self, text: &'t str) -> Option<(Str, &'t str)> {
        if let Some((inner, rest)) = quoted(text) {
            return (!self.has_tab(inner)).then(|| (inner.into(), rest));
        }
        let quote = *text.as_bytes().first()?;
        let mut inner = String::new();
        let rest = unquote(&text[1..], quote, &mut inner)??;
        (!self.has_tab(text)).then(|| (inner.into(), rest))
    }

    /// Reads a literal or folded scalar behind its header, deeper than the collection that it stands in.
    fn block_scalar(&mut self, header: &str, parent: usize) -> Option<Value> {
        self.count()?;
        let (folds, strips) = match header {
            "|" => (false, false),
            "|-" => (false, true),
            ">" => (true, false),
            ">-" => (true, true),
            _ => return None,
        };
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        let (mut indent, mut breaks, mut ended) = (0, 0, true);
        loop {
            let place = self.place();
            let Some(raw) = self.raw() else { break };
            let spaces = leading_spaces(raw);
            let is_blank = spaces == raw.len();
            if indent == 0 && !is_blank {
                // Empty lines ahead that are deeper would decide the indentation.
                indent = spaces;
                let ahead = self.before(place);
                let deeper = ahead.lines().rev().take(breaks).any(|line| line.len() > indent);
                if indent <= parent || deeper || raw.as_bytes()[spaces] == b'\t' {
                    return None;
                }
            }
            if is_blank && (indent == 0 || spaces <= indent) {
                breaks += 1;
                continue;
            }
            if spaces < indent {
                if raw.as_bytes()[spaces] == b'\t' {
                    return None;
                }
                self.go_to(place);
                break;
            }
            let line = &raw[indent..];
            if folds {
                // Lines that are deeper are not folded.
                if line.starts_with([' ', '\t']) {
                    return None;
                }
                if text.is_empty() {
                    text.extend(std::iter::repeat_n('\n', breaks));
                } else {
                    fold(breaks, &mut text);
                }
            } else {
                let breaks = breaks + usize::from(!text.is_empty());
                text.extend(std::iter::repeat_n('\n', breaks));
            }
            breaks = 0;
            text.push_str(line);
            ended = self.is_behind_break();
        }
        if indent == 0 {
            return None;
        }
        if !strips && ended {
            text.push('\n');
        }
        let value = Value::String(text.as_str().into());
        self.scratch = text;
        Some(value)
    }
}

/// Writes what a line break and the empty lines behind it stand for in a folded scalar.
fn fold(empty_lines: usize, out: &mut String) {
    match empty_lines {
        0 => out.push(' '),
        n => out.extend(std::iter::repeat_n('\n', n)),
    }
}

/// Returns where a plain scalar ends on its line, before a comment or at the end; nothing where the line holds a key, or
/// a tab.
fn plain_end(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let mut from = 0;
    while let Some(found) = bytes::find_any(*b":#\t", &bytes[from..]) {
        let n = from + found;
        from = n + 1;
        match bytes[n] {
            b':' if matches!(bytes.get(n + 1), None | Some(b' ')) => return None,
            b'#' if n > 0 && bytes[n - 1] == b' ' => return Some(n),
            b'\t' => return None,
            _ => {}
        }
    }
    Some(bytes.len())
}

/// Whether nothing but a comment follows a value on its line.
pub(super) fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(' ') && rest.trim_start_matches(' ').starts_with('#')
}

/// Splits a text into the inside of the quotes that it begins with and what stands behind them; nothing where there
/// are escapes, or no end.
pub(super) fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next()?;
    let (inner, rest) = text[1..].split_once(quote)?;
    let is_plain = if quote == '"' { !inner.contains('\\') } else { !rest.starts_with('\'') };
    is_plain.then_some((inner, rest))
}

/// Appends what a line of a quoted string stands for, and returns what follows its closing quote, if that is there.
/// Nothing where an escape is a fault, or one of the line break.
fn unquote<'t>(line: &'t str, quote: u8, out: &mut String) -> Option<Option<&'t str>> {
    let bytes = line.as_bytes();
    let (mut from, mut at) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\'' if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') => {
                out.push_str(&line[from..=at]);
                at += 2;
                from = at;
            }
            b'\\' if quote == b'"' => {
                out.push_str(&line[from..at]);
                let (char, length) = escape(&bytes[at + 1..]).ok()?;
                out.push(char);
                at += 1 + length;
                from = at;
            }
            _ if *byte == quote => {
                out.push_str(&line[from..at]);
                return Some(Some(&line[at + 1..]));
            }
            _ => at += 1,
        }
    }
    out.push_str(&line[from..]);
    Some(None)
}
