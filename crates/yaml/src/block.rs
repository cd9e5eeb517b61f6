//! A short way through what nearly all manifests are made of: block mappings and sequences of scalars on one line,
//! lists of words in brackets, literal blocks.
//!
//! Whatever else a text holds, keys that are no texts and faults above all, is left to the whole reader: this one gives
//! nothing then, and what it gives is what that one would. A fuzz target holds the two against each other.

use crate::mapping::{Entry, Mapping};
use crate::parse::Document;
use crate::resolve::{Resolved, resolve};
use crate::{Options, compose};
use fairway_value::{Array, Value};

/// Deepest nesting that is read here.
const DEPTH_MAX: usize = 64;

/// Longest key: the whole reader takes no more than 1024 characters up to its colon.
const KEY_BYTES_MAX: usize = 1000;

/// Reads the first document of a text; nothing where it is not as simple as that.
pub(crate) fn first(text: &str, options: &Options) -> Option<Value> {
    let mut reader = Reader::new(text, options)?;
    reader.document().map(|found| found.map_or(Value::Null, |(value, _)| value))
}

/// Reads all documents of a text but empty ones; nothing where they are not as simple as that.
pub(crate) fn all(text: &str, options: &Options) -> Option<Vec<Document>> {
    let mut reader = Reader::new(text, options)?;
    let (mut documents, mut index) = (Vec::new(), 0);
    while let Some((value, line)) = reader.document()? {
        if !value.is_null() {
            documents.push(Document { value, line, index, odd_keys: Vec::new() });
        }
        index += 1;
    }
    Some(documents)
}

/// A line that holds more than a comment.
#[derive(Clone, Copy)]
struct Line<'t> {
    /// Spaces ahead of the text.
    indent: usize,
    /// Without spaces around it.
    text: &'t str,
    /// Whether it is the `---` that parts documents.
    parts: bool,
}

struct Reader<'t> {
    text: &'t str,
    options: Options,
    /// First byte behind the current line.
    next: usize,
    /// How many lines begin before that.
    number: usize,
    /// The line that is read; none at the end.
    line: Option<Line<'t>>,
    has_tabs: bool,
    nodes_left: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, options: &Options) -> Option<Self> {
        let is_plain = compose::is_usual(text);
        if text.len() > options.limits.bytes_max || !is_plain && !is_harmless(text) {
            return None;
        }
        let mut reader = Self {
            text,
            options: *options,
            next: 0,
            number: 0,
            line: None,
            has_tabs: text.as_bytes().contains(&b'\t'),
            nodes_left: options.limits.nodes_max,
        };
        reader.advance()?;
        Some(reader)
    }

    fn count(&mut self) -> Option<()> {
        self.nodes_left = self.nodes_left.checked_sub(1)?;
        Some(())
    }

    /// Goes on to the next line that holds more than a comment.
    fn advance(&mut self) -> Option<()> {
        while self.next < self.text.len() {
            let raw = self.raw();
            let indent = leading_spaces(raw);
            let text = raw[indent..].trim_end_matches(' ');
            match text.as_bytes() {
                [] | [b'#', ..] => continue,
                [b'\t', ..] => return None,
                [b'-', b'-', b'-', ..] | [b'.', b'.', b'.', ..] if indent == 0 && text != "---" => {
                    return None;
                }
                _ => {}
            }
            self.line = Some(Line { indent, text, parts: indent == 0 && text == "---" });
            return Some(());
        }
        self.line = None;
        Some(())
    }

    /// Takes the next line as it is.
    fn raw(&mut self) -> &'t str {
        let rest = &self.text[self.next..];
        let raw = rest.split_once('\n').map_or(rest, |(raw, _)| raw);
        self.next = (self.next + raw.len() + 1).min(self.text.len());
        self.number += 1;
        raw
    }

    /// The line that is read, if it belongs to the document.
    fn inside(&self) -> Option<Line<'t>> {
        self.line.filter(|line| !line.parts)
    }

    /// Reads a document and the line that it begins on; `Some(None)` at the end of the text.
    fn document(&mut self) -> Option<Option<(Value, usize)>> {
        let Some(line) = self.line else { return Some(None) };
        if line.parts {
            self.advance()?;
        }
        let number = self.number;
        if self.inside().is_none() {
            return Some(Some((Value::Null, number)));
        }
        let value = self.block(0)?;
        self.inside().is_none().then_some(Some((value, number)))
    }

    /// Reads the collection that the line begins.
    fn block(&mut self, depth: usize) -> Option<Value> {
        let line = self.line?;
        if is_entry(line.text) { self.sequence(line.indent, depth) } else { self.mapping(line.indent, depth) }
    }

    fn mapping(&mut self, indent: usize, depth: usize) -> Option<Value> {
        self.enter(depth)?;
        let mut mapping = Mapping::new(self.options);
        while let Some(line) = self.inside().filter(|line| line.indent >= indent) {
            if line.indent > indent {
                return None;
            }
            let (key, rest) = self.key(line.text)?;
            self.count()?;
            let value = self.value(rest, indent, true, depth)?;
            mapping.push(Entry { key: key.into(), value, line: 0 });
        }
        mapping.finish().ok().map(Value::Object)
    }

    /// Reads entries whose dashes stand in a column. In a mapping that is the mapping's own, other lines end it.
    fn sequence(&mut self, indent: usize, depth: usize) -> Option<Value> {
        self.enter(depth)?;
        let mut list = Array::new();
        while let Some(line) = self.inside().filter(|line| line.indent >= indent) {
            if line.indent > indent {
                return None;
            }
            if !is_entry(line.text) {
                break;
            }
            let rest = line.text[1..].trim_start_matches(' ');
            let column = indent + line.text.len() - rest.len();
            let is_collection = is_entry(rest) || self.key(rest).is_some();
            list.push(if is_collection {
                self.line = Some(Line { indent: column, text: rest, parts: false });
                self.block(depth + 1)?
            } else {
                self.value(rest, indent, false, depth)?
            });
        }
        Some(Value::Array(list))
    }

    fn enter(&mut self, depth: usize) -> Option<()> {
        self.count()?;
        (depth < DEPTH_MAX.min(self.options.limits.depth_max)).then_some(())
    }

    /// Reads what stands behind a key or a dash, and goes on behind it.
    fn value(&mut self, rest: &'t str, indent: usize, of_key: bool, depth: usize) -> Option<Value> {
        if rest.is_empty() || rest.starts_with('#') {
            self.advance()?;
            return match self.inside() {
                Some(line)
                    if line.indent > indent || of_key && line.indent == indent && is_entry(line.text) =>
                {
                    self.block(depth + 1)
                }
                _ => self.count().map(|()| Value::Null),
            };
        }
        let value = if rest.starts_with('|') { self.literal(rest, indent)? } else { self.scalar(rest)? };
        self.advance()?;
        // What is deeper goes on with the scalar, or is a fault.
        let goes_on = self.inside().is_some_and(|line| line.indent > indent);
        (!goes_on).then_some(value)
    }

    /// Splits a line into a key and what stands behind its colon.
    fn key(&self, text: &'t str) -> Option<(&'t str, &'t str)> {
        let (key, rest) = match text.as_bytes().first()? {
            b'"' | b'\'' => quoted(text)?,
            b if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/') => {
                let end = text.bytes().take_while(|b| is_word(*b)).count();
                let key = &text[..end];
                if resolve(key, self.options.dialect) != Resolved::Str {
                    return None;
                }
                (key, &text[end..])
            }
            _ => return None,
        };
        let behind = rest.strip_prefix(':')?;
        let is_key = behind.is_empty() || behind.starts_with(' ');
        if !is_key || key.len() > KEY_BYTES_MAX || self.has_tab(key) {
            return None;
        }
        Some((key, behind.trim_start_matches(' ')))
    }

    fn has_tab(&self, text: &str) -> bool {
        self.has_tabs && text.contains('\t')
    }

    fn scalar(&mut self, text: &'t str) -> Option<Value> {
        self.count()?;
        match text.as_bytes() {
            [b'"' | b'\'', ..] => {
                let (inner, rest) = quoted(text)?;
                (is_end(rest) && !self.has_tab(inner)).then(|| Value::String(inner.into()))
            }
            [b'[', ..] => self.words(&text[1..]),
            [b'{', b'}', ..] => is_end(&text[2..]).then(Value::object),
            [b'-', b' ', ..] | [b'-'] => None,
            [
                b',' | b']' | b'{' | b'}' | b'&' | b'*' | b'!' | b'|' | b'>' | b'%' | b'@' | b'`' | b'?'
                | b':',
                ..,
            ] => None,
            bytes => {
                let mut end = bytes.len();
                for (n, byte) in bytes.iter().enumerate() {
                    match byte {
                        b':' if matches!(bytes.get(n + 1), None | Some(b' ')) => return None,
                        b'#' if n > 0 && bytes[n - 1] == b' ' => {
                            end = n;
                            break;
                        }
                        b'\t' => return None,
                        _ => {}
                    }
                }
                self.plain(text[..end].trim_end_matches(' '))
            }
        }
    }

    fn plain(&self, text: &str) -> Option<Value> {
        let value = compose::plain_value(resolve(text, self.options.dialect), text, &self.options);
        let is_number = !matches!(value, Value::Float(f) if !f.is_finite());
        is_number.then_some(value)
    }

    /// Reads a list of words and quoted strings behind its opening bracket.
    fn words(&mut self, text: &'t str) -> Option<Value> {
        let mut list = Array::new();
        let mut rest = text.trim_start_matches(' ');
        if let Some(rest) = rest.strip_prefix(']') {
            return is_end(rest).then_some(Value::Array(list));
        }
        loop {
            self.count()?;
            let behind = match rest.as_bytes().first()? {
                b'"' | b'\'' => {
                    let (inner, behind) = quoted(rest)?;
                    if self.has_tab(inner) {
                        return None;
                    }
                    list.push(Value::String(inner.into()));
                    behind
                }
                b if b.is_ascii_alphanumeric() || *b == b'/' => {
                    let end = rest.bytes().take_while(|b| is_word(*b)).count();
                    list.push(self.plain(&rest[..end])?);
                    &rest[end..]
                }
                _ => return None,
            };
            let behind = behind.trim_start_matches(' ');
            match behind.as_bytes().first()? {
                b',' => rest = behind[1..].trim_start_matches(' '),
                b']' => return is_end(&behind[1..]).then_some(Value::Array(list)),
                _ => return None,
            }
        }
    }

    /// Reads a literal block behind its header, deeper than the collection that it stands in.
    fn literal(&mut self, header: &str, parent: usize) -> Option<Value> {
        self.count()?;
        let strips = match header {
            "|" => false,
            "|-" => true,
            _ => return None,
        };
        let mut text = String::new();
        let (mut indent, mut breaks, mut ended) = (0, 0, true);
        while self.next < self.text.len() {
            let (start, number) = (self.next, self.number);
            let raw = self.raw();
            let spaces = leading_spaces(raw);
            let is_blank = spaces == raw.len();
            if indent == 0 && !is_blank {
                // Empty lines ahead that are deeper would decide the indentation.
                indent = spaces;
                let ahead = &self.text[..start];
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
                (self.next, self.number) = (start, number);
                break;
            }
            if !text.is_empty() {
                breaks += 1;
            }
            text.extend(std::iter::repeat_n('\n', breaks));
            breaks = 0;
            text.push_str(&raw[indent..]);
            ended = self.text.as_bytes()[self.next - 1] == b'\n';
        }
        if indent == 0 {
            return None;
        }
        if !strips && ended {
            text.push('\n');
        }
        Some(Value::String(text.into()))
    }
}

/// Whether a text that is not all usual ASCII holds nothing that parts lines or is refused.
fn is_harmless(text: &str) -> bool {
    let part = |c: char| matches!(c, '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
    !text.contains(part) && compose::refuse_control_characters(text).is_ok()
}

fn leading_spaces(text: &str) -> usize {
    text.bytes().take_while(|b| *b == b' ').count()
}

/// Whether a line is an entry of a sequence.
fn is_entry(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/')
}

/// Whether nothing but a comment follows a value on its line.
fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(' ') && rest.trim_start_matches(' ').starts_with('#')
}

/// Splits a text into the inside of the quotes that it begins with and what stands behind them. Escapes are left to
/// the whole reader.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next()?;
    let (inner, rest) = text[1..].split_once(quote)?;
    let is_plain = if quote == '"' { !inner.contains('\\') } else { !rest.starts_with('\'') };
    is_plain.then_some((inner, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_documents_in_full as whole;

    /// The short way is taken, and gives what the whole reader gives.
    fn agrees(text: &str) {
        for options in [Options::default(), Options::v3()] {
            assert_eq!(all(text, &options), Some(whole(text, &options).unwrap()), "{text}");
        }
    }

    /// It is taken or not, but never gives something else.
    fn never_differs(text: &str) {
        for options in [Options::default(), Options::v3()] {
            if let Some(found) = all(text, &options) {
                assert_eq!(Ok(found), whole(text, &options), "{text:?}");
            }
        }
    }

    #[test]
    fn manifests_are_read_the_short_way() {
        agrees(
            "# c\napiVersion: v1\nkind: List\nmetadata:\n  name: 'x'\n  labels: {}\n  \"a.b/c\": \"d\" # e\nitems:\n- a: 1\n  b: |-\n    x\n      y\n\n    z\n  c: [\"*\", get, 'l']\n-   - yes\n    - ~\n-\n- k:\n    - v\n---\n---\n\nnum: 1.50\nt: 2020-01-01\nu: http://x:80/y #z\nv: -1\nw: a b  # c\nx:\nwhy: []\n---\n",
        );
        agrees("a: |\n  x\n\n\nb: |\n  last");
        agrees("- |\n  é\n  \ttab\n- --flag=x\n- \"\u{1f600}\"\n");
        agrees("");
        agrees("# only\n");
    }

    #[test]
    fn all_else_is_left_to_the_whole_reader() {
        for text in [
            "a: &x 1\n",
            "a: *x\n",
            "a: !!str 1\n",
            "a: {b: c}\n",
            "a: [b, [c]]\n",
            "a: b\n  c\n",
            "a: 'b''c'\n",
            "a: \"\\n\"\n",
            "a: >\n  b\n",
            "a: |2\n  b\n",
            "a: |+\n  b\n",
            "? a\n",
            "a b: c\n",
            "1: a\n",
            "yes: a\n",
            "<<: a\n",
            "a\n",
            "a:\tb\n",
            "\ta: b\n",
            "a: b: c\n",
            "a:\n  b\n",
            "a: b\n c: d\n",
            "  a: b\n c: d\n",
            "- a\nb: c\n",
            "a: 1\n- b\n",
            "%YAML 1.1\n---\na: b\n",
            "...\n",
            "--- a\n",
            "a: |\n\n  \n x\n",
            "a: |\nb: c\n",
            "a: .inf\n",
            "a: b\r\n",
            "a: \"b\" c\n",
            "a: 'b'#c\n",
            "a: [b] c\n",
            "a: - b\n",
            "a: |\n  b\n\tc\n",
            "a:\n- b\n  - c\n",
        ] {
            never_differs(text);
            assert_eq!(all(text, &Options::default()), None, "{text:?}");
        }
    }

    #[test]
    fn texts_cut_anywhere_never_differ() {
        let text = "a:\n  - b: 'c' # d\n    e: |\n\n      f\n     \n  -\n- g: [h, \"i\"]\n---\nj:\n- k\n-  l: m\n   n: |-\n     o\n p\n";
        for from in 0..text.len() {
            for to in from..=text.len() {
                never_differs(&text[from..to]);
            }
        }
    }
}
