use crate::scalar::{Analysis, Wish, is_break, is_printable};

/// What lines are indented with.
const SPACES: &str = "                                ";

/// Writes tokens with libyaml's rules for spaces and line breaks.
pub(crate) struct Writer<'o> {
    out: &'o mut String,
    /// Characters since the start of the line.
    column: usize,
    width: usize,
    /// Whether the last character was a space, a line break or an indicator that needs none behind it.
    whitespace: bool,
    /// Whether only indentation and indicators stand on the line so far.
    pub(crate) indention: bool,
}

impl<'o> Writer<'o> {
    pub(crate) fn new(out: &'o mut String, width: Option<usize>) -> Self {
        Self { out, column: 0, width: width.unwrap_or(usize::MAX), whitespace: true, indention: true }
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn put_str(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += if text.is_ascii() { text.len() } else { text.chars().count() };
    }

    fn line_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    /// Writes a character of a text that is a line break there.
    fn copy_break(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
    }

    /// Starts a line at a column, unless this one is already there.
    pub(crate) fn indent_to(&mut self, column: usize) {
        if !self.indention || self.column > column || (self.column == column && !self.whitespace) {
            self.line_break();
        }
        while self.column < column {
            let count = (column - self.column).min(SPACES.len());
            self.out.push_str(&SPACES[..count]);
            self.column += count;
        }
        self.whitespace = true;
        self.indention = true;
    }

    pub(crate) fn indicator(&mut self, text: &str, spaced: bool, whitespace: bool, indention: bool) {
        if spaced && !self.whitespace {
            self.put(' ');
        }
        self.put_str(text);
        self.whitespace = whitespace;
        self.indention = self.indention && indention;
    }

    pub(crate) fn empty_collection(&mut self, open: &str, close: &str) {
        self.indicator(open, true, true, false);
        self.indicator(close, false, false, false);
    }

    pub(crate) fn end_document(&mut self) {
        self.indent_to(0);
    }

    /// Writes a string in the style it asks for, or the nearest that it allows.
    pub(crate) fn scalar(
        &mut self,
        text: &str,
        a: &Analysis,
        indent: usize,
        best_indent: usize,
        simple_key: bool,
    ) {
        let mut wish = a.wish;
        if simple_key && a.multiline {
            wish = Wish::DoubleQuoted;
        }
        let single = wish == Wish::Plain && (!a.plain_allowed || (text.is_empty() && simple_key));
        match wish {
            Wish::Plain if !single => self.plain(text, indent, !simple_key),
            Wish::Plain if a.single_quoted_allowed => self.single_quoted(text, indent, !simple_key),
            Wish::Literal if a.block_allowed && !simple_key => self.literal(text, indent, best_indent),
            _ => self.double_quoted(text, indent, !simple_key),
        }
    }

    pub(crate) fn plain(&mut self, text: &str, indent: usize, fold: bool) {
        if !self.whitespace {
            self.put(' ');
        }
        if !fold || self.column + text.len() <= self.width || !text.contains(' ') {
            self.put_str(text);
        } else {
            self.folded(text, indent);
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn folded(&mut self, text: &str, indent: usize) {
        let mut after_space = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c == ' ' {
                if !after_space && self.column > self.width && chars.peek() != Some(&' ') {
                    self.indent_to(indent);
                } else {
                    self.put(c);
                }
                after_space = true;
            } else {
                self.put(c);
                self.indention = false;
                after_space = false;
            }
        }
    }

    fn single_quoted(&mut self, text: &str, indent: usize, fold: bool) {
        self.indicator("'", true, false, false);
        let (mut after_space, mut after_break) = (false, false);
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c == ' ' {
                let inside = at > 0 && at < text.len() - 1;
                let next_is_space = chars.peek().is_some_and(|(_, c)| *c == ' ');
                if fold && !after_space && self.column > self.width && inside && !next_is_space {
                    self.indent_to(indent);
                } else {
                    self.put(c);
                }
                after_space = true;
            } else if is_break(c) {
                if !after_break && c == '\n' {
                    self.line_break();
                }
                self.copy_break(c);
                self.indention = true;
                after_break = true;
            } else {
                if after_break {
                    self.indent_to(indent);
                }
                if c == '\'' {
                    self.put(c);
                }
                self.put(c);
                self.indention = false;
                (after_space, after_break) = (false, false);
            }
        }
        self.indicator("'", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn double_quoted(&mut self, text: &str, indent: usize, fold: bool) {
        self.indicator("\"", true, false, false);
        // Go looks for the byte order mark at the start of the text whichever character it is at.
        let escape_all = text.starts_with('\u{feff}');
        let mut after_space = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if escape_all || !is_printable(c) || is_break(c) || c == '"' || c == '\\' {
                self.escape(c);
                after_space = false;
            } else if c == ' ' {
                if fold && !after_space && self.column > self.width && at > 0 && at < text.len() - 1 {
                    self.indent_to(indent);
                    if chars.peek().is_some_and(|(_, c)| *c == ' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                after_space = true;
            } else {
                self.put(c);
                after_space = false;
            }
        }
        self.indicator("\"", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn escape(&mut self, c: char) {
        let short = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let code = u32::from(c);
                let text = match code {
                    0..=0xff => format!("\\x{code:02X}"),
                    0x100..=0xffff => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                self.put_str(&text);
                return;
            }
        };
        self.put('\\');
        self.put(short);
    }

    fn literal(&mut self, text: &str, indent: usize, best_indent: usize) {
        self.indicator("|", true, false, false);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.indicator(&best_indent.to_string(), false, false, false);
        }
        let mut last = text.chars().rev();
        let chomp = match (last.next().map(is_break), last.next().map(is_break)) {
            (Some(true), Some(true) | None) => "+",
            (Some(true), Some(false)) => "",
            _ => "-",
        };
        self.indicator(chomp, false, false, false);
        self.line_break();
        self.indention = true;
        self.whitespace = true;
        let mut after_break = true;
        for c in text.chars() {
            if is_break(c) {
                self.copy_break(c);
                self.indention = true;
                after_break = true;
            } else {
                if after_break {
                    self.indent_to(indent);
                }
                self.put(c);
                self.indention = false;
                after_break = false;
            }
        }
    }
}
