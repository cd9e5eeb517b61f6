use super::scalars::quoted;
use crate::DuplicateKeys;
use crate::bytes;
use crate::parse::Document;
use crate::resolve::{Resolved, resolve};
use crate::{Options, compose};
use fairway_value::{Map, Str, Value};

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
pub(super) struct Line<'t> {
    /// Spaces ahead of the text.
    pub indent: usize,
    /// Without spaces around it.
    text: &'t str,
    /// Whether it is the `---` that parts documents.
    parts: bool,
}

pub(super) struct Reader<'t> {
    text: &'t str,
    pub(super) options: Options,
    /// First byte behind the current line.
    next: usize,
    /// How many lines begin before that.
    number: usize,
    /// The line that is read; none at the end.
    line: Option<Line<'t>>,
    has_tabs: bool,
    nodes_left: usize,
    /// Where block scalars are put together, kept from one to the next.
    pub(super) scratch: String,
    /// Entries of the mappings that are read, those of inner ones behind those of outer ones.
    entries: Vec<(Str, Value)>,
    /// Items of the lists that are read, alike.
    items: Vec<Value>,
}

/// Where the entries and items of a collection begin.
#[derive(Clone, Copy)]
pub(super) struct Start {
    entries: usize,
    items: usize,
}

/// A place in the text between two lines.
#[derive(Clone, Copy)]
pub(super) struct Place {
    next: usize,
    number: usize,
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
            has_tabs: bytes::find(b'\t', text.as_bytes()).is_some(),
            nodes_left: options.limits.nodes_max,
            scratch: String::new(),
            entries: Vec::new(),
            items: Vec::new(),
        };
        reader.advance()?;
        Some(reader)
    }

    pub(super) fn count(&mut self) -> Option<()> {
        self.nodes_left = self.nodes_left.checked_sub(1)?;
        Some(())
    }

    /// Goes on to the next line that holds more than a comment.
    pub(super) fn advance(&mut self) -> Option<()> {
        while let Some(raw) = self.raw() {
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

    /// Takes the next line as it is; nothing at the end.
    pub(super) fn raw(&mut self) -> Option<&'t str> {
        let rest = self.text.get(self.next..).filter(|rest| !rest.is_empty())?;
        let raw = bytes::find(b'\n', rest.as_bytes()).map_or(rest, |end| &rest[..end]);
        self.next = (self.next + raw.len() + 1).min(self.text.len());
        self.number += 1;
        Some(raw)
    }

    /// Where the next line begins.
    pub(super) fn place(&self) -> Place {
        Place { next: self.next, number: self.number }
    }

    pub(super) fn go_to(&mut self, place: Place) {
        (self.next, self.number) = (place.next, place.number);
    }

    /// The text up to a place.
    pub(super) fn before(&self, place: Place) -> &'t str {
        &self.text[..place.next]
    }

    /// Whether the last line that was taken had a break at its end.
    pub(super) fn is_behind_break(&self) -> bool {
        self.text.as_bytes()[..self.next].ends_with(b"\n")
    }

    /// The line that is read, if it belongs to the document.
    pub(super) fn inside(&self) -> Option<Line<'t>> {
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
        let value = self.block(0)??;
        self.inside().is_none().then_some(Some((value, number)))
    }

    /// Reads the collection that the line begins; `Some(None)` where it begins none.
    fn block(&mut self, depth: usize) -> Option<Option<Value>> {
        let line = self.line?;
        if is_entry(line.text) {
            return self.sequence(line.indent, depth).map(Some);
        }
        match self.key(line.text) {
            Some(first) => self.mapping(first, line.indent, depth).map(Some),
            None => Some(None),
        }
    }

    /// Reads a mapping from its first key and what stands behind that.
    fn mapping(&mut self, first: (&'t str, &'t str), indent: usize, depth: usize) -> Option<Value> {
        self.enter(depth)?;
        let start = self.mark();
        let (mut key, mut rest) = first;
        loop {
            self.count()?;
            let value = self.value(rest, indent, true, depth)?;
            self.push_entry(key, value);
            match self.inside() {
                Some(line) if line.indent > indent => return None,
                Some(line) if line.indent == indent => (key, rest) = self.key(line.text)?,
                _ => return self.finish_mapping(start),
            }
        }
    }

    /// Reads entries whose dashes stand in a column. In a mapping that is the mapping's own, other lines end it.
    fn sequence(&mut self, indent: usize, depth: usize) -> Option<Value> {
        self.enter(depth)?;
        let start = self.mark();
        while let Some(line) = self.inside().filter(|line| line.indent >= indent) {
            if line.indent > indent {
                return None;
            }
            if !is_entry(line.text) {
                break;
            }
            let rest = line.text[1..].trim_start_matches(' ');
            let column = indent + line.text.len() - rest.len();
            let item = if is_entry(rest) {
                self.line = Some(Line { indent: column, text: rest, parts: false });
                self.sequence(column, depth + 1)?
            } else if let Some(first) = self.key(rest) {
                self.mapping(first, column, depth + 1)?
            } else {
                self.value(rest, indent, false, depth)?
            };
            self.push_item(item);
        }
        Some(self.finish_list(start))
    }

    /// Where the entries and items of a collection begin that is read from now on.
    pub(super) fn mark(&self) -> Start {
        Start { entries: self.entries.len(), items: self.items.len() }
    }

    pub(super) fn finish_list(&mut self, start: Start) -> Value {
        Value::Array(self.items.drain(start.items..).collect())
    }

    /// Ends a mapping; nothing where it has a key twice that it may not have.
    pub(super) fn finish_mapping(&mut self, start: Start) -> Option<Value> {
        let count = self.entries.len() - start.entries;
        let map: Map = self.entries.drain(start.entries..).collect();
        let has_all = map.len() == count || self.options.duplicate_keys != DuplicateKeys::Refuse;
        has_all.then_some(Value::Object(map))
    }

    pub(super) fn push_entry(&mut self, key: &str, value: Value) {
        self.entries.push((key.into(), value));
    }

    pub(super) fn push_item(&mut self, item: Value) {
        self.items.push(item);
    }

    pub(super) fn enter(&mut self, depth: usize) -> Option<()> {
        self.count()?;
        (depth < DEPTH_MAX.min(self.options.limits.depth_max)).then_some(())
    }

    /// Reads what stands behind a key or a dash, on its line or below, and goes on behind it.
    fn value(&mut self, rest: &'t str, indent: usize, of_key: bool, depth: usize) -> Option<Value> {
        if !rest.is_empty() && !rest.starts_with('#') {
            return self.inline(rest, indent, depth);
        }
        self.advance()?;
        let is_inside =
            |line: &Line<'t>| line.indent > indent || of_key && line.indent == indent && is_entry(line.text);
        let Some(line) = self.inside().filter(is_inside) else {
            return self.count().map(|()| Value::Null);
        };
        match self.block(depth + 1)? {
            Some(collection) => Some(collection),
            None => self.inline(line.text, indent, depth),
        }
    }

    /// Splits a line into a key and what stands behind its colon.
    fn key(&self, text: &'t str) -> Option<(&'t str, &'t str)> {
        let (key, rest) = self.key_text(text)?;
        let behind = rest.strip_prefix(':')?;
        let is_key = behind.is_empty() || behind.starts_with(' ');
        is_key.then(|| (key, behind.trim_start_matches(' ')))
    }

    /// Splits what can be a key off a text: a word that is a text, or a quoted string without escapes.
    pub(super) fn key_text(&self, text: &'t str) -> Option<(&'t str, &'t str)> {
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
        (key.len() <= KEY_BYTES_MAX && !self.has_tab(key)).then_some((key, rest))
    }

    pub(super) fn has_tab(&self, text: &str) -> bool {
        self.has_tabs && text.contains('\t')
    }
}

/// Whether a text that is not all usual ASCII holds nothing that parts lines or is refused.
fn is_harmless(text: &str) -> bool {
    let part = |c: char| matches!(c, '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
    !text.contains(part) && compose::refuse_control_characters(text).is_ok()
}

pub(super) fn leading_spaces(text: &str) -> usize {
    text.bytes().take_while(|b| *b == b' ').count()
}

/// Whether a line is an entry of a sequence.
fn is_entry(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

pub(super) fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_documents_in_full as whole;
    use proptest::prelude::*;

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
        agrees("a:\n  {}\nb:\n  # c\n  text # d\nc:\n    - {}\n    -\n      [x]\n");
        agrees(
            "a: {b: c, 'd': [e.f/g, --h=i, -1, \"j\\tk\", l:m], \"n\":\"o\", p: {}} # q\nr: [ { s: 1.0 } ]\n",
        );
        agrees("a: 'b''c'\nd: \"\\u00e9\\n\\\\ \\\"\" # e\nf: :g:h\n");
        agrees("a: 'b\n\n  c  \n d '' e\n\n  '\nf:\n- \"g\\n\n  h \\x41 i\"\n-\n  'j\n  '\n");
        agrees("a: b c  \n   - d#e\n\n\n   'f\ng: 2001-01-01\n  00:00:00\n# h\nh:\n  i\n  j\n");
        agrees("a:\n- b\n  - c\n");
        agrees("a: >\n  b\n  c\n\n\n  d\n\ne: >-\n\n    f\n    g\nh: >\n i");
        agrees("");
        agrees("# only\n");
    }

    #[test]
    fn all_else_is_left_to_the_whole_reader() {
        for text in [
            "a: &x 1\n",
            "a: *x\n",
            "a: !!str 1\n",
            "a: |2\n  b\n",
            "a: >\n  b\n   c\n",
            "a: >+\n  b\n",
            "a: {b: c: d}\n",
            "a: {b}\n",
            "a: {b:c}\n",
            "a: {1: b}\n",
            "a: [b: c]\n",
            "a: [b, ]\n",
            "a: [b\n  ]\n",
            "a: [&b c]\n",
            "a: [b c]\n",
            "a: \"\\z\"\n",
            "a: \"b\\\n  c\"\n",
            "a: 'b\n---\n'\n",
            "a: 'b\n",
            "a: b # c\n  d\n",
            "a: b\n  # c\n  d\n",
            "a: b\n  c: d\n",
            "a: b\n  c #d\n  e\n",
            "a:\n  b\n c\nd: e\n- f\n",
            "a:\n  {}\n  b: c\n",
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
        ] {
            never_differs(text);
            assert_eq!(all(text, &Options::default()), None, "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn lines_of_any_kind_never_differ(
            lines in prop::collection::vec((0..4_usize, 0..HEADS.len(), 0..TAILS.len()), 1..7)
        ) {
            let line = |(indent, head, tail)| format!("{}{}{}\n", " ".repeat(indent), HEADS[head], TAILS[tail]);
            never_differs(&lines.into_iter().map(line).collect::<String>());
        }
    }

    const HEADS: [&str; 12] = ["", "", "a: ", "b:", "- ", "- c: ", "'d': ", "\"", "'", "e ", "\t", "# "];
    const TAILS: [&str; 36] = [
        "",
        "",
        "f",
        "g h",
        "1",
        "~",
        "{}",
        "[]",
        "{a: b, 'c': [d]}",
        "[x, {\"y\":1}]",
        "[-1, .5, -]",
        "{a: }",
        "'i'",
        "'j''k'",
        "'l",
        "m'",
        "\"n\"",
        "\"o\\n",
        "p\\\"q\"",
        "r\\",
        "|",
        "|-",
        ">",
        ">-",
        ">+",
        " s",
        "t # u",
        "#v",
        "w:",
        "x: y",
        ":z",
        "---",
        "...",
        "-",
        "? a",
        "&b *c",
    ];

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
